"""The checks of dense_rows. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close


def cases(rng):
    """Arguments of the forward; the backward's are made from them."""
    shapes = [(4, 3, 2), (1, 2, 5), (3, 4, 4)]  # N, D, M
    return {
        "dense": [
            (rng.standard_normal((N, D)), rng.standard_normal((M, D + 1))) for N, D, M in shapes
        ]
    }


def large(rng):
    return {"dense": (rng.standard_normal((2, 512)), rng.standard_normal((512, 513)))}


# ---- held back ----


def rows_alone(student, reference, rng):
    """A row of a batch gives what it gives alone."""
    x, W = rng.standard_normal((3, 4)), rng.standard_normal((2, 5))
    y, _ = student.dense(x, W)
    first, _ = student.dense(x[:1], W)
    close(first, y[:1], "y of a batch of one row")


def empty_batch(student, reference, rng):
    """No rows in, no rows out."""
    y, _ = student.dense(np.zeros((0, 3)), rng.standard_normal((2, 4)))
    close(y, np.zeros((0, 2)), "y of an empty batch")


def shares_add_up(student, reference, rng):
    """dW of a batch is the sum of its rows' dW."""
    dy, x1, W = (
        rng.standard_normal((3, 2)),
        rng.standard_normal((3, 5)),
        rng.standard_normal((2, 5)),
    )
    _, dW = student.dense_backward(dy, (x1, W))
    rows = [student.dense_backward(dy[i : i + 1], (x1[i : i + 1], W))[1] for i in range(3)]
    close(dW, sum(rows), "dW of a batch, beside the sum over its rows,")


# ---- public: the worked numbers of the handout ----

X = np.array([[1.0, 2.0], [0.0, -1.0]])
ROWS = np.array([[1.0, 0.0, 0.5], [2.0, -1.0, 0.0]])
X1 = np.array([[1.0, 2.0, 1.0], [0.0, -1.0, 1.0]])


def worked_forward(student):
    y, _ = student.dense(X, ROWS)
    close(y, [[1.5, 0.0], [0.5, 1.0]], "y")


def worked_backward(student):
    dx, dW = student.dense_backward(np.array([[1.0, 0.0], [2.0, 1.0]]), (X1, ROWS))
    close(dx, [[1.0, 0.0], [4.0, -1.0]], "dx")
    close(dW, [[1.0, 0.0, 3.0], [0.0, -1.0, 1.0]], "dW")


ASSIGNMENT = Assignment(
    name="dense_rows",
    title="Dense, stored by rows with its bias folded in",
    lesson="02_layer",
    hours=2,
    blanks=[
        Blank(
            "dense",
            outputs=("y", "cache"),
            points={"shape": 4, "value": 12, "cache": 4, "contract": 4},
            hints={"value": "the bias is the last column of W: it meets the column of ones"},
        ),
        Blank(
            "dense_backward",
            outputs=("dx", "dW"),
            of="dense",
            points={"shape": 4, "dx": 16, "dW": 16, "contract": 4},
            hints={
                "dx": "x has no share in the bias: leave W's last column out",
                "dW": "start from y = x1 Wᵀ for one row, then add up over the batch",
            },
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("dense.rows_alone", 4, rows_alone),
        Item("dense.empty_batch", 4, empty_batch, "take N from x; reshape(-1, …) cannot"),
        Item("dense_backward.shares_add_up", 8, shares_add_up),
    ],
    public=[
        Item("dense.worked", 5, worked_forward),
        Item("dense_backward.worked", 5, worked_backward),
    ],
    stack=10,
)
