"""The checks of a layer: each takes a Subject, and raises Violation or Skip, or returns."""

import copy
import inspect

import numpy as np

from minidl.testing.gradcheck import gradcheck
from minidl.testing.snapshot import same_array
from minidl.testing.subject import Skip, Violation, arrays_of, each, first_of


def gradients(subject):
    """Every gradient is the slope of forward; backward is pure and linear in dy."""
    report = gradcheck(
        subject.source, subject.x, training=subject.training, seed=subject.seed,
        kwargs=subject.kwargs,
    )  # fmt: skip
    subject.gradients = report
    if not report.passed:
        raise Violation(str(report).removeprefix(f"{report.target}: "))


def output_shape(subject):
    """layer.output_shape says what forward gives."""
    layer = subject.layer()
    if not hasattr(layer, "output_shape"):
        raise Skip("the layer has no output_shape")
    x = arrays_of(subject.x)
    y, _ = subject.forward(layer, x)
    shape = tuple(p.shape[1:] for p in x) if isinstance(x, tuple) else x.shape[1:]
    said = tuple(layer.output_shape(shape))
    if not isinstance(y, tuple | list) and said != y.shape[1:]:
        raise Violation(
            f"output_shape({shape}) says {said}, but forward gives {y.shape[1:]} a row"
        )


def batch_axis(subject):
    """As many rows come out as go in."""
    x = arrays_of(subject.x)
    y, _ = subject.forward(subject.layer(), x)
    if np.ndim(first_of(y)) == 0 or len(first_of(y)) != len(first_of(x)):
        raise Violation(f"x has {len(first_of(x))} rows, y has shape {np.shape(first_of(y))}")


def deterministic(subject):
    """Two copies with the same seed give the same output."""
    ys = [subject.forward(subject.layer(), arrays_of(subject.x))[0] for _ in range(2)]
    if not np.array_equal(first_of(ys[0]), first_of(ys[1])):
        raise Violation(
            "two copies of the layer with the same seed give different outputs: use self.rng"
        )


def prediction_is_not_random(subject):
    """forward(training=False) twice gives the same."""
    layer, x = subject.layer(), arrays_of(subject.x)
    ys = [subject.forward(layer, x, training=False)[0] for _ in range(2)]
    if not np.array_equal(first_of(ys[0]), first_of(ys[1])):
        raise Violation(
            "forward(training=False) is not the same twice: be random only in training"
        )


def rows_one_by_one(subject):
    """A batch gives what its rows give one by one (unless layer.mixes_batch, in training)."""
    layer = subject.layer()
    if getattr(layer, "mixes_batch", False) and subject.training:
        raise Skip("the layer says mixes_batch")
    target = subject.target()
    x = target.x
    if target.is_random or len(first_of(x)) < 2 or subject.kwargs:
        raise Skip("random, or a single row, or further arguments")
    whole, _ = target.split(target.call())
    rows = [
        target.call_with_x(each(lambda part, i=i: part[i : i + 1], x))
        for i in range(len(first_of(x)))
    ]
    for i, row in enumerate(rows):
        if not np.allclose(first_of(row)[0], first_of(whole)[i], rtol=1e-9, atol=1e-10):
            raise Violation(
                f"row {i} of a batch differs from the same row alone: rows must not see each "
                "other (or the layer must say mixes_batch = True)"
            )


def params_and_grads(subject):
    """grads has the keys, shapes and dtypes of params; params are arrays of one float dtype."""
    layer, x = subject.layer(), arrays_of(subject.x)
    y, cache = subject.forward(layer, x)
    dy = each(np.ones_like, tuple(y) if isinstance(y, list) else y)
    _, grads = layer.backward(dy, cache)
    params = getattr(layer, "params", {})
    if set(grads) != set(params):
        raise Violation(f"grads has the keys {sorted(grads)}, params {sorted(params)}")
    for name, array in params.items():
        if grads[name].shape != array.shape or grads[name].dtype != array.dtype:
            raise Violation(
                f"d{name} is {grads[name].dtype} {grads[name].shape}, "
                f"{name} is {array.dtype} {array.shape}"
            )


def state_only_in_training(subject):
    """layer.state changes in forward(training=True) only."""
    layer, x = subject.layer(), arrays_of(subject.x)
    state = getattr(layer, "state", {})
    if not state:
        raise Skip("the layer has no state")
    before = {n: a.copy() for n, a in state.items()}
    subject.forward(layer, x, training=False)
    changed = [n for n, a in layer.state.items() if not same_array(a, before[n])]
    if changed:
        raise Violation(f"forward(training=False) writes state {changed}: only training may")


