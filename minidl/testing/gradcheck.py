"""gradcheck: is this backward the derivative of this forward? And if not, what is wrong?"""

import numpy as np

from minidl.testing import directions, purity
from minidl.testing.compare import Comparison
from minidl.testing.diagnose import diagnose
from minidl.testing.layer_target import LayerTarget
from minidl.testing.loss_target import LossTarget
from minidl.testing.pairs import PairTarget
from minidl.testing.plan import Plan
from minidl.testing.report import Entry, GradientReport


def gradcheck(
    target,
    x,
    *,
    y_true=None,
    training=False,
    seed=0,
    no_grad=(),
    kwargs=None,
    max_entries=None,
):
    """Compare every gradient of `target` at x with measured slopes; a GradientReport.

    target   a layer or a model (forward, backward, params); a loss (then x is y_pred, and
             y_true is given); or a pair (forward, backward) of plain functions, x their
             arguments as a tuple, a dict, or the only one
    no_grad  names of a pair's arguments that need no gradient; kwargs: further arguments
    max_entries   measure at most so many entries of each tensor, and random directions;
             by default all, as long as that takes no more than a few seconds

    The upstream gradient is random, never ones: with ones a softmax whose backward is zero
    would pass. Works in float64 on a deep copy; target and x are left as they are.
    """
    made = as_target(target, x, y_true, training, seed, no_grad, kwargs)
    report = examine(made, seed, max_entries)
    if report.passed:
        report = with_moved_constants(made, report, seed, max_entries)
    if report.passed:
        again = with_repeated_ids(made)
        if again is not None:
            second = examine(again, seed, max_entries)
            second.notes.append("checked again with ids that repeat on purpose")
            return second
    return report


def assert_gradients(target, x, **arguments):
    """Raise AssertionError with the report's text unless every gradient is right."""
    report = gradcheck(target, x, **arguments)
    if not report.passed:
        raise AssertionError(str(report))


def as_target(target, x, y_true=None, training=False, seed=0, no_grad=(), kwargs=None):
    """The Target for whatever the user handed in, or one sentence."""
    if isinstance(target, tuple | list) and len(target) == 2 and all(map(callable, target)):
        if y_true is not None:
            x, no_grad = (y_true, x), ("y_true", *no_grad, *first_argument(target[0]))
        return PairTarget(*target, x, no_grad, kwargs)
    if isinstance(target, type):
        raise TypeError(
            f"gradcheck: {target.__name__} is a class: pass an object, {target.__name__}(…)"
        )
    if not (hasattr(target, "forward") and hasattr(target, "backward")):
        raise TypeError(
            f"gradcheck: cannot check {type(target).__name__!r}: pass a layer or a loss with "
            "forward and backward, or a pair of functions (forward, backward)"
        )
    if y_true is not None:
        if isinstance(x, tuple):
            raise TypeError(
                f"{type(target).__name__}: y_pred must be one array, got a tuple of {len(x)}: "
                "check such a loss as a pair of functions (forward, backward) of its arguments"
            )
        return LossTarget(target, y_true, x, kwargs)
    if first_argument(target.forward) == ("y_true",):
        raise TypeError(f"{type(target).__name__}: a loss needs its target: pass y_true=…")
    return LayerTarget(target, x, training, kwargs, seed)


