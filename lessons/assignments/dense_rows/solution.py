"""Dense by rows: the weights of a neuron, its bias among them, are one row.

Write the two functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in dense_rows.md.
"""

import numpy as np

ASSIGNMENT = "dense_rows"


def dense(x, W):
    """y = [x 1] Wᵀ

    x: (N, D)   W: (M, D + 1), the last column is the bias   y: (N, M)

    Returns y, cache with cache = (x1, W), x1: (N, D + 1) is x with a column of ones.
    """
    ### BEGIN SOLUTION
    ones = np.ones((len(x), 1))
    x1 = np.concatenate([x, ones], axis=1)  # (N, D) -> (N, D + 1)
    y = x1 @ W.T  # (N, D + 1) @ (D + 1, M) -> (N, M)
    return y, (x1, W)
    ### END SOLUTION


def dense_backward(dy, cache):
    """dx and dW for an upstream gradient dy.

    dy: (N, M)   cache: (x1, W) as dense returns it   dx: (N, D)   dW: (M, D + 1)

    Returns dx, dW.
    """
    ### BEGIN SOLUTION
    x1, W = cache
    dW = dy.T @ x1  # (M, N) @ (N, D + 1) -> (M, D + 1): every row of the batch adds its share
    dx = dy @ W[:, :-1]  # (N, M) @ (M, D) -> (N, D): the column of ones has no gradient
    return dx, dW
    ### END SOLUTION


class DenseRows:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    def __init__(self, D, M, rng):
        self.params = {"W": rng.standard_normal((M, D + 1))}

    def forward(self, x):
        return dense(x, self.params["W"])

    def backward(self, dy, cache):
        dx, dW = dense_backward(dy, cache)
        return dx, {"W": dW}


rng = np.random.default_rng(0)
CHECKS = [(DenseRows(3, 2, rng), rng.standard_normal((4, 3)))]
