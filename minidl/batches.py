"""From what a user passes to arrays that can be trained on: checks, splits, batches."""

import math
from itertools import pairwise

import numpy as np


def as_inputs(x, dtype, what="x"):
    """x as an array, floats in `dtype`; several inputs (a tuple) each so.

    Raises TypeError for what is not numbers, ValueError for nothing, NaN or infinity."""
    if isinstance(x, tuple):
        if len(x) == 1:
            return as_inputs(x[0], dtype, what)
        return tuple(as_inputs(part, dtype, f"{what}[{i}]") for i, part in enumerate(x))
    x = as_numbers(x, what)
    if x.ndim == 0:
        raise ValueError(f"{what} must have a batch axis, got a single number: use [[{x}]]")
    if x.dtype.kind != "f":
        return x
    refuse_non_finite(x, what)
    return x.astype(dtype, copy=False)


def refuse_non_finite(x, what):
    """Raise a ValueError that says where x is NaN or infinite, if it is."""
    if x.dtype.kind != "f":
        return
    # Σ x² is finite only if every entry is: one pass, no array of booleans. Huge ones overflow.
    if not math.isfinite(np.vdot(x, x)) and not np.isfinite(x).all():
        raise ValueError(f"{what} {_first_bad(x)}: drop or fill such rows")


def as_numbers(values, what):
    """`values` as an array of numbers or booleans."""
    if type(values) is np.ndarray and values.dtype.kind in "fiub":
        return values  # as nearly always
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind == "O":
        raise TypeError(
            f"{what} must be a rectangular array of numbers, got {_kind(values)}: "
            "make all rows equally long (pad_sequences does it for sequences)"
        )
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{what} must be numbers, got {array.dtype} data: turn text into ids with a "
            "Tokenizer, categories into integers or one-hot columns"
        )
    return array


def count_rows(x, what="x"):
    """The number of rows, the same in each of several inputs, and not 0."""
    n = len(x[0] if isinstance(x, tuple) else x)
    if isinstance(x, tuple) and any(len(part) != n for part in x):
        rows = [len(part) for part in x]
        raise ValueError(f"the inputs in {what} must have equally many rows, got {rows}")
    if n == 0:
        raise ValueError(f"{what} is empty: pass at least one row")
    return n


def check_same_rows(n, other, what):
    if len(other) != n:
        raise ValueError(f"x and {what} must have equally many rows, got {n} and {len(other)}")


def take(x, rows):
    """The rows of x (an index array or a slice), of each of several inputs."""
    if isinstance(x, tuple):
        return tuple(take(part, rows) for part in x)
    if isinstance(rows, slice) or x.ndim < 2 or not x.flags.c_contiguous:
        return x[rows]
    return x.take(rows, axis=0)  # of short rows in a third of the time of x[rows]


def weights_for(y, class_weight, sample_weight):
    """One weight a row from {class: weight} and sample weights, or None."""
    if sample_weight is not None:
        sample_weight = as_numbers(sample_weight, "sample_weight").astype("float64")
        check_same_rows(len(y), sample_weight, "sample_weight")
    if class_weight is None:
        return sample_weight
    one_hot = y.ndim > 1 and y.shape[-1] > 1
    classes = (y.argmax(axis=-1) if one_hot else y.reshape(len(y))).astype(int)
    missing = sorted(set(np.unique(classes).tolist()) - set(class_weight))
    if missing:
        raise ValueError(f"class_weight has no weight for class {missing[0]}: give one to each")
    table = np.zeros(max(class_weight) + 1)
    table[list(class_weight)] = list(class_weight.values())
    weights = table[classes]
    return weights if sample_weight is None else weights * sample_weight


def split_off_validation(x, y, weights, fraction):
    """((x, y, w), (x, y, w)): the last `fraction` of the rows is for validation."""
    if not 0 < fraction < 1:
        raise ValueError(f"validation_split must be between 0 and 1, got {fraction}")
    n = len(y)
    at = int(np.floor(n * (1 - fraction)))
    if at in (0, n):
        raise ValueError(
            f"validation_split={fraction} leaves {at} of {n} rows for training: "
            "give more data or another fraction"
        )
    train, held = slice(0, at), slice(at, n)
    parts = [(take(x, s), y[s], None if weights is None else weights[s]) for s in (train, held)]
    return parts[0], parts[1]


def batches(n, size, rng=None):
    """The rows of each batch: slices in order, or, given a generator, shuffled indices.

    The last batch may be smaller."""
    order = None if rng is None else rng.permutation(n)
    for start in range(0, n, size):
        stop = min(start + size, n)
        yield slice(start, stop) if order is None else order[start:stop]


def parts(n, count):
    """Slices that cut n rows into `count` parts of equal size, or one row more."""
    cuts = [n * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(cuts) if start < stop]


def _first_bad(x):
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    return f"must be finite, got {x[where]} at {list(where)}"


def _kind(values):
    return f"rows of unequal length or objects ({type(values).__name__})"
