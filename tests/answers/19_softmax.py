"""Answers: Softmax: scores become probabilities."""

import numpy as np

from minidl import Layer


class WarmSoftmax(Layer):
    """y = softmax(z / T): the softmax's backward, and then the slope 1 / T of z / T."""

    T = 2

    def forward(self, x, training=False):
        e = np.exp((x - x.max(axis=-1, keepdims=True)) / self.T)
        y = e / e.sum(axis=-1, keepdims=True)
        return y, y

    def backward(self, dy, cache):
        y = cache
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True)) / self.T, {}


class LogSoftmax(Layer):
    """y_k = z_k - ln Σ_j e^{z_j}; the largest z is taken out first, so that no e^z overflows.

    ∂y_k/∂z_j = δ_kj - softmax(z)_j, so dz_j = dy_j - softmax(z)_j Σ_k dy_k."""

    def forward(self, x, training=False):
        z = x - x.max(axis=-1, keepdims=True)
        y = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return y, y

    def backward(self, dy, cache):
        return dy - np.exp(cache) * dy.sum(axis=-1, keepdims=True), {}


class TwoDiseases(Layer):
    """softmax(0, z) = (1, e^z) / (1 + e^z) = (1 - σ(z), σ(z)), so dz = (dy₁ - dy₀) σ (1 - σ).

    With e = e^-|z| the larger of the two is 1 / (1 + e), the smaller one e / (1 + e)."""

    def forward(self, x, training=False):
        e = np.exp(-np.abs(x))
        p = np.where(x < 0, e, 1) / (1 + e)  # σ(z): (N, 1)
        y = np.concatenate([1 - p, p], axis=-1)  # (N, 1) -> (N, 2)
        return y, p

    def backward(self, dy, cache):
        p = cache
        return (dy[..., 1:] - dy[..., :1]) * p * (1 - p), {}

    def output_shape(self, input_shape):
        return (*input_shape[:-1], 2)


z = np.random.default_rng(0).normal(size=(4, 1)).astype("float32")
CHECKS = [(TwoDiseases(), z)]

logits = np.array([[1.0, 2.0, 0.5]])
NUMBERS = [
    (WarmSoftmax().forward(logits)[0], "0.2918, 0.4810, 0.2272"),
    (LogSoftmax().forward(logits)[0], "-1.4644, -0.4644, -1.9644"),
    (TwoDiseases().forward(np.array([[0.82]]))[0], "0.3058, 0.6942"),
]
