"""The checks of dilated_conv. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite, require

SHAPES = [  # N, C, T, F, K, dilation
    (2, 3, 7, 4, 3, 2),
    (1, 2, 1, 3, 1, 1),  # one step
    (3, 2, 5, 2, 2, 3),
]


def conv(rng, N, C, T, F, K, dilation):
    x, W = rng.standard_normal((N, C, T)), rng.standard_normal((F, C, K))
    return x, W, rng.standard_normal(F), dilation


def cases(rng):
    """Delays and reaches shorter than x."""
    shifts = [((2, 3, 6), 2), ((1, 2, 1), 0), ((3, 3, 3), 1)]
    return {
        "delay": [(rng.standard_normal(shape), s) for shape, s in shifts],
        "delay_backward": [(rng.standard_normal(shape), s) for shape, s in shifts],
        "dilated_conv": [conv(rng, *shape) for shape in SHAPES],
    }


def large(rng):
    return {"dilated_conv": conv(rng, 1, 250, 8, 260, 3, 2)}


# ---- held back ----


def delay_longer(student, reference, rng):
    """Later than the end of x there is nothing left of it; 0 steps later it is x."""
    beyond(student.delay, rng, "y")


def delay_back_longer(student, reference, rng):
    beyond(student.delay_backward, rng, "dx")


def beyond(function, rng, what):
    x = rng.standard_normal((2, 2, 4))
    close(function(x, 0), x, f"{what} for s = 0")
    for s in (4, 6):
        close(function(x, s), np.zeros((2, 2, 4)), f"{what} for T = 4 and s = {s}")


def delay_in_two(student, reference, rng):
    """Twice two steps later is four steps later."""
    x = rng.standard_normal((1, 2, 7))
    twice = student.delay(student.delay(x, 1), 3)
    close(twice, student.delay(x, 4), "x delayed by 1, then by 3, beside x delayed by 4,")


def delay_back_alone(student, reference, rng):
    """Sequences and channels do not mix."""
    dy = rng.standard_normal((3, 2, 5))
    dx = student.delay_backward(dy, 2)
    alone = student.delay_backward(dy[1:2, :1], 2)
    close(alone, dx[1:2, :1], "dx of one channel of one sequence, without the others,")


def causal(student, reference, rng):
    """Another future changes nothing before it; and the present does count."""
    x, W, b, d = conv(rng, 2, 3, 8, 2, 3, 2)
    y, _ = student.dilated_conv(x, W, b, d)
    for t in range(8):
        other = x.copy()
        other[..., t:] += 1 + rng.random((2, 3, 8 - t))
        changed, _ = student.dilated_conv(other, W, b, d)
        close(changed[..., :t], y[..., :t], f"y before step {t}, for another x from there on,")
        seen = np.abs(changed[..., t] - y[..., t]).max()
        require(seen > 0, f"y at step {t} does not see x at step {t}: W[:, :, 0] meets it")


def starts_later(student, reference, rng):
    """The same x three steps later gives the same y three steps later: b before it."""
    x, W, b, d = conv(rng, 2, 2, 9, 3, 2, 2)
    y, _ = student.dilated_conv(x, W, b, d)
    moved = np.concatenate([np.zeros((2, 2, 3)), x[..., :6]], axis=2)
    later, _ = student.dilated_conv(moved, W, b, d)
    close(later[..., 3:], y[..., :6], "y of x three steps later")


def comb(student, reference, rng):
    """Steps between which d − 1 zeros are put, dilation d: as without both."""
    x, W, b, _ = conv(rng, 1, 2, 4, 3, 3, 1)
    spread = np.zeros((1, 2, 12))
    spread[..., ::3] = x
    y, _ = student.dilated_conv(x, W, b, 1)
    wide, _ = student.dilated_conv(spread, W, b, 3)
    close(wide[..., ::3], y, "every third y of x spread by 3, for a dilation of 3,")


def long_reach(student, reference, rng):
    """Taps that reach before the first step meet zeros."""
    x, W, b, _ = conv(rng, 2, 2, 3, 2, 4, 1)
    near, _ = student.dilated_conv(x, W, b, 5)
    W[:, :, 1:] += 1
    far, _ = student.dilated_conv(x, W, b, 5)
    finite(near, "y for a dilation longer than x")
    close(far, near, "y for other taps that all reach before the first step")


def rows_alone(student, reference, rng):
    """A sequence gives what it gives alone."""
    x, W, b, d = conv(rng, 3, 2, 5, 2, 2, 2)
    y, _ = student.dilated_conv(x, W, b, d)
    alone, _ = student.dilated_conv(x[1:2], W, b, d)
    close(alone, y[1:2], "y of a batch of one sequence")


def looks_back(student, reference, rng):
    """What comes in at step t reaches x at t and before, and not after."""
    x, W, _, d = conv(rng, 1, 2, 7, 3, 3, 2)
    for t in range(7):
        dy = np.zeros((1, 3, 7))
        dy[..., t] = rng.uniform(1, 2, 3)
        dx, _, _ = student.dilated_conv_backward(dy, (x, W, d))
        close(dx[..., t + 1 :], np.zeros((1, 2, 6 - t)), f"dx after step {t}, dy only there,")
        require(np.abs(dx[..., t]).max() > 0, f"dx at step {t} is 0 for a dy there")


def shares_add_up(student, reference, rng):
    """dW and db of a batch are the sums over its sequences."""
    x, W, _, d = conv(rng, 3, 2, 5, 2, 2, 2)
    dy = rng.standard_normal((3, 2, 5))
    whole = student.dilated_conv_backward(dy, (x, W, d))
    ones = [
        student.dilated_conv_backward(dy[i : i + 1], (x[i : i + 1], W, d)) for i in range(3)
    ]
    for i, name in ((1, "dW"), (2, "db")):
        parts = sum(np.asarray(one[i]) for one in ones)
        close(whole[i], parts, f"{name} of a batch, beside the sum over its sequences,")


def long_reach_back(student, reference, rng):
    """Taps that only met zeros have no gradient."""
    x, W, _, _ = conv(rng, 2, 2, 3, 2, 3, 1)
    dx, dW, _ = student.dilated_conv_backward(rng.standard_normal((2, 2, 3)), (x, W, 4))
    finite(dx, "dx for a dilation longer than x")
    close(dW[:, :, 1:], np.zeros((2, 2, 2)), "dW of taps that reach before the first step")


# ---- public: the worked numbers of the handout ----

X = np.array([[[1.0, 2.0, -1.0, 3.0], [0.0, 1.0, 2.0, -2.0]]])
TAPS = np.array([[[2.0, 1.0], [1.0, -1.0]], [[0.0, 3.0], [-2.0, 1.0]]])
BIAS = np.array([0.5, -1.0])
DY = np.array([[[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, -1.0]]])


def worked_delay(student):
    close(student.delay(X, 2), [[[0, 0, 1, 2], [0, 0, 0, 1]]], "y")


def worked_delay_backward(student):
    close(student.delay_backward(DY, 2), [[[2, 0, 0, 0], [0, -1, 0, 0]]], "dx")


def worked_conv(student):
    y, _ = student.dilated_conv(X, TAPS, BIAS, 2)
    close(y, [[[2.5, 5.5, 1.5, 5.5], [-1.0, -3.0, -2.0, 10.0]]], "y")


def worked_conv_backward(student):
    dx, dW, db = student.dilated_conv_backward(DY, (X, TAPS, 2))
    close(dx, [[[4, -3, 4, 0], [-1, -3, 2, 2]]], "dx")
    close(dW, [[[-1, 2], [4, 0]], [[-1, -2], [3, -1]]], "dW")
    close(db, [3, 0], "db")


ASSIGNMENT = Assignment(
    name="dilated_conv",
    title="A dilated causal convolution, channels first",
    lesson="21_text_cnn",
    hours=4,
    blanks=[
        Blank(
            "delay",
            outputs=("y",),
            points={"shape": 1, "value": 4, "contract": 1},
            hints={"value": "zeros first, then x without its last s steps"},
        ),
        Blank(
            "delay_backward",
            outputs=("dx",),
            of="delay",
            points={"shape": 1, "dx": 4, "contract": 1},
            hints={"dx": "x[t] became y[t + s], if that step exists"},
        ),
        Blank(
            "dilated_conv",
            outputs=("y", "cache"),
            points={"shape": 3, "value": 11, "cache": 1, "contract": 3},
            hints={"value": "tap k meets x delayed by k · dilation; k counts back in time"},
        ),
        Blank(
            "dilated_conv_backward",
            outputs=("dx", "dW", "db"),
            of="dilated_conv",
            points={"shape": 2, "dx": 10, "dW": 10, "db": 4, "contract": 3},
            hints={
                "dx": "go back through each tap: first through W[:, :, k], then the delay",
                "dW": "W[f, c, k] meets the delayed channel c in every y of filter f",
                "db": "b[f] is added at every step of every sequence",
            },
        ),
    ],
    cases=cases,
    large=large,
    items=[
        Item("delay.longer_than_x", 2, delay_longer, "x[..., :-s] is empty for s = 0"),
        Item("delay.in_two", 1, delay_in_two),
        Item("delay_backward.longer_than_x", 1, delay_back_longer),
        Item("delay_backward.alone", 1, delay_back_alone),
        Item("dilated_conv.causal", 6, causal, "all zeros belong before x, none after it"),
        Item("dilated_conv.starts_later", 1, starts_later),
        Item("dilated_conv.comb", 2, comb, "neighbouring taps are `dilation` steps apart"),
        Item("dilated_conv.long_reach", 2, long_reach, "a delay of T or more leaves zeros"),
        Item("dilated_conv.rows_alone", 1, rows_alone),
        Item("dilated_conv_backward.looks_back", 3, looks_back, "gradients go back in time"),
        Item("dilated_conv_backward.shares_add_up", 2, shares_add_up),
        Item("dilated_conv_backward.long_reach", 2, long_reach_back),
    ],
    public=[
        Item("delay.worked", 1, worked_delay),
        Item("delay_backward.worked", 1, worked_delay_backward),
        Item("dilated_conv.worked", 4, worked_conv),
        Item("dilated_conv_backward.worked", 4, worked_conv_backward),
    ],
    stack=7,
)
