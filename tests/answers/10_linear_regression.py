"""Answers: Linear regression."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class CenteredLine(Layer):
    """y = a (x - ½) + b: da = Σ dy (x - ½), db = Σ dy, dx = a dy.

    For x from [0, 1] the mean of x - ½ is 0 and its mean square 1/12, so H = 2 diag(1/12, 1):
    the modes are a and b themselves, and a keeps (1 - 0.01 / 6)^100 = 0.846 of its error."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("a", (1,), GlorotUniform(), self.rng)
        self.add_param("b", (1,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        return self.params["a"] * (x - 0.5) + self.params["b"], x

    def backward(self, dy, cache):
        da = (dy * (cache - 0.5)).sum().reshape(1)
        return self.params["a"] * dy, {"a": da, "b": dy.sum().reshape(1)}


class Parabola(Layer):
    """y = w0 + w1 x + w2 x²: dw_k = Σ dy x^k, and dx = dy (w1 + 2 w2 x).

    H_jk is twice the mean of x^(j+k), 2 / (j + k + 1), with the eigenvalues 2.8, 0.24, 0.0054:
    of the slowest mode's error (1 - 0.01 · 0.0054)^100 = 0.995 is kept."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", (3,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        w = self.params["w"]
        return w[0] + w[1] * x + w[2] * (x * x), x

    def backward(self, dy, cache):
        x, w = cache, self.params["w"]
        dw = [dy.sum(), (dy * x).sum(), (dy * x * x).sum()]
        return dy * (w[1] + 2 * w[2] * x), {"w": np.array(dw, dtype=dy.dtype)}


line, parabola = CenteredLine(dtype="float64"), Parabola(dtype="float64")
line.build((1,))
line.set_weights([[2], [1]])
parabola.build((1,))
parabola.set_weights([[3, 2, 1]])

NUMBERS = [
    (line(np.ones((1, 1))), "2"),
    (parabola(np.full((1, 1), 2.0)), "11"),
]
