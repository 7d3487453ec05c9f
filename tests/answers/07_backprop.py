"""Answers: Backpropagation."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class Twice(Layer):
    """h = tanh(x W), y = tanh(h W): W acts on y in both places, so its slopes are added.

    δ_2 = dy ⊙ (1 - y²), δ_1 = (δ_2 W^T) ⊙ (1 - h²), dW = h^T δ_2 + x^T δ_1."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        D = input_shape[-1]
        self.add_param("W", (D, D), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        h = np.tanh(x @ self.params["W"])  # (N, D) @ (D, D) -> (N, D)
        y = np.tanh(h @ self.params["W"])
        return y, (x, h, y)

    def backward(self, dy, cache):
        x, h, y = cache
        W = self.params["W"]
        d2 = dy * (1 - y * y)
        d1 = d2 @ W.T * (1 - h * h)
        return d1 @ W.T, {"W": h.T @ d2 + x.T @ d1}


class Neighbours(Layer):
    """y_i = a x_i + b x_(i+1).

    a stands beside every x_i but the last, b beside every x_i but the first: da and db add up
    over N (D - 1) places. x_i is in y_i with a, and in y_(i-1) with b."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", (2,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        a, b = self.params["w"]
        return a * x[:, :-1] + b * x[:, 1:], x  # (N, D) -> (N, D - 1)

    def backward(self, dy, cache):
        x = cache
        a, b = self.params["w"]
        dx = np.zeros_like(x)
        dx[:, :-1] += a * dy
        dx[:, 1:] += b * dy
        dw = [(dy * x[:, :-1]).sum(), (dy * x[:, 1:]).sum()]
        return dx, {"w": np.array(dw, dtype=dy.dtype)}

    def output_shape(self, input_shape):
        return (input_shape[0] - 1,)


twice, neighbours = Twice(dtype="float64"), Neighbours(dtype="float64")
twice.build((1,))
twice.set_weights([[[0.5]]])
neighbours.build((3,))
neighbours.set_weights([[1, -1]])

NUMBERS = [
    (twice(np.full((1, 1), 2.0)), "0.3634"),
    (neighbours(np.array([[1.0, 2.0, 4.0]])), "-1, -2"),
]
