"""Answers: What twelve thousand reviews teach a small BERT."""

import numpy as np

from minidl import Layer, Loss


class MeanOfKnown(Layer):
    """y = Σ_t x_t / K, K the places with any entry but 0: dx_t = dy / K there, and 0 elsewhere.

    A place of zeros adds nothing to the sum. Where it is a little off zero it would count, and
    K jump: K is taken as it is, so the check feeds places that are known, and N = K."""

    def forward(self, x, training=False):
        known = x.any(axis=2, keepdims=True)  # (N, T, 1)
        count = known.sum(axis=1).astype(x.dtype)  # (N, 1)
        return x.sum(axis=1) / count, (known, count)

    def backward(self, dy, cache):
        known, count = cache
        return known * (dy / count)[:, None], {}  # (N, T, 1) * (N, 1, D) -> (N, T, D)

    def output_shape(self, input_shape):
        return input_shape[-1:]


class Weighted(Loss):
    """L = -Σ w_n ln p_n / Σ w_n, w = 3 for class 0: dL/dz_n = w_n (p - t) / Σ w."""

    def forward(self, y_true, y_pred):
        rows, right = np.arange(len(y_pred)), np.asarray(y_true)
        e = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        w = np.where(right == 0, 3.0, 1.0).astype(p.dtype)
        w /= w.sum()
        return float(-w @ np.log(p[rows, right])), (rows, right, p, w)

    def backward(self, cache):
        rows, right, p, w = cache
        dz = p.copy()
        dz[rows, right] -= 1
        return w[:, None] * dz


rng = np.random.default_rng(0)
CHECKS = [
    (MeanOfKnown(), rng.normal(size=(3, 4, 2)).astype("float32")),
    (Weighted(), np.array([0, 1, 1]), rng.normal(size=(3, 2)).astype("float32")),
]
NUMBERS = [
    (MeanOfKnown().forward(np.array([[[1.0, 2], [3, 4], [0, 0]]]))[0][0, 1], "3"),
    (Weighted().forward(np.array([0, 1]), np.array([[0.0, 0], [0, 1]]))[0], "0.5982"),
]
