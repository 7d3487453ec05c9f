"""Rules of algebra: a matrix product with the wrong factor, side, order or derivative."""

import numpy as np

from minidl.testing.rules_formula import slopes_of
from minidl.testing.rules_upstream import moved
from minidl.testing.variants import with_attribute, with_parameter


def products(e):
    """Products of x, W and dy (or dz) of the right shape, where another one is due."""
    x, W, dy = e.sample.x, matrix(e), e.sample.dy
    if x is None or x.dtype.kind != "f" or x.ndim != 2 or dy.ndim != 3:
        return
    if e.is_input and W is not None:
        hint = "is dy @ W: W must be transposed; the shape fits because D = M"
        yield from fitting(e, "weight not transposed", hint, dy * slope_of_bias(e), W)
    if not e.is_input and len(e.shape) == 2:
        hint = "looks like dyᵀ @ x; its shape happens to fit because D = M"
        yield from fitting(e, "transposed", hint, np.swapaxes(dy, 1, 2), x)
        hint = "is x @ dy, must be xᵀ @ dy: the shape fits because N = D"
        yield from fitting(e, "x not transposed", hint, x, dy * slope_of_bias(e))


def slope_of_bias(e):
    """φ'(z) of y = φ(x W + b), (N, M), which is ∂y/∂b; 1 if there is no such bias."""
    N, M = e.sample.y_shape
    for name, made in e.sample.compared.items():
        if made.shape == (M,) and name not in e.target.inputs and made.jacobian is not None:
            J = made.jacobian.reshape(M, N, M)
            own = np.einsum("mnm->nm", J)
            if np.allclose(np.abs(J).sum(axis=0), np.abs(own), atol=1e-9):
                return own
    return 1.0


def dense_formulas(e):
    """y = φ(x W + b) with dz = dy, or dz = dy · a wrong derivative of φ."""
    params = e.target.params
    W = next((a for a in params.values() if a.ndim == 2), None)
    b = next((a for a in params.values() if a.ndim == 1), 0.0)
    x, y, dy = e.sample.x, e.sample.y, e.sample.dy
    if W is None or x is None or x.ndim != 2 or y.shape != (len(x), W.shape[1]):
        return
    product = {x.shape: lambda dz: dz @ W.T, (W.shape[1],): lambda dz: dz.sum(axis=1)}
    product[W.shape] = lambda dz: x.T @ dz
    make = product[x.shape] if e.is_input else product.get(e.shape)
    if make is None or np.allclose(y, x @ W + b):
        return
    hint = "takes dy where dz is due: multiply by the activation's derivative φ'(z) first"
    yield "derivative missing", hint, make(dy)
    for text, slope in slopes_of(x @ W + b, y):
        if np.isfinite(slope).all():
            hint = (
                f"takes dy · {text.replace('x', 'z')} for dz: compare with the derivative of φ"
            )
            yield "wrong derivative", hint, make(dy * slope)


def matrix(e):
    """The one parameter that is a matrix."""
    found = [a for n, a in e.target.tensors.items() if n != e.name and a.ndim == 2]
    return found[0] if len(found) == 1 else None


def fitting(e, name, hint, a, b):
    """The product, if it has the gradient's shape."""
    if a.shape[-1] != b.shape[-2]:
        return
    product = a @ b
    if product.shape == e.want.shape:
        yield name, hint, product


class Nothing:
    """The activation that does nothing."""

    def forward(self, x, training=False):
        return x, None

    def backward(self, dy, cache):
        return dy, {}


def activation(e):
    """dz = dy, or dz = dy · a wrong derivative, in a layer with an `activation` of its own."""
    layer = getattr(e.target, "layer", None)
    if not hasattr(getattr(layer, "activation", None), "forward") or e.target.data:
        return
    bare = with_attribute(e.target, "activation", Nothing())
    found = e.sample.as_if("no activation", lambda: bare)
    if not found or e.name not in found or found[e.name].shape != e.made.jacobian.shape:
        return
    J, z = found[e.name], bare.value().reshape(e.sample.y_shape)
    hint = "takes dy where dz is due: multiply by the activation's derivative φ'(z) first"
    yield "derivative missing", hint, e.pull(e.sample.dys, J)
    for text, slope in slopes_of(z, e.sample.y):
        if np.isfinite(slope).all():
            hint = (
                f"takes dy · {text.replace('x', 'z')} for dz: compare with the derivative of φ"
            )
            yield "wrong derivative", hint, e.pull(e.sample.dy * slope, J)


