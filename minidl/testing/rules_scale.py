"""Rules of scale: the gradient is the right one times a number.

A rule is a function of an Evidence. It yields (name, hint, predicted): what backward would
return if that were the mistake. diagnose() names it only if that is what backward did return.
"""

import numpy as np


def sign(e):
    yield "sign", "has the wrong sign: a minus too many or too few", -e.want


def zero(e):
    beside = any(d.got for d in e.made.directions)  # not zero beside the sampled entries
    if np.abs(e.want).max() > 0 and not beside:
        yield "zero gradient", "is zero: the formula is missing, or multiplied away", 0 * e.want


def two(e):
    yield (
        "factor 2",
        "is twice too large: added twice, or a square's 2 that ½ cancels",
        2 * e.want,
    )
    yield "factor ½", "is half of what it should be: the 2 of a square's derivative", e.want / 2


def batch(e):
    N = e.sample.N
    if N < 2:
        return
    if e.sample.target.is_loss:
        yield (
            "batch size missing",
            "is N times too large: the loss is a mean, divide by N",
            N * e.want,
        )
        yield "batch average", "is divided by the batch size N once too often", e.want / N
        return
    what = "the bias gradient" if e.tensor.ndim == 1 and not e.is_input else "it"
    yield (
        "batch average",
        f"is averaged over the batch (1/N): {what} is a sum over rows, the loss divides by N",
        e.want / N,
    )
    yield "times N", "is N times too large: a sum over the batch where none belongs", N * e.want


def time(e):
    T, N = e.sample.T, e.sample.N
    if not T or T < 2:
        return
    yield (
        "time average",
        "is divided by the number of time steps T: it is a sum over time",
        e.want / T,
    )
    yield "times T", "is T times too large: the mean over time divides by T", e.want * T
    if N > 1:
        hint = "is averaged over batch and time (1/(N·T)): it is a sum over both"
        yield "batch and time average", hint, e.want / (N * T)
        yield (
            "times N·T",
            "is N·T times too large: divide by both, or sum over neither",
            e.want * N * T,
        )


def elements(e):
    """A loss that is a mean over all elements, or over classes."""
    shape = e.sample.x_shape
    if not e.sample.target.is_loss or len(shape) < 2:
        return
    C, size = shape[-1], int(np.prod(shape))
    if C > 1:
        yield (
            "last axis missing",
            "is C times too large: the mean is over the last axis too",
            C * e.want,
        )
        yield (
            "last axis average",
            "is divided by the size of the last axis, C, once too often",
            e.want / C,
        )
        yield "size missing", "is as many times too large as y_pred has entries", size * e.want
        yield (
            "size average",
            "is divided by the number of entries once too often",
            e.want / size,
        )


def width(e):
    """Attention's 1/√d, and a mean over features."""
    for d in sorted(
        {s for s in (*e.sample.x_shape[1:], *e.shape) if s > 1 and s != 4}
    ):  # √4 is a factor 2
        root = np.sqrt(d)
        yield "factor √d", f"is √{d} times too large: a 1/√d is missing", root * e.want
        yield "factor 1/√d", f"is √{d} times too small: 1/√d counted twice", e.want / root


def attribute(e):
    """A number that the layer holds: its dropout rate, its pool size, its number of heads."""
    for name, value in numbers_of(e.target):
        if name in ("rate", "p", "dropout", "drop_prob") and 0 < value < 1:
            keep = 1 - value
            yield "dropout scale", f"lacks dropout's scale 1/(1 − {name})", keep * e.want
            yield "dropout scale", f"has dropout's scale 1/(1 − {name}) twice", e.want / keep
        elif value > 0 and value not in (1, 2):
            hint = f"is {{}} {name} = {value:g}: a factor that belongs {{}}"
            yield (
                f"factor {name}",
                hint.format("multiplied by", "not here, or not twice"),
                value * e.want,
            )
            yield f"factor 1/{name}", hint.format("divided by", "here"), e.want / value


def numbers_of(target):
    """(name, number) of the layer's attributes, or of the pair's arguments."""
    source = getattr(target, "layer", None) or getattr(target, "loss", None)
    held = dict(vars(source)) if source is not None else dict(target.values)
    held.update(target.kwargs or {})
    held.update({k: v for d in list(held.values()) if type(d) is dict for k, v in d.items()})
    for name, value in held.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield str(name), float(value)
        elif isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], int):
            yield str(name), float(value[0])


def constant(e):
    """Any other number, the same at every entry and for every dy."""
    want, got = e.want[:, e.sharp], e.got[:, e.sharp]
    if np.vdot(want, want) == 0:
        return
    r = float(np.vdot(got, want) / np.vdot(want, want))
    if abs(r) > 1e-9 and e.got.size > 2:
        yield "constant factor", f"is {r:.6g} times the right one, everywhere", r * e.want


RULES = (sign, zero, two, batch, time, elements, width, attribute)
LAST = (constant,)
