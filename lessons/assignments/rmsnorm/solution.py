"""RMSNorm: layer normalization without the mean, forward and backward.

Write the two functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in rmsnorm.md.
"""

import numpy as np

ASSIGNMENT = "rmsnorm"


def rms_norm(x, g, eps):
    """y = g x r,  r = 1 / √(mean of x² over the last axis + eps)

    x: (N, D) or (N, T, D)   g: (D,)   eps ≥ 0: a number   y: as x   r: as x, the last axis 1

    Returns y, cache with cache = (x, r, g).
    """
    ### BEGIN SOLUTION
    square = (x * x).mean(axis=-1, keepdims=True)  # (…, D) -> (…, 1)
    r = 1 / np.sqrt(square + eps)
    y = g * x * r
    return y, (x, r, g)
    ### END SOLUTION


def rms_norm_backward(dy, cache):
    """dx and dg for an upstream gradient dy of the shape of x.

    cache: (x, r, g) as rms_norm returns it   dx: as x   dg: (D,)

    Returns dx, dg.
    """
    ### BEGIN SOLUTION
    x, r, g = cache
    x_hat, h = x * r, g * dy  # h is the gradient of x_hat
    slope = (h * x_hat).mean(axis=-1, keepdims=True)  # what comes back through r
    dx = r * (h - x_hat * slope)
    dg = (dy * x_hat).reshape(-1, x.shape[-1]).sum(axis=0)  # (…, D) -> (R, D) -> (D,)
    return dx, dg
    ### END SOLUTION


class RMSNorm:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    def __init__(self, D, rng, eps=0.1):
        self.params, self.eps = {"g": 1 + 0.1 * rng.standard_normal(D)}, eps

    def forward(self, x):
        return rms_norm(x, self.params["g"], self.eps)

    def backward(self, dy, cache):
        dx, dg = rms_norm_backward(dy, cache)
        return dx, {"g": dg}


rng = np.random.default_rng(0)
CHECKS = [
    (RMSNorm(4, rng), rng.standard_normal((3, 4))),
    (RMSNorm(3, rng), rng.standard_normal((2, 4, 3))),
]
