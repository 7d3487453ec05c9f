"""Answers: Does B follow A? Pre-training on two tasks."""

import numpy as np

from minidl import Layer, Loss
from minidl.initializers import GlorotUniform


class Bilinear(Layer):
    """z = Σ_ij a_i W_ij b_j: dW_ij = Σ_n dz a_i b_j, da = dz W b, db = dz Wᵀ a."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (input_shape[-1],) * 2, GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        a, b = x[:, 0], x[:, 1]  # (N, 2, D) -> (N, D) each
        return ((a @ self.params["W"]) * b).sum(axis=1, keepdims=True), x

    def backward(self, dy, cache):
        a, b, W = cache[:, 0], cache[:, 1], self.params["W"]
        dx = np.stack([dy * (b @ W.T), dy * (a @ W)], axis=1)
        return dx, {"W": (dy * a).T @ b}  # (D, N) @ (N, D) -> (D, D)

    def output_shape(self, input_shape):
        return (1,)


def softmax(scores, axis):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


class InBatch(Loss):
    """L = half the mean cross-entropy of the rows, and half that of the columns.

    By rows dL/ds = (p - t) / (2 N), t one-hot; by columns the same with its own softmax."""

    def forward(self, y_true, y_pred):
        rows, right = np.arange(len(y_pred)), np.asarray(y_true)
        by_row, by_column = softmax(y_pred, 1), softmax(y_pred, 0)
        p = by_row[rows, right] * by_column[rows, right]
        return float(-np.log(p).mean() / 2), (rows, right, by_row + by_column)

    def backward(self, cache):
        rows, right, both = cache
        dy = both.copy()
        dy[rows, right] -= 2
        return dy / (2 * len(rows))


rng = np.random.default_rng(0)
CHECKS = [
    (Bilinear(), rng.normal(size=(4, 2, 3)).astype("float32")),
    (InBatch(), np.array([0, 1, 2]), rng.normal(size=(3, 3)).astype("float32")),
]


def bilinear(a, b, W):
    layer = Bilinear()
    layer.build((2, len(W)))
    layer.params["W"] = W
    return layer.forward(np.array([[a, b]]))[0]


NUMBERS = [
    (bilinear([1.0, 0.0], [0.0, 1.0], np.array([[1.0, 2], [3, 4]])), "2"),
    (InBatch().forward(np.array([0, 1]), np.array([[2.0, 0.0], [1.0, 1.0]]))[0], "0.3616"),
]
