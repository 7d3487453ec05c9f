"""The checks of nll. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite, require


def rows(rng, N, C):
    """Log-probabilities, ids, weights."""
    y = np.log(rng.dirichlet(np.ones(C), N))
    return y, rng.integers(0, C, N), rng.uniform(0.5, 2.0, C)


def cases(rng):
    """Arguments of the forwards; the backwards' are made from them."""
    return {
        "log_softmax": [
            (rng.standard_normal(shape),) for shape in [(4, 3), (1, 5), (2, 3, 4), (3, 3)]
        ],
        "nll": [rows(rng, 5, 3), rows(rng, 1, 4), rows(rng, 4, 4)],
    }


def large(rng):
    return {"log_softmax": (rng.standard_normal((1, 200_000)),)}


# ---- held back ----


def far_from_zero(student, reference, rng):
    """Rows moved by ±10⁴, each another way, have the y that they had."""
    z = rng.standard_normal((4, 3))
    y, _ = student.log_softmax(z)
    moved, _ = student.log_softmax(z + np.array([[0.0], [1e4], [-1e4], [5e3]]))
    finite(moved, "y of rows near ±10⁴")
    close(moved, y, "y of rows moved by 10⁴, −10⁴ and 5000")


def hopeless_class(student, reference, rng):
    """A logit 1000 below the largest has y near −1000, not −∞."""
    z = rng.standard_normal((2, 3)) + [0.0, -1000.0, -1000.0]
    y, _ = student.log_softmax(z)
    finite(y, "y of logits 1000 below the largest")
    close(
        np.asarray(y)[:, 1] - np.asarray(y)[:, 2], z[:, 1] - z[:, 2], "y₁ − y₂, beside z₁ − z₂,"
    )


def ruled_out(student, reference, rng):
    """A logit −∞ has y = −∞; the others' y is that of a row without it."""
    z = rng.standard_normal((2, 4))
    short, _ = student.log_softmax(z[:, 1:])
    z[:, 0] = -np.inf
    y, _ = student.log_softmax(z)
    require((np.asarray(y)[:, 0] == -np.inf).all(), "y is not −∞ where z is −∞")
    close(np.asarray(y)[:, 1:], short, "y of the other classes, one of them at −∞,")


def rows_sum_to_zero(student, reference, rng):
    """To add one number to a row's logits changes nothing: its dz adds up to 0."""
    _, p = reference.log_softmax(rng.standard_normal((3, 4)))
    dz = student.log_softmax_backward(rng.standard_normal((3, 4)), p)
    close(np.sum(dz, axis=-1), np.zeros(3), "the sum of each row of dz", atol=1e-12)


def balanced_passes(student, reference, rng):
    """A dy that adds up to 0 in every row passes as it is."""
    _, p = reference.log_softmax(rng.standard_normal((3, 4)))
    dy = rng.standard_normal((3, 4))
    dy -= dy.mean(axis=-1, keepdims=True)
    close(student.log_softmax_backward(dy, p), dy, "dz for a dy whose rows add up to 0")


def only_ratios_count(student, reference, rng):
    """Three times the weights, the same loss."""
    y, ids, w = rows(rng, 5, 3)
    once, _ = student.nll(y, ids, w)
    close(student.nll(y, ids, 3 * w)[0], once, "L for three times the weights")


def weight_zero(student, reference, rng):
    """Rows of a class of weight 0 count nothing, even at y = −∞."""
    y, _, w = rows(rng, 5, 3)
    ids, w[1] = np.array([0, 1, 2, 1, 0]), 0.0
    without, _ = student.nll(y[[0, 2, 4]], ids[[0, 2, 4]], w)
    y[[1, 3], 1] = -np.inf
    loss, _ = student.nll(y, ids, w)
    finite(loss, "L with y = −∞ in rows of weight 0")
    close(loss, without, "L with two rows of weight 0, beside L without them,")


def nothing_counts(student, reference, rng):
    """No weight at all, or no rows: the loss is 0."""
    y, ids, w = rows(rng, 4, 3)
    close(student.nll(y, ids, 0 * w)[0], 0.0, "L where every weight is 0")
    close(student.nll(y[:0], ids[:0], w)[0], 0.0, "L of no rows")


