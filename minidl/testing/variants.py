"""Variants: the same target at another x: other numbers, another number of rows."""

import numpy as np

from minidl.testing.layer_target import LayerTarget
from minidl.testing.loss_target import LossTarget
from minidl.testing.pairs import PairTarget


def other_batch(target, x_shape, seed=1):
    """A Target with other numbers, and a batch size that no other axis has; or None."""
    rng, N = np.random.default_rng(seed), x_shape[0] if x_shape else 1
    taken = {*x_shape, *target.outputs.shapes[0], 1, 2, 4}
    rows = next(n for n in range(N + 1, N + 9) if n not in taken)
    for names in resizings(target, N):
        try:
            made = with_values(target, mixed(target, names, rows, rng))
            shape = made.outputs.shapes[0]
            if target.is_loss or not shape or shape[0] == (rows if names else N):
                return made
        except Exception:  # these arguments do not go together
            continue
    return None


def resizings(target, N):
    """Which arguments share the batch axis: guesses, the likelier first."""
    arrays = {n: v for n, v in target.values.items() if isinstance(v, np.ndarray) and v.ndim}
    same = [n for n, v in arrays.items() if len(v) == N]
    if not isinstance(target, PairTarget):
        return [same, []]
    first = [n for n in target.inputs if n in same]
    data = [n for n in same if n in target.data]
    return [first + data, first, same, []]


def mixed(target, names, rows, rng):
    """{argument: new array}: the named ones with so many rows, each between two old rows."""
    first = target.values[names[0]] if names else None
    pick = rng.integers(0, len(first), (2, rows)) if names else None
    share = rng.uniform(0.2, 0.8, rows)
    out = {}
    for name, value in target.values.items():
        if name in names:
            out[name] = between(value, pick, share, rng)
        elif name in target.tensors:
            out[name] = value * rng.uniform(0.8, 1.2, value.shape)
    return out


def between(value, pick, share, rng):
    """Rows a x[i] + (1 − a) x[j]: still probabilities where they were; ids stay ids."""
    if value.dtype.kind != "f":
        return value[pick[0]]
    share = share.reshape(-1, *[1] * (value.ndim - 1))
    new = share * value[pick[0]] + (1 - share) * value[pick[1]]
    if len(value) == 1 and not (value.ndim > 1 and np.allclose(value.sum(axis=-1), 1)):
        new = new * rng.uniform(0.6, 1.0, new.shape)
    return new


def with_values(target, values):
    """The Target with other arguments."""
    if isinstance(target, LossTarget):
        every = {**target.values, **values}
        return target.again(every["y_true"], every["y_pred"])
    if isinstance(target, LayerTarget):
        every = {**target.values, **{n: v for n, v in values.items() if n in target.values}}
        kwargs = rows_of(target.kwargs, len(target.x_first), len(next(iter(every.values()))))
        parts = tuple(every.values())
        return target.again(parts if target.several else parts[0], kwargs=kwargs)
    return target.again(values)


def rows_of(kwargs, old, new):
    """Arrays among the keyword arguments (a mask) with another number of rows."""
    return {
        n: np.resize(v, (new, *v.shape[1:]))
        if isinstance(v, np.ndarray) and len(v) == old
        else v
        for n, v in kwargs.items()
    }


def one_time_step(target, shape):
    """The Target with the first time step of all that has x's batch and time axes."""

    def first(v):
        return v[:, :1] if isinstance(v, np.ndarray) and v.shape[:2] == shape[:2] else v

    values = {n: first(v) for n, v in target.values.items()}
    if isinstance(target, PairTarget):
        return target.again({n: v for n, v in values.items() if v is not target.values[n]})
    kwargs = {n: first(v) for n, v in target.kwargs.items()}
    parts = tuple(values.values())
    return target.again(parts if target.several else parts[0], kwargs=kwargs)


def with_attribute(target, name, value):
    """The LayerTarget of a layer with one attribute replaced."""
    made = target.again(target.x)
    setattr(made.layer, name, value)
    made.freeze(made.layer, made.kwargs)
    return made


def with_parameter(target, name, array):
    """The Target with another array in place of one tensor."""
    if isinstance(target, PairTarget):
        return target.again({name: array})
    made = target.again(target.x)
    for own, tensor in target.tensors.items():
        made.tensors[own][...] = tensor
    made.tensors[name][...] = array
    return made
