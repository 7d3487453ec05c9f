"""Directions: one random direction through a whole tensor tests all of its entries at once.

    (L(θ + h u) − L(θ − h u)) / 2h  =  Σ ∂L/∂θᵢ uᵢ

A gradient with one wrong row, wherever it is, gives another sum for almost every u (the u that
hide it have probability 0). Two forwards take the place of two for each entry. Where the sums
differ, halving the range again and again leads to a wrong entry.
"""

from dataclasses import dataclass

import numpy as np

from minidl.testing.slopes import EPS

STEPS = (1e-5, 1e-6, 1e-7, 1e-8)


@dataclass(frozen=True)
class Direction:
    """got = Σ backward's gradient · u; expected = the measured slope along u."""

    got: float
    expected: float
    passed: bool


def check(target, name, grad, y, dy, plan):
    """The Direction for each of the plan's random directions."""
    tensor, grad = flat(target.tensors[name], grad)
    found = []
    count = plan.directions if tensor.size <= 1_000_000 else min(1, plan.directions)
    for _ in range(count):  # one is as sure as two; the second guards against a bad step
        found.append(along(target, tensor, grad, y, dy, plan.direction(tensor.size)))
    return found


def flat(tensor, grad):
    """Both as vectors; the tensor's is a view, to be moved in place."""
    if not tensor.flags.c_contiguous:
        tensor, grad = tensor.T, grad.T
    return tensor.reshape(-1), grad.reshape(-1)


def along(target, tensor, grad, y, dy, u):
    """The Direction u through a flat tensor (or a part of one)."""
    said = float(np.vdot(grad, u))
    limit = 1e-6 * float(np.sqrt(np.einsum("i,i,i,i->", grad, grad, u, u)))
    noise = 8 * EPS * float(np.linalg.norm(dy * y))
    scale = max(1.0, float(tensor.max()), -float(tensor.min()))
    best = None
    for h in (scale * step for step in STEPS):
        true = slope(target, tensor, dy, u, h)
        if best is None or abs(true - said) < abs(best - said):
            best = true
        if abs(true - said) <= limit + noise / h:
            return Direction(said, true, True)
    return Direction(said, best, False)


def slope(target, tensor, dy, u, h):
    """The slope of Σ dy y along u, by a central difference."""
    saved = tensor.copy()
    step = h * u
    tensor += step
    up = target.value()
    np.subtract(saved, step, out=tensor)
    down = target.value()
    tensor[...] = saved
    return float(dy @ (up - down)) / (2 * h)


def wrong_entry(target, name, grad, y, dy, plan):
    """The multi-index of a wrong entry, found by halving; None if it slips away."""
    shape, is_c = grad.shape, target.tensors[name].flags.c_contiguous
    tensor, grad = flat(target.tensors[name], grad)
    start, stop = 0, tensor.size
    while stop - start > 1:
        middle = (start + stop) // 2
        for low, high in ((start, middle), (middle, stop)):
            u = plan.direction(high - low)
            if not along(target, tensor[low:high], grad[low:high], y, dy, u).passed:
                start, stop = low, high
                break
        else:
            return None
    return tuple(map(int, np.unravel_index(start, shape, order="C" if is_c else "F")))
