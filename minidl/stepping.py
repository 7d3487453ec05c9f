"""Stepping: how an optimizer's formula reaches every array.

Small arrays are updated side by side, large ones by blocks, tables by the rows that can
change. The numbers are those of `update` for each parameter alone: to the last bit, and within
rounding where Adam's moments of a table fade together (`minidl.fading`).
"""

from functools import partial
from typing import Any

import numpy as np

from minidl.blocks import BLOCK, by_blocks, by_rows, by_some_rows, flush
from minidl.clipping import checked, clip
from minidl.fading import Fading
from minidl.gradients import RowGradient
from minidl.packed import SMALL, PackedStep
from minidl.table_rows import Seen
from minidl.targets import alike

FLUSH_EVERY = 64  # steps


class Stepping:
    """The step that all optimizers share. An Optimizer adds options, names and saving."""

    # What an Optimizer defines:
    where: Any
    slots: Any
    epsilon: Any
    learning_rate: Any
    weight_decay: Any
    clipnorm: Any
    clipvalue: Any
    global_clipnorm: Any
    update: Any
    fades: Any
    step_size: Any

    def __init__(self):
        self.iterations, self._state = 0, {}
        self._fading = {}  # {table: Fading}, whose arrays in _state are not m and v for now
        self.seen = {}  # {table: Seen, its rows that had a gradient}, while less than half did
        self._packed = None  # the small parameters, side by side

    @property
    def state(self):
        """{name: {slot: array}}; of a table whose moments fade together, copies to look at."""
        fading = {name: table.moments() for name, table in self._fading.items()}
        return {name: fading.get(name, slots) for name, slots in self._state.items()}

    def step(self, params, grads):
        """Update `params` by `grads`, both {name: array}; a gradient may be a RowGradient.

        Parameters without a gradient stay as they are."""
        grads = {
            n: g if alike(g, params.get(n)) else checked(self, n, g, params)
            for n, g in grads.items()
            if g is not None
        }
        grads = clip(grads, self.clipnorm, self.clipvalue, self.global_clipnorm)
        rate = self.step_size()
        if self.weight_decay:
            keep = 1 - self.learning_rate * self.weight_decay
            for name in grads:
                params[name] *= keep
        for name in tuple(self._fading):
            if not self._can_fade(grads.get(name)):
                self._fading.pop(name).end()
        remembers = bool(self.slots)
        done = self._update_small(rate, params, grads) if remembers else ()
        for name, g in grads.items():
            w = params[name]
            if name in done:
                continue
            if isinstance(g, RowGradient):
                self._update_table(rate, name, w, g)
            elif not remembers and name in self._state and w.size <= BLOCK:
                self.update(w, g, rate)  # plain SGD of a small array
            else:
                by_blocks(partial(self._update, rate), w, g, self._slots(name, w))
        self.iterations += 1

    def _update_table(self, rate, name, w, g):
        slots = self._slots(name, w, sparse=True)
        rows = self._rows_to_update(name, g)
        if self._can_fade(g):
            if name not in self._fading:
                self._fading[name] = Fading(**slots, rows=rows)
            self._fading[name].step(w, g, rate, self.fades, rows)
        elif rows is None:
            by_rows(partial(self._update, rate), w, g, slots)
        else:
            by_some_rows(partial(self._update, rate), w, g, slots, rows)

    def _can_fade(self, g):
        """Is g by rows (None: not in this step), and the formula Adam's, not a subclass's?"""
        owner = next(c for c in type(self).__mro__ if "update" in vars(c))
        own = "fades" in vars(owner) and "update" not in vars(self)
        return own and self.fades and (g is None or isinstance(g, RowGradient))

    def _update_small(self, rate, params, grads):
        """Update the small arrays side by side, where there are several; returns them."""
        small = {n: g for n, g in grads.items() if type(g) is np.ndarray and g.size <= SMALL}
        if len(small) < 3:
            return ()
        arrays = [params[name] for name in small]
        if self._packed is None or not self._packed.is_of(list(small), arrays, self._state):
            if len({w.dtype for w in arrays}) > 1:
                return ()
            for name, g in grads.items():  # all of them, so that `state` has their order
                self._slots(name, params[name], isinstance(g, RowGradient))
            self._packed = PackedStep(list(small), arrays, self._state, self.slots)
        self._packed.update(partial(self._update, rate), small.values())
        return small

    def _slots(self, name, w, sparse=False):
        """{slot: array} of a parameter, zeros at its first gradient."""
        if name not in self._state:
            self._state[name] = {}
            if sparse and self.slots:
                self.seen[name] = Seen(np.zeros(len(w), bool))
        elif self.seen and not sparse:
            self.seen.pop(name, None)  # after a dense gradient no row is unseen
        slots = self._state[name]
        for slot in self.slots:
            if slot not in slots:
                slots[slot] = np.zeros(w.shape, w.dtype)
            a = slots[slot]
            if a.shape != w.shape or a.dtype != w.dtype:
                raise ValueError(
                    f"{self.where}: {name!r} was {a.dtype} {a.shape} in an earlier step and is "
                    f"{w.dtype} {w.shape} now: use a new optimizer for a new model"
                )
        return slots

    def _update(self, rate, w, g, slots):
        self.update(w, g, rate, **slots)
        # Not without ε: m / √v would become 0 / 0.
        if self.iterations % FLUSH_EVERY == FLUSH_EVERY - 1 and self.epsilon != 0:
            for a in slots.values():
                flush(a)

    def _rows_to_update(self, name, g):
        """Rows of a table that can change; None for all, which is faster once half of them can.

        A row that is not in this batch still moves: its moments decay and push on. One that
        never had a gradient has moments of zero, and these change nothing."""
        if not self.slots:
            return g.rows
        if name not in self.seen:
            return None
        seen = self.seen[name]
        seen.add(g.rows)
        if seen.are_few:
            return seen.rows
        del self.seen[name]
        return None