def first_argument(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    names = [n for n in code.co_varnames[: code.co_argcount] if n != "self"] if code else []
    return tuple(names[:1])


def examine(target, seed, limit=None):
    """One check of one Target."""
    with np.errstate(all="ignore"):
        try:
            return examined(target, seed, limit)
        finally:
            target.world.restore()


def examined(target, seed, limit):
    refuse_numbers_as_integers(target)
    plan = Plan(target, seed, limit)
    y, dys, compared, faults, got = measured(target, seed, plan)
    entries = [entry_of(target, n, compared.get(n), faults) for n in target.tensors]
    locate(target, entries, got, y, dys[0], plan)
    again = lambda other: measured(other, seed, Plan(other, seed))[:3]  # noqa: E731
    causes = diagnose(target, y, dys[: plan.draws], compared, faults, plan, again)
    return GradientReport(target.name, entries, faults, causes, notes_of(target))


def measured(target, seed, plan):
    """(y, dys, {tensor: Comparison}, [Fault], {tensor: gradients})."""
    y, _ = target.run()
    dys = upstream(target, seed)
    faults = purity.damage(target, dys[0])
    answers = [target.fresh_pull(dy) for dy in dys[: plan.draws]]
    faults += answers[0][1]
    names = [n for n in target.tensors if all(n in grads for grads, _ in answers)]
    got = {n: [grads[n] for grads, _ in answers] for n in names}
    if got:
        faults += purity.faults_of(
            target, dys, {n: grads[0] for n, grads in got.items()}, faults
        )
    found = {n: Comparison(target, n, got[n], y, dys[: plan.draws], plan) for n in got}
    return y, dys, found, faults, got


def locate(target, entries, got, y, dy, plan):
    """Where only a direction is wrong, look for a wrong entry and measure it too."""
    for i, entry in enumerate(entries):
        if entry.passed or entry.fault or entry.fraction_wrong:
            continue
        index = directions.wrong_entry(target, entry.name, got[entry.name][0], y, dy, plan)
        if index is not None:
            plan.indices[entry.name].append(index)
            plan.directions, made = (
                0,
                Comparison(target, entry.name, got[entry.name][:1], y, dy[None], plan),
            )
            made.directions = entry.directions
            entries[i] = entry_of(target, entry.name, made, [])


def upstream(target, seed):
    """(K, O): two random upstream gradients; a loss has none, its own is 1."""
    if target.is_loss:
        return np.ones((1, target.outputs.size))
    stream = np.random.default_rng([seed, 7])  # not the stream that x may come from
    return stream.standard_normal((2, target.outputs.size))


def entry_of(target, name, compared, faults):
    """The report's Entry of one tensor."""
    label, tensor = target.label(name), target.tensors[name]
    if compared is None:
        text = "; ".join(f.text for f in faults if f.tensor in (label, "")) or "not returned"
        return Entry(name, label, tensor.shape, tensor.size, False, text)
    worst, index = compared.worst, compared.indices[compared.worst]
    return Entry(
        name, label, tensor.shape, tensor.size, compared.passed, None, index,
        float(compared.got[0, worst]), float(compared.want[0, worst]),
        float(compared.relative_errors()[worst]), compared.share_wrong, len(compared.indices),
        compared.kinks, len(compared.undecided), compared.directions, compared,
    )  # fmt: skip


def notes_of(target):
    notes = [f"{name} gets no gradient: {why}" for name, why in target.data.items()]
    if target.is_random:
        notes.append("forward draws random numbers: each call was given the same ones")
    return notes


def refuse_numbers_as_integers(target):
    """Integers are ids. A layer that computes with them needs floats to have a slope."""
    for name in target.data:
        value = target.values.get(name)
        if not isinstance(target, LayerTarget) or value.dtype.kind not in "iu":
            continue
        if uses_numbers(target, name, value):
            raise TypeError(
                f"{target.name}: {name} holds integers, but the layer computes with them as "
                "numbers: pass floats, x.astype(float)"
            )


def uses_numbers(target, name, value):
    """Does forward take x + ¼, and answer differently?"""
    try:
        y = target.outputs.flat(target.split(target.call_with({name: value + 0.25}))[0])
    except Exception:
        return False
    finally:
        target.world.restore()
    return not np.array_equal(y, target.value())


def with_moved_constants(target, report, seed, limit):
    """The report, or one of parameters that are moved away from their start, if that is wrong.

    A bias starts at 0 and a norm's γ at 1: there a backward that forgets γ is right."""
    arrays = [a for a in target.params.values() if a.size > 1 and (a == a.flat[0]).all()]
    if not isinstance(target, LayerTarget) or not arrays:
        return report
    saved, rng = [a.copy() for a in arrays], np.random.default_rng([seed, 3])
    for array in arrays:
        array += rng.uniform(-0.3, 0.3, array.shape)
    try:
        if not np.isfinite(target.value()).all() or examine(target, seed, 1).passed:
            return report
        second = examine(target, seed, limit)  # the quick look may have met a kink
    finally:
        for array, old in zip(arrays, saved):
            array[...] = old
    if second.passed:
        return report
    second.notes.append("wrong once parameters that are all one number (0, 1) are moved a bit")
    return second


def with_repeated_ids(target):
    """The same target with an id that comes twice; None where ids repeat, or there are none."""
    if not isinstance(target, LayerTarget) or not target.data:
        return None
    parts = {n: v.copy() for n, v in target.values.items()}
    for name in target.data:
        ids = parts[name]
        if ids.dtype.kind not in "iu" or ids.size < 2 or len(np.unique(ids)) < ids.size:
            return None
        if len(ids) > 1:
            ids[-1] = ids[0]
        else:
            ids[..., -1] = ids[..., 0]
    try:
        return target.again(tuple(parts.values()) if target.several else parts["x"])
    except (ValueError, IndexError):
        return None
