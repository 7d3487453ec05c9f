"""The checks of own_block: there is no right answer to compare with, so each check holds the
student's block against what any block must keep. Runs in the grader only."""

import time
from types import SimpleNamespace

import numpy as np

from minidl import gradcheck
from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import Wrong, close, finite, numbers, require
from minidl.grading.standard import contract

SIZES = (48, 128)  # T = D of the large cases
RATIO, AT_MOST = 250, 0.5  # a backward takes a few forwards; below so many seconds, any number
TOO_SLOW = "block_backward takes far longer than block: by differences? Derive the gradients"


def cases(rng):
    return {}


def large(rng):
    """Says how large the weights of the large case may be; nothing is compared with."""
    return {"block_init": (0, max(SIZES))}


# ---- a block at work ----


def weights(student, seed, width, rng=None):
    """block_init's, checked to be weights; with rng a little away from where they start."""
    params = student.block_init(seed, width)
    require(
        isinstance(params, dict) and len(params) > 1,
        "params is no dict of two weights or more: return {name: array, name: array}",
    )
    params = {name: numbers(value, f"params[{name!r}]") for name, value in params.items()}
    finite(list(params.values()), "params")
    if rng is None:
        return params
    return {name: p + 0.1 * rng.standard_normal(p.shape) for name, p in params.items()}


def drawn(student, rng, *shape):
    """x and weights of what is a block."""
    params = weights(student, int(rng.integers(1 << 30)), shape[-1], rng)
    require_block(student, rng.standard_normal((2, 3, shape[-1])), params, rng)
    return rng.standard_normal(shape), params


def require_block(student, x, params, rng):
    """Without this there is nothing to derive, and no other check means anything."""
    y = run(student, x, params)[0]
    least = 1e-9 * np.abs(y).max()
    moving = 0
    for name, value in params.items():
        other = {**params, name: value + rng.standard_normal(value.shape)}
        moving += np.abs(run(student, x, other)[0] - y).max() > least
    require(moving > 1, f"y depends on {moving} of the weights: it should on two at least")
    require(
        bend(student, x, params, rng) > least or spread(student, x, params) > least,
        "y is linear in x and no step depends on another: write more of a block first",
    )


def bend(student, x, params, rng):
    """How far y half-way between two inputs is from half-way between their outputs."""
    end = rng.standard_normal(x.shape)
    one, two, half = (run(student, z, params)[0] for z in (x, end, (x + end) / 2))
    return np.abs(half - (one + two) / 2).max()


def spread(student, x, params):
    """How far another first or last step moves y at the other steps."""
    y, moved = run(student, x, params)[0], 0.0
    for step in (0, -1):
        other = x.copy()
        other[:, step] += 1
        changed = run(student, other, params)[0]
        moved = max(moved, np.abs(np.delete(changed - y, step, axis=1)).max())
    return moved


def run(student, x, params):
    """y in the shape of x, and cache."""
    y, cache = student.block(x, params)
    return in_shape(y, x, "y"), cache


def back(student, dy, cache, params):
    """dx, and {name: gradient} for every weight, in the shapes of x and the weights."""
    dx, grads = student.block_backward(dy, cache)
    require(
        isinstance(grads, dict) and set(grads) == set(params),
        f"grads is not a dict with the names of params: {sorted(params)}",
    )
    given = {n: in_shape(grads[n], p, f"grads[{n!r}]") for n, p in params.items()}
    return in_shape(dx, dy, "dx"), given


def in_shape(got, like, what):
    """An array of the shape of `like`; axes of length 1 more or fewer cost `shape` alone."""
    got = numbers(got, what)
    if [n for n in got.shape if n != 1] != [n for n in like.shape if n != 1]:
        raise Wrong(f"{what} has shape {got.shape}, it should have {like.shape}")
    return got.reshape(like.shape)


def same_shape(got, like, what):
    shape = np.shape(numbers(got, what))
    require(shape == like.shape, f"{what} has shape {shape}, it should have {like.shape}")


# ---- held back: block_init ----


