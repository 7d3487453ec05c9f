"""Some rows of a table: read and written as whole items, and which of them were ever used."""

import math

import numpy as np


def rows_of(table, at):
    """table[at]: a view where `at` is a slice, else a copy of these rows."""
    return table[at] if isinstance(at, slice) else table.take(at, axis=0)


def add_to_rows(table, at, values):
    """table[at] += values; `at` is a slice, or rows that are each named once."""
    if isinstance(at, slice):
        table[at] += values
    else:
        sums = table.take(at, axis=0)
        sums += values
        put_rows(table, at, sums)


def put_rows(table, rows, values):
    """table[rows] = values, each row as one item: NumPy copies numbers half as fast."""
    width = math.prod(table.shape[1:])
    if not (table.flags.c_contiguous and width and values.dtype == table.dtype):
        table[rows] = values
        return
    row = np.dtype((np.void, table.itemsize * width))
    new = np.ascontiguousarray(values).reshape(len(rows), width).view(row)
    table.reshape(len(table), width).view(row)[rows, 0] = new[:, 0]


class Seen:
    """The rows of a table that had a gradient so far: marks (V,), and `rows`, ascending."""

    def __init__(self, marks):
        self.marks, self.rows = marks, np.flatnonzero(marks)

    @classmethod
    def in_slots(cls, slots):
        """Those that are not zero in all of an optimizer's slots; None where there are none.

        An array that is no table loses this again at its next gradient, which is dense."""
        tables = [a for a in slots.values() if a.ndim > 1]
        used = [a.any(axis=tuple(range(1, a.ndim))) for a in tables]
        return cls(np.any(used, axis=0)) if used else None

    def add(self, rows):
        if not self.marks[rows].all():
            self.marks[rows] = True
            self.rows = np.flatnonzero(self.marks)

    @property
    def are_few(self):
        """Less than half: then it is faster to work on them alone."""
        return 2 * len(self.rows) < len(self.marks)
