"""Rules of formula: a term or a factor is missing, or is one too many."""

import numpy as np


def passed_on(e):
    """dx = dy for an elementwise layer: no derivative, no mask."""
    if not e.is_elementwise or e.sample.target.is_loss:
        return
    kept = e.made.jacobian.diagonal()
    levels = np.unique(np.round(kept, 9))
    if e.target.is_random or (len(levels) == 2 and levels[0] == 0 and levels[1] > 1.0001):
        scale = float(levels[-1])
        hint = "passes dy on where the mask is 0: multiply by the mask of the forward"
        yield "mask not applied", hint, e.sample.dy
        yield "mask not applied", hint, e.sample.dy * scale
        yield "dropout scale", "has the mask but not its scale 1/(1 − rate)", e.want / scale
        inverted = e.sample.dy * (kept == 0).reshape(e.shape)
        hint = "passes dy on where the mask is 0, and only there: the mask is inverted"
        yield "mask inverted", hint, inverted
        yield "mask inverted", hint, inverted * scale
        return
    hint = "is dy itself: the derivative of the activation is missing"
    yield "derivative missing", hint, e.sample.dy


def elementwise(e):
    """An activation's derivative taken from another formula, or at another point."""
    if not e.is_elementwise or e.sample.target.is_loss:
        return
    for text, slope in slopes_of(e.tensor, e.sample.y):
        hint = f"is dy · {text}: compare that with the derivative of the forward"
        yield "wrong derivative", hint, e.sample.dy * slope
    right = e.made.jacobian.diagonal().reshape(e.shape)
    yield "derivative squared", "has the derivative twice, dy · f′ · f′", e.want * right
    yield (
        "divided by the derivative",
        "divides by the derivative: multiply",
        e.sample.dy / right,
    )
    yield (
        "derivative at the wrong point",
        "is f′(y): take it at x, the input",
        e.sample.dy * at_y(e),
    )
    hint = "takes the derivative at dy: it is to be taken at x, the input"
    yield "derivative at dy", hint, np.stack([g * at(e, g) for g in e.sample.dy])
    yield (
        "derivative of the mirror image",
        "is f′(−x): a sign inside",
        e.sample.dy * at(e, -e.tensor),
    )
    yield (
        "derivative's complement",
        "is dy · (1 − f′): the two cases are exchanged",
        e.sample.dy * (1 - right),
    )


def slopes_of(x, y):
    """Formulas that a wrong derivative of an activation often is."""
    with np.errstate(all="ignore"):
        yield "y", y
        yield "x", x
        yield "y (1 − y)", y * (1 - y)
        yield "x (1 − x)", x * (1 - x)
        yield "(1 − y)", 1 - y
        yield "(1 − x)", 1 - x
        yield "(1 − y²)", 1 - y * y
        yield "(1 − x²)", 1 - x * x
        yield "(1 + y²)", 1 + y * y
        yield "y²", y * y
        yield "√(1 − y²)", np.sqrt(1 - y * y)
        yield "(x > 0)", (x > 0) * 1.0
        yield "(x < 0)", (x < 0) * 1.0
        yield "(y > 0.5)", (y > 0.5) * 1.0
        yield "sign(x)", np.sign(x)
        yield "|x|", np.abs(x)
        yield "eˣ", np.exp(x)
        yield "1/x", 1 / x


def at(e, x):
    """The slope of the forward at another x, entry by entry."""
    made = e.target.again(x) if hasattr(e.target, "layer") else e.target.again({e.name: x})
    tensor = made.tensors[e.name]
    h = 1e-6
    with np.errstate(all="ignore"):
        tensor[...] = x + h
        up = made.value()
        tensor[...] = x - h
        return ((up - made.value()) / (2 * h)).reshape(e.shape)


def at_y(e):
    return at(e, e.sample.y)


def diagonal(e):
    """Only ∂yₖ/∂xₖ, where each y depends on several x (softmax, normalisation)."""
    if e.shape != e.sample.y_shape or e.is_elementwise:
        return
    slope = e.made.jacobian.diagonal().reshape(e.shape)
    hint = "uses the diagonal of the Jacobian only: each output depends on all x of its row"
    if is_softmax(e.sample.y):
        hint = "lacks softmax's off-diagonal terms: dx = y (dy − Σ dy y)"
    yield "off-diagonal missing", hint, e.sample.dy * slope
    turned = (e.sample.dys @ e.made.jacobian).reshape(e.want.shape)
    yield (
        "Jacobian not transposed",
        "is J dy, must be Jᵀ dy: the sum runs over the wrong index",
        turned,
    )


def is_softmax(y):
    return y.ndim > 1 and bool((y >= 0).all()) and np.allclose(y.sum(axis=-1), 1)


