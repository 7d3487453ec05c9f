"""Answers: Heads, masks, and who looks at whom."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class RunningMean(Layer):
    """y_t = (x_1 + … + x_t) / t.

    x_t has a share of 1 / s in every y_s with s ≥ t: dx_t = Σ_{s ≥ t} dy_s / s, a sum that runs
    from the end."""

    def forward(self, x, training=False):
        t = np.arange(1, x.shape[1] + 1, dtype=x.dtype)[:, None]  # (T, 1)
        return np.cumsum(x, axis=1) / t, t

    def backward(self, dy, cache):
        shares = dy / cache
        return np.cumsum(shares[:, ::-1], axis=1)[:, ::-1], {}


class NearWords(Layer):
    """y_i = Σ_j w_ij x_j, w_i the softmax over j of -a |i - j|.

    dw_ij = Σ_n dy_i · x_j; through the softmax ds_ij = w_ij (dw_ij - Σ_k w_ik dw_ik); and the
    score is -a |i - j|, so da = -Σ ds_ij |i - j|. dx_j = Σ_i w_ij dy_i."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("a", (1,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        steps = np.arange(x.shape[1], dtype=x.dtype)
        far = np.abs(steps - steps[:, None])  # (T, T)
        scores = -self.params["a"] * far
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        w = e / e.sum(axis=1, keepdims=True)
        return w @ x, (x, far, w)

    def backward(self, dy, cache):
        x, far, w = cache
        dw = (dy @ x.transpose(0, 2, 1)).sum(axis=0)  # (N, T, T) -> (T, T)
        ds = w * (dw - (w * dw).sum(axis=1, keepdims=True))
        return w.T @ dy, {"a": -(ds * far).sum().reshape(1)}


x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
CHECKS = [(RunningMean(), x), (NearWords(), x)]


def near(a, values):
    layer = NearWords()
    layer.build((None, 1))
    layer.params["a"] = np.array([a])
    return layer.forward(np.reshape(values, (1, -1, 1)))[0]


NUMBERS = [
    (RunningMean().forward(np.array([[[4.0], [2.0], [3.0]]]))[0], "4, 3, 3"),
    (near(np.log(2), [7.0, 0.0, 0.0]), "4, 1.75, 1"),
]
