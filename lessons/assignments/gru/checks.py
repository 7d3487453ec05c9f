"""The checks of gru. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite


def weights(rng, D, H):
    """W, U, b of a size that keeps the gates away from 0 and 1."""
    W = rng.standard_normal((D, 3 * H)) / np.sqrt(D)
    U = rng.standard_normal((H, 3 * H)) / np.sqrt(H)
    return W, U, 0.5 * rng.standard_normal(3 * H)


def step(rng, N, D, H):
    return rng.standard_normal((N, D)), rng.standard_normal((N, H)), *weights(rng, D, H)


def sequence(rng, N, T, D, H):
    return rng.standard_normal((N, T, D)), rng.standard_normal((N, H)), *weights(rng, D, H)


def cases(rng):
    """Arguments of the forwards; the backwards' are made from them."""
    return {
        "gru_step": [step(rng, 3, 4, 2), step(rng, 1, 2, 3), step(rng, 4, 3, 3)],
        "gru": [
            sequence(rng, 2, 5, 3, 2),
            sequence(rng, 1, 1, 2, 3),
            sequence(rng, 3, 4, 2, 2),
        ],
    }


def large(rng):
    return {"gru_step": step(rng, 2, 300, 160), "gru": sequence(rng, 1, 2, 300, 160)}


# ---- held back ----


def saturated(student, reference, rng):
    """Gates far from 0 shut without overflow."""
    x, h, W, U, b = step(rng, 3, 2, 2)
    h_new, _ = student.gru_step(1e4 * x, h, W, U, b)
    finite(h_new, "h_new for x near 10⁴")


def shut_gate_keeps(student, reference, rng):
    """With z = 1 the state stays as it is."""
    x, h, W, U, b = step(rng, 3, 2, 2)
    h_new, _ = student.gru_step(x, h, 0 * W, 0 * U, b * 0 + [50, 50, 0, 0, 0, 0])
    close(h_new, h, "h_new with the update gate z = 1")


def linear_in_dh(student, reference, rng):
    """Twice the upstream gradient, twice each gradient; none of it, none."""
    _, cache = reference.gru_step(*step(rng, 3, 2, 2))
    dh_new = rng.standard_normal((3, 2))
    once = student.gru_step_backward(dh_new, cache)
    twice = student.gru_step_backward(2 * dh_new, cache)
    for name, one, two in zip(("dx", "dh", "dW", "dU", "db"), once, twice):
        close(two, 2 * np.asarray(one), f"{name} for twice the upstream gradient")


def cut_in_two(student, reference, rng):
    """A sequence in two parts, the state handed on, gives what it gives in one."""
    x, h0, W, U, b = sequence(rng, 2, 5, 3, 2)
    y, _ = student.gru(x, h0, W, U, b)
    first, _ = student.gru(x[:, :2], h0, W, U, b)
    second, _ = student.gru(x[:, 2:], first[:, -1], W, U, b)
    close(np.concatenate([first, second], axis=1), y, "y of the two parts of a sequence")


def rows_alone(student, reference, rng):
    """A row of a batch gives what it gives alone."""
    x, h0, W, U, b = sequence(rng, 3, 4, 2, 2)
    y, _ = student.gru(x, h0, W, U, b)
    alone, _ = student.gru(x[1:2], h0[1:2], W, U, b)
    close(alone, y[1:2], "y of a batch of one row")


def only_the_last_step(student, reference, rng):
    """A gradient that comes in at the last step reaches the first, and h0."""
    x, h0, W, U, b = sequence(rng, 2, 4, 3, 2)
    y, cache = reference.gru(x, h0, W, U, b)
    dy = np.zeros_like(y)
    dy[:, -1] = 1
    want = reference.gru_backward(dy, cache)
    got = student.gru_backward(dy, cache)
    for name, g, w in zip(("dx", "dh0"), got, want):
        close(g, w, f"{name} where only the last step has an upstream gradient")


# ---- public: the worked numbers of the handout ----

