"""Targets: a layer, a loss, or a pair of functions, seen as one thing that can be checked.

target.values    {name: array}, the arguments of forward, our own copies
target.tensors   {name: float64 array}: those of them, and the parameters, with a gradient
target.inputs    which of the tensors are inputs; the others are parameters
target.data      {name: why}, the arguments that need no gradient
target.run()     forward as (y, cache), each time in the same world (see snapshot.py)
target.pull()    backward, as {name: gradient} and what is wrong with its form
"""

import numpy as np

from minidl.testing.casting import thinned
from minidl.testing.faults import Fault, shape_fault
from minidl.testing.outputs import Outputs
from minidl.testing.snapshot import Snapshot


class Target:
    """What the three kinds have in common."""

    name = "target"
    is_loss = False
    is_guarded = False  # True: forward or backward writes into the tensors; put them right

    def freeze(self, *roots):
        """Learn what forward changes, by calling it twice; it is put back before each call."""
        arrays = self.tensors.values()
        self.world = Snapshot(*roots, skip=arrays)
        self.drifting = []
        for _ in range(2):
            result = self.call()
            known = {id(record) for record in self.drifting}
            self.drifting += [r for r in self.world.changed() if id(r) not in known]
            self.world.restore()
        y, _ = self.split(result)
        self.outputs = Outputs(y, self.name)
        self.largest = float(np.abs(self.outputs.flat(y)).max(initial=0.0))

    @property
    def is_random(self):
        """Does forward draw from a random stream?"""
        return any(getattr(record, "random", False) for record in self.drifting)

    def call(self):
        raise NotImplementedError

    def split(self, result):
        """(y, cache) of what forward returned, or a sentence."""
        if isinstance(result, tuple) and len(result) == 2:
            return result
        raise TypeError(
            f"{self.name}: forward must return a pair (y, cache), got "
            f"{type(result).__name__}: return y together with all that backward needs"
        )

    def run(self):
        """(flat y, cache). The check may call it any number of times and finds the same."""
        for record in self.drifting:
            record.restore()
        saved = self.saved()
        y, cache = self.split(self.call())
        self.put_right(saved)
        return self.outputs.flat(y), cache

    def saved(self):
        return {n: a.copy() for n, a in self.tensors.items()} if self.is_guarded else {}

    def put_right(self, saved):
        for name, array in saved.items():
            self.tensors[name][...] = array

    def value(self):
        """Only y: flat, float64; NaN where forward refuses the point."""
        try:
            return self.run()[0]
        except (ValueError, ArithmeticError):
            return np.full(self.outputs.size, np.nan)

    def pull(self, dy, cache, thin=False):
        """({name: array}, [Fault]) of backward for a flat dy; thin: large ones sampled."""
        saved = self.saved()
        try:
            raw = self.call_backward(self.outputs.shaped(dy), cache)
            self.put_right(saved)
        except Exception as error:
            return {}, [Fault("backward raises", "", f"{type(error).__name__}: {error}")]
        named, faults = self.named(raw)
        grads = {}
        for name, tensor in self.tensors.items():
            if name in named:
                fault = shape_fault(self.label(name), named[name], tensor)
                faults += [fault] if fault else []
                if fault is None:
                    grads[name] = (thinned if thin else np.array)(named[name], dtype=float)
        return grads, faults

    def fresh_pull(self, dy, thin=False):
        """forward and backward in a fresh world, where no earlier call left anything."""
        self.world.restore()
        return self.pull(dy, self.run()[1], thin)

    def call_with(self, values):
        """forward on other arguments, for what that does to the caches of earlier calls."""
        saved, self.values = self.values, {**self.values, **values}
        try:
            return self.call()
        finally:
            self.values = saved

    def label(self, name):
        """How the gradient of a tensor is called: dx, dW, d(encoder.W)."""
        return f"d{name}" if name.isidentifier() else f"d({name})"

    @property
    def params(self):
        return {n: a for n, a in self.tensors.items() if n not in self.inputs}
