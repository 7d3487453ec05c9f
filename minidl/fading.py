"""Fading: Adam's moments of a table, where most rows of a batch have no gradient.

Such a row still moves, as its moments fade: m ← β₁ m, v ← β₂ v, w ← w − α m / (√v + ε).
All rows fade alike, so the fading can wait in two numbers beside the table. After k steps

    M = m / β₁ᵏ           S = √v / √β₂ᵏ           change in the rows with a gradient alone,
    w ← w − (α β₁ᵏ / √β₂ᵏ) M / (S + ε / √β₂ᵏ)     in all rows

four operations an entry, none of them a root, where the plain form has seven: a step of the
recommender of `tests/benchmarks` (W5) takes three quarters of the time. The numbers are those
of the plain form, `Adam.update`, but for rounding: the tests hold one against the other.
"""

import math

import numpy as np

from minidl.blocks import flush, share
from minidl.table_rows import add_to_rows, put_rows, rows_of
from minidl.threads import spread

FAINT = 1e-3  # below it M and S are made smaller again, so that they cannot overflow


class Fading:
    """The moments m and v of one table, from now on as M and S, in the same arrays.

    rows    those that had a gradient; the others hold zeros and are not touched. None: all"""

    def __init__(self, m, v, rows=None):
        self.M, self.S = m, v
        self.fade_m = self.fade_s = 1.0  # β₁ᵏ and √β₂ᵏ

        def root(at):
            self.S[at] = np.sqrt(self.S[at])

        self.each_block(root, rows)

    def step(self, w, g, rate, rates, rows=None):
        """Adam's step for a RowGradient; rates: β₁, β₂ and ε."""
        beta_1, beta_2, epsilon = rates
        self.fade_m *= beta_1
        self.fade_s *= math.sqrt(beta_2)
        self.add(g, 1 - beta_1, 1 - beta_2)
        factor, floor = rate * self.fade_m / self.fade_s, epsilon / self.fade_s

        def move(at):
            step = rows_of(self.S, at) + floor
            np.divide(rows_of(self.M, at), step, out=step)
            step *= -factor
            add_to_rows(w, at, step)

        self.each_block(move, rows)
        if min(self.fade_m, self.fade_s) < FAINT:
            self.refresh(rows)

    def each_block(self, work, rows):
        """work(at) for blocks of the table, `at` being a slice or indices of rows."""
        threads, blocks = share(self.M if rows is None else self.M[: len(rows)])
        spread(threads, work, blocks if rows is None else [rows[at] for at in blocks])

    def add(self, g, share_m, share_v):
        """m += share_m g,   v += share_v g²,   in the rows of g."""
        for_M, for_S = share_m / self.fade_m, math.sqrt(share_v) / self.fade_s

        def add_block(at):
            rows, values = g.rows[at], g.values[at]
            add_to_rows(self.M, rows, for_M * values)
            squares = for_S * values
            squares *= squares
            root = self.S.take(rows, axis=0)
            root *= root
            root += squares
            put_rows(self.S, rows, np.sqrt(root, out=root))

        threads, blocks = share(g.values)
        spread(threads, add_block, blocks)

    def refresh(self, rows=None):
        """Let M and S fade by what has waited: they are m and √v again."""

        def fade(at):
            m, root = self.M[at] * self.fade_m, self.S[at] * self.fade_s
            flush(m)
            flush(root, squared=True)
            self.M[at], self.S[at] = m, root

        self.each_block(fade, rows)
        self.fade_m = self.fade_s = 1.0

    def moments(self):
        """{"m": m, "v": v}, to look at: copies that cannot be written to."""
        root = self.fade_s * self.S
        found = {"m": self.fade_m * self.M, "v": root * root}
        for a in found.values():
            flush(a)
            a.flags.writeable = False
        return found

    def end(self):
        """The arrays are m and v again."""
        self.M[...], self.S[...] = self.moments().values()

    # ---- saving: M and S themselves, so that who continues gets the same bits ----

    def save(self):
        return {"M": self.M, "S": self.S, "fades": np.array([self.fade_m, self.fade_s])}

    @staticmethod
    def is_saved(slots):
        return set(slots) == {"M", "S", "fades"}

    @classmethod
    def load(cls, M, S, fades):
        self = cls.__new__(cls)
        self.M, self.S = M, S
        self.fade_m, self.fade_s = map(float, fades)
        return self
