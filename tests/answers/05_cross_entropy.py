"""Answers: Cross-entropy."""

import numpy as np


class SoftmaxBrier:
    """L = Σ_n Σ_k (p_k - y_k)² / N with p = softmax(z).

    In p the slope is g_k = 2 (p_k - y_k) / N. The Jacobian p_k ([k = j] - p_j) makes of it
    ∂L/∂z_j = p_j (g_j - Σ_k g_k p_k)."""

    def forward(self, y_true, y_pred):
        e = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        error = p - y_true
        return np.sum(error * error) / len(p), (p, error)

    def backward(self, cache):
        p, error = cache
        g = 2 * error / len(p)
        return p * (g - (g * p).sum(axis=1, keepdims=True))


class Poisson:
    """L = Σ (ŷ - y log ŷ) / n, so ∂L/∂ŷ = (1 - y/ŷ) / n: 0 where ŷ = y."""

    def forward(self, y_true, y_pred):
        return np.mean(y_pred - y_true * np.log(y_pred)), (y_true, y_pred)

    def backward(self, cache):
        y_true, y_pred = cache
        return (1 - y_true / y_pred) / y_pred.size


COUNTS = np.array([[3, 0], [1, 2]], dtype="float32")
MEANS = np.array([[2, 0.5], [1, 4]], dtype="float32")
CHECKS = [(Poisson(), COUNTS, MEANS)]

NUMBERS = [
    (SoftmaxBrier().forward(np.array([[0, 1, 0]]), np.log([[1, 2, 5]]))[0], "0.96875"),
    (Poisson().forward(np.array([3.0]), np.array([2.0]))[0], "-0.0794"),
]
