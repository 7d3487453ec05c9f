"""Casting: our own copies, with every float as float64."""

import copy
import inspect

import numpy as np


def own_copy(source):
    try:
        return copy.deepcopy(source)
    except Exception as error:
        raise TypeError(
            f"{type(source).__name__}: cannot be copied ({error}), and the check must not "
            "touch the original: keep open files and locks off the layer"
        ) from error


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
        raise TypeError(
            f"{where}: {name} has dtype {x.dtype}: pass real floats, or integer ids"
        )
    if x.size == 0:
        raise ValueError(
            f"{where}: {name} is empty, shape {x.shape}: nothing to check; pass rows"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"{where}: {name} holds NaN or infinity: no gradient exists there")
    return np.array(x, np.float64 if x.dtype.kind == "f" else x.dtype, order="C")


def thinned(array, dtype):
    """A copy; of more than a million entries, every so-many-th."""
    array = np.asarray(array)
    if array.size > 1_000_000:
        array = array.reshape(-1)[:: array.size // 100_000 | 1]
    return np.array(array, dtype)
