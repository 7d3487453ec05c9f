"""Answers: How sure is the line?"""

import numpy as np


class GaussianLoss:
    """L = Σ ½ (v + e² exp(-v)) / N with e = μ - y.

    ∂L/∂μ = e exp(-v) / N and ∂L/∂v = ½ (1 - e² exp(-v)) / N: 0 where exp(v) = e², s² = e²."""

    def forward(self, y_true, y_pred):
        error = y_pred[:, :1] - y_true  # (N, 1)
        v = y_pred[:, 1:]
        share = error * error * np.exp(-v)
        return np.mean(0.5 * (v + share)), (error, v, share)

    def backward(self, cache):
        error, v, share = cache
        dmu = error * np.exp(-v)
        return np.concatenate([dmu, 0.5 * (1 - share)], axis=1) / len(v)


class Pinball:
    """L = Σ max(0.9 e, -0.1 e) / n with e = y - ŷ: the slope in ŷ is -0.9 / n below y, 0.1 / n
    above it.

    A constant with the share q of all y below it has the slope 0.1 q - 0.9 (1 - q), which is 0
    for q = 0.9."""

    def forward(self, y_true, y_pred):
        error = y_true - y_pred
        return np.mean(np.maximum(0.9 * error, -0.1 * error)), error

    def backward(self, cache):
        slope = np.where(cache > 0, -0.9, 0.1) / cache.size
        return slope.astype(cache.dtype)


Y = np.array([[3.0], [-1.0], [0.5]], dtype="float32")
MEANS_AND_LOGS = np.array([[1, 2], [0, -0.5], [0.4, 0.3]], dtype="float32")
CHECKS = [(GaussianLoss(), Y, MEANS_AND_LOGS)]

NUMBERS = [
    (GaussianLoss().forward(np.array([[3.0]]), np.array([[1.0, 2.0]]))[0], "1.2707"),
    (Pinball().forward(np.array([1.0, -2.0]), np.zeros(2))[0], "0.55"),
]
