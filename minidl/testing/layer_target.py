"""LayerTarget: a Layer, a Model, or anything with forward, backward and params."""

import inspect

import numpy as np

from minidl.testing.casting import as_input, in_float64, own_copy
from minidl.testing.faults import Fault, kind_of, missing
from minidl.testing.targets import Target


class LayerTarget(Target):
    """A Layer, a Model, or anything with forward(x), backward(dy, cache) and params."""

    def __init__(self, layer, x, training=False, kwargs=None, seed=0):
        self.source, self.training, self.kwargs = layer, training, dict(kwargs or {})
        self.name, self.seed = type(layer).__name__, seed
        self.several = isinstance(x, tuple)
        parts = [as_input(self.name, part) for part in (x if self.several else (x,))]
        names = [f"x[{i}]" for i in range(len(parts))] if self.several else ["x"]
        self.values = dict(zip(names, parts))
        ready = with_float_arrays(built(own_copy(layer), self.x, seed), self.name)
        self.layer = in_float64(ready)
        own = dict(getattr(self.layer, "params", {}))
        self.inputs = [n for n, a in self.values.items() if a.dtype.kind == "f"]
        clash = {n: f"{n} (parameter)" for n in own if n in self.values}
        self.tensors = {n: self.values[n] for n in self.inputs}
        self.tensors.update({clash.get(n, n): a for n, a in own.items()})
        self.param_names = {n: clash.get(n, n) for n in own}
        self.data = {n: "integers" for n in self.values if n not in self.inputs}
        self.arguments = self.call_arguments()
        self.freeze(self.layer, self.kwargs)

    @property
    def x(self):
        arrays = tuple(self.values.values())
        return arrays if self.several else arrays[0]

    @property
    def x_first(self):
        return next(iter(self.values.values()))

    def call_with_x(self, x):
        """y alone, of another x."""
        parts = x if self.several else (x,)
        return self.split(self.call_with(dict(zip(self.values, parts))))[0]

    def call_arguments(self):
        known = inspect.signature(self.layer.forward).parameters
        takes = "training" in known or any(p.kind is p.VAR_KEYWORD for p in known.values())
        return {"training": self.training, **self.kwargs} if takes else self.kwargs

    def call(self):
        return self.layer.forward(self.x, **self.arguments)

    def call_backward(self, dy, cache):
        return self.layer.backward(dy, cache)

    def again(self, x, **changes):
        """The same target at another x, or with other training= or kwargs=; same parameters."""
        self.world.restore()
        source = self.layer if self.params else self.source
        arguments = {"training": self.training, "kwargs": self.kwargs, "seed": self.seed}
        return LayerTarget(source, x, **{**arguments, **changes})

    def named(self, raw):
        """Backward's (dx, grads) as {name: gradient}, and the faults of its form."""
        if not (isinstance(raw, tuple) and len(raw) == 2 and hasattr(raw[1], "keys")):
            text = f"backward must return (dx, grads) with grads a dict, got {kind_of(raw)}"
            return {}, [Fault("wrong return value", "", text)]
        dx, grads = raw
        named, faults = self.named_inputs(dx)
        for name in [n for n in self.param_names if n not in grads]:
            faults.append(missing(self.label(name), f"grads has no key {name!r}"))
        for name in grads:
            if name in self.param_names:
                named[self.param_names[name]] = grads[name]
            else:
                known = ", ".join(self.param_names)
                text = f"grads has the key {name!r}, which is no parameter ({known})"
                faults.append(Fault("extra key", self.label(name), text))
        return named, faults

    def named_inputs(self, dx):
        if not self.several:
            dx = (dx,)
        elif not isinstance(dx, tuple | list) or len(dx) != len(self.values):
            count = len(self.values)
            text = f"x is a tuple of {count} inputs, so dx must be one too, got {kind_of(dx)}"
            return {}, [Fault("wrong return value", "dx", text)]
        named, faults = {}, []
        for name, grad in zip(self.values, dx):
            if name in self.inputs and grad is not None:
                named[name] = grad
            elif name in self.inputs:
                faults.append(missing(self.label(name), f"{self.label(name)} is None"))
            elif grad is not None:
                text = f"{name} holds integers, which have no gradient: return None"
                faults.append(Fault("gradient of integers", self.label(name), text))
        return named, faults


def with_float_arrays(layer, where):
    """The layer, if its params are what a gradient can be taken of; or a sentence."""
    own = getattr(layer, "params", {})
    for name, array in dict(own).items():
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            raise TypeError(f"{where}: params[{name!r}] must be an array of floats")
        if not np.shares_memory(array, layer.params[name]):
            raise TypeError(
                f"{where}: params must hold the arrays that forward uses, not copies"
            )
    return layer


def built(layer, x, seed):
    """The layer with parameters: an unbuilt one is built for x."""
    is_built = getattr(layer, "is_built", None)
    if is_built is None:
        is_built = getattr(layer, "built", False) or bool(getattr(layer, "params", {}))
    if is_built or not hasattr(layer, "build"):
        return layer
    shape = tuple(p.shape[1:] for p in x) if isinstance(x, tuple) else x.shape[1:]
    takes_rng = len(inspect.signature(layer.build).parameters) > 1
    layer.build(shape, *([np.random.default_rng(seed)] if takes_rng else []))
    return layer