def altered_weight(e):
    """dx as if W were transposed, flipped, shifted, or without a tap (y is linear in x)."""
    if not e.is_input or e.sample.target.is_loss:
        return
    for name, W in e.target.params.items():
        for cause, hint, other in alterations(name, W, e.shape[1:]):
            make = lambda name=name, other=other: with_parameter(e.target, name, other)  # noqa: E731
            predicted = e.as_if((name, cause, hint), make)
            if predicted is not None:
                yield cause, hint, predicted


def alterations(name, W, sizes):
    """(cause, hint, altered weight); sizes: those of x, one of which a kernel (K, C, M) has."""
    if W.ndim >= 2 and W.shape[-1] == W.shape[-2] > 1:
        hint = f"is computed with {name} not transposed; it fits because its sizes are equal"
        yield "weight not transposed", hint, np.swapaxes(W, -1, -2)
    if W.ndim == 3 and len(W) > 1 and W.shape[1] in sizes:
        yield (
            "kernel flipped",
            f"is computed with the taps of {name} in reversed order",
            W[::-1],
        )
        for k, end in ((0, "first"), (-1, "last")):
            short = W.copy()
            short[k] = 0
            yield "kernel tap missing", f"lacks the {end} tap of {name}: off by one?", short
        for by in (1, -1):
            hint = f"is computed with {name} shifted by one tap: off by one"
            yield "shifted by one", hint, moved(W, 0, by)


def altered_input(e):
    """dW as if x were shifted, reversed or without a step (in a layer linear in W)."""
    x = e.sample.x
    if e.is_input or x is None or x.ndim != 3 or x.dtype.kind != "f" or len(e.shape) < 2:
        return
    name = e.target.inputs[0]
    changes = [
        ("shifted by one", "takes x one step too late or too early", moved(x, 1, by))
        for by in (1, -1)
    ]
    changes.append(("time reversed", "takes x in reversed time order", x[:, ::-1]))
    for cause, hint, other in changes:
        make = lambda other=other: with_parameter(e.target, name, other)  # noqa: E731
        predicted = e.as_if((cause, hint, other[0, 0, 0]), make)
        if predicted is not None:
            yield cause, hint, predicted


def altered_call(e):
    """The gradient of the other mode: of prediction in training, or without the mask."""
    target = e.target
    if not hasattr(target, "layer"):
        yield from altered_data(e)
        return
    predicted = e.as_if("mode", lambda: target.again(target.x, training=not target.training))
    if predicted is not None and target.training:
        yield (*mode_name(target), predicted)
    elif predicted is not None:
        yield "training mode", "is the gradient of training mode, in prediction", predicted
    for name, value in target.kwargs.items():
        if isinstance(value, np.ndarray):
            others = {**target.kwargs, name: np.ones_like(value)}
            predicted = e.as_if(
                name, lambda others=others: target.again(target.x, kwargs=others)
            )
            if predicted is not None:
                yield (
                    "mask not applied",
                    f"is the gradient without {name}: apply it in backward",
                    predicted,
                )


def mode_name(target):
    if target.is_random:
        return (
            "mask not applied",
            "passes dy on where the mask is 0: use the mask of the forward",
        )
    return (
        "running statistics used in training",
        "uses the running statistics: in training, mean and variance are the batch's own",
    )


def altered_data(e):
    """A pair's mode string, flag or mask, changed."""
    for name in e.target.data:
        for other, what in changed(e.target.values.get(name)):
            predicted = e.as_if(
                (name, what), lambda name=name, other=other: e.target.again({name: other})
            )
            if predicted is not None and what == "mode":
                yield (*mode_name(e.target), predicted)
            elif predicted is not None:
                hint = f"is the gradient for another {name}: use it in backward as in forward"
                yield (
                    "mask not applied" if what == "mask" else "argument ignored",
                    hint,
                    predicted,
                )


def changed(value):
    """(another value, what it is)."""
    if isinstance(value, bool):
        yield not value, "flag"
    elif isinstance(value, str) and value in ("train", "training"):
        yield value.replace("training", "test").replace("train", "test"), "mode"
    elif isinstance(value, dict):
        for key, inner in value.items():
            for other, what in changed(inner):
                yield {**value, key: other}, what
    elif isinstance(value, np.ndarray) and value.dtype == bool:
        yield np.ones_like(value), "mask"


RULES = (products, dense_formulas)
COSTLY = (activation, altered_weight, altered_input, altered_call)  # each measures anew
