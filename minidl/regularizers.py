"""Penalties on weights, added to the loss."""

import numpy as np


class L1L2:
    """Penalty  l1 · Σ|W| + l2 · Σ W²      Gradient  l1 · sign(W) + 2 · l2 · W

    Sums, not means, over the array; no ½ before l2 (Keras's convention).   Source  D1 Q4
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = float(l1), float(l2)

    def __call__(self, W):
        return self.l1 * float(np.abs(W).sum()) + self.l2 * float(np.vdot(W, W))

    def gradient(self, W):
        return self.l1 * np.sign(W) + 2 * self.l2 * W


class L1(L1L2):
    def __init__(self, l1=0.01):
        super().__init__(l1=l1)


class L2(L1L2):
    def __init__(self, l2=0.01):
        super().__init__(l2=l2)


def get(identifier):
    """None, a regularizer, or one for 'l1', 'l2' or 'l1_l2' (each 0.01, as in Keras)."""
    if identifier is None or hasattr(identifier, "gradient"):
        return identifier
    names = {"l1": L1, "l2": L2, "l1_l2": lambda: L1L2(0.01, 0.01)}
    if identifier not in names:
        raise ValueError(
            f"unknown regularizer {identifier!r}: use one of {', '.join(names)}, or an object "
            "with __call__(W) and gradient(W)"
        )
    return names[identifier]()
