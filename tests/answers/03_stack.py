"""Answers: A stack of layers."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class XorUnit(Layer):
    """y = r(s) - 2 r(s - 1), s = x1 + x2: the slope in s is 0, 1 from 0 on, -1 from 1 on.

    s has the slope 1 in x1 and in x2: both get the same."""

    def forward(self, x, training=False):
        s = x.sum(axis=1, keepdims=True)  # (N, 2) -> (N, 1)
        return np.maximum(s, 0) - 2 * np.maximum(s - 1, 0), s

    def backward(self, dy, cache):
        slope = (cache > 0) - 2 * (cache > 1).astype(dy.dtype)
        return np.repeat(dy * slope, 2, axis=1), {}  # (N, 1) -> (N, 2)

    def output_shape(self, input_shape):
        return (1,)


class LowRank(Layer):
    """y = h B, h = x A: the model is one Dense of W = A B, whose rank is 1.

    Backwards: dB = h^T dy, dh = dy B^T, dA = x^T dh, dx = dh A^T."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("A", (input_shape[-1], 1), GlorotUniform(), self.rng)
        self.add_param("B", (1, 3), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        h = x @ self.params["A"]  # (N, D) @ (D, 1) -> (N, 1)
        return h @ self.params["B"], (x, h)  # (N, 1) @ (1, 3) -> (N, 3)

    def backward(self, dy, cache):
        x, h = cache
        dh = dy @ self.params["B"].T  # (N, 3) @ (3, 1) -> (N, 1)
        return dh @ self.params["A"].T, {"A": x.T @ dh, "B": h.T @ dy}

    def output_shape(self, input_shape):
        return (3,)


CHECKS = [(XorUnit(), np.array([[0.5, 0.75], [-1.0, 0.2], [0.0, 0.25], [0.0, 1.0]]))]

low_rank = LowRank(dtype="float64")
low_rank.build((2,))
low_rank.set_weights([[[1], [-1]], [[2, 3, 0]]])

NUMBERS = [
    (XorUnit()(np.array([[0.5, 0.75]])), "0.75"),
    (low_rank(np.array([[1.0, 2.0]])), "-2, -3, 0"),
]
