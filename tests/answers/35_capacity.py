"""Answers: Counting parameters: from a Dense layer to BERT-base."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class LowRank(Layer):
    """y = z B, z = x A: two Dense layers without bias, dB = zᵀ dy, dA = xᵀ (dy Bᵀ)."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("A", (input_shape[-1], 2), GlorotUniform(), self.rng)
        self.add_param("B", (2, 3), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        z = x @ self.params["A"]  # (N, D) @ (D, 2) -> (N, 2)
        return z @ self.params["B"], (x, z)

    def backward(self, dy, cache):
        x, z = cache
        dz = dy @ self.params["B"].T  # (N, 3) @ (3, 2) -> (N, 2)
        return dz @ self.params["A"].T, {"A": x.T @ dz, "B": z.T @ dy}

    def output_shape(self, input_shape):
        return (3,)


class TwiceTheSame(Layer):
    """y = tanh(h W), h = tanh(x W): dW = hᵀ dz₂ + xᵀ dz₁, a term for each use of W."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (input_shape[-1],) * 2, GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        h = np.tanh(x @ self.params["W"])
        y = np.tanh(h @ self.params["W"])
        return y, (x, h, y)

    def backward(self, dy, cache):
        x, h, y = cache
        W = self.params["W"]
        dz2 = dy * (1 - y * y)
        dz1 = (dz2 @ W.T) * (1 - h * h)
        return dz1 @ W.T, {"W": h.T @ dz2 + x.T @ dz1}


def given(layer, x, **params):
    layer.build((len(x),))
    layer.params.update(params)
    return layer.forward(np.array([x]))[0]


NUMBERS = [
    (
        given(LowRank(), [1.0, 1.0], A=np.eye(2), B=np.array([[1.0, 2, 3], [4, 5, 6]])),
        "5, 7, 9",
    ),
    (given(TwiceTheSame(), [0.5], W=np.array([[2.0]])), "0.9093"),
]
