"""Log-softmax, and the weighted negative log-likelihood on it, each with its own gradient.

Write the four functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in nll.md.
"""

import numpy as np

ASSIGNMENT = "nll"


def log_softmax(z):
    """yₖ = ln (exp zₖ / Σⱼ exp zⱼ), along the last axis.

    z: (…, C), an entry may be −∞: a class that is ruled out   y: (…, C)

    Returns y, cache with cache = p: (…, C), the probabilities e^y.
    """
    ### BEGIN SOLUTION
    shifted = z - z.max(axis=-1, keepdims=True)
    total = np.exp(shifted).sum(axis=-1, keepdims=True)  # (…, C) -> (…, 1), at least 1
    y = shifted - np.log(total)
    return y, np.exp(y)
    ### END SOLUTION


def log_softmax_backward(dy, cache):
    """dz for any upstream gradient dy, through the whole Jacobian ∂yₖ/∂zⱼ.

    dy: (…, C)   cache: p as log_softmax returns it

    Returns dz: (…, C).
    """
    ### BEGIN SOLUTION
    p = cache
    return dy - p * dy.sum(axis=-1, keepdims=True)  # the Jacobian is I − 1 pᵀ: turned, I − p 1ᵀ
    ### END SOLUTION


def nll(y, ids, w):
    """L = −Σₙ w[idsₙ] y[n, idsₙ] / Σₙ w[idsₙ]: the mean, each row weighted by its class.

    y: (N, C) log-probabilities   ids: (N,) integers, 0 … C − 1   w: (C,) ≥ 0
    A row of weight 0 counts nothing, whatever y holds; L is 0 if no row counts.

    Returns L, cache with cache = (share, ids, C), share: (N,) is each row's part of the mean,
    w[idsₙ] / Σₘ w[idsₘ], or 0 if no row counts.
    """
    ### BEGIN SOLUTION
    weight = w[ids]  # (C,) -> (N,)
    total = weight.sum()
    share = weight / total if total > 0 else np.zeros(len(ids))
    picked = np.where(share > 0, y[np.arange(len(ids)), ids], 0.0)  # 0 · (−∞) would be NaN
    return float(-(share * picked).sum()), (share, ids, y.shape[1])
    ### END SOLUTION


def nll_backward(cache):
    """dy of the loss: how L moves with each entry of y.

    cache: (share, ids, C) as nll returns it

    Returns dy: (N, C).
    """
    ### BEGIN SOLUTION
    share, ids, C = cache
    dy = np.zeros((len(ids), C))
    dy[np.arange(len(ids)), ids] = -share  # one entry a row: no two write to one place
    return dy
    ### END SOLUTION


class LogSoftmax:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    params = {}

    def forward(self, x):
        return log_softmax(x)

    def backward(self, dy, cache):
        return log_softmax_backward(dy, cache), {}


class NLL:
    """All of your functions as a loss on logits. Nothing to write here."""

    def __init__(self, w):
        self.w = w

    def forward(self, y_true, y_pred):
        y, p = log_softmax(y_pred)
        value, kept = nll(y, y_true, self.w)
        return value, (p, kept)

    def backward(self, cache):
        p, kept = cache
        return log_softmax_backward(nll_backward(kept), p).astype(p.dtype)


rng = np.random.default_rng(0)
CHECKS = [
    (LogSoftmax(), rng.standard_normal((3, 4))),
    (NLL(np.array([1.0, 2.0, 0.5])), np.array([2, 0, 1, 2]), rng.standard_normal((4, 3))),
]
