"""Rules for layers that subtract a mean and divide by a spread (BatchNorm, LayerNorm).

For y = γ x̂ + β, x̂ = (x − μ) / σ over a group of n numbers:
    dx = s (dy − mean dy − k (x − μ) mean(dy (x − μ)))          s = γ / σ, k = 1 / σ²
Forgetting that μ, or σ, depends on x leaves out the second, or the third term.
"""

import numpy as np


def terms(e):
    if e.shape != e.sample.y_shape or not e.is_input or len(e.shape) < 2:
        return
    for axes, where in groupings(len(e.shape)):
        found = scale_and_spread(e, axes)
        if found is not None:
            yield from missing_terms(e, axes, where, *found)
            return


def groupings(ndim):
    """Over which axes the mean may go, and what to call them."""
    yield (0,), "the batch"
    yield tuple(range(ndim - 1)), "all axes but the last"
    yield (ndim - 1,), "the last axis"
    yield tuple(range(1, ndim)), "each row"


def scale_and_spread(e, axes):
    """(s, k) of the formula above, from the measured Jacobian; None if it is no such layer."""
    x = e.tensor
    n = int(np.prod([e.shape[a] for a in axes]))
    if n < 2:
        return None
    c = x - x.mean(axis=axes, keepdims=True)
    J = e.made.jacobian  # J[p, o] = ∂y_o/∂x_p
    group = group_ids(e.shape, axes)
    same = group[:, None] == group[None, :]
    if (np.abs(J[~same]) > 1e-9 * np.abs(J).max()).any():
        return None
    k = spread(J, c.reshape(-1), same, n)
    if k is None:
        return None
    base = np.eye(x.size) - same / n - same * k[:, None] * np.outer(c, c) / n
    weight = base.diagonal()
    if (np.abs(weight) < 1e-9).any():
        return None
    s = J.diagonal() / weight  # of the output o
    if np.abs(base * s[None, :] - J).max() > 1e-6 * np.abs(J).max():
        return None
    return s.reshape(e.shape), k.reshape(e.shape)


def spread(J, c, same, n):
    """k of each entry's group, from two entries of one row of J: both hold the same s."""
    k = np.zeros(len(c))
    for o in range(len(c)):
        others = [p for p in np.flatnonzero(same[o]) if p != o and abs(J[p, o]) > 1e-12]
        if len(others) < 1:
            return None
        # J[o, o] / J[p, o] = (1 − 1/n − k c_o²/n) / (−1/n − k c_p c_o/n), solved for k
        p = max(others, key=lambda p: abs(J[p, o]))
        r = J[o, o] / J[p, o]
        below = c[o] ** 2 - r * c[p] * c[o]
        if abs(below) < 1e-12:
            return None
        k[o] = (n - 1 + r) / below
    return k


def group_ids(shape, axes):
    """(size,) which group each entry belongs to."""
    keep = [1 if a in axes else s for a, s in enumerate(shape)]
    ids = np.arange(int(np.prod(keep))).reshape(keep)
    return np.broadcast_to(ids, shape).reshape(-1)


def missing_terms(e, axes, where, s, k):
    dz = e.sample.dy * s  # (K, *shape)
    axes = tuple(a + 1 for a in axes)
    c = e.tensor - e.tensor.mean(axis=tuple(a - 1 for a in axes), keepdims=True)
    mean = dz.mean(axis=axes, keepdims=True)
    lean = k * c * (dz * c).mean(axis=axes, keepdims=True)
    hint = f"takes mean and variance over {where} as constants: both depend on x"
    yield "statistics taken as constants", hint, dz
    yield (
        "variance term missing",
        "lacks the term through the variance: σ depends on x too",
        dz - mean,
    )
    yield "mean term missing", "lacks the term through the mean: μ depends on x too", dz - lean
    yield (
        "mean term's sign",
        "has the wrong sign in the term through the mean",
        dz + mean - lean,
    )
    yield (
        "variance term's sign",
        "has the wrong sign in the term through the variance",
        dz - mean + lean,
    )
    n = int(np.prod([e.shape[a - 1] for a in axes]))
    hint = "sums where the term through the {} needs a mean (1/n)"
    yield "mean term is a sum", hint.format("mean"), dz - n * mean - lean
    yield "variance term is a sum", hint.format("variance"), dz - mean - n * lean
    yield "both terms are sums", "sums where a mean (1/n) is needed", dz - n * mean - n * lean
    hint = "lacks the factor 1/σ in front: the spread that x is divided by"
    yield "factor 1/σ missing", hint, e.want / np.sqrt(k)
    yield "factor 1/σ too many", "has the factor 1/σ once too often", e.want * np.sqrt(k)
    yield (
        "variance term halved",
        "has half of the term through the variance",
        dz - mean - lean / 2,
    )
    yield (
        "variance term doubled",
        "has the term through the variance twice",
        dz - mean - 2 * lean,
    )


RULES = (terms,)