def of_float64(student, reference, rng):
    for width in (2, 5):
        params = student.block_init(3, width)
        weights(student, 3, width)
        for name, value in params.items():
            dtype = getattr(value, "dtype", None)
            require(dtype == np.float64, f"params[{name!r}] is {dtype}: make it float64")


def seeded(student, reference, rng):
    """One seed gives the same weights again, another seed others."""
    seed = int(rng.integers(1 << 30))
    first, again = weights(student, seed, 4), weights(student, seed, 4)
    for name, value in first.items():
        close(again[name], value, f"params[{name!r}] of the same seed", rtol=0)
    other = weights(student, seed + 1, 4)
    same = all(np.array_equal(other[name], value) for name, value in first.items())
    require(not same, "two seeds give the same weights: draw from np.random.default_rng(seed)")


# ---- held back: block ----


def form_of_y(student, reference, rng):
    for shape in ((2, 3, 4), (3, 1, 2), (1, 5, 3)):
        x, params = drawn(student, rng, *shape)
        same_shape(student.block(x, params)[0], x, "y")


def not_linear(student, reference, rng):
    x, params = drawn(student, rng, 2, 3, 4)
    require(
        bend(student, x, params, rng) > 1e-6 * np.abs(run(student, x, params)[0]).max(),
        "y is linear in x: half-way between two inputs it is half-way between their outputs",
    )


def steps_interact(student, reference, rng):
    x, params = drawn(student, rng, 2, 4, 3)
    require(
        spread(student, x, params) > 1e-6 * np.abs(run(student, x, params)[0]).max(),
        "another first or last step leaves y at all other steps as it was: let steps interact",
    )


def rows_alone(student, reference, rng):
    """A row of a batch gives what it gives alone."""
    x, params = drawn(student, rng, 3, 4, 3)
    y, _ = run(student, x, params)
    for i in (0, 2):
        alone, _ = run(student, x[i : i + 1], params)
        close(alone, y[i : i + 1], f"y of row {i} alone, beside y of the batch,")


def one_row_one_step(student, reference, rng):
    """N = 1, T = 1 is a sequence too."""
    x, params = drawn(student, rng, 1, 1, 4)
    y, _ = run(student, x, params)
    finite(y, "y for N = T = 1")
    require((run(student, x + 0.5, params)[0] != y).any(), "for T = 1, y is blind to x")


def large_values(student, reference, rng):
    """x near 10⁴, and x of zeros, give numbers."""
    x, params = drawn(student, rng, 2, 3, 4)
    finite(student.block(1e4 * x, params)[0], "y for x near 10⁴")
    finite(student.block(0 * x, params)[0], "y for x of zeros")


def keeps_contract(student, reference, rng):
    x, params = drawn(student, rng, 2, 3, 4)
    require_contract(student, "block", x, params)


def require_contract(student, name, *args):
    """What every blank of every assignment must keep."""
    got = getattr(student, name)(*args)
    fault = contract(student, ASSIGNMENT[name], SimpleNamespace(args=args), [got])
    require(not fault, str(fault))


# ---- held back: block_backward ----


def forms_of_gradients(student, reference, rng):
    for shape in ((2, 3, 4), (1, 1, 2), (1, 4, 3)):
        x, params = drawn(student, rng, *shape)
        _, cache = run(student, x, params)
        dx, grads = student.block_backward(rng.standard_normal(shape), cache)
        same_shape(dx, x, "dx")
        names = sorted(grads) if isinstance(grads, dict) else type(grads).__name__
        require(names == sorted(params), f"grads has {names}, params has {sorted(params)}")
        for name, value in params.items():
            same_shape(grads[name], value, f"grads[{name!r}]")


def at_work(student, rng, *shape):
    """x, weights, the cache, and an upstream gradient."""
    x, params = drawn(student, rng, *shape)
    return x, params, run(student, x, params)[1], rng.standard_normal(shape)


def two_weights(student, reference, rng):
    _, _, cache, dy = at_work(student, rng, 2, 3, 4)
    _, grads = student.block_backward(dy, cache)
    values = grads.values() if isinstance(grads, dict) else []
    moving = sum(bool(np.any(numbers(value, "a gradient"))) for value in values)
    require(moving > 1, f"{moving} of grads is not zero everywhere: at least two weights learn")