def one_entry_a_row(student, reference, rng):
    """Each row of dy has one number, in the column of its id, and all add up to −1."""
    y, _, w = rows(rng, 5, 3)
    ids = np.array([2, 0, 2, 1, 0])
    dy = student.nll_backward(reference.nll(y, ids, w)[1])
    close(np.not_equal(dy, 0), np.arange(3) == ids[:, None], "where dy is not 0 (1: not 0)")
    close(np.sum(dy), -1.0, "the sum of dy")


# ---- public: the worked numbers of the handout ----

Z = np.log([[1.0, 3.0], [2.0, 1.0]])
P = np.array([[1 / 4, 3 / 4], [2 / 3, 1 / 3]])
IDS = np.array([1, 0])


def worked_log_softmax(student):
    """ln of ¼, ¾, ⅔, ⅓."""
    y, _ = student.log_softmax(Z)
    close(y, [[-1.386294, -0.287682], [-0.405465, -1.098612]], "y", rtol=1e-5)


def worked_log_softmax_backward(student):
    dz = student.log_softmax_backward(np.array([[1.0, 1.0], [3.0, 0.0]]), P)
    close(dz, [[0.5, -0.5], [1.0, -1.0]], "dz")


def worked_nll(student):
    """¾ ln(4/3) + ¼ ln(3/2)."""
    loss, _ = student.nll(np.log(P), IDS, np.array([1.0, 3.0]))
    close(loss, 0.317128, "L", rtol=1e-5)


def worked_nll_backward(student):
    dy = student.nll_backward((np.array([3 / 4, 1 / 4]), IDS, 2))
    close(dy, [[0.0, -0.75], [-0.25, 0.0]], "dy")


ASSIGNMENT = Assignment(
    name="nll",
    title="Log-softmax and the weighted negative log-likelihood",
    lesson="19_softmax",
    hours=3,
    blanks=[
        Blank(
            "log_softmax",
            outputs=("y", "cache"),
            points={"shape": 2, "value": 8, "cache": 3, "contract": 2},
            hints={"value": "ln of a quotient is a difference: no quotient is needed"},
        ),
        Blank(
            "log_softmax_backward",
            outputs=("dz",),
            of="log_softmax",
            points={"shape": 2, "dz": 12, "contract": 2},
            hints={"dz": "every zⱼ touches every yₖ of its row: add over k, whatever dy is"},
        ),
        Blank(
            "nll",
            outputs=("L", "cache"),
            points={"shape": 2, "value": 8, "cache": 4, "contract": 2},
            hints={"value": "divide by the weights of the rows there are, not by N"},
        ),
        Blank(
            "nll_backward",
            outputs=("dy",),
            of="nll",
            points={"shape": 2, "dy": 8, "contract": 2},
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("log_softmax.far_from_zero", 4, far_from_zero, "subtract each row's own maximum"),
        Item("log_softmax.hopeless_class", 3, hopeless_class, "take no log of a probability"),
        Item("log_softmax.ruled_out", 3, ruled_out),
        Item("log_softmax_backward.rows_sum_to_zero", 3, rows_sum_to_zero),
        Item(
            "log_softmax_backward.balanced_passes",
            2,
            balanced_passes,
            "this is not softmax's Jacobian, nor p − t",
        ),
        Item("nll.only_ratios_count", 2, only_ratios_count, "divide by the sum of the weights"),
        Item("nll.weight_zero", 3, weight_zero, "0 · ∞ is NaN: leave such rows out"),
        Item("nll.nothing_counts", 3, nothing_counts, "0/0: ask for Σ w > 0 first"),
        Item("nll_backward.one_entry_a_row", 3, one_entry_a_row),
    ],
    public=[
        Item("log_softmax.worked", 2, worked_log_softmax),
        Item("log_softmax_backward.worked", 2, worked_log_softmax_backward),
        Item("nll.worked", 2, worked_nll),
        Item("nll_backward.worked", 2, worked_nll_backward),
    ],
    stack=7,
)
