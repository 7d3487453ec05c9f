"""The Huber loss: squared for small errors, absolute for large ones, missing targets left out.

Write the two functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in huber.md.
"""

import numpy as np

ASSIGNMENT = "huber"


def huber(y_true, y_pred, delta):
    """L = Σ l(e) / n, e = y_pred − y_true, n: how many targets there are

    l(e) = e² / 2 for |e| ≤ δ,   l(e) = δ (|e| − δ / 2) for |e| > δ

    y_true, y_pred: (N, D)   delta: a float > 0
    A target that is NaN is missing: it counts neither in the sum nor in n, and its e is 0.
    L is 0 if no target is left. Finite errors give a finite L, 10²⁰⁰ too.

    Returns L, cache with cache = (e, n, delta), e: (N, D), n an int.
    """
    ### BEGIN SOLUTION
    there = ~np.isnan(y_true)
    e, n = np.where(there, y_pred - y_true, 0.0), int(there.sum())
    size = np.abs(e)
    cut = np.minimum(size, delta)  # with it both branches are one, without e² of a large e
    loss = (cut * (size - cut / 2)).sum() / max(1, n)
    return float(loss), (e, n, delta)
    ### END SOLUTION


def huber_backward(cache):
    """How L moves with each prediction, and with δ.

    cache: (e, n, delta) as huber returns it   dy_pred: (N, D)   ddelta: a float

    Returns dy_pred, ddelta.
    """
    ### BEGIN SOLUTION
    e, n, delta = cache
    dy_pred = np.clip(e, -delta, delta) / max(1, n)
    beyond = np.maximum(np.abs(e) - delta, 0)  # ∂l/∂δ; where the branches meet it is 0
    return dy_pred, float(beyond.sum() / max(1, n))
    ### END SOLUTION


class Huber:
    """Your functions as a loss, for `minidl check`. Nothing to write here.

    As in many a table, a number that cannot be one stands for a missing target."""

    def __init__(self, delta, missing=-999.0):
        self.delta, self.missing = delta, missing

    def forward(self, y_true, y_pred):
        y_true = np.where(y_true == self.missing, np.nan, y_true).astype(y_pred.dtype)
        return huber(y_true, y_pred, self.delta)

    def backward(self, cache):
        dy_pred, _ = huber_backward(cache)
        return dy_pred.astype(cache[0].dtype)


rng = np.random.default_rng(0)
target = rng.standard_normal((4, 3))
target[1, 2] = -999.0
CHECKS = [(Huber(1.0), target, 2 * rng.standard_normal((4, 3)))]