def softmax(e):
    y, dy = e.sample.y, e.sample.dy
    if not is_softmax(y) or e.shape != y.shape or not e.is_input:
        return
    mean = dy.mean(axis=-1, keepdims=True)
    weighted = (dy * y).sum(axis=-1, keepdims=True)
    hint = "is y (dy − mean dy): subtract the mean weighted by y, Σ dy y"
    yield "softmax centred by the plain mean", hint, y * (dy - mean)
    yield "softmax's factor y missing", "is dy − Σ dy y: the factor y is missing", dy - weighted
    yield (
        "softmax centred by the sum",
        "is y (dy − Σ dy): weight by y",
        y * (dy - dy.sum(-1, keepdims=True)),
    )
    yield (
        "softmax centred over the batch",
        "sums dy y over the wrong axis",
        y * (dy - (dy * y).sum(axis=1, keepdims=True)),
    )
    yield "softmax seen as sigmoid", "is dy y (1 − y), the diagonal alone", dy * y * (1 - y)


def factors(e):
    """One of the arrays at hand is multiplied or divided where it should not be."""
    for name, factor in arrays_at_hand(e):
        with np.errstate(all="ignore"):
            if not np.isfinite(1 / factor).all() or np.allclose(factor, factor.flat[0]):
                continue
            hint = f"lacks the factor {name}, or has 1/{name} once too often"
            yield "factor missing", hint, e.want / factor
            hint = f"has the factor {name} once too often, or lacks 1/{name}"
            yield "factor too many", hint, e.want * factor
            yield "factor missing", f"has 1/{name} where {name} belongs", e.want / factor**2
            yield "factor too many", f"has {name} where 1/{name} belongs", e.want * factor**2


def arrays_at_hand(e):
    """(name, array that fits e.want): parameters, x, y, weights, the target's data."""
    found = {**e.target.values, **e.target.params, "y": e.sample.y}
    for name, array in found.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.size < 2:
            continue
        shapes = [array.shape, (*array.shape, *[1] * (len(e.shape) - array.ndim))]
        for shape in dict.fromkeys(shapes):
            if fits(shape, e.shape):
                yield name, array.reshape(shape)


def fits(shape, into):
    try:
        return np.broadcast_shapes(shape, into) == into
    except ValueError:
        return False


def penalty(e):
    """got − want is a multiple of the parameter itself, or a constant, whatever dy is."""
    rest = (e.got - e.want) * e.sharp
    if e.sample.target.is_loss or len(rest) < 2:
        return
    if not e.is_input and e.tensor.any():
        c = float(np.vdot(rest[0], e.tensor) / np.vdot(e.tensor, e.tensor))
        hint = f"contains {c:.4g} times the parameter: a weight penalty belongs to the loss"
        yield "weight penalty included", hint, e.want + c * e.tensor
    c = float(rest[0][e.sharp].mean()) if e.sharp.any() else 0.0
    if abs(c) > 1e-6:
        yield (
            "constant offset",
            f"is {c:.4g} too large at every entry, whatever dy is",
            e.want + c,
        )


def wrong_axis(e):
    """A bias gradient summed over the features where it should be summed over the rows."""
    dy = e.sample.dy
    if len(e.shape) == 1 and not e.is_input and dy.ndim == 3 and dy.shape[1] == e.shape[0]:
        hint = "is summed over the wrong axis; its shape happens to fit because N = M"
        own = e.made.jacobian.reshape(e.shape[0], *e.sample.y_shape).sum(axis=0)  # (N, M)
        yield "summed over the wrong axis", hint, (dy * own).sum(axis=-1)
        yield "summed over the wrong axis", hint, dy.sum(axis=-1)


def zeros(e):
    """Right but for zeros: not zero where it must be, or zero where it must not."""
    got, want = e.got[:, e.sharp], e.want[:, e.sharp]
    blank = np.abs(want) <= 1e-12 * np.abs(want).max(initial=1e-300)
    if blank.any() and not blank.all():
        hint = (
            "is right where the true gradient is not zero, but not zero where that is: a mask "
        )
        hint += "(or the argmax, the causal mask) is not applied"
        yield "nonzero where it must be zero", hint, np.where(e.want == 0, e.got, e.want)
    if (np.abs(got) <= 1e-12 * np.abs(got).max(initial=1e-300)).any():
        hint = "is right where it is not zero: some contributions are left out"
        yield "zero where it must not be", hint, np.where(e.got == 0, 0.0, e.want)


LAST = (zeros,)
RULES = (
    passed_on, elementwise, softmax, diagonal, factors, penalty, wrong_axis,
)  # fmt: skip
