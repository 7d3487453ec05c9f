"""The checks of huber. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite


def case(rng, N, D):
    """Errors of both signs, below δ and beyond in turn, two of them by a hair; shuffled."""
    delta, i = float(rng.uniform(0.5, 2.0)), np.arange(N * D)
    size = np.where(i % 2, rng.uniform(1.1, 3.0, N * D), rng.uniform(0.1, 0.9, N * D))
    size[:2] = 1 - 1e-7, 1 + 1e-7  # no difference quotient gets these slopes right
    e = delta * rng.permutation(size * np.where(i % 4 < 2, 1, -1)).reshape(N, D)
    y_true = rng.standard_normal((N, D))
    return y_true, y_true + e, delta


def cases(rng):
    """Arguments of the forward; the backward's are made from them."""
    return {"huber": [case(rng, 4, 3), case(rng, 1, 5), case(rng, 3, 3)]}


def large(rng):
    return {"huber": case(rng, 2, 100_000)}


# ---- held back ----


def joined(student, reference, rng):
    """The two branches meet at |e| = δ: no step there."""
    delta = float(rng.uniform(0.5, 2.0))
    zero, at = np.zeros((1, 2)), np.array([[delta, -delta]])
    below, _ = student.huber(zero, at * (1 - 1e-12), delta)
    beyond, _ = student.huber(zero, at * (1 + 1e-12), delta)
    close(beyond, below, "L just beyond |e| = δ, beside L just below it,")


def one_unit_for_all(student, reference, rng):
    """Metres or centimetres: everything times c, the loss times c²."""
    y_true, y_pred, delta = case(rng, 3, 4)
    metres, _ = student.huber(y_true, y_pred, delta)
    centimetres, _ = student.huber(100 * y_true, 100 * y_pred, 100 * delta)
    close(centimetres, 1e4 * metres, "L for 100 times the targets, predictions and δ,")


def missing(student, reference, rng):
    """Missing targets give the loss that there is without them."""
    y_true, y_pred, delta = case(rng, 4, 3)
    without, _ = student.huber(y_true[1:3], y_pred[1:3], delta)
    y_true[[0, 3]] = np.nan
    loss, _ = student.huber(y_true, y_pred, delta)
    close(loss, without, "L with two rows of missing targets, beside L without the rows,")


def missing_cache(student, reference, rng):
    """Scattered missing targets: e is 0 there, n counts the others."""
    y_true, y_pred, delta = case(rng, 4, 3)
    y_true[0, 1] = y_true[2, 2] = y_true[3, 0] = np.nan
    _, cache = student.huber(y_true, y_pred, delta)
    _, (e, n, _) = reference.huber(y_true, y_pred, delta)
    close(cache[0], e, "e in the cache, with 3 of 12 targets missing,")
    close(cache[1], n, "n in the cache, with 3 of 12 targets missing,")


def none_left(student, reference, rng):
    """No target at all: the loss is 0."""
    y_true, y_pred, delta = case(rng, 2, 3)
    close(student.huber(y_true + np.nan, y_pred, delta)[0], 0.0, "L with every target missing")
    close(student.huber(y_true[:0], y_pred[:0], delta)[0], 0.0, "L of no rows")


def wild_errors(student, reference, rng):
    """An error of 10²⁰⁰ gives a finite loss: twice the error, twice the loss."""
    zero, wild = np.zeros((1, 2)), np.array([[1e200, -3e200]])
    once, _ = student.huber(zero, wild, 1.0)
    finite(once, "L of errors near 10²⁰⁰")
    close(student.huber(zero, 2 * wild, 1.0)[0], 2 * np.asarray(once), "L of twice the errors")


def near_the_bend(student, reference, rng):
    """A hair below δ and a hair beyond: the slope is exact on both sides."""
    delta = float(rng.uniform(0.5, 2.0))
    e = delta * np.array([[1 - 1e-7, 1.0, 1 + 1e-7], [-1 + 1e-7, -1.0, -1 - 1e-7]])
    dy_pred, _ = student.huber_backward((e, 6, delta))
    want, _ = reference.huber_backward((e, 6, delta))
    close(dy_pred, want, "dy_pred for |e| within 10⁻⁷ of δ", rtol=1e-12)


def missing_back(student, reference, rng):
    """e = 0 and n = 0, as the cache has them: the gradients are 0."""
    dy_pred, ddelta = student.huber_backward((np.zeros((2, 3)), 0, 1.5))
    close(dy_pred, np.zeros((2, 3)), "dy_pred with every target missing")
    close(ddelta, 0.0, "ddelta with every target missing")


def euler(student, reference, rng):
    """L grows like c² with its unit, so Σ e dy_pred + δ ddelta = 2 L."""
    args = case(rng, 3, 4)
    L, (e, n, delta) = reference.huber(*args)
    dy_pred, ddelta = student.huber_backward((e, n, delta))
    close(np.sum(e * dy_pred) + delta * ddelta, 2 * L, "Σ e dy_pred + δ ddelta, beside 2 L,")


# ---- public: the worked numbers of the handout ----

Y_TRUE = np.array([[1.0, 2.0], [0.0, np.nan]])
Y_PRED = np.array([[2.0, -3.0], [2.0, 9.0]])


def worked_forward(student):
    """½, 2 (5 − 1) and 2, over 3 targets."""
    loss, _ = student.huber(Y_TRUE, Y_PRED, 2.0)
    close(loss, 3.5, "L")


def worked_backward(student):
    dy_pred, ddelta = student.huber_backward((np.array([[1.0, -5.0], [2.0, 0.0]]), 3, 2.0))
    close(dy_pred, [[1 / 3, -2 / 3], [2 / 3, 0.0]], "dy_pred")
    close(ddelta, 1.0, "ddelta")


ASSIGNMENT = Assignment(
    name="huber",
    title="The Huber loss, with missing targets",
    lesson="04_squared_errors",
    hours=2,
    blanks=[
        Blank(
            "huber",
            outputs=("L", "cache"),
            points={"shape": 2, "value": 12, "cache": 5, "contract": 3},
            hints={"value": "the mean is over all targets that are there, not over rows"},
        ),
        Blank(
            "huber_backward",
            outputs=("dy_pred", "ddelta"),
            of="huber",
            points={"shape": 2, "dy_pred": 14, "ddelta": 9, "contract": 3},
            hints={
                "dy_pred": "differentiate each branch; L is a mean, so 1/n stays",
                "ddelta": "below δ the loss does not know δ; beyond, δ stands in it twice",
            },
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("huber.joined", 4, joined, "put e = δ into both branches: they must agree"),
        Item("huber.one_unit_for_all", 3, one_unit_for_all, "every term needs two lengths"),
        Item("huber.missing", 4, missing, "0 · NaN is NaN: choose, do not multiply"),
        Item("huber.missing_cache", 3, missing_cache),
        Item("huber.none_left", 3, none_left, "0/0: what is n?"),
        Item("huber.wild_errors", 4, wild_errors, "e² overflows where it is not wanted either"),
        Item("huber_backward.near_the_bend", 4, near_the_bend, "derive it: no differences"),
        Item("huber_backward.none_left", 3, missing_back, "0/0: what is n?"),
        Item("huber_backward.euler", 4, euler),
    ],
    public=[
        Item("huber.worked", 5, worked_forward),
        Item("huber_backward.worked", 5, worked_backward),
    ],
    stack=8,
)
