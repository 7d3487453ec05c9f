"""Cross-entropy on logits with soft targets: the smoothing goes to the other classes only.

Write the three functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in label_smoothing.md.
"""

import numpy as np

ASSIGNMENT = "label_smoothing"


def smooth_targets(ids, C, alpha, ignore_index):
    """The target's row for each id: 1 − α for its class, α shared equally by the others.

    ids: (…,) integers   C: an int ≥ 2   alpha: a float, 0 ≤ α ≤ 1   ignore_index: an int
    An id equal to ignore_index (it may lie in 0 … C − 1 or outside) gives a row of zeros.

    Returns t: (…, C).
    """
    ### BEGIN SOLUTION
    hot = np.arange(C) == ids[..., None]  # (C,) == (…, 1) -> (…, C)
    t = np.where(hot, 1 - alpha, alpha / (C - 1))
    return t * (ids != ignore_index)[..., None]
    ### END SOLUTION


def cross_entropy(z, ids, alpha, ignore_index):
    """L = −Σ t ln p / n, p = softmax(z) along the last axis, t = smooth_targets(ids, …)

    z: (…, C) finite logits   ids: (…,)   n: how many ids are not ignore_index
    L is 0 if all are ignored. Logits of ±10⁴ give a finite L.

    Returns L, cache with cache = (p, t, n), p and t: (…, C), n an int.
    """
    ### BEGIN SOLUTION
    t = smooth_targets(ids, z.shape[-1], alpha, ignore_index)
    n = int((ids != ignore_index).sum())
    shifted = z - z.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return float(-(t * log_p).sum() / max(1, n)), (np.exp(log_p), t, n)
    ### END SOLUTION


def cross_entropy_backward(cache):
    """How L moves with each logit.

    cache: (p, t, n) as cross_entropy returns it

    Returns dz: (…, C).
    """
    ### BEGIN SOLUTION
    p, t, n = cache
    mass = t.sum(axis=-1, keepdims=True)  # 1, or 0 in an ignored row
    return (p * mass - t) / max(1, n)
    ### END SOLUTION


class SmoothCrossEntropy:
    """Your functions as a loss, for `minidl check`. Nothing to write here."""

    def __init__(self, alpha, ignore_index=-1):
        self.alpha, self.ignore_index = alpha, ignore_index

    def forward(self, y_true, y_pred):
        return cross_entropy(y_pred, y_true, self.alpha, self.ignore_index)

    def backward(self, cache):
        return cross_entropy_backward(cache).astype(cache[0].dtype)  # p's is that of the logits


rng = np.random.default_rng(0)
CHECKS = [
    (SmoothCrossEntropy(0.2), np.array([2, 0, -1, 2]), rng.standard_normal((4, 3))),
]
