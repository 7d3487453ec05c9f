"""Answers: BERT as printed: whose ids, and a mean over padding."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class MeanAndMax(Layer):
    """y = [mean over t, max over t].

    The mean's half of dy goes to every position, divided by T; the maximum's half goes whole to
    the one position where the maximum was."""

    def forward(self, x, training=False):
        first = x.argmax(axis=1)[:, None]  # (N, 1, D)
        top = np.take_along_axis(x, first, axis=1)[:, 0]
        return np.concatenate([x.mean(axis=1), top], axis=1), (first, x.shape)

    def backward(self, dy, cache):
        first, (N, T, D) = cache
        dx = np.zeros((N, T, D), dy.dtype)
        np.put_along_axis(dx, first, dy[:, None, D:], axis=1)
        return dx + dy[:, None, :D] / T, {}

    def output_shape(self, input_shape):
        return (2 * input_shape[-1],)


class WeightedMean(Layer):
    """y = Σ_t w_t x_t, w = softmax(a).

    dw_t = Σ_n dy · x_t, and through the softmax da_t = w_t (dw_t - Σ_u w_u dw_u).
    dx_t = w_t dy."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("a", input_shape[:1], GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        e = np.exp(self.params["a"] - self.params["a"].max())
        w = e / e.sum()  # (T,)
        return w @ x, (x, w)  # (T,) @ (N, T, D) -> (N, D)

    def backward(self, dy, cache):
        x, w = cache
        dw = (x * dy[:, None]).sum(axis=(0, 2))  # (T,)
        return w[:, None] * dy[:, None], {"a": w * (dw - (w * dw).sum())}

    def output_shape(self, input_shape):
        return input_shape[1:]


h = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
CHECKS = [(MeanAndMax(), h), (WeightedMean(), h)]


def weighted(a, values):
    layer = WeightedMean()
    layer.build((len(a), 1))
    layer.params["a"] = np.array(a)
    return layer.forward(np.reshape(values, (1, -1, 1)))[0]


NUMBERS = [
    (MeanAndMax().forward(np.array([[[1.0], [3.0], [2.0]]]))[0], "2, 3"),
    (weighted([0.0, np.log(3)], [4.0, 0.0]), "1"),
]
