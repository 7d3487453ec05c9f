"""Answers: A layer of neurons."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class Gains(Layer):
    """y_i = w_i x_i + b_i: w_i stands beside x_i in every row, so both gradients are sums."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", input_shape, GlorotUniform(), self.rng)
        self.add_param("b", input_shape, GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        return x * self.params["w"] + self.params["b"], x

    def backward(self, dy, cache):
        return dy * self.params["w"], {"w": (dy * cache).sum(axis=0), "b": dy.sum(axis=0)}


class Quadratic(Layer):
    """y = Σ_ij x_i W_ij x_j.

    W_ij stands beside x_i x_j: dW_ij = Σ_n dy_n x_ni x_nj.
    x_k is there twice, as x_i and as x_j: ∂y/∂x_k = Σ_j W_kj x_j + Σ_i x_i W_ik."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        D = input_shape[-1]
        self.add_param("W", (D, D), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        y = ((x @ self.params["W"]) * x).sum(axis=1, keepdims=True)  # (N, D) -> (N, 1)
        return y, x

    def backward(self, dy, cache):
        x, W = cache, self.params["W"]
        return dy * (x @ (W + W.T)), {"W": (dy * x).T @ x}  # (D, N) @ (N, D) -> (D, D)

    def output_shape(self, input_shape):
        return (1,)


gains, quadratic = Gains(dtype="float64"), Quadratic(dtype="float64")
gains.build((2,))
gains.set_weights([[3, -1], [0.25, 1]])
quadratic.build((2,))
quadratic.set_weights([[[1, 2], [3, 4]]])

NUMBERS = [
    (gains(np.array([[2.0, 0.5]])), "6.25, 0.5"),
    (quadratic(np.array([[1.0, 2.0]])), "27"),
]