def finite_gradients(student, reference, rng):
    x, params = drawn(student, rng, 2, 3, 4)
    for scale, what in ((1e4, "x near 10⁴"), (0.0, "x of zeros")):
        _, cache = student.block(scale * x, params)
        dx, grads = student.block_backward(rng.standard_normal(x.shape), cache)
        finite(dx, f"dx for {what}")
        for name, value in grads.items():
            finite(value, f"grads[{name!r}] for {what}")


def linear_in_dy(student, reference, rng):
    """A sum of two upstream gradients gives the sum of what each gives."""
    _, params, cache, dy = at_work(student, rng, 2, 3, 4)
    other = rng.standard_normal(dy.shape)
    one, two, both = (back(student, d, cache, params) for d in (dy, other, 3 * dy + other))
    close(both[0], 3 * one[0] + two[0], "dx for 3 dy + another, beside 3 dx + the other's,")
    for n in params:
        what = f"grads[{n!r}] for 3 dy + another, beside 3 times its own + the other's,"
        close(both[1][n], 3 * one[1][n] + two[1][n], what, atol=1e-12)


def keeps_contract_back(student, reference, rng):
    _, _, cache, dy = at_work(student, rng, 2, 3, 4)
    require_contract(student, "block_backward", dy, cache)


def right_dx(student, reference, rng):
    for shape in ((2, 3, 4), (1, 1, 3)):
        x, params = drawn(student, rng, *shape)
        slopes(
            lambda x, p=params: run(student, x, p),
            lambda dy, cache, p=params: (back(student, dy, cache, p)[0],),
            {"x": x},
        )
    quick(student, rng, lambda dx, grads: {"dx": dx})


def right_grads(student, reference, rng):
    for shape in ((2, 3, 3), (1, 1, 2)):
        x, params = drawn(student, rng, *shape)
        slopes(
            lambda x=x, **params: run(student, x, params),
            lambda dy, cache, p=params: tuple(back(student, dy, cache, p)[1].values()),
            params,
        )
    quick(student, rng, lambda dx, grads: grads)


def slopes(forward, backward, values):
    """Every entry of every gradient against measured slopes; the contract has its own check."""
    report = gradcheck((forward, backward), values)
    wrong = next((entry for entry in report.entries if not entry.passed), None)
    if wrong is not None:
        told = wrong.fault or wrong.mismatch()
        hint = f": {report.causes[0].hint}" if report.causes else ""
        raise Wrong(f"d{wrong.name} is not the slope: {told}{hint}")


def quick(student, rng, chosen):
    """A large case, in the time of a few forwards: a derivation does, differences cannot.

    What comes back must be right as well: along a random direction it is the slope."""
    for size in SIZES:
        params = weights(student, int(rng.integers(1 << 30)), size)
        x, dy = rng.standard_normal((2, 1, size, size))
        (_, cache), forward = timed(lambda x=x, params=params: run(student, x, params))
        require_quick(lambda dy=dy, cache=cache: student.block_backward(dy, cache), forward)
    dx, grads = back(student, dy, cache, params)
    given = {"dx": x, **params}
    for name, grad in chosen(dx, grads).items():
        v, slopes = rng.standard_normal(grad.shape), []
        for h in (1e-5, 1e-7, 1e-9):  # a kink in the way of a long step is not in a short one's
            above, below = (
                dy * run(student, *moved(x, params, name, given[name] + step * v))[0]
                for step in (h, -h)
            )
            slopes.append((above - below).sum() / (2 * h))
            rounding = 1e-15 * np.abs(above).sum() / h
            off = abs(slopes[-1] - (grad * v).sum())
            if off <= 1e-5 * (np.linalg.norm(grad) + abs(slopes[-1])) + rounding:
                break
        else:
            what = name if name == "dx" else f"grads[{name!r}]"
            raise Wrong(
                f"for x of shape {x.shape}: along a random direction the slope is "
                f"{slopes[0]:.6g}, {what} says {(grad * v).sum():.6g}"
            )


def moved(x, params, name, value):
    return (value, params) if name == "dx" else (x, {**params, name: value})


