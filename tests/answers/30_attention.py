"""Answers: Attention: a mean that the words choose."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class Softless(Layer):
    """y = x xᵀ x / T, a product of three factors, each of which gets its gradient:

    dx = (dy (xᵀ x) + x dyᵀ x + x xᵀ dy) / T, for x as query, as key, and as value."""

    def forward(self, x, training=False):
        scores = x @ x.transpose(0, 2, 1)  # (N, T, D) @ (N, D, T) -> (N, T, T)
        return scores @ x / x.shape[1], (x, scores)

    def backward(self, dy, cache):
        x, scores = cache
        dscores = dy @ x.transpose(0, 2, 1)  # (N, T, T)
        dx = dscores @ x + dscores.transpose(0, 2, 1) @ x + scores @ dy  # query, key, value
        return dx / x.shape[1], {}


class Lookup(Layer):
    """y = Σ_t w_t x_t, w = softmax(x q / √D).

    dw_t = dy · x_t, and through the softmax ds_t = w_t (dw_t - Σ_u w_u dw_u).
    dq = Σ ds_t x_t / √D over texts and places; x_t gets w_t dy as value, ds_t q / √D as key."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("q", input_shape[-1:], GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        scores = x @ self.params["q"] / np.sqrt(x.shape[2]).astype(x.dtype)  # (N, T)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        w = (e / e.sum(axis=1, keepdims=True))[..., None]  # (N, T, 1)
        return (w * x).sum(axis=1), (x, w)

    def backward(self, dy, cache):
        x, w = cache
        dw = (x * dy[:, None]).sum(axis=2, keepdims=True)  # (N, T, 1)
        ds = (
            w * (dw - (w * dw).sum(axis=1, keepdims=True)) / np.sqrt(x.shape[2]).astype(x.dtype)
        )
        return w * dy[:, None] + ds * self.params["q"], {"q": (ds * x).sum(axis=(0, 1))}

    def output_shape(self, input_shape):
        return input_shape[1:]


x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
CHECKS = [(Softless(), x), (Lookup(), x)]

words = np.array([[[1.0, 0.0], [1.0, 1.0]]])


def asked(q):
    layer = Lookup()
    layer.build((None, len(q)))
    layer.params["q"] = q
    return layer.forward(words)[0]


NUMBERS = [
    (Softless().forward(words)[0], "1, 0.5, 1.5, 1"),
    (asked(np.ones(2)), "1, 0.6698"),
]
