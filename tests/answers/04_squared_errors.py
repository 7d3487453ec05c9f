"""Answers: Squared errors."""

import numpy as np


class FourthPower:
    """L = Σ e⁴ / n, so ∂L/∂ŷ = 4 e³ / n."""

    def forward(self, y_true, y_pred):
        error = y_pred - y_true
        return np.mean(error * error * error * error), error

    def backward(self, cache):
        error = cache
        return 4 * error * error * error / error.size


class LogCosh:
    """L = Σ log cosh e / n, so ∂L/∂ŷ = sinh e / cosh e / n = tanh e / n.

    Large errors have the slope ±1/n of the mean absolute error, tiny ones e/n, half the MSE's.
    cosh e = e^|e| (1 + e^-2|e|) / 2, so the logarithm is |e| + log(1 + e^-2|e|) - log 2."""

    def forward(self, y_true, y_pred):
        error = y_pred - y_true
        size = np.abs(error)
        return np.mean(size + np.log1p(np.exp(-2 * size)) - np.log(2.0)), error

    def backward(self, cache):
        return np.tanh(cache) / cache.size


ERRORS = np.array([1.0, 0.0, -2.0, 1.0, 0.0])
NUMBERS = [
    (FourthPower().forward(np.zeros(5), ERRORS)[0], "3.6"),
    (LogCosh().forward(np.zeros(5), ERRORS)[0], "0.4385"),
]
