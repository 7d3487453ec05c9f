"""AdaMax and Nadam: two relatives of Adam, as functions that change nothing.

Write the three functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in adamax.md.
"""

import numpy as np

ASSIGNMENT = "adamax"


def start(w, second):
    """The state before the first step, given: start(w, "u") for AdaMax, "v" for Nadam."""
    return {"t": 0, "m": np.zeros_like(w), second: np.zeros_like(w)}


def adamax(w, g, state, learning_rate, beta_1, beta_2, epsilon):
    """One step of AdaMax: Adam whose root of a mean square has become a maximum.

    m = the running mean of g, corrected by 1 − β₁ᵗ where it is used
    u = the limit p → ∞ of the running p-norm of g (derive it); it needs no correction
    w_new = w − α m̂ / (u + ε)       m̂: m corrected      ε is added to u in the divisor only

    w, g: one shape, any   state: {"t": steps taken so far, "m": …, "u": …}

    Returns w_new, state_new with state_new = {"t": t, "m": m, "u": u} after this step.
    """
    ### BEGIN SOLUTION
    t = state["t"] + 1
    m = beta_1 * state["m"] + (1 - beta_1) * g
    u = np.maximum(beta_2 * state["u"], np.abs(g))
    mean = m / (1 - beta_1**t)
    w_new = w - learning_rate * mean / (u + epsilon)
    return w_new, {"t": t, "m": m, "u": u}
    ### END SOLUTION


def nadam(w, g, state, learning_rate, beta_1, beta_2, epsilon):
    """One step of Nadam: Adam that looks one step ahead, as Nesterov's momentum does.

    m, v = the running means of g and g²
    m̂ = the corrected mean of g, one step ahead (derive it)
    w_new = w − α m̂ / (√v̂ + ε)      v̂ = v / (1 − β₂ᵗ)   ε is added to the root of v̂

    w, g: one shape, any   state: {"t": steps taken so far, "m": …, "v": …}

    Returns w_new, state_new with state_new = {"t": t, "m": m, "v": v}, both uncorrected.
    """
    ### BEGIN SOLUTION
    t = state["t"] + 1
    m = beta_1 * state["m"] + (1 - beta_1) * g
    v = beta_2 * state["v"] + (1 - beta_2) * g * g
    ahead = beta_1 * m / (1 - beta_1 ** (t + 1))  # what the next step will know of m
    ahead = ahead + (1 - beta_1) * g / (1 - beta_1**t)
    size = np.sqrt(v / (1 - beta_2**t))
    w_new = w - learning_rate * ahead / (size + epsilon)
    return w_new, {"t": t, "m": m, "v": v}
    ### END SOLUTION


def descend(rule, w, c, steps, learning_rate, beta_1, beta_2, epsilon):
    """The way down L(w) = ½ Σ c w² in so many steps of a rule, "adamax" or "nadam".

    w, c: (D,)   steps: 0, 1, …   path: (steps + 1, D), path[0] is w

    Returns path.
    """
    ### BEGIN SOLUTION
    step, second = (adamax, "u") if rule == "adamax" else (nadam, "v")
    path, state = [w], start(w, second)
    for _ in range(steps):
        w, state = step(w, c * w, state, learning_rate, beta_1, beta_2, epsilon)  # dL/dw = c w
        path.append(w)
    return np.array(path)  # (steps + 1, D)
    ### END SOLUTION


if __name__ == "__main__":  # a ravine, 100 times as steep in one direction as in the other
    C = np.array([1.0, 100.0])
    for RULE in ("adamax", "nadam"):
        WAY = descend(RULE, np.array([1.0, 1.0]), C, 200, 0.1, 0.9, 0.999, 1e-7)
        LOSSES = 0.5 * WAY[::50] ** 2 @ C
        print(f"{RULE:8} loss every 50 steps:", *(f"{loss:.2g}" for loss in LOSSES))
