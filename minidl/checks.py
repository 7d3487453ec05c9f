"""Checks: what must hold of a model and its data before any training starts."""

import numpy as np

from minidl.batches import (
    as_numbers,
    check_same_rows,
    count_rows,
    refuse_non_finite,
    take,
    weights_for,
)


def compiled_with_loss(model, what):
    if model.compiled is None:
        raise ValueError(
            f"{what}: the model is not compiled: call compile(optimizer=…, loss=…) first"
        )
    if model.compiled.loss is None:
        raise ValueError(f"{what}: compile was called without a loss: give it one")
    return model.compiled


def as_data(model, x, y):
    """(x, y) as arrays of equally many rows."""
    x, y = model.inputs(x), as_numbers(y, "y")
    if y.ndim == 0:
        y = y[None]
    check_same_rows(count_rows(x), y, "y")
    refuse_non_finite(y, "y")
    return x, y


def first_batch(model, x, y):
    x, y = as_data(model, x, y)
    model.ensure_built(x)
    return x, y


def prepare(model, compiled, x, y):
    """Build the model on the first rows, then hold all data against it."""
    model.ensure_built(x)
    check_data(model, compiled, x, y)


def check_data(model, compiled, x, y):
    """Ids, shapes and labels of all rows, before the first update."""
    model.check_inputs(x)
    y_pred = model(take(x, slice(0, 1)))
    if getattr(compiled.loss, "checks_rows", False):
        everywhere = np.broadcast_to(y_pred, (len(y), *y_pred.shape[1:]))
        compiled.loss.check(y, everywhere)


def checked_validation(model, data):
    """(x, y, weights) of Keras's validation_data=(x, y) or (x, y, weights)."""
    if data is None:
        return None
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
    x, y = as_data(model, data[0], data[1])
    weights = weights_for(y, None, data[2]) if len(data) == 3 else None
    return x, y, weights


def checked_batch_size(size):
    if size is None:
        return 32
    if type(size) is int and size > 0:
        return size
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(f"batch_size must be a positive integer, got {size!r}")
    return int(size)
