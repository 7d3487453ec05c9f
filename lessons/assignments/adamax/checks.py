"""The checks of adamax. Runs in the grader only."""

import numpy as np

from minidl.grading.assignment import Assignment, Blank, Item
from minidl.grading.checking import close, finite


def options(rng):
    """Rate, decays and an ε large enough to tell its place."""
    return 0.3, rng.uniform(0.6, 0.9), rng.uniform(0.7, 0.95), 0.01


def moment(rng, shape, second, t):
    """w, g and a state after t steps."""
    w, g = rng.standard_normal(shape), rng.standard_normal(shape)
    state = {"t": t, "m": 0.5 * rng.standard_normal(shape), second: rng.uniform(0.1, 2, shape)}
    return w, g, fresh(w, second) if t == 0 else state


def fresh(w, second):
    return {"t": 0, "m": np.zeros_like(w), second: np.zeros_like(w)}


def cases(rng):
    """A first step, one entry, a later step of a matrix; both rules on a parabola."""
    moments = [((3, 4), 0), ((1,), 1), ((4, 4), 6)]
    ways = [("adamax", 3, 4), ("nadam", 2, 5), ("nadam", 1, 1)]
    return {
        "adamax": [(*moment(rng, shape, "u", t), *options(rng)) for shape, t in moments],
        "nadam": [(*moment(rng, shape, "v", t), *options(rng)) for shape, t in moments],
        "descend": [
            (rule, rng.uniform(1, 2, D), rng.uniform(0.5, 2, D), steps, *options(rng))
            for rule, D, steps in ways
        ],
    }


# ---- held back ----


def adamax_zero(student, reference, rng):
    """Where no gradient ever came w stays, and nothing is 0/0."""
    stays(student.adamax, "u", rng)


def nadam_zero(student, reference, rng):
    stays(student.nadam, "v", rng)


def stays(step, second, rng):
    w, g = rng.standard_normal((8, 3)), rng.standard_normal((8, 3))
    g[:, 1] = 0
    w_new, _ = step(w, g, fresh(w, second), *options(rng))
    finite(w_new, "w_new where an entry of g is 0")
    close(w_new[:, 1], w[:, 1], "w_new where g and the state are 0")


def adamax_alone(student, reference, rng):
    """Each entry goes its own way."""
    alone(student.adamax, "u", rng)


def nadam_alone(student, reference, rng):
    alone(student.nadam, "v", rng)


def alone(step, second, rng):
    w, g, state = moment(rng, (3, 4), second, 2)
    g[0, 0], given = 9.0, options(rng)
    w_new, _ = step(w, g, state, *given)
    cut = {"t": 2, "m": state["m"][1:2], second: state[second][1:2]}
    row, _ = step(w[1:2], g[1:2], cut, *given)
    close(row, w_new[1:2], "w_new of one row, updated without the others,")


def scale(student, reference, rng):
    """The first step is as long whatever the unit of g."""
    w, g = np.zeros((2, 3)), rng.uniform(0.5, 2, (2, 3))
    rate, beta_1, beta_2, _ = options(rng)
    once, _ = student.adamax(w, g, fresh(w, "u"), rate, beta_1, beta_2, 0.0)
    many, _ = student.adamax(w, 1000 * g, fresh(w, "u"), rate, beta_1, beta_2, 0.0)
    finite(once, "w_new for ε = 0")
    close(many, once, "w_new for 1000 times the gradient (ε = 0)")


def mirrored(student, reference, rng):
    """Everything with the other sign, w_new with the other sign: u is a size."""
    w, g, state = moment(rng, (4, 3), "u", 3)
    g[:2], given = [[5.0] * 3, [-5.0] * 3], options(rng)  # larger than u
    w_new, _ = student.adamax(w, g, state, *given)
    other, _ = student.adamax(-w, -g, {**state, "m": -state["m"]}, *given)
    close(other, -np.asarray(w_new), "w_new for −w, −g and −m")


def late(student, reference, rng):
    """After a million steps of one gradient each further step is α long."""
    w, g = rng.standard_normal(5), rng.uniform(0.5, 2, 5)
    state = {"t": 10**6, "m": g, "u": g}
    w_new, _ = student.adamax(w, g, state, 0.3, 0.9, 0.999, 0.0)
    close(w_new, w - 0.3, "w_new at t = 1 000 000, g always the same, ε = 0")


def no_momentum(student, reference, rng):
    """With β₁ = 0 there is nothing to look ahead with: the first step is α sign(g)."""
    w, g = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
    w_new, _ = student.nadam(w, g, fresh(w, "v"), 0.3, 0.0, 0.9, 0.0)
    close(w_new, w - 0.3 * np.sign(g), "w_new of the first step with β₁ = 0 and ε = 0")


def no_steps(student, reference, rng):
    """No step: the way is its first point."""
    w = rng.standard_normal(3)
    path = student.descend("adamax", w, np.ones(3), 0, *options(rng))
    close(path, w[None], "path of 0 steps")


