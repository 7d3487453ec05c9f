"""Regularizers: penalties on weights, added to the loss."""

import math

import numpy as np


class L1L2:
    """Both penalties at once; with one of them 0, the other alone.

    Penalty   l1 · Σ|W| + l2 · Σ W²         a sum over the array, not a mean
    Gradient  l1 · sign(W) + 2 · l2 · W     at W = 0 any slope in [−l1, l1] is right; here 0
    Raises    ValueError: l1 or l2 is negative, infinite or NaN
    Source:   D1 Q4; there is no ½ before l2, as in Keras
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = float(l1 or 0.0), float(l2 or 0.0)
        if not (0 <= self.l1 < math.inf and 0 <= self.l2 < math.inf):
            raise ValueError(
                f"{type(self).__name__}: l1 and l2 must be numbers ≥ 0, got {l1!r}, {l2!r}"
            )

    def __call__(self, W):
        penalty = self.l2 * float(np.vdot(W, W)) if self.l2 else 0.0
        return penalty + self.l1 * float(np.abs(W).sum()) if self.l1 else penalty

    def gradient(self, W):
        gradient = 2 * self.l2 * W
        return gradient + self.l1 * np.sign(W) if self.l1 else gradient

    def __repr__(self):
        return f"{type(self).__name__}(l1={self.l1}, l2={self.l2})"


class L1(L1L2):
    """Draws every weight to 0 by the same force, so that small ones end there: sparse weights.

    Penalty   l1 · Σ|W|        Gradient  l1 · sign(W)
    Source:   D1 Q4; Tibshirani 1996
    """

    def __init__(self, l1=0.01):
        super().__init__(l1=l1)


class L2(L1L2):
    """Draws a weight to 0 by a force like its size; with plain SGD, weight decay of λ = 2 l2.

    Penalty   l2 · Σ W²        Gradient  2 · l2 · W
    Source:   D1 Q4; Krogh & Hertz 1992
    """

    def __init__(self, l2=0.01):
        super().__init__(l2=l2)


NAMES = {"l1": L1, "l2": L2, "l1_l2": lambda: L1L2(0.01, 0.01)}


def get(identifier):
    """None, a regularizer, its class, or one for 'l1', 'l2', 'l1_l2' (0.01, as in Keras)."""
    if isinstance(identifier, type):
        identifier = identifier()
    if identifier is None or hasattr(identifier, "gradient"):
        return identifier
    if isinstance(identifier, str) and identifier.lower() in NAMES:
        return NAMES[identifier.lower()]()
    raise ValueError(
        f"Could not interpret regularizer identifier {identifier!r}: use one of "
        f"{', '.join(NAMES)}, or an object with __call__(W) and gradient(W)"
    )
