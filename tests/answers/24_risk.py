"""Answers: Risk from a sequence, tested in the future."""

import numpy as np

from minidl import Layer, Loss


class RiskDistance(Loss):
    """L = mean over rows of Σ_k p_k |k - y|, so dL/dp_k = |k - y| / N.

    The slope does not depend on p: all of it goes to one class, and so p ends in 0 and 1."""

    def forward(self, y_true, y_pred):
        k = np.arange(y_pred.shape[1])
        distance = np.abs(k - np.asarray(y_true)[:, None]).astype(y_pred.dtype)  # (N, 3)
        return float((y_pred * distance).sum(axis=1).mean()), distance

    def backward(self, cache):
        return cache / len(cache)


class FadingVolatility(Layer):
    """y = √v, v = Σ_t w_t r_t², w_t = (1 - λ) λ^{T - t}.

    dv/dr_t = 2 w_t r_t and d√v/dv = 1 / (2 √v), so dr_t = dy w_t r_t / y."""

    fading = 0.94

    def forward(self, x, training=False):
        ages = np.arange(x.shape[1])[::-1]  # T - t
        w = ((1 - self.fading) * self.fading**ages).astype(x.dtype)
        y = np.sqrt((w * x * x).sum(axis=1, keepdims=True))  # (N, T) -> (N, 1)
        return y, (w * x, y)

    def backward(self, dy, cache):
        weighted, y = cache
        return dy * weighted / y, {}

    def output_shape(self, input_shape):
        return (1,)


p = np.random.default_rng(0).uniform(0.1, 1, size=(4, 3)).astype("float32")
CHECKS = [(RiskDistance(), np.array([0, 2, 1, 0]), p / p.sum(axis=1, keepdims=True))]

NUMBERS = [
    (RiskDistance().forward(np.array([0]), np.array([[0.2, 0.3, 0.5]]))[0], "1.3"),
    (FadingVolatility().forward(np.array([[0.1, 0.2]]))[0], "0.054443"),
]
