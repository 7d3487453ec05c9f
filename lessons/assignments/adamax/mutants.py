"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

MUTANTS = [
    # ---- adamax ----
    Mutant(
        "m is not corrected",
        "mean = m / (1 - beta_1**t)", "mean = m",
        loses=("adamax.value", "stack"),
    ),
    Mutant(
        "the correction is a product",
        "mean = m / (1 - beta_1**t)", "mean = m / (1 - beta_1 * t)",
        loses=("adamax.value", "adamax.late", "stack"),
    ),
    Mutant(
        "u is corrected too",
        "mean / (u + epsilon)", "mean / (u / (1 - beta_2**t) + epsilon)",
        loses=("adamax.value", "stack"),
    ),
    Mutant(
        "the corrected m is kept",
        'return w_new, {"t": t, "m": m, "u": u}', 'return w_new, {"t": t, "m": mean, "u": u}',
        loses=("adamax.state_new", "stack"),
    ),
    Mutant(
        "no epsilon",
        "mean / (u + epsilon)", "mean / u",
        loses=("adamax.value", "adamax.zero_gradient", "stack"),
    ),
    Mutant(
        "epsilon inside the maximum",
        "np.abs(g))\n", "np.abs(g) + epsilon)\n",
        loses=("adamax.state_new", "adamax.value", "stack"),
    ),
    Mutant(
        "the sign is not taken off",
        "np.abs(g))\n", "g)\n",
        loses=("adamax.value", "adamax.state_new", "adamax.mirrored", "stack"),
    ),
    Mutant(
        "squares as in Adam",
        "np.abs(g))\n", "g * g)\n",
        loses=("adamax.value", "adamax.state_new", "adamax.scale", "adamax.late", "stack"),
    ),
    Mutant(
        "u does not forget",
        'np.maximum(beta_2 * state["u"],', 'np.maximum(state["u"],',
        loses=("adamax.value", "adamax.state_new", "stack"),
    ),
    Mutant(
        "one maximum for all entries",
        "np.abs(g))\n", "np.abs(g).max())\n",
        loses=("adamax.value", "adamax.state_new", "adamax.rows_alone", "adamax.late", "stack"),
    ),
    Mutant(
        "the state is changed in place",
        "    mean = m / (1 - beta_1**t)", '    state["t"] = t; mean = m / (1 - beta_1**t)',
        loses=("adamax.contract",),
    ),
    Mutant(
        "w is changed in place",
        "    mean = m / (1 - beta_1**t)", "    mean = m / (1 - beta_1**t); w -= 0",
        loses=("adamax.contract",),
    ),
    Mutant(
        "w_new has an axis too many",
        'return w_new, {"t": t, "m": m, "u": u}',
        'return w_new[None], {"t": t, "m": m, "u": u}',
        loses=("adamax.shape", "adamax.rows_alone", "adamax.zero_gradient", "adamax.late",
               "stack"),
    ),
    # ---- nadam ----
    Mutant(
        "plain Adam",
        "ahead = beta_1 * m / (1 - beta_1 ** (t + 1))",
        'ahead = beta_1 * state["m"] / (1 - beta_1**t)',
        loses=("nadam.value", "stack"),
    ),
    Mutant(
        "m is corrected as of this step",
        "(1 - beta_1 ** (t + 1))", "(1 - beta_1**t)",
        loses=("nadam.value", "stack"),
    ),
    Mutant(
        "the old mean ahead",
        "ahead = beta_1 * m /", 'ahead = beta_1 * state["m"] /',
        loses=("nadam.value", "stack"),
    ),
    Mutant(
        "the whole of m ahead",
        "ahead = beta_1 * m /", "ahead = m /",
        loses=("nadam.value", "nadam.no_momentum", "stack"),
    ),
    Mutant(
        "v is not corrected",
        "size = np.sqrt(v / (1 - beta_2**t))", "size = np.sqrt(v)",
        loses=("nadam.value", "nadam.no_momentum", "stack"),
    ),
    Mutant(
        "epsilon inside the root",
        "size = np.sqrt(v / (1 - beta_2**t))",
        "size = np.sqrt(v / (1 - beta_2**t) + epsilon) - epsilon",
        loses=("nadam.value", "stack"),
    ),
    Mutant(
        "epsilon beside the uncorrected root",
        "ahead / (size + epsilon)",
        "ahead / (size + epsilon / np.sqrt(1 - beta_2**t))",
        loses=("nadam.value", "stack"),
    ),
    Mutant(
        "no epsilon in Nadam",
        "ahead / (size + epsilon)", "ahead / size",
        loses=("nadam.value", "nadam.zero_gradient", "stack"),
    ),
    Mutant(
        "v is the mean over the entries",
        "(1 - beta_2) * g * g", "(1 - beta_2) * np.mean(g * g)",
        loses=("nadam.value", "nadam.state_new", "nadam.no_momentum", "nadam.rows_alone",
               "stack"),
    ),
    Mutant(
        "t is not counted on",
        'return w_new, {"t": t, "m": m, "v": v}',
        'return w_new, {"t": t - 1, "m": m, "v": v}',
        loses=("nadam.state_new", "stack"),
    ),
    Mutant(
        "v overwrites the old one",
        'v = beta_2 * state["v"] + ', 'state["v"] *= beta_2; v = state["v"] + ',
        loses=("nadam.contract",),
    ),
    Mutant(
        "w_new in float32",
        'return w_new, {"t": t, "m": m, "v": v}',
        'return w_new.astype(np.float32), {"t": t, "m": m, "v": v}',
        loses=("nadam.value", "nadam.contract", "nadam.no_momentum", "nadam.zero_gradient",
               "stack"),
    ),
    Mutant(
        "w_new is flat",
        'return w_new, {"t": t, "m": m, "v": v}',
        'return w_new.ravel(), {"t": t, "m": m, "v": v}',
        loses=("nadam.shape", "nadam.value", "nadam.no_momentum", "nadam.zero_gradient",
               "nadam.rows_alone", "stack"),
    ),
    # ---- descend ----
    Mutant(
        "the state starts anew in every step",
        "w, state = step(w, c * w, state,", "w, _ = step(w, c * w, state,",
        loses=("descend.value", "stack"),
    ),
    Mutant(
        "the gradient is the first point's",
        "step(w, c * w, state,", "step(w, c * path[0], state,",
        loses=("descend.value", "stack"),
    ),
    Mutant(
        "the gradient is c",
        "step(w, c * w, state,", "step(w, c + 0 * w, state,",
        loses=("descend.value", "descend.minimum", "stack"),
    ),
    Mutant(
        "always AdaMax",
        'if rule == "adamax" else', 'if rule else',
        loses=("descend.value", "stack"),
    ),
    Mutant(
        "the first point is missing",
        "return np.array(path)", "return np.array(path[1:])",
        loses=("descend.shape", "descend.value", "descend.no_steps", "descend.prefix",
               "descend.minimum", "stack"),
    ),
    Mutant(
        "the way is told backwards",
        "return np.array(path)", "return np.array(path[::-1])",
        loses=("descend.value", "descend.prefix", "stack"),
    ),
]  # fmt: skip
