"""Softplus with its sharpness β, and SiLU: both forward and back, in both tails.

Write the four functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in softplus_silu.md.
"""

import numpy as np

ASSIGNMENT = "softplus_silu"


def softplus(x, beta):
    """y = ln(1 + e^(β x)) / β

    x: any shape   beta: a float > 0   y: like x, finite for every finite x

    Returns y, cache with cache = (x, e, beta), e = e^(−β |x|) like x: it never overflows.
    """
    ### BEGIN SOLUTION
    e = np.exp(-beta * np.abs(x))
    y = np.maximum(x, 0) + np.log1p(e) / beta  # for x > 0 the x is taken out of the logarithm
    return y, (x, e, beta)
    ### END SOLUTION


def softplus_backward(dy, cache):
    """dx and the one number dbeta for an upstream gradient dy.

    dy: like x   cache: (x, e, beta) as softplus returns it   dx: like x   dbeta: a float

    Returns dx, dbeta.
    """
    ### BEGIN SOLUTION
    x, e, beta = cache
    dx = dy * (np.where(x >= 0, 1.0, e) / (1 + e))  # σ(β x) by e, in both halves
    fall = np.abs(x) * (e / (1 + e)) + np.log1p(e) / beta  # y − x σ(β x): the x cancels
    dbeta = -(dy * fall).sum() / beta
    return dx, float(dbeta)
    ### END SOLUTION


def silu(x):
    """y = x σ(x), σ(x) = 1 / (1 + e^−x)

    x: any shape   y: like x, finite for every finite x

    Returns y, cache with cache = (x, e), e = e^−|x| like x.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    y = x * (np.where(x >= 0, 1.0, e) / (1 + e))
    return y, (x, e)
    ### END SOLUTION


def silu_backward(dy, cache):
    """dx for an upstream gradient dy.

    dy: like x   cache: (x, e) as silu returns it

    Returns dx, like x.
    """
    ### BEGIN SOLUTION
    x, e = cache
    s = np.where(x >= 0, 1.0, e) / (1 + e)  # σ(x)
    return dy * s * (1 + x * (1 - s))
    ### END SOLUTION


class Softplus:
    """Your functions as a layer that trains β, for `minidl check`. Nothing to write here."""

    def __init__(self, beta):
        self.params = {"beta": np.array([beta])}

    def forward(self, x):
        return softplus(x, float(self.params["beta"][0]))

    def backward(self, dy, cache):
        dx, dbeta = softplus_backward(dy, cache)
        return dx, {"beta": np.array([dbeta])}


class SiLU:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    params = {}

    def forward(self, x):
        return silu(x)

    def backward(self, dy, cache):
        return silu_backward(dy, cache), {}


rng = np.random.default_rng(0)
CHECKS = [
    (Softplus(1.5), 2 * rng.standard_normal((3, 4))),
    (SiLU(), 2 * rng.standard_normal((3, 4))),
]
