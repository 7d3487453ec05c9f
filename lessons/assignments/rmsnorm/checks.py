"""The checks of rmsnorm. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close


def drawn(rng, *shape):
    """x, and a gain of both signs, away from 0."""
    g = rng.uniform(0.5, 1.5, shape[-1]) * rng.choice([-1.0, 1.0], shape[-1])
    return rng.standard_normal(shape), g


def cases(rng):
    """Arguments of the forward; the backward's are made from them. eps counts in each."""
    return {
        "rms_norm": [
            (*drawn(rng, 4, 3), 0.3),
            (*drawn(rng, 2, 3, 5), 0.1),
            (*drawn(rng, 1, 2), 1.0),
            (*drawn(rng, 4, 4), 0.2),
            (*drawn(rng, 1, 1, 3), 0.5),
        ]
    }


def large(rng):
    return {"rms_norm": (*drawn(rng, 2, 90_000), 0.1)}


# ---- held back ----


def scale_free(student, reference, rng):
    """Without eps, 100 x gives what x gives."""
    x, g = drawn(rng, 3, 4)
    y, _ = student.rms_norm(x, g, 0.0)
    more, _ = student.rms_norm(100 * x, g, 0.0)
    close(more, y, "y of 100 x with eps = 0, beside y of x,")


def not_centred(student, reference, rng):
    """Without eps, a row of equal numbers becomes the gain: its mean is not taken away."""
    _, g = drawn(rng, 2, 4)
    y, _ = student.rms_norm(np.array([[3.0] * 4, [0.5] * 4]), g, 0.0)
    close(y, [g, g], "y of rows of one number, with eps = 0,")


def zero_row(student, reference, rng):
    """eps keeps a row of zeros from being 0 / 0."""
    x, g = drawn(rng, 3, 4)
    x[1] = 0
    y, _ = student.rms_norm(x, g, 1e-6)
    close(y[1], np.zeros(4), "y of a row of zeros")


def positions(student, reference, rng):
    """A sequence (N, T, D) gives what its N T rows give."""
    x, g = drawn(rng, 2, 3, 4)
    y, _ = student.rms_norm(x, g, 0.2)
    rows, _ = student.rms_norm(x.reshape(6, 4), g, 0.2)
    close(y, np.reshape(rows, x.shape), "y of (2, 3, 4), beside y of its 6 rows,")


def perpendicular(student, reference, rng):
    """Without eps the length of x makes no difference: no slope along x itself."""
    x, g = drawn(rng, 3, 4)
    _, cache = reference.rms_norm(x, g, 0.0)
    dx, _ = student.rms_norm_backward(rng.standard_normal(x.shape), cache)
    along = (dx * x).sum(axis=-1)
    close(along, np.zeros(3), "Σ dx x in each row, with eps = 0,", atol=1e-9)


def positions_back(student, reference, rng):
    """The gradients of a sequence are those of its rows."""
    x, g = drawn(rng, 2, 3, 4)
    dy = rng.standard_normal(x.shape)
    dx, dg = student.rms_norm_backward(dy, reference.rms_norm(x, g, 0.2)[1])
    _, cache = reference.rms_norm(x.reshape(6, 4), g, 0.2)
    rows, gain = student.rms_norm_backward(dy.reshape(6, 4), cache)
    close(dx, np.reshape(rows, x.shape), "dx of (2, 3, 4), beside dx of its 6 rows,")
    close(dg, gain, "dg of (2, 3, 4), beside dg of its 6 rows,")


def shares_add_up(student, reference, rng):
    """dg of a batch is the sum of its rows' dg."""
    x, g = drawn(rng, 3, 4)
    dy, (_, r, _) = rng.standard_normal((3, 4)), reference.rms_norm(x, g, 0.2)[1]
    _, dg = student.rms_norm_backward(dy, (x, r, g))
    every = [
        student.rms_norm_backward(dy[i : i + 1], (x[i : i + 1], r[i : i + 1], g))[1]
        for i in range(3)
    ]
    close(dg, sum(every), "dg of a batch, beside the sum over its rows,")


# ---- public: the worked numbers of the handout ----

X, G = np.array([[3.0, 4.0], [4.0, -7.0]]), np.array([2.0, 1.0])
R = np.array([[1 / 4], [1 / 6]])  # for eps = 3.5


def worked_forward(student):
    y, _ = student.rms_norm(X, G, 3.5)
    close(y, [[1.5, 1.0], [4 / 3, -7 / 6]], "y")


def worked_backward(student):
    dx, dg = student.rms_norm_backward(np.array([[1.0, 0.0], [0.0, 6.0]]), (X, R, G))
    close(dx, [[23 / 64, -3 / 16], [7 / 18, 23 / 72]], "dx")
    close(dg, [0.75, -7.0], "dg")


ASSIGNMENT = Assignment(
    name="rmsnorm",
    title="RMSNorm: layer normalization without the mean",
    lesson="35_capacity",
    hours=3,
    blanks=[
        Blank(
            "rms_norm",
            outputs=("y", "cache"),
            points={"shape": 4, "value": 12, "cache": 4, "contract": 4},
            hints={"value": "no mean is taken away; eps stands under the root"},
        ),
        Blank(
            "rms_norm_backward",
            outputs=("dx", "dg"),
            of="rms_norm",
            points={"shape": 4, "dx": 16, "dg": 8, "contract": 4},
            hints={
                "dx": "xⱼ reaches yᵢ directly where i = j, and through r for every i",
                "dg": "g is used by every row and every position: add up",
            },
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("rms_norm.scale_free", 4, scale_free, "r goes with 1 / size of x: a root"),
        Item("rms_norm.not_centred", 3, not_centred),
        Item("rms_norm.zero_row", 4, zero_row, "add eps before you divide"),
        Item("rms_norm.positions", 4, positions, "the mean is over the last axis, axis=-1"),
        Item("rms_norm_backward.perpendicular", 4, perpendicular, "what comes back through r?"),
        Item("rms_norm_backward.positions", 4, positions_back, "dg has the shape (D,)"),
        Item("rms_norm_backward.shares_add_up", 3, shares_add_up, "a sum, not a mean"),
    ],
    public=[
        Item("rms_norm.worked", 5, worked_forward),
        Item("rms_norm_backward.worked", 5, worked_backward),
    ],
    stack=8,
)