X, H0 = np.array([[1.0, 2.0]]), np.array([[0.5, -1.0]])
EYE = np.eye(2)
W6 = np.hstack([0 * EYE, 0 * EYE, EYE])  # Wz = Wr = 0, Wn = I
U6 = np.hstack([0 * EYE, 0 * EYE, EYE])
B6 = np.array([np.log(3), np.log(3), 0, 0, 0, 0])  # z = ¾, r = ½
N6 = np.array([[0.848284, 0.905148]])


def worked_step(student):
    """z = ¾, r = ½, n = tanh(x + h/2)."""
    h_new, _ = student.gru_step(X, H0, W6, U6, B6)
    close(h_new, [[0.587071, -0.523713]], "h_new", rtol=1e-5)


def worked_step_backward(student):
    cache = (X, H0, np.full((1, 2), 0.75), np.full((1, 2), 0.5), N6, W6, U6)
    dx, dh, _, _, db = student.gru_step_backward(np.array([[1.0, 0.0]]), cache)
    close(dx, [[0.070104, 0.0]], "dx", rtol=1e-5)
    close(dh, [[0.785052, 0.0]], "dh", rtol=1e-5)
    close(db, [-0.065303, 0.0, 0.008763, 0.0, 0.070104, 0.0], "db", rtol=1e-4)


def worked_sequence(student):
    """Two steps of the numbers above, x the same in both."""
    y, _ = student.gru(np.stack([X, X], axis=1), H0, W6, U6, B6)
    close(y, [[[0.587071, -0.523713], [0.655316, -0.157782]]], "y", rtol=1e-5)


def worked_sequence_backward(student):
    """One step: what gru_step_backward gives."""
    cache = [(X, H0, np.full((1, 2), 0.75), np.full((1, 2), 0.5), N6, W6, U6)]
    dx, dh0, *_ = student.gru_backward(np.array([[[1.0, 0.0]]]), cache)
    close(dx, [[[0.070104, 0.0]]], "dx", rtol=1e-5)
    close(dh0, [[0.785052, 0.0]], "dh0", rtol=1e-5)


GRADIENTS = ("dx", "dh", "dW", "dU", "db")
ASSIGNMENT = Assignment(
    name="gru",
    title="A GRU by hand",
    lesson="23_lstm",
    hours=6,
    blanks=[
        Blank(
            "gru_step",
            outputs=("h_new", "cache"),
            points={"shape": 1, "value": 8, "cache": 2, "contract": 2},
            hints={"value": "r multiplies h before Un; z keeps the old state"},
        ),
        Blank(
            "gru_step_backward",
            outputs=GRADIENTS,
            of="gru_step",
            points={"shape": 1, "dx": 4, "dh": 8, "dW": 4, "dU": 6, "db": 2, "contract": 2},
            hints={
                "dh": "h goes three ways: through z h, through r h, and into both gates",
                "dU": "the columns of n multiply r h, not h",
            },
        ),
        Blank(
            "gru",
            outputs=("y", "cache"),
            points={"shape": 1, "value": 6, "cache": 1, "contract": 2},
        ),
        Blank(
            "gru_backward",
            outputs=("dx", "dh0", "dW", "dU", "db"),
            of="gru",
            points={"shape": 1, "dx": 4, "dh0": 3, "dW": 3, "dU": 3, "db": 2, "contract": 2},
            hints={"dx": "a state is read twice: by y, and by the next step"},
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("gru_step.saturated", 2, saturated, "exp of a large number: use sigmoid"),
        Item("gru_step.shut_gate", 3, shut_gate_keeps),
        Item("gru_step_backward.linear", 2, linear_in_dh),
        Item("gru.cut_in_two", 3, cut_in_two, "each step starts from the state before it"),
        Item("gru.rows_alone", 2, rows_alone),
        Item("gru_backward.last_step", 3, only_the_last_step, "hand dh on to the step before"),
    ],
    public=[
        Item("gru_step.worked", 3, worked_step),
        Item("gru_step_backward.worked", 3, worked_step_backward),
        Item("gru.worked", 2, worked_sequence),
        Item("gru_backward.worked", 2, worked_sequence_backward),
    ],
    stack=7,
)
