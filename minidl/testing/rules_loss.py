"""Rules for losses: y_pred against y_true, entry by entry or row by row."""

import numpy as np


def formulas(e):
    """The gradient is a number times a formula of y_true and y_pred, but of another loss."""
    if not e.sample.target.is_loss:
        return
    p, t = e.tensor, targets_like(e)
    if t is None:
        return
    for name, hint, formula in candidates(p, t):
        if np.isfinite(formula).all() and formula.any() and not parallel(formula, e.want[0]):
            c = float(np.vdot(e.got[0], formula) / np.vdot(formula, formula))
            yield name, hint, (c * formula)[None]


def parallel(a, b):
    """Is one a multiple of the other? Then the formula is right, and only a number is off."""
    return abs(np.vdot(a, b)) > (1 - 1e-12) * np.linalg.norm(a) * np.linalg.norm(b)


def targets_like(e):
    """y_true with y_pred's shape; one-hot where it holds class numbers."""
    t = next((np.asarray(e.target.values[n]) for n in e.target.data if n in e.target.values
              and isinstance(e.target.values[n], np.ndarray)), None)  # fmt: skip
    if t is None:
        return None
    if t.size * e.shape[-1] == e.tensor.size and t.dtype.kind in "iu" and e.shape[-1] > 1:
        return (t.reshape(*e.shape[:-1], 1) == np.arange(e.shape[-1])) * 1.0
    return t.reshape(e.shape).astype(float) if t.size == e.tensor.size else None


def candidates(p, t):
    with np.errstate(all="ignore"):
        yield (
            "gradient of the logits",
            "is a multiple of y_pred − y_true: that is the gradient for the logits before "
            "softmax or sigmoid (or of a squared error), not the one asked for here",
            p - t,
        )
        yield (
            "sign only",
            "is a multiple of sign(y_pred − y_true), the absolute error's",
            np.sign(p - t),
        )
        yield (
            "other class's term missing",
            "is a multiple of −y_true/y_pred: the term (1 − y_true)/(1 − y_pred) is missing",
            -t / p,
        )
        yield (
            "own class's term missing",
            "is a multiple of (1 − y_true)/(1 − y_pred): the term −y_true/y_pred is missing",
            (1 - t) / (1 - p),
        )
        yield "softmax forgotten", "is a multiple of y_pred: y_true is not subtracted", p
        yield "y_pred missing", "is a multiple of −y_true: the part with y_pred is missing", -t
        yield (
            "log not derived",
            "is a multiple of y_true · log y_pred, the loss itself",
            t * np.log(p),
        )
        yield "sum of both signs", "is a multiple of y_pred + y_true: a sign inside", p + t
        yield (
            "error squared",
            "is a multiple of (y_pred − y_true)²: the loss itself, not its slope",
            (p - t) ** 2,
        )
        yield "softmax of the error", "is a multiple of softmax(y_pred)", soft(p)
        yield "softmax missing", "is a multiple of σ(y_pred)", 1 / (1 + np.exp(-p))
        yield "softmax missing", "is a multiple of |y_pred − y_true|", np.abs(p - t)


def soft(p):
    e = np.exp(p - p.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def own_class(e):
    """Only the entries of the true class are right (or only the others)."""
    if not e.sample.target.is_loss:
        return
    t = targets_like(e)
    if t is not None and set(np.unique(t)) <= {0.0, 1.0}:
        yield (
            "true class only",
            "is zero but at the true class: softmax's sum moves all",
            e.want * t,
        )
        yield "true class left out", "is zero at the true class", e.want * (1 - t)


def weights(e):
    """sample_weight ignored, or applied twice."""
    for name, w in e.target.kwargs.items() if getattr(e.target, "kwargs", None) else ():
        if not e.sample.target.is_loss or not isinstance(w, np.ndarray) or len(w) != e.sample.N:
            continue
        w = w.reshape(len(w), *[1] * (len(e.shape) - 1))
        if (w != 0).all():
            yield "sample weight ignored", f"ignores {name}", e.want / w
            yield "sample weight twice", f"applies {name} twice", e.want * w


RULES = (formulas, own_class, weights)
