"""Forms of gradients: of a table by rows, and as Keras's tape would hand them out."""

import math

import numpy as np

from minidl.table_rows import add_to_rows, put_rows

OFTEN = 8  # a row repeated more often than this is summed on its own


class RowGradient:
    """A gradient that is zero outside a few rows.

    dense[rows[i]] += values[i]         rows: (R,) integers, each at most once after `unique()`
                                        values: (R, …)     shape: the whole table's, (V, …)

    An Embedding of 20,000 words sees a few hundred of them in a batch; the other rows of its
    gradient are zero and need not exist. NumPy takes it as an array (`np.asarray(g)`).
    """

    def __init__(self, rows, values, shape):
        self.rows = np.asarray(rows, dtype=None if len(rows) else int)  # [] would be floats
        self.values = np.asarray(values)
        self.shape = tuple(shape)

    @property
    def dtype(self):
        return self.values.dtype

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return int(np.prod(self.shape))

    def to_dense(self):
        """The same gradient as an ordinary array, repeated rows added."""
        dense, once = np.zeros(self.shape, self.dtype), self.unique()
        put_rows(dense, once.rows, once.values)
        return dense

    def __array__(self, dtype=None, copy=None):
        dense = self.to_dense()
        return dense if dtype is None else dense.astype(dtype)

    def __add__(self, other):
        if isinstance(other, RowGradient):
            rows = np.concatenate([self.rows, other.rows])
            return RowGradient(
                rows, np.concatenate([self.values, other.values]), self.shape
            ).unique()
        return self.to_dense() + other

    __radd__ = __add__

    def __mul__(self, factor):
        """Times a number (clipping and loss weights need no more)."""
        return RowGradient(self.rows, self.values * factor, self.shape)

    __rmul__ = __mul__

    def unique(self):
        """The same gradient with each row once, in ascending order; always a copy.

        `np.add.at` would do, ten times slower. Here all rows take their first value, then all
        that have a second take it, and so on; the few frequent ones are summed by themselves.
        """
        rows, order = _sorted(self.rows)
        new = np.ones(len(rows) + 1, bool)
        np.not_equal(rows[1:], rows[:-1], out=new[1:-1])
        edges = np.flatnonzero(new)  # where each row begins, and the end
        first, count = edges[:-1], edges[1:] - edges[:-1]
        given = self.values.reshape(len(rows), math.prod(self.shape[1:]))
        values = given.take(order[first], axis=0)
        often = count > OFTEN
        if often.any():
            alike = given.take(order[np.repeat(often, count)], axis=0)
            sum_runs(alike, count[often], values, np.flatnonzero(often))
            count[often] = 1
        for nth in range(1, count.max(initial=0)):
            more = np.flatnonzero(count > nth)
            add_to_rows(values, more, given.take(order[first[more] + nth], axis=0))
        return RowGradient(rows[first], values.reshape(-1, *self.shape[1:]), self.shape)

    def __repr__(self):
        return f"RowGradient({len(self.rows)} rows of {self.shape}, {self.dtype})"


def _sorted(rows):
    """(rows in ascending order, where each was); of equal ones the earlier first.

    A pair (row, place) as one number is sorted four times as fast as by a stable argsort."""
    bits = len(rows).bit_length()
    pairs = (rows.astype(np.int64) << bits) | np.arange(len(rows))
    pairs.sort()
    return pairs >> bits, pairs & ((1 << bits) - 1)


def sum_runs(rows, lengths, sums, places):
    """sums[place] = the sum of the next `length` of rows, for each pair of the two."""
    ends = lengths.cumsum()
    ones = np.ones(lengths.max(), rows.dtype)
    for place, start, end in zip(places.tolist(), (ends - lengths).tolist(), ends.tolist()):
        ones[: end - start].dot(rows[start:end], out=sums[place])


class LossValue(float):
    """A float that also answers `.numpy()`, as a Keras loss does."""

    def numpy(self):
        return float(self)


class GradientName(str):
    """A parameter's name that carries its gradient.

    A dict of gradients has names as keys; Keras's `apply_gradients(zip(gradients, variables))`
    iterates over it. With these keys both readings of the same dict work.
    """

    def __new__(cls, name, gradient):
        self = super().__new__(cls, name)
        self.gradient = gradient
        return self
