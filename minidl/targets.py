"""Targets: y_true, y_pred and weights as arrays that fit each other, or a sentence why not."""

import numpy as np


def numbers(where, name, a):
    """`a` as an array of numbers."""
    try:
        a = np.asarray(a)
    except ValueError:
        raise ValueError(
            f"{where}: {name} must be an array, got rows of different lengths: "
            "give every row the same number of values"
        ) from None
    if a.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: {name} must be numbers, got dtype {a.dtype}: turn labels into class ids "
            "0, 1, 2, … first"
        )
    return a


def floats(where, name, a):
    """`a` as an array of floats; float32 stays float32, integers become float64."""
    a = numbers(where, name, a)
    return a if a.dtype.kind == "f" else a.astype(float)


def pair(where, y_true, y_pred):
    """(y_true, y_pred): an array of numbers and an array of floats."""
    return numbers(where, "y_true", y_true), floats(where, "y_pred", y_pred)


def match(y_true, y_pred):
    """y_true with a last axis of 1 added or dropped where only that keeps it from fitting.

    (N,) against (N, 1) would otherwise broadcast to N × N."""
    if y_true.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        return y_true[..., None]
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        return y_true[..., 0]
    return y_true


def same_shape(where, y_true, y_pred, mend="give one target for each number in y_pred"):
    """(y_true, y_pred) of one shape, or a sentence."""
    if alike(y_true, y_pred):
        return y_true, y_pred
    y_true, y_pred = pair(where, y_true, y_pred)
    y_true = match(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{where}: y_true must have y_pred's shape {y_pred.shape}, got "
            f"{y_true.shape}: {mend}"
        )
    return y_true, y_pred


def alike(a, b):
    """Are both arrays of floats, of one dtype and shape? Then there is nothing to mend."""
    arrays = type(a) is np.ndarray is type(b)
    return arrays and a.dtype is b.dtype and a.shape == b.shape and a.dtype.kind == "f"


def match_weight(where, sample_weight, samples):
    """sample_weight with as many axes as `samples`, the shape (N, …) of the samples' losses."""
    weight = floats(where, "sample_weight", sample_weight)
    if weight.ndim == len(samples) + 1 and weight.shape[-1] == 1:
        weight = weight[..., 0]  # (N, 1) -> (N,)
    fits = weight.ndim <= len(samples) and all(
        w in (1, n) for w, n in zip(weight.shape, samples)
    )
    if not fits:
        raise ValueError(
            f"{where}: sample_weight must have shape {samples}, or its first axes, got "
            f"{weight.shape}: give one weight for each sample"
        )
    return weight.reshape(weight.shape + (1,) * (len(samples) - weight.ndim))


def counted_weight(where, counted, sample_weight=None):
    """sample_weight, 1 without one, and 0 where `counted`, booleans (N, …), is False.

    counted   None: all do"""
    if counted is None:
        return sample_weight
    weight = counted.astype(float)
    if sample_weight is not None:
        weight *= match_weight(where, sample_weight, counted.shape)
    return weight


def class_ids(where, y_true, classes):
    """y_true as integers in 0 … classes − 1."""
    if y_true.dtype.kind == "f":
        refuse_nan(where, y_true)
        if not (y_true == np.floor(y_true)).all():
            raise ValueError(
                f"{where}: y_true must be whole class ids, got "
                f"{y_true[y_true != np.floor(y_true)][0]:g}: round them, or for numbers use "
                "MeanSquaredError ('mse')"
            )
    if y_true.size and (y_true.min() < 0 or y_true.max() >= classes):
        wrong = y_true.min() if y_true.min() < 0 else y_true.max()
        raise ValueError(
            f"{where}: y_true must hold class ids 0 to {classes - 1}, got {wrong:g}: count "
            "classes from 0, and give the last layer one unit for each"
        )
    return y_true if y_true.dtype.kind in "iu" else y_true.astype(np.int64)


def refuse_nan(where, y_true):
    """A sentence if y_true holds NaN: one of them makes the whole loss NaN."""
    bad = np.isnan(y_true)
    if np.any(bad):
        raise ValueError(
            f"{where}: y_true is NaN in {np.sum(bad)} of {np.size(bad)} places, the first at "
            f"{tuple(int(i) for i in np.argwhere(bad)[0])}: drop those rows or fill them in"
        )
