"""Rows: any array as a table, the axes in question last. Both normalisations compute on it."""

import math
from functools import lru_cache

import numpy as np


def to_rows(x, axes):
    """(R, D): the given axes last, as D columns; all others before them, as R rows.

    A view where the axes are the last ones already, else a copy."""
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    D = math.prod(x.shape[axis] for axis in axes)
    return moved.reshape(math.prod(moved.shape[: -len(axes)]), D)


def from_rows(rows, shape, axes):
    """The inverse of to_rows: (R, D) as an array of that shape."""
    others = [n for axis, n in enumerate(shape) if axis not in axes]
    moved = rows.reshape(*others, *(shape[axis] for axis in axes))
    return np.moveaxis(moved, range(-len(axes), 0), axes)


def column_sums(rows):
    """(R, D) -> (D,): ones · rows does it up to twice as fast as rows.sum(axis=0)."""
    return ones(len(rows), rows.dtype).dot(rows)


def row_sums(x):
    """(…, D) -> (…, 1): x · ones does it three times as fast as x.sum(axis=-1)."""
    return (x @ ones(x.shape[-1], x.dtype))[..., None]


@lru_cache(8)
def ones(n, dtype):
    """n ones that nobody can change: made once, not at every step."""
    made = np.ones(n, dtype)
    made.flags.writeable = False
    return made
