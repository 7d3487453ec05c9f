"""Rules of dy: the backward is right, but for another upstream gradient than it was given.

The measured Jacobian tells what the gradient would be for any dy; so each rule changes dy as
the mistake would, and diagnose() looks whether that is what came out.
"""

import numpy as np


def ignored(e):
    if not e.sample.target.is_loss:
        yield (
            "dy ignored",
            "does not depend on dy: dy is missing, or taken as ones",
            e.pull(np.ones_like(e.sample.dys)),
        )


def rows(e):
    """Only one row of the batch, or all but one."""
    dy = e.sample.dy
    if dy.ndim < 2 or dy.shape[1] < 2:
        return
    yield (
        "last row only",
        "holds the last row's share only: sum over the batch",
        e.pull(only(dy, 1, -1)),
    )
    yield (
        "first row only",
        "holds the first row's share only: sum over the batch",
        e.pull(only(dy, 1, 0)),
    )
    yield "last row dropped", "lacks the last row of the batch", e.pull(dy - only(dy, 1, -1))
    yield "first row dropped", "lacks the first row of the batch", e.pull(dy - only(dy, 1, 0))


def steps(e):
    """Only one time step, or all but one, or in another order."""
    dy = e.sample.dy
    if dy.ndim != 4 or dy.shape[2] < 2:
        return
    last, first = only(dy, 2, -1), only(dy, 2, 0)
    yield (
        "last time step only",
        "uses dy of the last time step only: add up all steps",
        e.pull(last),
    )
    yield (
        "first time step only",
        "uses dy of the first time step only: add up all steps",
        e.pull(first),
    )
    yield "last time step dropped", "lacks the last time step: off by one?", e.pull(dy - last)
    yield (
        "first time step dropped",
        "lacks the first time step: off by one?",
        e.pull(dy - first),
    )
    yield "time reversed", "takes dy in reversed time order", e.pull(dy[:, :, ::-1])
    for by in (1, -1):
        hint = "takes dy one step too late or too early: off by one in time"
        yield "shifted by one", hint, e.pull(moved(dy, 2, by))


def averaged(e):
    dy = e.sample.dy
    for axis, what in ((1, "the batch"), (dy.ndim - 1, "the last axis"), (2, "time")):
        if 0 < axis < dy.ndim and dy.shape[axis] > 1 and (axis != 2 or dy.ndim == 4):
            mean = np.broadcast_to(dy.mean(axis=axis, keepdims=True), dy.shape)
            hint = f"uses dy averaged over {what} in place of each entry's own"
            yield f"dy averaged over {what}", hint, e.pull(mean)


def not_linear(e):
    """What is not linear in dy: |dy|, sign(dy), dy², clipped."""
    dys = e.sample.dys
    if e.sample.target.is_loss:
        return
    yield "absolute value of dy", "uses |dy|: the sign of dy is lost", e.pull(np.abs(dys))
    yield "sign of dy", "uses the sign of dy only: its size is lost", e.pull(np.sign(dys))
    yield "dy squared", "uses dy²: dy enters twice, it belongs in once", e.pull(dys**2)
    yield (
        "dy cut at 0",
        "drops negative dy: cut by the sign of x, not of dy",
        e.pull(np.maximum(dys, 0)),
    )
    for limit in (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0):
        hint = f"is clipped: dy was cut to ±{limit:g}; clipping belongs to the optimizer"
        yield "clipped", hint, e.pull(np.clip(dys, -limit, limit))
        yield (
            "clipped",
            f"is clipped to ±{limit:g}; clipping belongs to the optimizer",
            np.clip(e.want, -limit, limit),
        )


def channels(e):
    """dy's last axis: one half only, halves swapped, reversed, swapped with its neighbour."""
    dy = e.sample.dy
    M = dy.shape[-1]
    if dy.ndim > 1 and M % 2 == 0:
        left = dy.copy()
        left[..., M // 2 :] = 0
        hint = "uses the {} half of dy's last axis only: one branch (direction) is missing"
        yield "one branch only", hint.format("first"), e.pull(left)
        yield "one branch only", hint.format("second"), e.pull(dy - left)
        swapped = np.concatenate([dy[..., M // 2 :], dy[..., : M // 2]], axis=-1)
        yield "halves swapped", "takes the two halves of dy in the wrong order", e.pull(swapped)
    if dy.ndim > 1 and M > 1:
        yield (
            "channels reversed",
            "takes the last axis of dy in reversed order",
            e.pull(dy[..., ::-1]),
        )
    if dy.ndim > 2 and dy.shape[-1] == dy.shape[-2] > 1:
        yield (
            "dy transposed",
            "uses dy with its last two axes swapped",
            e.pull(np.swapaxes(dy, -1, -2)),
        )


def weighted(e):
    """dy times, or divided by, a parameter of y's last axis (γ of a normalisation)."""
    for name, p in e.target.params.items():
        if name != e.name and p.ndim == 1 and p.shape == e.sample.y_shape[-1:] and p.all():
            yield "factor missing", f"lacks the factor {name}", e.pull(e.sample.dy / p)
            yield (
                "factor too many",
                f"has the factor {name} once too often",
                e.pull(e.sample.dy * p),
            )


def branches(e):
    """dx of y = x + f(x): one of the two terms is missing, or counted twice."""
    dy = e.sample.dy
    if not e.is_input or dy.shape[1:] != e.shape or e.is_elementwise:
        return
    yield "skip branch missing", "lacks the skip branch's share, dx += dy", e.want - dy
    yield "main branch missing", "holds the skip branch's share only, dx = dy", dy
    yield "skip branch twice", "has the skip branch's share dy twice", e.want + dy


def only(dy, axis, index):
    """dy with zeros at all other places of an axis."""
    kept = np.zeros_like(dy)
    place = [slice(None)] * dy.ndim
    place[axis] = index
    kept[tuple(place)] = dy[tuple(place)]
    return kept


def moved(array, axis, by):
    """Shifted along an axis, zeros coming in."""
    out = np.roll(array, by, axis=axis)
    place = [slice(None)] * array.ndim
    place[axis] = 0 if by > 0 else -1
    out[tuple(place)] = 0
    return out


RULES = (ignored, rows, steps, averaged, not_linear, channels, weighted, branches)