def timed(function):
    """The result, and the seconds of the fastest of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return result, min(times)


def require_quick(function, forward):
    """Twice slow is slow: the first time, other work may have been in the way."""
    for _ in range(2):
        start = time.perf_counter()
        try:
            function()
        except Wrong as error:
            if getattr(error, "hung", False):
                error.args = (f"{TOO_SLOW}: {error}",)
            raise
        seconds = time.perf_counter() - start
        if seconds <= max(AT_MOST, RATIO * forward):
            return
    raise Wrong(f"{TOO_SLOW}: {seconds:.2g} s where block takes {forward:.2g} s")


# ---- public ----

X = np.array([[[1.0, 2.0], [3.0, 1.0]]])
DY = np.array([[[1.0, 0.0], [1.0, 2.0]]])


def started(student):
    """block_init's weights, a little away from where they start."""
    params, rng = student.block_init(0, 2), np.random.default_rng(1)
    require(isinstance(params, dict) and len(params) > 1, "params: a dict of two weights")
    return {n: p + 0.1 * rng.standard_normal(np.shape(p)) for n, p in params.items()}


def worked_form(student):
    """On the handout's x: y has its shape, is finite, and not linear in x."""
    params = started(student)
    y, _ = student.block(X, params)
    require(np.shape(y) == X.shape, f"y has shape {np.shape(y)}, it should have {X.shape}")
    finite(y, "y")
    half, end = (np.asarray(student.block(f * X, params)[0]) for f in (-0.5, -2))
    bent = np.abs(np.asarray(y) - 2 * half + end).max()
    require(bent > 1e-9 * np.abs(end).max(), "y goes straight from x to -2 x: it is linear")


def worked_slopes(student):
    """On the handout's x and dy: dx is the slope of Σ dy y, entry by entry."""
    params = started(student)
    dx, grads = student.block_backward(DY, student.block(X, params)[1])
    require(isinstance(grads, dict), "grads: a dict of gradients")
    learn = sum(bool(np.any(np.asarray(grad))) for grad in grads.values())
    require(
        learn > 1, f"{learn} of grads is not 0 everywhere: two weights at least should learn"
    )
    slope, h = np.zeros(X.shape), 1e-6
    for i in np.ndindex(X.shape):
        step = np.zeros(X.shape)
        step[i] = h
        above, below = student.block(X + step, params)[0], student.block(X - step, params)[0]
        slope[i] = (DY * (np.asarray(above) - np.asarray(below))).sum() / (2 * h)
    require(slope.any(), "Σ dy y has no slope in x: y does not depend on x")
    close(dx, slope, "dx", rtol=1e-5)


ASSIGNMENT = Assignment(
    name="own_block",
    title="A block of your own",
    lesson="35_capacity",
    hours=10,
    blanks=[
        Blank("block_init", outputs=("params",)),
        Blank("block", outputs=("y", "cache")),
        Blank("block_backward", outputs=("dx", "grads")),
    ],
    cases=cases,
    large=large,
    items=[
        Item("block_init.weights", 3, of_float64),
        Item("block_init.seed", 3, seeded),
        Item("block.shape", 4, form_of_y),
        Item("block.not_linear", 7, not_linear, "a gate, a softmax, tanh must bend it"),
        Item("block.steps_interact", 7, steps_interact, "a mean, a shift, a state, attention"),
        Item("block.rows_alone", 7, rows_alone, "nothing may be summed over axis 0"),
        Item("block.one_row_one_step", 5, one_row_one_step),
        Item("block.large_values", 5, large_values),
        Item("block.contract", 4, keeps_contract),
        Item("block_backward.shape", 4, forms_of_gradients),
        Item("block_backward.two_weights", 6, two_weights),
        Item("block_backward.finite", 3, finite_gradients),
        Item("block_backward.linear", 4, linear_in_dy, "dy may appear only once in a product"),
        Item("block_backward.contract", 4, keeps_contract_back),
        Item("block_backward.dx", 11, right_dx, "count the ways from x to y: add them up"),
        Item("block_backward.grads", 13, right_grads, "sum over every row and step"),
    ],
    public=[
        Item("block.worked_form", 4, worked_form),
        Item("block_backward.worked_slopes", 6, worked_slopes),
    ],
)
