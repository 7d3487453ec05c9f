"""The checks of multi_query. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite

MASK = np.array([[True, True, False, False], [True, False, True, True]])
GRADIENTS = ("dx", "dWq", "dWk", "dWv", "dWo")


def drawn(rng, N, T, D, H, K, V):
    """x, Wq, Wk, Wv, Wo of a size that keeps every weight of the softmax well above 0."""
    return (
        rng.standard_normal((N, T, D)),
        rng.standard_normal((D, H, K)) / np.sqrt(D),
        rng.standard_normal((D, K)) / np.sqrt(D),
        rng.standard_normal((D, V)) / np.sqrt(D),
        rng.standard_normal((H, V, D)) / np.sqrt(H * V),
    )


def cases(rng):
    """Arguments of the forward; the backward's are made from them."""
    square = np.tri(4, dtype=bool)[[3, 2, 1, 3]]  # the last steps hidden, in two of four rows
    return {
        "multi_query": [
            (*drawn(rng, 2, 4, 3, 2, 2, 5), MASK, False),
            (*drawn(rng, 2, 4, 5, 3, 4, 2), None, True),
            (*drawn(rng, 1, 1, 2, 3, 2, 2), None, False),
            (*drawn(rng, 4, 4, 4, 4, 4, 4), square, True),
        ]
    }


def large(rng):
    return {"multi_query": (*drawn(rng, 1, 3, 400, 4, 50, 50), None, True)}


def single_heads(args):
    """The arguments with one head each."""
    x, Wq, Wk, Wv, Wo, *rest = args
    return [(x, Wq[:, [h]], Wk, Wv, Wo[[h]], *rest) for h in range(len(Wo))]


# ---- held back ----


def hidden_steps(student, reference, rng):
    """What stands at a hidden step makes no difference to the others."""
    x, *weights = drawn(rng, 2, 4, 3, 2, 2, 2)
    y, _ = student.multi_query(x, *weights, MASK, False)
    other = np.where(MASK[:, :, None], x, rng.standard_normal(x.shape))
    changed, _ = student.multi_query(other, *weights, MASK, False)
    what = "y at the visible steps, with other numbers at the hidden ones,"
    close(np.asarray(changed)[MASK], np.asarray(y)[MASK], what)


def later_steps(student, reference, rng):
    """With causal, the steps after a query make no difference to it."""
    x, *weights = drawn(rng, 2, 5, 3, 2, 2, 2)
    y, _ = student.multi_query(x, *weights, None, True)
    other = x.copy()
    other[:, 2:] = rng.standard_normal((2, 3, 3))
    changed, _ = student.multi_query(other, *weights, None, True)
    close(changed[:, :2], y[:, :2], "y[:, :2] of a causal block, with other steps later,")


def nothing_to_see(student, reference, rng):
    """A query that sees nothing gets 0: a batch row of padding, a first step that is hidden."""
    args = drawn(rng, 3, 3, 2, 2, 2, 2)
    mask = np.array([[False] * 3, [True] * 3, [False, True, True]])
    y, _ = student.multi_query(*args, mask, True)
    finite(y, "y where some queries see nothing")
    close(y[0], np.zeros((3, 2)), "y of a row whose mask hides everything")
    close(y[2, 0], np.zeros(2), "y of a causal query with only hidden steps before it")


def large_scores(student, reference, rng):
    """Scores near 10⁴ are no overflow."""
    x, *weights = drawn(rng, 2, 4, 3, 2, 2, 2)
    y, _ = student.multi_query(100 * x, *weights, MASK, True)
    finite(y, "y of x near 100")


def heads_add_up(student, reference, rng):
    """H heads give the sum of what each gives alone: they share k and v, and nothing else."""
    args = (*drawn(rng, 2, 3, 4, 3, 2, 2), None, False)
    y, _ = student.multi_query(*args)
    alone = [student.multi_query(*one)[0] for one in single_heads(args)]
    close(y, sum(alone), "y of three heads, beside the sum over single heads,")


def hidden_gradient(student, reference, rng):
    """Where nothing comes in and nobody looks, no gradient arrives."""
    x, *weights = drawn(rng, 2, 4, 3, 2, 2, 2)
    _, cache = reference.multi_query(x, *weights, MASK, False)
    dy = rng.standard_normal(x.shape) * MASK[:, :, None]
    dx, *_ = student.multi_query_backward(dy, cache)
    what = "dx at the hidden steps, with dy = 0 there,"
    close(np.asarray(dx)[~MASK], np.zeros((3, 3)), what, atol=1e-12)


