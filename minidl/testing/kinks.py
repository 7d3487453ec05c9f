"""Kinks: a second look at the entries where two step sizes do not agree.

At a kink (ReLU at 0, a tie in a maximum) the slope to the left differs from the one to the
right, at every step size. No single number is then the derivative: any value between the two
is right. Each output is taken for itself: dy may push one up and another down.
"""

from dataclasses import dataclass

import numpy as np

from minidl.testing.slopes import EPS, value_at

STEPS = (
    1e-3,
    1e-5,
    1e-6,
    1e-7,
    1e-8,
    1e-9,
    1e-10,
)  # times max(1, |θ|), and times |θ| where |θ| is tiny


@dataclass
class Look:
    """The closer look at one entry."""

    kind: str  # "smooth", "kink", "jump" or "undecided"
    low: np.ndarray  # (K,): the lowest and highest right value, and how well they are known
    high: np.ndarray
    tolerance: np.ndarray
    slope: np.ndarray | None = None  # (O,), of a smooth entry


def look_closer(target, tensor, index, y, dys):
    """The best estimate over many step sizes; a kink where left and right stay apart."""
    theta = abs(float(tensor[index]))
    scale = max(1.0, theta)
    steps = [scale * s for s in STEPS]
    if 0 < theta < 1e-2:
        steps += [theta * s for s in (1e-2, 1e-4, 1e-6)]
    probes = [Probe(target, tensor, index, y, step) for step in sorted(steps, reverse=True)]
    probes = [p for p in probes if p.finite] or probes[:1]
    found = kink(probes, dys)
    return found or smooth(probes, dys)


class Probe:
    """Slopes of one entry at one step size: right, left, and central ones at h and h / 2."""

    def __init__(self, target, tensor, index, y, step):
        (up, a), (down, b) = (value_at(target, tensor, index, s) for s in (step, -step))
        (up2, a2), (down2, b2) = (
            value_at(target, tensor, index, s) for s in (step / 2, -step / 2)
        )
        self.finite = bool(np.isfinite([up, down, up2, down2]).all()) and min(a2, b2) > 0
        if not self.finite:
            return
        self.far = (up - down) / (a + b)
        self.near = (up2 - down2) / (a2 + b2)
        self.central = (4 * self.near - self.far) / 3
        self.right = 2 * (up2 - y) / a2 - (up - y) / a
        self.left = 2 * (y - down2) / b2 - (y - down) / b
        changed = (up != y) | (down != y)
        self.noise = 8 * EPS * np.where(changed, np.abs(y), 0.0) / a2
        self.floor = 8 * EPS * np.abs(y) / a2

    def unrest(self):
        """How far the slopes of this step size are from agreeing, with their rounding."""
        apart = np.abs(self.near - self.far) + np.abs(self.right - self.left)
        return float((apart + self.noise).sum())

    def apart(self, other):
        return float(np.abs(self.central - other.central).sum())

    def size(self):
        return np.maximum(np.abs(self.right), np.abs(self.left))

    def is_quiet(self):
        """Is rounding small against the slopes?"""
        return bool((10 * self.noise <= 1e-2 * self.size().max()).all())

    def gap(self, weights):
        """How far left and right slope are apart, over the outputs; 0 if it is rounding."""
        gap = np.abs(self.right - self.left)
        gap[gap < 1e-4 * self.size().max() + 10 * self.noise] = 0.0
        return weights @ gap


def kink(probes, dys):
    """The Look of a kink or of a jump, or None."""
    quiet = [p for p in probes if p.finite and p.is_quiet()]
    if len(quiet) < 2:
        return None
    weights = np.abs(dys).sum(axis=0)
    wide, narrow = quiet[-2:]
    before, after = wide.gap(weights), narrow.gap(weights)
    if after == 0 or before == 0 or after < 0.5 * before:
        return None
    if after > 4 * before:
        nothing = np.zeros(len(dys))
        return Look("jump", nothing, nothing, nothing)
    sides = np.stack([wide.right, wide.left])  # (2, O)
    pushed = dys[:, None, :] * sides  # (K, 2, O)
    low, high = pushed.min(axis=1).sum(axis=1), pushed.max(axis=1).sum(axis=1)
    tolerance = np.abs(dys) @ (1e-6 * wide.size() + 10 * wide.noise)
    return Look("kink", low, high, tolerance)


def smooth(probes, dys):
    """The step size decides at which D(h) and D(h/2), left and right, agree best."""
    if len(probes) < 2:
        nothing = np.zeros(len(dys))
        return Look("undecided", nothing, nothing, nothing)
    pairs = zip(probes, [*probes[1:], probes[-2]])
    best, other = min(pairs, key=lambda pair: pair[0].unrest() + pair[0].apart(pair[1]))
    want, weights = dys @ best.central, np.abs(dys)
    still = (weights * best.floor).max(axis=1)
    doubt = np.abs(dys @ (best.near - best.far)) + np.abs(dys @ (best.central - other.central))
    doubt += weights @ best.noise + still
    size = weights @ np.abs(best.central)
    kind = "undecided" if (doubt > 1e-2 * size + 4 * still).any() else "smooth"
    return Look(kind, want, want, 1e-9 * size + doubt, best.central)
