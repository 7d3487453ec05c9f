"""Answers: Positions: a code for "where"."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform
from minidl.layers.position import sinusoidal


class Turned(Layer):
    """Each pair is turned by t: y = R_t x. R_t keeps lengths, so its transpose turns back."""

    def forward(self, x, training=False):
        return self.turn(x, 1), None

    def backward(self, dy, cache):
        return self.turn(dy, -1), {}

    def turn(self, x, sign):
        t = np.arange(x.shape[1], dtype=x.dtype)
        c, s = np.cos(t), sign * np.sin(t)  # (T,)
        return np.stack([x[..., 0] * c - x[..., 1] * s, x[..., 0] * s + x[..., 1] * c], axis=-1)


class ScaledCode(Layer):
    """y = x + s PE(t): s stands beside every number of PE, so ds = Σ dy PE(t); dx = dy."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("s", (1,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        code = sinusoidal(np.arange(x.shape[1]), x.shape[2]).astype(x.dtype)  # (T, D)
        return x + self.params["s"] * code, code

    def backward(self, dy, cache):
        return dy, {"s": (dy * cache).sum().reshape(1)}


x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
CHECKS = [(Turned(), x), (ScaledCode(), x)]


def half_as_loud(x):
    layer = ScaledCode()
    layer.build(x.shape[1:])
    layer.params["s"] = np.array([0.5])
    return layer.forward(x)[0]


NUMBERS = [
    (Turned().forward(np.array([[[1.0, 0.0], [1.0, 0.0]]]))[0][0, 1], "0.5403, 0.8415"),
    (half_as_loud(np.zeros((1, 2, 2)))[0, 1], "0.4207, 0.2702"),
]
