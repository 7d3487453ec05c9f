"""Answers: A log that cannot be, and a test that counts."""

import numpy as np

from minidl import Layer, Loss
from minidl.initializers import GlorotUniform


class SoftError(Loss):
    """L = mean of 1 - p for label 1 and of p for label 0: dL/dp = -1 / N or 1 / N."""

    def forward(self, y_true, y_pred):
        sign = (1 - 2 * np.asarray(y_true)).astype(y_pred.dtype)[:, None]  # (N, 1): -1 for 1
        return float(np.mean((sign < 0) + sign * y_pred)), sign

    def backward(self, cache):
        return cache / len(cache)


class GatedMean(Layer):
    """y = Σ g_t x_t / S, S = Σ g_t, g_t = σ(x_t · w).

    Directly x_t gets dy g_t / S. Through the gate: ∂y/∂g_t = (x_t - y) / S, so
    dg_t = dy · (x_t - y) / S and dz_t = dg_t g_t (1 - g_t), dx_t += dz_t w, dw = Σ dz_t x_t."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", input_shape[-1:], GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        g = 0.5 + 0.5 * np.tanh(0.5 * (x @ self.params["w"]))[..., None]  # (N, T, 1)
        S = g.sum(axis=1, keepdims=True)
        y = (g * x).sum(axis=1, keepdims=True) / S  # (N, 1, D)
        return y[:, 0], (x, g, S, y)

    def backward(self, dy, cache):
        x, g, S, y = cache
        dy = dy[:, None] / S  # (N, 1, D)
        dz = (dy * (x - y)).sum(axis=2, keepdims=True) * g * (1 - g)  # (N, T, 1)
        return dy * g + dz * self.params["w"], {"w": (dz * x).sum(axis=(0, 1))}

    def output_shape(self, input_shape):
        return input_shape[1:]


rng = np.random.default_rng(0)
CHECKS = [
    (SoftError(), np.array([1, 0, 1]), rng.uniform(size=(3, 1)).astype("float32")),
    (GatedMean(), rng.normal(size=(3, 4, 2)).astype("float32")),
]


def gated(x, w):
    layer = GatedMean()
    layer.build(x.shape[1:])
    layer.params["w"] = w
    return layer.forward(x)[0]


NUMBERS = [
    (SoftError().forward(np.array([1, 0, 0]), np.array([[0.9], [0.6], [0.2]]))[0], "0.3"),
    (gated(np.array([[[0.0], [2.0]]]), np.array([1.0])), "1.2758"),
]
