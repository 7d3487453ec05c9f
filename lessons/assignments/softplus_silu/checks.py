"""The checks of softplus_silu. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite, require


def softplus_cache(x, beta):
    return x, np.exp(-beta * np.abs(x)), beta


def cases(rng):
    """Upstream gradients are positive: dbeta is a sum, and its terms should not cancel."""
    xs = [rng.uniform(-3, 3, shape) for shape in [(3, 4), (1,), (2, 3, 2)]]
    betas = [float(beta) for beta in rng.uniform(0.5, 1.5, 3)]
    dys = [rng.uniform(0.5, 1.5, x.shape) for x in xs]
    return {
        "softplus": list(zip(xs, betas)),
        "softplus_backward": [(d, softplus_cache(x, b)) for d, x, b in zip(dys, xs, betas)],
        "silu": [(x,) for x in xs],
        "silu_backward": [(d, (x, np.exp(-np.abs(x)))) for d, x in zip(dys, xs)],
    }


# ---- held back ----


def softplus_huge(student, reference, rng):
    """y(x) − y(−x) = x, and finite, where e^x is not."""
    x = 1e4 * rng.uniform(1.0, 2.0, 5)
    y, _ = student.softplus(x, 1.5)
    mirrored, _ = student.softplus(-x, 1.5)
    finite((y, mirrored), "y for |x| beyond 10⁴")
    close(np.subtract(y, mirrored), x, "y(x) − y(−x)")


def softplus_low_tail(student, reference, rng):
    """Far below 0, y falls by e for each 1/β, and is not yet 0."""
    beta = float(rng.uniform(0.5, 2.0))
    x = -rng.uniform(35.0, 36.0, 5) / beta
    y, _ = student.softplus(x, beta)
    below, _ = student.softplus(x - 1 / beta, beta)
    require(np.all(below), "y(x) is 0 for β x = −36: 1 + tiny rounds to 1")
    close(np.multiply(np.e, below, dtype=float), y, "e · y(x − 1/β), for β x near −35,")


def dx_low_tail(student, reference, rng):
    """Far below 0 the slope of softplus falls by e for each 1/β too."""
    beta = float(rng.uniform(0.5, 2.0))
    x, dy = -rng.uniform(35.0, 36.0, 5) / beta, np.ones(5)
    dx, _ = student.softplus_backward(dy, softplus_cache(x, beta))
    below, _ = student.softplus_backward(dy, softplus_cache(x - 1 / beta, beta))
    require(np.all(below), "dx is 0 for β x = −36: 1 − (nearly 1) rounds to 0")
    close(np.multiply(np.e, below, dtype=float), dx, "e · dx(x − 1/β), for β x near −35,")


def dbeta_even(student, reference, rng):
    """x and −x have one dbeta, also where it is small."""
    for u in (1.0, 8.0, 30.0):
        x, dy = rng.uniform(u, 1.1 * u, 1), np.ones(1)
        _, right = student.softplus_backward(dy, softplus_cache(x, 1.0))
        _, left = student.softplus_backward(dy, softplus_cache(-x, 1.0))
        require(np.any(right), f"dbeta is 0 for x = {x[0]:.2f}: it is small, but not 0")
        close(right, left, f"dbeta for x = {x[0]:.2f}, beside that for −x,")


def dbeta_adds_up(student, reference, rng):
    """dbeta of an array is the sum of its halves' dbeta."""
    x, dy = rng.standard_normal((4, 3)), rng.uniform(0.5, 1.5, (4, 3))
    _, whole = student.softplus_backward(dy, softplus_cache(x, 1.5))
    parts = [
        student.softplus_backward(dy[i : i + 2], softplus_cache(x[i : i + 2], 1.5))[1]
        for i in (0, 2)
    ]
    close(whole, sum(parts), "dbeta of an array, beside the sum over its halves,")


def silu_huge(student, reference, rng):
    """y(x) − y(−x) = x, and finite, where e^x is not."""
    x = 1e4 * rng.uniform(1.0, 2.0, 5)
    y, _ = student.silu(x)
    mirrored, _ = student.silu(-x)
    finite((y, mirrored), "y for |x| beyond 10⁴")
    close(np.subtract(y, mirrored), x, "y(x) − y(−x)")


def silu_low_tail(student, reference, rng):
    """Far below 0, y / x falls by e for each 1, and is not yet 0."""
    x = -rng.uniform(35.0, 36.0, 5)
    y, _ = student.silu(x)
    below, _ = student.silu(x - 1)
    require(np.all(below), "y(x) is 0 for x = −36: 1 − (nearly 1) rounds to 0")
    close(np.e * below / (x - 1), y / x, "e · y(x − 1)/(x − 1), for x near −35,")


