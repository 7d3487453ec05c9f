"""Answers: The next word, and the next: how a model writes."""

import numpy as np

from minidl import Layer, Loss
from minidl.initializers import Ones


class Tempered(Layer):
    """y = softmax(s), s = x / τ: ds = y (dy - Σ dy y), dx = ds / τ, dτ = -Σ ds x / τ²."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("tau", (1,), Ones(), self.rng)

    def forward(self, x, training=False):
        s = x / self.params["tau"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        y = e / e.sum(axis=1, keepdims=True)
        return y, (s, y)

    def backward(self, dy, cache):
        s, y = cache
        ds = y * (dy - (dy * y).sum(axis=1, keepdims=True))
        dx = ds / self.params["tau"]
        return dx, {"tau": -(dx * s).sum(keepdims=True)[0]}  # ds x / τ² = dx s


class Perplexity(Loss):
    """y = exp(L), L = -mean ln p: dy/dp_n = -exp(L) / (N p_n), 0 for the other tokens."""

    def forward(self, y_true, y_pred):
        rows, right = np.arange(len(y_pred)), np.asarray(y_true)
        p = y_pred[rows, right]
        value = float(np.exp(-np.log(p).mean()))
        return value, (rows, right, p, value, y_pred.shape)

    def backward(self, cache):
        rows, right, p, value, shape = cache
        dy = np.zeros(shape, p.dtype)
        dy[rows, right] = -value / (len(p) * p)
        return dy


rng = np.random.default_rng(0)
p = rng.uniform(0.1, 1, size=(3, 4)).astype("float32")
CHECKS = [
    (Tempered(), rng.normal(size=(3, 4)).astype("float32")),
    (Perplexity(), np.array([2, 0, 3]), p / p.sum(axis=1, keepdims=True)),
]


def tempered(x, tau):
    layer = Tempered()
    layer.build((len(x[0]),))
    layer.params["tau"] = np.array([tau])
    return layer.forward(x)[0]


halves = np.array([[0.5, 0.5], [0.75, 0.25]])
NUMBERS = [
    (tempered(np.array([[0, 0.6931]]), 0.5), "0.2, 0.8"),
    (Perplexity().forward(np.array([0, 1]), halves)[0], "2.8284"),
]