def prefix(student, reference, rng):
    """A shorter way is the beginning of the longer one."""
    w, c, given = rng.uniform(1, 2, 2), rng.uniform(1, 2, 2), options(rng)
    long = student.descend("nadam", w, c, 4, *given)
    short = student.descend("nadam", w, c, 2, *given)
    close(short, long[:3], "path of 2 steps, beside the first of 4,")


def minimum(student, reference, rng):
    """At the bottom there is no gradient: w = 0 stays."""
    path = student.descend("adamax", np.zeros(2), rng.uniform(1, 2, 2), 2, *options(rng))
    close(path, np.zeros((3, 2)), "path from the minimum")


# ---- public: the worked numbers of the handout ----

W1 = np.array([1.0, 2.0])
G1, G2 = np.array([3.0, -1.0]), np.array([1.0, -3.0])


def worked_adamax(student):
    """Two steps, α = 0.4, β₁ = β₂ = ½, ε = 1."""
    state = {"t": 0, "m": np.zeros(2), "u": np.zeros(2)}
    w, state = student.adamax(W1, G1, state, 0.4, 0.5, 0.5, 1.0)
    close(w, [0.7, 2.2], "w after step 1")
    close(state["u"], [3.0, 1.0], "u after step 1")
    w, state = student.adamax(w, G2, state, 0.4, 0.5, 0.5, 1.0)
    close(state["u"], [1.5, 3.0], "u after step 2")
    close(w, [0.433333, 2.433333], "w after step 2", rtol=1e-5)


def worked_nadam(student):
    """Two steps, α = 0.3, β₁ = ½, β₂ = ¾, ε = 1."""
    state = {"t": 0, "m": np.zeros(2), "v": np.zeros(2)}
    w, state = student.nadam(W1, G1, state, 0.3, 0.5, 0.75, 1.0)
    close(w, [0.7, 2.2], "w after step 1")
    close(state["v"], [2.25, 0.25], "v after step 1")
    w, state = student.nadam(w, G2, state, 0.3, 0.5, 0.75, 1.0)
    close(state["v"], [1.9375, 2.4375], "v after step 2")
    close(w, [0.566549, 2.467826], "w after step 2", rtol=1e-5)


def worked_descend(student):
    """c w = g₁ at the first point; at the second it is 3 · 0.7 and −0.5 · 2.2."""
    path = student.descend("adamax", W1, np.array([3.0, -0.5]), 2, 0.4, 0.5, 0.5, 1.0)
    close(path, [[1, 2], [0.7, 2.2], [0.390323, 2.403175]], "path", rtol=1e-5)


ASSIGNMENT = Assignment(
    name="adamax",
    title="AdaMax and Nadam",
    lesson="09_adaptive",
    hours=3,
    blanks=[
        Blank(
            "adamax",
            outputs=("w_new", "state_new"),
            points={"shape": 2, "value": 10, "state_new": 8, "contract": 4},
            hints={
                "value": "t counts this step; only m is corrected; ε is added to u",
                "state_new": "m is kept uncorrected, u without ε; t is one more",
                "contract": "make new arrays and a new dict: no *=, +=, state[…] = …",
            },
        ),
        Blank(
            "nadam",
            outputs=("w_new", "state_new"),
            points={"shape": 2, "value": 12, "state_new": 6, "contract": 4},
            hints={
                "value": "the new m is corrected as the next step will; g as this one",
                "state_new": "m and v are kept uncorrected; t is one more",
                "contract": "make new arrays and a new dict: no *=, +=, state[…] = …",
            },
        ),
        Blank(
            "descend",
            outputs=("path",),
            points={"shape": 1, "value": 4, "contract": 1},
            hints={
                "value": "each step takes the gradient at the newest w, and the newest state"
            },
        ),
    ],
    cases=cases,
    items=[
        Item("adamax.zero_gradient", 4, adamax_zero, "u is 0 there: ε must be in the divisor"),
        Item("adamax.scale", 3, scale, "u is in the unit of g, as m is"),
        Item("adamax.mirrored", 3, mirrored, "u is a maximum of sizes, |g|"),
        Item("adamax.rows_alone", 3, adamax_alone, "np.maximum of two, not .max() of one"),
        Item("adamax.late", 3, late, "β₁ᵗ is a power: it dies out"),
        Item("nadam.zero_gradient", 4, nadam_zero, "v is 0 there: ε must be in the divisor"),
        Item("nadam.no_momentum", 4, no_momentum),
        Item("nadam.rows_alone", 3, nadam_alone),
        Item("descend.no_steps", 1, no_steps),
        Item("descend.prefix", 1, prefix),
        Item("descend.minimum", 2, minimum, "the gradient of ½ c w² is c w"),
    ],
    public=[
        Item("adamax.worked", 4, worked_adamax),
        Item("nadam.worked", 4, worked_nadam),
        Item("descend.worked", 2, worked_descend),
    ],
    stack=5,
)