def nothing_kept(subject):
    """forward leaves nothing of the call on the layer (beside state and random streams)."""
    layer, x = subject.layer(), arrays_of(subject.x)
    before = attributes(layer)
    subject.forward(layer, x)
    kept = sorted(n for n, v in attributes(layer).items() if before.get(n) is not v)
    if kept:
        raise Violation(
            f"forward writes self.{kept[0]}: return it in the cache, or a second call before "
            "backward silently changes the gradient"
        )


def attributes(layer):
    return {n: v for n, v in vars(layer).items() if n not in ("state", "rng")}


def trainable(subject):
    """With trainable=False the gradients that flow through are right too."""
    layer = subject.layer()
    if not hasattr(layer, "trainable"):
        raise Skip("the layer has no trainable flag")
    report = getattr(subject, "gradients", None)  # None where this check runs alone
    if report is not None and not report.passed:
        raise Skip("the gradients are wrong anyway")
    layer.trainable = False
    report = gradcheck(layer, subject.x, training=subject.training, kwargs=subject.kwargs)
    if not report.passed:
        raise Violation(f"with trainable = False (it still passes dx on): {report.headline}")


def float32_stays(subject):
    """float32 parameters and float32 x give float32 y and dx."""
    layer = subject.layer()
    params = getattr(layer, "params", {})
    if any(a.dtype != np.float32 for a in params.values()):
        raise Skip("the parameters are not float32")
    x = each(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a, arrays_of(subject.x))
    y, cache = subject.forward(layer, x)
    dx, grads = layer.backward(each(np.ones_like, y), cache)
    for name, array in {"y": first_of(y), "dx": first_of(dx), **grads}.items():
        if array is not None and array.dtype != np.float32:
            raise Violation(
                f"float32 in, but {name} is {array.dtype}: half the speed, twice the memory"
            )


def non_contiguous(subject):
    """An x and a dy with strides give what their copies give."""
    x = each(lambda a: np.asarray(a), arrays_of(subject.x))
    layer, other = subject.layer(), subject.layer()
    y, cache = subject.forward(layer, x)
    strided_y, strided_cache = subject.forward(other, each(strided, x))
    if isinstance(y, tuple | list):
        raise Skip("several outputs")
    dy = np.random.default_rng(subject.seed).standard_normal(y.shape).astype(y.dtype)
    dx, grads = layer.backward(dy, cache)
    strided_dx, strided_grads = other.backward(strided(dy), strided_cache)
    pairs = {"y": (y, strided_y), "dx": (first_of(dx), first_of(strided_dx))}
    pairs |= {f"d{n}": (grads[n], strided_grads[n]) for n in grads}
    for name, (a, b) in pairs.items():
        if a is not None and not np.allclose(
            np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5
        ):
            raise Violation(
                f"{name} is another for a non-contiguous x and dy: use shapes, not memory order"
            )


def strided(a):
    """The same numbers with a gap between neighbours."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]) if a.ndim else (), a.dtype)
    if a.ndim == 0:
        return a.copy()
    wide[..., ::2] = a
    return wide[..., ::2]


def oracle(subject):
    """An independent forward gives the same y: a wrong forward may have a right backward."""
    if subject.oracle is None:
        raise Skip("no oracle given")
    target = subject.target()
    y, _ = target.split(target.call())
    wants_params = len(inspect.signature(subject.oracle).parameters) > 1
    params = {n: a.copy() for n, a in target.params.items()}
    x = copy.deepcopy(target.x)
    expected = subject.oracle(x, params) if wants_params else subject.oracle(x)
    y, expected = np.asarray(first_of(y)), np.asarray(first_of(expected))
    if y.shape != expected.shape:
        raise Violation(f"forward gives shape {y.shape}, the oracle {expected.shape}")
    off = np.abs(y - expected)
    limit = 1e-6 * max(1e-300, float(np.abs(expected).max(initial=0.0)))
    if not (off <= limit).all():
        i = tuple(map(int, np.unravel_index(np.nanargmax(off), off.shape)))
        raise Violation(
            f"forward is wrong: y{list(i)} is {y[i]:.6g}, the oracle says {expected[i]:.6g} "
            f"({np.mean(off > limit):.0%} of y differs)"
        )


LAYER_CHECKS = (
    gradients, oracle, output_shape, batch_axis, params_and_grads, rows_one_by_one,
    deterministic, prediction_is_not_random, state_only_in_training, nothing_kept, trainable,
    float32_stays, non_contiguous,
)  # fmt: skip