def shares_of_heads(student, reference, rng):
    """dx, dWk and dWv are the sums of what the heads give alone."""
    args = (*drawn(rng, 2, 3, 4, 3, 2, 2), None, True)
    dy = rng.standard_normal((2, 3, 4))
    got = student.multi_query_backward(dy, reference.multi_query(*args)[1])
    alone = [
        student.multi_query_backward(dy, reference.multi_query(*one)[1])
        for one in single_heads(args)
    ]
    for i in (0, 2, 3):
        total = sum(np.asarray(grads[i]) for grads in alone)
        close(
            got[i], total, f"{GRADIENTS[i]} of three heads, beside the sum over single heads,"
        )


# ---- public: the worked numbers of the handout ----

LN3 = np.log(3)
X = np.eye(2)[None]  # one sequence of two steps: x Wk = Wk
WQ = np.array([[[1.0], [0.0]], [[0.0], [-1.0]]])  # q of head 0: [1, 0]; of head 1: [0, -1]
WK, WV = np.array([[0.0], [LN3]]), np.array([[4.0], [8.0]])
WO = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])  # head 0 writes feature 0, head 1 feature 1
Q = np.array([[[[1.0], [0.0]], [[0.0], [-1.0]]]])
W4 = np.array([[[[0.25, 0.75], [0.5, 0.5]], [[0.5, 0.5], [0.75, 0.25]]]])
O4 = np.array([[[[7.0], [6.0]], [[6.0], [5.0]]]])
NUMBERS = (X, WQ, WK, WV, WO, Q, WK[None], WV[None], W4, O4)


def worked(student):
    y, _ = student.multi_query(X, WQ, WK, WV, WO, None, False)
    close(y, [[[7.0, 6.0], [6.0, 5.0]]], "y")


def worked_causal(student):
    y, _ = student.multi_query(X, WQ, WK, WV, WO, None, True)
    close(y, [[[4.0, 4.0], [6.0, 5.0]]], "y of causal")


def worked_backward(student):
    dy = np.array([[[1.0, 0.0], [0.0, 2.0]]])
    dx, dWq, dWk, dWv, dWo = student.multi_query_backward(dy, NUMBERS)
    close(dWv, [[1.75], [1.25]], "dWv")
    close(dWk, [[0.75], [-0.75]], "dWk")
    close(dWq, [[[0.75 * LN3], [0.0]], [[0.0], [1.5 * LN3]]], "dWq")
    close(dWo, [[[7.0, 12.0]], [[6.0, 10.0]]], "dWo")
    close(dx, [[[7 + 0.75 * LN3, 14 + 0.75 * LN3], [5, 10 - 2.25 * LN3]]], "dx")


ASSIGNMENT = Assignment(
    name="multi_query",
    title="Multi-query attention: one key and value for all heads",
    lesson="31_heads",
    hours=6,
    blanks=[
        Blank(
            "multi_query",
            outputs=("y", "cache"),
            points={"shape": 2, "value": 10, "cache": 3, "contract": 2},
            hints={"value": "divide by √K of the keys; the mask hides keys, not queries"},
        ),
        Blank(
            "multi_query_backward",
            outputs=GRADIENTS,
            of="multi_query",
            points={
                "shape": 2, "dx": 8, "dWq": 7, "dWk": 9, "dWv": 7, "dWo": 5, "contract": 2,
            },
            hints={
                "dx": "x goes three ways: into q, k and v",
                "dWk": "all heads look at the one k: add their gradients up before Wk",
                "dWv": "all heads look at the one v: add their gradients up before Wv",
                "dWq": "the slope of a softmax: w (dw − Σ w dw), row by row; and √K",
            },
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("multi_query.hidden_steps", 4, hidden_steps, "the mask hides keys: its last axis"),
        Item("multi_query.later_steps", 4, later_steps, "np.tri: a query sees key ≤ query"),
        Item("multi_query.nothing_to_see", 4, nothing_to_see, "its w is 0: no 0/0, no mean"),
        Item("multi_query.large_scores", 2, large_scores, "take the row's maximum off first"),
        Item("multi_query.heads_add_up", 3, heads_add_up),
        Item("multi_query_backward.hidden_gradient", 4, hidden_gradient),
        Item("multi_query_backward.heads_add_up", 4, shares_of_heads, "a sum over heads"),
    ],
    public=[
        Item("multi_query.worked", 4, worked),
        Item("multi_query.worked_causal", 2, worked_causal),
        Item("multi_query_backward.worked", 5, worked_backward),
    ],
    stack=7,
)  # fmt: skip
