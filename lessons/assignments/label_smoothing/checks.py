"""The checks of label_smoothing. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite, require


def case(rng, *shape, ignored=()):
    """Logits, ids, α, ignore_index; `ignored` rows have the id −1."""
    *rows, C = shape
    ids = rng.integers(0, C, rows)
    ids.flat[list(ignored)] = -1
    return rng.standard_normal(shape), ids, float(rng.uniform(0.1, 0.5)), -1


def cases(rng):
    """Arguments of the forwards; the backward's are made from them. All rows count here."""
    every = [case(rng, 4, 3), case(rng, 1, 5), case(rng, 2, 3, 4), case(rng, 3, 3)]
    return {
        "smooth_targets": [(ids, z.shape[-1], alpha, no) for z, ids, alpha, no in every],
        "cross_entropy": every,
    }


def large(rng):
    return {"cross_entropy": case(rng, 1, 200_000)}


# ---- held back ----


def rows_sum_to_one(student, reference, rng):
    """What the class gives away, the others get: for any α and C."""
    ids = rng.permutation([0, 1, 4, 2, 3, 0])
    for alpha in (0.0, 0.3, 1.0):
        t = student.smooth_targets(ids, 5, alpha, -1)
        close(np.sum(t, axis=-1), np.ones(6), f"the sum of each row of t, α = {alpha},")


def all_given_away(student, reference, rng):
    """α = 1: the class itself gets nothing, so each other class gets 1/(C − 1)."""
    t = student.smooth_targets(np.array([0, 2, 3]), 4, 1.0, -1)
    others = np.arange(4) != np.array([[0], [2], [3]])
    close(t, others / 3, "t for α = 1")


def strange_ids(student, reference, rng):
    """−1, 255 and −100 to be ignored, and a padding id 0 as well."""
    ids, alpha = np.array([2, 1, 3, 1]), 0.3
    t = np.array(student.smooth_targets(ids, 4, alpha, -1), dtype=float)
    t[[1, 3]] = 0.0
    for no in (-1, 255, -100, 0):
        some = np.where(ids == 1, no, ids)
        got = student.smooth_targets(some, 4, alpha, no)
        close(got, t, f"t with two ids {no} to ignore")


def far_logits(student, reference, rng):
    """Rows moved by ±10⁴ have the loss that they had."""
    z, ids, alpha, no = case(rng, 3, 4)
    once, _ = student.cross_entropy(z, ids, alpha, no)
    moved, _ = student.cross_entropy(z + [[1e4], [-1e4], [0.0]], ids, alpha, no)
    finite(moved, "L of logits near ±10⁴")
    close(moved, once, "L of logits moved by 10⁴, −10⁴ and 0")


def hopeless_class(student, reference, rng):
    """A logit 2000 below: each further 1000 costs as much as the first."""
    z, ids = np.zeros((3, 1, 3)), np.array([0])
    z[:, 0, 2] = -2000.0, -3000.0, -4000.0
    near, far, farther = (student.cross_entropy(row, ids, 0.2, -1)[0] for row in z)
    finite((near, far, farther), "L with a logit 2000 or more below the largest")
    gap = np.subtract(far, near)
    require(np.any(np.abs(gap) > 1e-6), "L does not see a logit go from −2000 to −3000")
    close(np.subtract(farther, far), gap, "what a further 1000 costs, beside the first 1000,")


def ignored_rows(student, reference, rng):
    """Rows to ignore give the loss that there is without them."""
    z, ids, alpha, no = case(rng, 5, 4, ignored=(1, 4))
    loss, _ = student.cross_entropy(z, ids, alpha, no)
    without, _ = student.cross_entropy(z[[0, 2, 3]], ids[[0, 2, 3]], alpha, no)
    close(loss, without, "L with two rows to ignore, beside L without the rows,")


def nothing_left(student, reference, rng):
    """All rows ignored, or no rows: the loss is 0."""
    z, ids, alpha, no = case(rng, 2, 3, ignored=(0, 1))
    close(student.cross_entropy(z, ids, alpha, no)[0], 0.0, "L with all rows ignored")
    close(student.cross_entropy(z[:0], ids[:0], alpha, no)[0], 0.0, "L of no rows")


