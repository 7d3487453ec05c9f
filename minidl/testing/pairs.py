"""PairTarget: a (forward, backward) pair of plain functions, as courses write them.

y, cache   = forward(x, W, b)
dx, dW, db = backward(dy, cache)          or a dict: {"dx": …, "dW": …, "db": …}
"""

import copy
import inspect

import numpy as np

from minidl.testing.casting import as_input, cast_below
from minidl.testing.faults import Fault, kind_of, missing
from minidl.testing.targets import Target


class PairTarget(Target):
    """Arguments that hold floats have a gradient; the others are passed on and said so."""

    def __init__(self, forward, backward, x, no_grad=(), kwargs=None):
        self.source, self.no_grad, self.kwargs = (forward, backward), tuple(no_grad), kwargs
        self.name = getattr(forward, "__name__", "forward")
        self.values = arguments_of(forward, x, kwargs, self.name)
        self.positional = not isinstance(x, dict)
        self.data = {}
        for name, value in self.values.items():
            why = needs_none(name, value, self.no_grad)
            if why:
                self.data[name] = why
                self.values[name] = own_data(value)
            else:
                self.values[name] = as_input(self.name, value, name)
        self.tensors = {n: v for n, v in self.values.items() if n not in self.data}
        if not self.tensors:
            raise TypeError(f"{self.name}: no argument holds floats, so none has a gradient")
        self.inputs = [n for n in list(self.values)[:1] if n in self.tensors]
        self.extra = own_data(dict(kwargs or {}))
        self.is_loss = takes_only_cache(backward)
        self.freeze(forward, backward, self.values, self.extra)
        if self.is_loss and self.outputs.size != 1:
            raise TypeError(
                f"{self.name}: backward must take (dy, cache), it takes one argument"
            )

    def call(self):
        forward, values = self.source[0], self.values
        if self.positional:
            return forward(*[v for n, v in values.items() if n not in self.extra], **self.extra)
        return forward(**values)

    def call_backward(self, dy, cache):
        return self.source[1](cache) if self.is_loss else self.source[1](dy, cache)

    def again(self, values):
        """The same pair with other values for some of the arguments."""
        every = {**self.values, **values}
        x = tuple(v for n, v in every.items() if n not in self.extra)
        x = x if self.positional else every
        return PairTarget(*self.source, x, self.no_grad, self.kwargs)

    def named(self, raw):
        """Backward's tuple, array or dict as {name: gradient}, and the faults of its form."""
        if hasattr(raw, "keys"):
            return self.named_dict(raw)
        if not isinstance(raw, tuple | list):
            raw = (raw,)
        names = list(self.tensors)
        if len(raw) == len(self.values):
            names = list(self.values)
        elif len(raw) == 2 and hasattr(raw[1], "keys"):
            named, faults = self.named_dict({names[0]: raw[0], **raw[1]})
            return named, faults
        elif len(raw) != len(names):
            text = (
                f"backward returns {kind_of(raw)}, forward has {len(names)} arrays that need a "
                f"gradient ({', '.join(names)}): return {', '.join('d' + n for n in names)} in "
                "this order, or name what needs none in no_grad"
            )
            return {}, [Fault("wrong return value", "", text)]
        return self.without_none(dict(zip(names, raw)))

    def named_dict(self, raw):
        named, faults = {}, []
        for key, grad in raw.items():
            name = next((n for n in self.values if key in (n, f"d{n}", f"d_{n}")), None)
            if name is None:
                text = f"backward returns {key!r}, but forward has no argument {key[1:]!r}"
                faults.append(Fault("extra key", key, text))
            else:
                named[name] = grad
        named, more = self.without_none(named)
        return named, faults + more

    def without_none(self, named):
        faults = []
        for name in self.tensors:
            if named.get(name) is None:
                text = (
                    f"backward gives {name} no gradient (if it needs none: no_grad={(name,)})"
                )
                faults.append(missing(self.label(name), text))
        return {n: g for n, g in named.items() if n in self.tensors and g is not None}, faults


def arguments_of(forward, x, kwargs, where):
    """{argument name: value} in the order of forward's signature."""
    if isinstance(x, dict):
        return {**x, **(kwargs or {})}
    values = x if isinstance(x, tuple) else (np.asarray(x),)
    try:
        known = [p.name for p in inspect.signature(forward).parameters.values()]
    except (TypeError, ValueError):
        known = []
    if known and len(values) > len(known):
        raise TypeError(
            f"{where}: takes {len(known)} arguments ({', '.join(known)}), got {len(values)}: "
            "pass them as a tuple in this order, or as a dict"
        )
    names = known[: len(values)] or [f"argument {i}" for i in range(len(values))]
    return {**dict(zip(names, values)), **(kwargs or {})}


def needs_none(name, value, no_grad):
    """Why an argument needs no gradient, or None if it needs one."""
    if name in no_grad:
        return "named in no_grad"
    if isinstance(value, bool | str | dict | None.__class__):
        return f"a {type(value).__name__}" if value is not None else "None"
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return "a plain number"
    if isinstance(value, np.ndarray | np.generic):
        return None if value.dtype.kind in "fc" else f"{value.dtype}, not floats"
    return f"a {type(value).__name__}"


def own_data(value):
    """A copy of an argument without gradient, its floats as float64."""
    value = copy.deepcopy(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float64)
    if isinstance(value, dict | list):
        cast_below(value, {})
    return value


def takes_only_cache(backward):
    try:
        parameters = inspect.signature(backward).parameters.values()
    except (TypeError, ValueError):
        return False
    needed = [
        p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return len(needed) == 1 and not many
