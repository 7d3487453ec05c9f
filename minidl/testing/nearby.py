"""Nearby: what is right at a kink inside the network, judged from the points around it.

A unit at exactly 0 in front of a ReLU and of another Dense layer makes a kink whose right
values are not between the two slopes of y. But any right gradient there is the limit of
gradients at points close by, where no unit is at 0. So: move everything a little, many times;
backward must be right there, and its value at the kink must lie within what was seen. Where
several units are at 0, the gradients seen are sums over some of them; the sum over none, or
all, is as right, but rarely seen: then there is more room.
"""

import numpy as np

SHIFT = 1e-5  # times max(1, |θ|)
SHIFTS = 64
ROOM = 3.0  # √J / 2.5 for J units at 0 at once


def accepted(target, name, indices, got, dys):
    """(P,) bool: is got (K, P) within the gradients seen around this point?"""
    moves = list(shifts(target))
    if not any(right_there(target, name, indices, dys, shift) for shift in moves[:3]):
        return np.zeros(len(indices), bool)
    seen = np.stack([backward_at(target, name, indices, dys, shift) for shift in moves])
    low, high = seen.min(axis=0), seen.max(axis=0)  # (K, P)
    room = 1e-3 * np.maximum(np.abs(low), np.abs(high))
    room += np.where(levels(seen) > 2, ROOM * (high - low), 0.0)
    return ((got >= low - room) & (got <= high + room)).all(axis=0)


def levels(seen):
    """(K, P): how many different gradients were seen, to 1 % of their range."""
    low, high = seen.min(axis=0), seen.max(axis=0)
    steps = np.sort((seen - low) / np.maximum(high - low, 1e-300), axis=0)
    return 1 + (np.diff(steps, axis=0) > 0.01).sum(axis=0)


def shifts(target):
    """Directions to move in: all tensors at random, and each alone up, and down."""
    rng = np.random.default_rng(0)
    for _ in range(SHIFTS):
        yield {n: rng.standard_normal(a.shape) for n, a in target.tensors.items()}
    for one in target.tensors:
        for sign in (1.0, -1.0):
            yield {n: np.full(a.shape, sign * (n == one)) for n, a in target.tensors.items()}


class Moved:
    """The target with all its tensors moved by a shift, inside a `with` block."""

    def __init__(self, target, shift):
        self.tensors, self.shift = target.tensors, shift

    def __enter__(self):
        self.saved = {n: a.copy() for n, a in self.tensors.items()}
        for name, array in self.tensors.items():
            array += SHIFT * np.maximum(1.0, np.abs(array)) * self.shift[name]

    def __exit__(self, *_):
        for name, array in self.tensors.items():
            array[...] = self.saved[name]


def backward_at(target, name, indices, dys, shift):
    """backward's values of the entries, with everything moved: (K, P)."""
    with Moved(target, shift):
        _, cache = target.run()
        grads = [target.pull(dy, cache)[0] for dy in dys]
        nothing = np.full(target.tensors[name].shape, np.nan)
        return np.array([[g.get(name, nothing)[i] for i in indices] for g in grads])


def right_there(target, name, indices, dys, shift):
    """Is backward right at a moved point, where there is no kink?"""
    got = backward_at(target, name, indices, dys, shift)
    with Moved(target, shift):
        want = fine_slopes(target, target.tensors[name], indices, dys)
    return bool(
        (np.abs(got - want) <= 1e-4 * np.maximum(np.abs(got), np.abs(want)) + 1e-6).all()
    )


def fine_slopes(target, tensor, indices, dys, step=1e-8):
    """Central slopes with a step far smaller than the shift: no kink in between. (K, P)"""
    found = []
    for index in indices:
        theta, h = tensor[index], step * max(1.0, abs(tensor[index]))
        tensor[index] = theta + h
        up = target.value()
        tensor[index] = theta - h
        down = target.value()
        tensor[index] = theta
        found.append(dys @ ((up - down) / (2 * h)))
    return np.array(found).T
