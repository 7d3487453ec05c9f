"""Gradients on their way to an update: checked, then clipped, which makes them shorter.

None of the arrays given is changed."""

import math

import numpy as np

from minidl.gradients import RowGradient


def checked(optimizer, name, g, params):
    """The gradient of params[name] in the parameter's dtype, or a sentence."""
    w = params.get(name)
    if not isinstance(w, np.ndarray) or w.dtype.kind != "f":
        raise ValueError(
            f"{optimizer.where}: got a gradient for {name!r}, and params has no float array of "
            f"that name, only {', '.join(map(repr, params)) or 'nothing'}"
        )
    g = checked_rows(g, w) if isinstance(g, RowGradient) else np.asarray(g, w.dtype)
    if g.shape != w.shape:
        raise ValueError(
            f"{optimizer.where}: the gradient of {name!r} must have shape {w.shape}, got "
            f"{g.shape}: a gradient is shaped like its parameter"
        )
    return g


def checked_rows(g, w):
    """A RowGradient in w's dtype whose rows ascend, each once; or a sentence."""
    if g.rows.dtype.kind not in "iu" or g.values.shape != (len(g.rows), *g.shape[1:]):
        raise ValueError(
            f"a RowGradient of shape {g.shape} needs integer rows and a row of values for "
            f"each, got {len(g.rows)} rows of {g.rows.dtype} and values {g.values.shape}"
        )
    if not (g.rows[1:] > g.rows[:-1]).all():
        g = g.unique()
    if len(g.rows) and (g.rows[0] < 0 or g.rows[-1] >= len(w)):
        raise ValueError(
            f"a RowGradient of shape {g.shape} has rows from {g.rows[0]} to {g.rows[-1]}: they "
            f"must be from 0 to {len(w) - 1}"
        )
    return RowGradient(g.rows, g.values.astype(w.dtype, copy=False), g.shape)


def clip(grads, clipnorm=None, clipvalue=None, global_clipnorm=None):
    """{name: gradient} under the one limit that is given, or as it is."""
    if clipnorm:
        return {name: clip_by_norm(g, clipnorm) for name, g in grads.items()}
    if clipvalue:
        return {name: clip_by_value(g, clipvalue) for name, g in grads.items()}
    return clip_by_global_norm(grads, global_clipnorm) if global_clipnorm else grads


def clip_by_norm(g, limit):
    """g · c / max(‖g‖, c): the direction stays, the length is at most c, the limit.

    Source:   Pascanu et al. 2013; Keras's clipnorm
    """
    length = norm(g)
    return g if length <= limit else g * (limit / length)


def clip_by_value(g, limit):
    """Each entry cut to [−limit, limit]: the direction may change.

    Source:   Keras's clipvalue
    """
    if isinstance(g, RowGradient):
        return RowGradient(g.rows, np.clip(g.values, -limit, limit), g.shape)
    return np.clip(g, -limit, limit)


def clip_by_global_norm(grads, limit):
    """One factor for all gradients, c / max(‖all‖, c), where ‖all‖² = Σ ‖g‖².

    The direction of the whole step stays. An infinite gradient makes all NaN, as in Keras.

    Source:   Pascanu et al. 2013; Keras's global_clipnorm
    """
    length = math.hypot(*(norm(g) for g in grads.values()))
    if length <= limit:
        return grads
    scale = limit / length if math.isfinite(length) else math.nan
    return {name: g * scale for name, g in grads.items()}


def norm(g):
    """√Σ g². Of a RowGradient with each row once it is that of its values."""
    values = np.ravel(g.values if isinstance(g, RowGradient) else g)
    return math.sqrt(np.vdot(values, values))
