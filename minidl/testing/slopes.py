"""Slopes: the true derivatives of y, measured by moving one entry at a time.

    ∂y/∂θ ≈ (y(θ + h) − y(θ − h)) / 2h            error h²/6 · y‴  +  rounding ε |y| / h

It is measured with h and with h / 2. Where the two agree, Richardson's combination
(4 D(h/2) − D(h)) / 3 removes the h² term: about eleven right digits. Where they do not, or
where the slopes to the left and to the right differ, `kinks.py` looks closer.
"""

from dataclasses import dataclass, field

import numpy as np

STEP = 1e-4  # times max(1, |θ|)
EPS = np.finfo(float).eps


@dataclass
class Slopes:
    """What was measured on one tensor, entry by entry (P entries, O outputs, K upstreams)."""

    indices: list  # P multi-indices
    want: np.ndarray  # (K, P): the slope of Σ dy y
    tolerance: np.ndarray  # (K, P): how well it is known
    doubtful: np.ndarray  # (P,): a kink, or the two steps disagree
    jacobian: np.ndarray | None  # (P, O)
    details: dict = field(default_factory=dict)


def measure(target, tensor, indices, y, dys, keep=True):
    """Slopes of the entries `indices` of `tensor`; y is the flat output at the base point."""
    blocks = []
    size = max(1, int(4e6 // max(1, y.size)))
    for start in range(0, len(indices), size):
        block = indices[start : start + size]
        blocks.append(measure_block(target, tensor, block, y, dys, keep))
    return join(indices, blocks, keep)


def measure_block(target, tensor, block, y, dys, keep):
    Y, h = moved(target, tensor, block, y.size)  # (4, P, O), (4, P, 1)
    D1 = (Y[0] - Y[1]) / (h[0] + h[1])
    D2 = (Y[2] - Y[3]) / (h[2] + h[3])
    J = (4 * D2 - D1) / 3
    want = dys @ J.T  # (K, O) @ (O, P) -> (K, P)
    size = np.abs(dys) @ np.abs(J).T
    noise = rounding(np.abs(dys), Y, h[2].T)
    apart = np.abs(dys @ (D2 - D1).T)
    doubtful = ~(apart <= 1e-5 * size + noise).all(axis=0) | bent(Y, y, h)
    return want, 1e-9 * size + noise, doubtful, J if keep else None


def moved(target, tensor, block, size):
    """y at θ + h, θ − h, θ + h/2, θ − h/2 of each entry, and those four distances."""
    Y, h = np.empty((4, len(block), size)), np.empty((4, len(block), 1))
    for p, index in enumerate(block):
        step = STEP * max(1.0, abs(tensor[index]))
        for k, distance in enumerate((step, -step, step / 2, -step / 2)):
            Y[k, p], h[k, p] = value_at(target, tensor, index, distance)
    return Y, h


def unconfirmed(target, tensor, indices, slopes, chosen, dys):
    """Those of the chosen entries whose slope a far smaller step does not confirm.

    A step may happen to be a whole period of y, and both slopes then agree on nonsense."""
    out = []
    for p in chosen:
        step = 1e-2 * STEP * max(1.0, abs(tensor[indices[p]]))
        (up, a), (down, b) = (value_at(target, tensor, indices[p], s) for s in (step, -step))
        slope = (up - down) / (a + b)
        room = np.abs(dys) @ (1e-3 * np.abs(slope) + 8 * EPS * np.abs(up) / step)
        if not (np.abs(dys @ slope - slopes.want[:, p]) <= room).all():
            out.append(p)
    return out


def value_at(target, tensor, index, distance):
    """(y with one entry moved, how far it really moved in floating point)."""
    theta = tensor[index]
    tensor[index] = theta + distance
    moved_by = abs(tensor[index] - theta)
    try:
        return target.value(), moved_by
    finally:
        tensor[index] = theta


def rounding(weights, Y, h):
    """Rounding noise of a measured slope: ε |dy| |y| / h over the outputs that moved."""
    changed = (Y[:1] != Y).any(axis=0)  # (P, O)
    size = np.where(changed, np.abs(Y[0]), 0.0)
    still = (weights * np.abs(Y[0, :1])).max(axis=1, keepdims=True)  # none moved: one ulp
    return 8 * EPS * (weights @ size.T + still) / h


def bent(Y, y, h):
    """(P,): do left and right slope differ, and no less at half the step?"""
    with np.errstate(invalid="ignore"):
        right, left = (Y[0] - y) / h[0], (y - Y[1]) / h[1]
        gap, size = np.abs(right - left), np.maximum(np.abs(right), np.abs(left))
        half = np.abs((Y[2] - y) / h[2] - (y - Y[3]) / h[3])
    room = 1e-3 * size.max(axis=1, keepdims=True)
    # Where y does not depend on θ it still moves by its rounding, which looks bent.
    moving = np.where((Y[:1] != Y).any(axis=0), np.abs(Y[0]), 0.0)
    room += 8 * EPS * moving.max(axis=1, keepdims=True) / h[0]
    return ((half > 0.75 * gap) & (gap > room)).any(axis=1)


def join(indices, blocks, keep):
    want, tolerance, doubtful, J = zip(*blocks)
    return Slopes(
        list(indices),
        np.concatenate(want, axis=1),
        np.concatenate(tolerance, axis=1),
        np.concatenate(doubtful),
        np.concatenate(J) if keep else None,
    )
