"""Answers: A network learns noise by heart."""

import numpy as np

from minidl import Layer


class SquaredReLU(Layer):
    """y = r² with r = max(x, 0), so dy/dx = 2 r: 0 on both sides of 0, no kink.

    Slopes above 1 multiply down the layers: gradients grow instead of vanishing."""

    def forward(self, x, training=False):
        r = np.maximum(x, 0)
        return r * r, r

    def backward(self, dy, cache):
        return dy * 2 * cache, {}


class PenalizedError:
    """L = Σ ((ŷ - y)² + 0.1 ŷ²) / n, so ∂L/∂ŷ = (2 (ŷ - y) + 0.2 ŷ) / n.

    That is 0 at ŷ = y / 1.1: 0.909 for y = 1."""

    def forward(self, y_true, y_pred):
        error = y_pred - y_true
        return np.mean(error * error + 0.1 * y_pred * y_pred), (error, y_pred)

    def backward(self, cache):
        error, y_pred = cache
        return (2 * error + 0.2 * y_pred) / error.size


NUMBERS = [
    (SquaredReLU()(np.full(1, 3.0)), "9"),
    (PenalizedError().forward(np.ones(1), np.full(1, 2.0))[0], "1.4"),
]
