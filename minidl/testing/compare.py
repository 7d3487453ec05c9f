"""Compare: backward's gradient of one tensor against the measured slopes."""

import numpy as np

from minidl.testing import directions, kinks, nearby
from minidl.testing.slopes import EPS, measure, unconfirmed

RTOL = 1e-6


def least(dys):
    """(K, 1): what backward's own rounding may be, as in dy (σ − 1) where σ is nearly 1."""
    return 4 * EPS * np.abs(dys).max(axis=1, keepdims=True)


class Comparison:
    """One tensor: what backward says and what is true, at P measured entries, for K upstreams.

    got, want  (K, P)     want is NaN at an entry without a derivative
    wrong      (P,) bool  sharp: (P,) bool, entries that have one true value (no kink there)
    kinks      the indices of the kinks; jacobian: (P, O), ∂y/∂θ, or None if it is too large
    """

    def __init__(self, target, name, grads, y, dys, plan):
        self.name, self.shape = name, target.tensors[name].shape
        self.indices, self.size = plan.indices[name], target.tensors[name].size
        self.is_full = len(self.indices) == self.size
        at = tuple(np.array(self.indices, int).reshape(len(self.indices), -1).T)
        self.got = np.stack([grad[at].reshape(-1) for grad in grads])
        self.sharp = np.ones(len(self.indices), bool)
        self.kinks, self.undecided = [], []
        tensor = target.tensors[name]
        slopes = measure(target, tensor, self.indices, y, dys, plan.keep)
        self.want, self.jacobian = slopes.want, slopes.jacobian
        limit = RTOL * np.maximum(np.abs(self.got), np.abs(self.want)) + slopes.tolerance
        limit += least(dys)
        self.scale = limit / RTOL  # what an error is relative to: not less than rounding allows
        self.wrong = (np.abs(self.got - self.want) > limit).any(axis=0) & ~slopes.doubtful
        wrong = np.flatnonzero(self.wrong)
        again = unconfirmed(target, tensor, self.indices, slopes, wrong, dys)
        self.look(target, [*np.flatnonzero(slopes.doubtful), *again], y, dys)
        self.directions = []
        if not self.is_full:
            self.directions = directions.check(target, name, grads[0], y, dys[0], plan)

    def look(self, target, doubtful, y, dys):
        """The entries where two step sizes do not agree, one by one."""
        outside = []
        for p in doubtful:
            seen = kinks.look_closer(target, target.tensors[self.name], self.indices[p], y, dys)
            if seen.kind in ("jump", "undecided"):
                self.undecided.append(self.indices[p])
                self.sharp[p], self.want[:, p] = False, np.nan
                continue
            self.want[:, p] = np.clip(self.got[:, p], seen.low, seen.high)
            off = np.abs(self.got[:, p] - self.want[:, p])
            limit = RTOL * np.maximum(np.abs(seen.low), np.abs(seen.high)) + seen.tolerance
            limit += least(dys)[:, 0]
            self.scale[:, p], self.wrong[p] = limit / RTOL, (off > limit).any()
            if seen.kind == "kink":
                self.kinks.append(self.indices[p])
                self.sharp[p] = False
                outside += [p] if self.wrong[p] else []
            elif self.jacobian is not None:
                self.jacobian[p] = seen.slope
        if outside:
            places = [self.indices[p] for p in outside]
            right = nearby.accepted(target, self.name, places, self.got[:, outside], dys)
            self.wrong[outside] = ~right

    @property
    def passed(self):
        return not self.wrong.any() and all(d.passed for d in self.directions)

    @property
    def share_wrong(self):
        return float(self.wrong.mean())

    def relative_errors(self):
        """(P,): |got − want| relative to the larger of the two, for the worse upstream."""
        larger = np.maximum(np.abs(self.got), np.abs(self.want))
        scale = np.where(self.wrong, np.maximum(larger, 1e-300), self.scale)
        return np.nan_to_num(np.abs(self.got - self.want) / scale).max(axis=0)

    @property
    def worst(self):
        """The entry with the largest wrong difference; if none is, the largest error."""
        if not self.wrong.any():
            return int(np.argmax(self.relative_errors()))
        off = np.nan_to_num(np.abs(self.got - self.want)).max(axis=0)
        return int(np.argmax(np.where(self.wrong, off, -1.0)))

    def dense(self, values):
        """Values of the P entries in the tensor's shape; NaN where nothing was measured."""
        values = np.asarray(values, float)
        if self.is_full:
            return values.reshape(*values.shape[:-1], *self.shape)
        table = np.full((*values.shape[:-1], self.size), np.nan)
        table[..., np.ravel_multi_index(np.array(self.indices).T, self.shape)] = values
        return table.reshape(*values.shape[:-1], *self.shape)
