"""Answers: Embedding: a word becomes a row of numbers."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class SharedRows(Layer):
    """y = W[x mod 4]: words 2 and 6 share a row, and it collects from both."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (4, 3), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        rows = x % 4
        return self.params["W"][rows], rows  # (N, T) -> (N, T, 3)

    def backward(self, dy, cache):
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, cache, dy)
        return None, {"W": dW}

    def output_shape(self, input_shape):
        return (*input_shape, 3)


class Scaled(Layer):
    """y = g W[x]: dW collects g dy, and g stands beside every number, dg = Σ dy W[x]."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (10, 3), GlorotUniform(), self.rng)
        self.add_param("g", (1,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        rows = self.params["W"][x]
        return self.params["g"] * rows, (x, rows)

    def backward(self, dy, cache):
        x, rows = cache
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, x, self.params["g"] * dy)
        return None, {"W": dW, "g": (dy * rows).sum().reshape(1)}

    def output_shape(self, input_shape):
        return (*input_shape, 3)


ids = np.random.default_rng(0).integers(0, 10, size=(3, 4))
CHECKS = [(SharedRows(), ids), (Scaled(), ids)]


def looked_up(layer, x, **params):
    layer.build((None,))
    layer.params.update(params)
    return layer.forward(np.array([[x]]))[0]


NUMBERS = [
    (looked_up(SharedRows(), 6, W=np.arange(4.0)[:, None] + np.arange(3)), "2, 3, 4"),
    (looked_up(Scaled(), 1, W=np.ones((10, 3)), g=np.array([2.5])), "2.5, 2.5, 2.5"),
]
