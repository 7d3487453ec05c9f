"""Purity: what backward must keep to, whatever the formula.

It leaves dy, x, cache and parameters as they are; called twice it gives the same; it is linear
in dy; and a forward on other data in between changes nothing.
"""

import copy

import numpy as np

from minidl.testing.casting import thinned
from minidl.testing.faults import Fault
from minidl.testing.snapshot import same_tree

BIG = -1000.0


def faults_of(target, dys, got, known=()):
    """[Fault] of the contract; `got` is backward's first answer to dys[0]."""
    first = {name: thinned(grad, float) for name, grad in got.items()}
    if any(f.kind == "in-place damage" for f in known):
        return []  # the later calls see the damage, and would report it under other names
    found = forward_faults(target) or repeated(target, dys[0], first)
    if not found:
        found = interleaved(target, dys[0], first)
        if not target.is_loss:
            rounded = float32_inside(target, first, dys[0])
            sound = {n: g for n, g in first.items() if n not in rounded}
            found += [*rounded.values(), *nonlinear(target, dys, sound)]
    target.world.restore()
    return found


def forward_faults(target):
    """Does forward answer differently each time?"""
    target.world.restore()
    ys = [target.run()[0] for _ in range(2)]
    if np.allclose(*ys, rtol=1e-9, atol=1e-12):
        return []
    text = "forward gives another y each time, also from the same random state: take the "
    return [
        Fault("not deterministic", "", text + "random numbers from a stream kept by the layer")
    ]


def damage(target, dy):
    """Does forward write into x or the parameters, or backward into those, dy or the cache?"""
    target.world.restore()
    tensors = {name: array.copy() for name, array in target.tensors.items()}
    _, cache = target.run()
    found = put_right(target.tensors, tensors, "forward")
    dy = target.outputs.shaped(dy)
    own = copied({"dy": dy, "cache": cache})
    try:
        target.call_backward(dy, cache)
    except Exception:  # reported where its answer is wanted
        return found
    found = found or put_right(target.tensors, tensors, "backward")
    target.is_guarded = bool(found)
    return found or damaged({"dy": dy, "cache": cache}, own, "backward")


def put_right(tensors, before, who):
    """damaged(), and the tensors as they were."""
    found = damaged(tensors, before, who)
    for name, array in tensors.items() if found else ():
        array[...] = before[name]
    return found


def damaged(things, before, who):
    """[Fault] of the first thing that is no longer as before."""
    for name, thing in things.items():
        if not same_tree(thing, before[name]):
            return [Fault("in-place damage", name, f"{who} writes into {name}: work on a copy")]
    return []


def copied(thing):
    try:
        return copy.deepcopy(thing)
    except Exception:  # a cache of uncopyable things is taken as it is
        return thing


def repeated(target, dy, first):
    """backward twice on one cache."""
    target.world.restore()
    _, cache = target.run()
    target.pull(dy, cache, thin=True)
    again, _ = target.pull(dy, cache, thin=True)
    for name, grad in first.items():
        if name not in again or not close(again[name], grad, floor(target, name, dy)):
            doubled = name in again and close(again[name], 2 * grad, 0.0)
            text = "the second call adds to the first: start from zeros in each backward"
            if not doubled:
                text = "backward called twice on one cache gives two different answers"
            kind = "accumulates over calls" if doubled else "changes from call to call"
            return [Fault(kind, target.label(name), text)]
    return []


def interleaved(target, dy, first):
    """A forward on other data between forward and backward (a validation pass)."""
    for others in disturbances(target):
        target.world.restore()
        _, cache = target.run()
        try:
            target.call_with(others)
        except Exception:  # other data may be out of the layer's domain
            continue
        grads, _ = target.pull(dy, cache, thin=True)
        for name, grad in first.items():
            if name not in grads or not close(grads[name], grad, floor(target, name, dy)):
                text = "a forward on other data before backward changes it: keep what backward "
                text += "needs in the returned cache, not on self or in a global"
                return [Fault("stale cache", target.label(name), text)]
    return []


def disturbances(target):
    """Other arguments: the same numbers in another order, and one row only."""
    mine = [n for n, v in target.values.items() if is_batch_data(target, n, v)]
    yield {n: shuffled(target.values[n]) for n in mine}
    rows = len(target.values[mine[0]]) if mine and target.values[mine[0]].ndim else 0
    if rows > 1:
        yield {n: target.values[n][:1].copy() for n in mine if len(target.values[n]) == rows}


def is_batch_data(target, name, value):
    if name in target.inputs:
        return True
    return isinstance(value, np.ndarray) and name in target.data and value.ndim > 0


def shuffled(array):
    """The same numbers, each in another place; if all are equal, slightly smaller ones."""
    rolled = np.roll(array, 1)
    if np.array_equal(rolled, array) and array.dtype.kind == "f":
        return 0.9 * array + 0.05
    return rolled


def float32_inside(target, first, dy):
    """{name: Fault} of gradients that are float64 in name only: every number fits in float32.

    dy is random with 53 bits, so a gradient computed from it in float64 needs them too. Where
    one cancels to nothing, only the rounding is left, and that has few bits."""
    found = {}
    for name, grad in first.items():
        if np.abs(grad).max(initial=0) <= floor(target, name, dy):
            continue
        with np.errstate(all="ignore"):
            fits = np.array_equal(grad.astype(np.float32), grad)
            few_bits = np.array_equal(grad.astype(np.float16), grad)  # counts, say
        if fits and not few_bits and len(np.unique(np.abs(grad))) > 2:
            text = "was computed in float32: nine digits of it are noise; keep the dtype of dy"
            found[name] = Fault("float32 inside", target.label(name), text)
    return found


def nonlinear(target, dys, first):
    """backward(a dy₁ + b dy₂) = a backward(dy₁) + b backward(dy₂), and zeros for zeros."""
    probes = (0 * dys[0], BIG * dys[0], dys[0] + dys[1], dys[1])
    zero, big, both, second = (target.fresh_pull(dy, thin=True)[0] for dy in probes)
    for name, grad in first.items():
        if not all(name in g for g in (zero, big, both, second)):
            continue
        label, least = target.label(name), floor(target, name, dys[0])
        if np.abs(zero[name]).max() > 1e-9 * np.abs(grad).max() + least:
            text = "backward gives a gradient although dy is zero"
            return [Fault("not linear in dy", label, text)]
        scaled = close(big[name], BIG * grad, abs(BIG) * least)
        if not (scaled and close(both[name] - second[name], grad, least)):
            text = "backward is not linear in dy: dy must enter once, as a factor"
            return [Fault("not linear in dy", label, text)]
    return []


def floor(target, name, dy):
    """The rounding to allow in a gradient that may cancel to nothing: dx of a LayerNorm over
    two features is 0 but for rounding."""
    theta = max(1.0, float(np.abs(target.tensors[name]).max()))
    return 1e-12 * float(np.abs(dy).max()) * target.largest / theta


def close(a, b, least):
    """Equal to 1e-8 of the largest entry, or to `least`."""
    scale = max(np.abs(a).max(), np.abs(b).max())
    return bool((np.abs(a - b) <= 1e-8 * scale + least).all())