def ignored_back(student, reference, rng):
    """Rows that are ignored have no gradient."""
    args = case(rng, 5, 4, ignored=(1, 4))
    dz = np.array(student.cross_entropy_backward(reference.cross_entropy(*args)[1]))
    close(dz[[1, 4]], np.zeros((2, 4)), "dz of two ignored rows")


def nothing_left_back(student, reference, rng):
    """All rows ignored: t and n are 0, and so is dz."""
    _, cache = reference.cross_entropy(*case(rng, 2, 3, ignored=(0, 1)))
    close(student.cross_entropy_backward(cache), np.zeros((2, 3)), "dz with all rows ignored")


def at_rest(student, reference, rng):
    """Where p is t already, nothing pulls."""
    t = reference.smooth_targets(rng.integers(0, 4, 3), 4, 0.3, -1)
    dz = student.cross_entropy_backward((t.copy(), t, 3))
    close(dz, np.zeros((3, 4)), "dz where p = t", atol=1e-12)


# ---- public: the worked numbers of the handout ----

Z = np.log([[1.0, 2.0, 1.0], [3.0, 1.0, 1.0]])
T = np.array([[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
P = np.array([[0.25, 0.5, 0.25], [0.6, 0.2, 0.2]])


def worked_targets(student):
    t = student.smooth_targets(np.array([1, 0]), 3, 0.2, -1)
    close(t, T, "t")


def worked_loss(student):
    """Both rows; then the second ignored."""
    both, _ = student.cross_entropy(Z, np.array([1, 0]), 0.2, -1)
    close(both, 0.781162, "L", rtol=1e-5)


def worked_ignored(student):
    one, _ = student.cross_entropy(Z, np.array([1, -1]), 0.2, -1)
    close(one, 0.831777, "L, the second row ignored,", rtol=1e-5)


def worked_backward(student):
    dz = student.cross_entropy_backward((P, T, 2))
    close(dz, [[0.075, -0.15, 0.075], [-0.1, 0.05, 0.05]], "dz")


ASSIGNMENT = Assignment(
    name="label_smoothing",
    title="Label smoothing over the other classes",
    lesson="05_cross_entropy",
    hours=2,
    blanks=[
        Blank(
            "smooth_targets",
            outputs=("t",),
            points={"shape": 2, "value": 10, "contract": 2},
            hints={"value": "α goes to C − 1 classes; the class itself gets none of it"},
        ),
        Blank(
            "cross_entropy",
            outputs=("L", "cache"),
            points={"shape": 2, "value": 10, "cache": 4, "contract": 3},
            hints={"value": "every class of a row has its share of the loss now"},
        ),
        Blank(
            "cross_entropy_backward",
            outputs=("dz",),
            of="cross_entropy",
            points={"shape": 2, "dz": 14, "contract": 3},
            hints={"dz": "start from L = Σ t (lse(z) − z) / n, lse(z) = ln Σ exp z"},
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("smooth_targets.rows_sum_to_one", 3, rows_sum_to_one),
        Item("smooth_targets.all_given_away", 3, all_given_away),
        Item("smooth_targets.strange_ids", 4, strange_ids, "an id −1 is Python's last column"),
        Item("cross_entropy.far_logits", 4, far_logits, "subtract each row's own maximum"),
        Item("cross_entropy.hopeless_class", 3, hopeless_class, "take no log of a probability"),
        Item("cross_entropy.ignored_rows", 4, ignored_rows, "they do not count in n either"),
        Item("cross_entropy.nothing_left", 2, nothing_left, "0/0: what is n?"),
        Item("cross_entropy_backward.ignored_rows", 4, ignored_back, "their t adds up to 0"),
        Item("cross_entropy_backward.nothing_left", 2, nothing_left_back, "0/0: what is n?"),
        Item("cross_entropy_backward.at_rest", 2, at_rest),
    ],
    public=[
        Item("smooth_targets.worked", 3, worked_targets),
        Item("cross_entropy.worked", 2, worked_loss),
        Item("cross_entropy.worked_ignored", 2, worked_ignored),
        Item("cross_entropy_backward.worked", 3, worked_backward),
    ],
    stack=7,
)