def slopes_mirror(student, reference, rng):
    """The slopes of SiLU at x and −x add up to 1, also at x = 10⁴."""
    x = np.append(rng.standard_normal(5), 1e4)
    e, dy = np.exp(-np.abs(x)), np.ones(6)
    dx, mirrored = (student.silu_backward(dy, (side, e)) for side in (x, -x))
    finite((dx, mirrored), "dx for |x| up to 10⁴")
    close(np.add(dx, mirrored), dy, "dx at x plus dx at −x")


def slope_low_tail(student, reference, rng):
    """Far below 0 the slope is negative, about (1 + x) e^x."""
    x = -rng.uniform(35.0, 36.0, 5)
    dx, below = (student.silu_backward(np.ones(5), (a, np.exp(a))) for a in (x, x - 1))
    require(np.all(below), "dx is 0 for x = −36: it is small, but not 0")
    close(np.e * below / x, dx / (1 + x), "e · dx(x − 1)/x, for x near −35,")


# ---- public: the worked numbers of the handout ----

X = np.log([[1.0, 2.0], [0.5, 3.0]])
E = np.array([[1.0, 1 / 4], [1 / 4, 1 / 9]])
DY = np.array([[1.0, 2.0], [5.0, 0.0]])
X_SILU = np.log([[1.0, 3.0], [1 / 3, 4.0]])
E_SILU = np.array([[1.0, 1 / 3], [1 / 3, 1 / 4]])


def worked_softplus(student):
    """½ ln of 2, 5, 1¼ and 10."""
    y, _ = student.softplus(X, 2.0)
    close(y, [[0.346574, 0.804719], [0.111572, 1.151293]], "y", rtol=1e-5)


def worked_softplus_backward(student):
    dx, dbeta = student.softplus_backward(DY, (X, E, 2.0))
    close(dx, [[0.5, 1.6], [1.0, 0.0]], "dx")
    close(dbeta, -1.048991, "dbeta", rtol=1e-5)


def worked_silu(student):
    y, _ = student.silu(X_SILU)
    close(y, [[0.0, 0.823959], [-0.274653, 1.109035]], "y", rtol=1e-5)


def worked_silu_backward(student):
    dx = student.silu_backward(DY, (X_SILU, E_SILU))
    close(dx, [[0.5, 1.911980], [0.220051, 0.0]], "dx", rtol=1e-5)


ASSIGNMENT = Assignment(
    name="softplus_silu",
    title="Softplus and SiLU, in both tails",
    lesson="01_neuron",
    hours=3,
    blanks=[
        Blank(
            "softplus",
            outputs=("y", "cache"),
            points={"shape": 2, "value": 7, "cache": 3, "contract": 2},
            hints={"value": "for x > 0 take x out: ln(1 + a) = ln a + ln(1 + 1/a)"},
        ),
        Blank(
            "softplus_backward",
            outputs=("dx", "dbeta"),
            of="softplus",
            points={"shape": 2, "dx": 9, "dbeta": 8, "contract": 3},
            hints={
                "dx": "the β of the chain rule meets the 1/β in front",
                "dbeta": "β stands in two places: in the exponent and under the fraction",
            },
            rtol=1e-13,
        ),
        Blank(
            "silu",
            outputs=("y", "cache"),
            points={"shape": 2, "value": 5, "cache": 3, "contract": 2},
        ),
        Blank(
            "silu_backward",
            outputs=("dx",),
            of="silu",
            points={"shape": 2, "dx": 9, "contract": 2},
            hints={"dx": "x stands in two places: use the product rule"},
            rtol=1e-13,
        ),
    ],
    cases=cases,
    items=[
        Item("softplus.huge", 3, softplus_huge, "write it with e = e^(−β|x|), which is ≤ 1"),
        Item("softplus.low_tail", 3, softplus_low_tail, "there is a log1p"),
        Item("softplus_backward.dx_low_tail", 2, dx_low_tail, "write σ with e for x < 0"),
        Item(
            "softplus_backward.dbeta_even",
            4,
            dbeta_even,
            "do not subtract two numbers near x: let the x cancel on paper",
        ),
        Item("softplus_backward.dbeta_adds_up", 2, dbeta_adds_up),
        Item("silu.huge", 3, silu_huge, "write it with e = e^−|x|, which is ≤ 1"),
        Item("silu.low_tail", 2, silu_low_tail, "write σ with e for x < 0"),
        Item("silu_backward.slopes_mirror", 2, slopes_mirror),
        Item("silu_backward.low_tail", 2, slope_low_tail, "write σ with e for x < 0"),
    ],
    public=[
        Item("softplus.worked", 2, worked_softplus),
        Item("softplus_backward.worked", 3, worked_softplus_backward),
        Item("silu.worked", 2, worked_silu),
        Item("silu_backward.worked", 3, worked_silu_backward),
    ],
    stack=6,
)
