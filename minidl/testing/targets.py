"""Targets: a layer, a loss, or a pair of functions, seen as one thing that can be checked.

    target.values    {name: array}, the arguments of forward, our own copies
    target.tensors   {name: float64 array}: those of them, and the parameters, with a gradient
    target.inputs    which of the tensors are inputs; the others are parameters
    target.data      {name: why}, the arguments that need no gradient
    target.run()     forward as (y, cache), each time in the same world (see snapshot.py)
    target.pull()    backward, as {name: gradient} and what is wrong with its form
"""

import copy
import inspect

import numpy as np

from minidl.testing.faults import Fault, shape_fault
from minidl.testing.outputs import Outputs
from minidl.testing.snapshot import Snapshot


class Target:
    """What the three kinds have in common."""

    name = "target"
    is_loss = False
    is_guarded = False  # True: forward or backward writes into the tensors; put them right

    def freeze(self, *roots):
        """Learn what forward changes, by calling it twice, and put that back before each call."""
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
        """({name: float array}, [Fault]) of backward for a flat dy; thin: large ones sampled."""
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


class LayerTarget(Target):
    """A Layer, a Model, or anything with forward(x), backward(dy, cache) and params."""

    def __init__(self, layer, x, training=False, kwargs=None, seed=0):
        self.source, self.training, self.kwargs = layer, training, dict(kwargs or {})
        self.name, self.seed = type(layer).__name__, seed
        self.several = isinstance(x, tuple)
        parts = [as_input(self.name, part) for part in (x if self.several else (x,))]
        names = [f"x[{i}]" for i in range(len(parts))] if self.several else ["x"]
        self.values = dict(zip(names, parts))
        self.layer = in_float64(built(own_copy(layer), self.x, seed))
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
                text = f"grads has the key {name!r}, which is no parameter ({', '.join(self.param_names)})"
                faults.append(Fault("extra key", self.label(name), text))
        return named, faults

    def named_inputs(self, dx):
        if not self.several:
            dx = (dx,)
        elif not isinstance(dx, tuple | list) or len(dx) != len(self.values):
            text = f"x is a tuple of {len(self.values)} inputs, so dx must be one too, got {kind_of(dx)}"
            return {}, [Fault("wrong return value", "dx", text)]
        named, faults = {}, []
        for (name, part), grad in zip(self.values.items(), dx):
            if name in self.inputs and grad is not None:
                named[name] = grad
            elif name in self.inputs:
                faults.append(missing(self.label(name), f"{self.label(name)} is None"))
            elif grad is not None:
                text = f"{name} holds integers, which have no gradient: return None"
                faults.append(Fault("gradient of integers", self.label(name), text))
        return named, faults


class LossTarget(Target):
    """A Loss: value, cache = forward(y_true, y_pred); dy_pred = backward(cache)."""

    is_loss = True

    def __init__(self, loss, y_true, y_pred, kwargs=None):
        self.source, self.name = loss, type(loss).__name__
        self.kwargs = dict(kwargs or {})
        y_pred = as_input(self.name, y_pred, "y_pred")
        if y_pred.dtype.kind != "f":
            raise TypeError(f"{self.name}: y_pred holds integers: pass floats, they have a gradient")
        self.loss = in_float64(own_copy(loss))
        y_true = as_input(self.name, y_true, "y_true")
        self.values = {"y_true": y_true, "y_pred": y_pred}
        self.tensors, self.inputs = {"y_pred": y_pred}, ["y_pred"]
        self.data = {"y_true": "the target"}
        self.freeze(self.loss, y_true, self.kwargs)
        if self.outputs.size != 1:
            raise ValueError(
                f"{self.name}: forward must return one number and the cache, got a value of "
                f"shape {self.outputs.shapes[0]}: take the mean or the sum"
            )

    def call(self):
        return self.loss.forward(self.values["y_true"], self.values["y_pred"], **self.kwargs)

    def call_backward(self, dy, cache):
        return self.loss.backward(cache)

    def again(self, y_true, y_pred):
        return LossTarget(self.source, y_true, y_pred, self.kwargs)

    def named(self, raw):
        if raw is None:
            return {}, [missing("dy_pred", "backward returned None")]
        return {"y_pred": raw}, []


def thinned(array, dtype):
    """A copy; of more than a million entries, every so-many-th."""
    array = np.asarray(array)
    if array.size > 1_000_000:
        array = array.reshape(-1)[:: array.size // 100_000 | 1]
    return np.array(array, dtype)


def own_copy(source):
    try:
        return copy.deepcopy(source)
    except Exception as error:
        raise TypeError(
            f"{type(source).__name__}: cannot be copied ({error}), and the check must not touch "
            "the original: keep open files and locks off the layer"
        ) from error


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


def in_float64(thing):
    """The same object with every float array in it as float64; shared arrays stay shared."""
    if hasattr(thing, "astype") and hasattr(thing, "leaves"):
        thing = thing.astype("float64")
    cast_below(thing, {})
    return thing


def cast_below(thing, done):
    """Replace the float16 and float32 arrays held by `thing`, in place."""
    if id(thing) in done:
        return
    done[id(thing)] = thing
    slots = thing if isinstance(thing, dict | list) else getattr(thing, "__dict__", {})
    if isinstance(thing, type) or inspect.ismodule(thing) or callable(slots):
        return
    for key, value in list(enumerate(slots) if isinstance(slots, list) else slots.items()):
        if isinstance(value, np.ndarray) and value.dtype in (np.float16, np.float32):
            new = done.setdefault(id(value), value.astype(np.float64))
            (list if isinstance(slots, list) else dict).__setitem__(slots, key, new)
            done[id(new)] = new
        elif not isinstance(value, np.ndarray):
            cast_below(value, done)


def as_input(where, x, name="x"):
    """Our own copy of x, floats as float64; or a sentence on why it cannot be checked."""
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{where}: {name} has dtype {x.dtype}: pass real floats, or integer ids")
    if x.size == 0:
        raise ValueError(f"{where}: {name} is empty, shape {x.shape}: nothing to check; pass rows")
    if not np.isfinite(x).all():
        raise ValueError(f"{where}: {name} holds NaN or infinity: no gradient exists there")
    return np.array(x, np.float64 if x.dtype.kind == "f" else x.dtype, order="C")


def missing(label, text):
    return Fault("missing gradient", label, text)


def kind_of(thing):
    if isinstance(thing, tuple):
        return f"a tuple of {len(thing)}"
    return f"an array of shape {thing.shape}" if hasattr(thing, "shape") else type(thing).__name__
