"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

GRADIENTS = ("dx", "dh", "dW", "dU", "db")


def step_back(*names):
    return tuple(f"gru_step_backward.{name}" for name in names)


def back(*names):
    return tuple(f"gru_backward.{name}" for name in names)


MUTANTS = [
    # ---- gru_step ----
    Mutant(
        "z and r change places",
        "z, r = gates[:, :H], gates[:, H:]", "r, z = gates[:, :H], gates[:, H:]",
        loses=("gru_step.value", "gru_step.cache", "gru_step.shut_gate", "stack"),
    ),
    Mutant(
        "z keeps the new",
        "h_new = z * h + (1 - z) * n", "h_new = (1 - z) * h + z * n",
        loses=("gru_step.value", "gru_step.shut_gate", "stack"),
    ),
    Mutant(
        "r multiplies after Un",
        "n = np.tanh(a[:, 2 * H :] + (r * h) @ U[:, 2 * H :])",
        "n = np.tanh(a[:, 2 * H :] + r * (h @ U[:, 2 * H :]))",
        loses=("gru_step.value", "gru_step.cache", "stack"),
    ),
    Mutant(
        "no bias",
        "a = x @ W + b ", "a = x @ W ",
        loses=("gru_step.value", "gru_step.cache", "gru_step.shut_gate", "stack"),
    ),
    Mutant(
        "exp overflows to NaN",
        "return 0.5 * (1 + np.tanh(0.5 * a))", "return np.exp(a) / (1 + np.exp(a))",
        loses=("gru_step.saturated",),
    ),
    Mutant(
        "the cache holds h_new",
        "return h_new, (x, h, z, r, n, W, U)", "return h_new, (x, h_new, z, r, n, W, U)",
        loses=("gru_step.cache", "stack"),
    ),
    Mutant(
        "an axis too many",
        "return h_new, (x, h,", "return h_new[:, None], (x, h,",
        loses=("gru_step.shape", "gru_step.shut_gate", "stack"),
    ),
    Mutant(
        "h is overwritten",
        "h_new = z * h + (1 - z) * n", "h *= z; h_new = h + (1 - z) * n",
        loses=("gru_step.cache", "gru_step.contract", "stack"),
    ),
    # ---- gru_step_backward ----
    Mutant(
        "dh without the way through z h",
        "dh = dh_new * z + drh * r +", "dh = drh * r +",
        loses=(*step_back("dh"), "stack"),
    ),
    Mutant(
        "dh without the way through r h",
        "dh = dh_new * z + drh * r +", "dh = dh_new * z +",
        loses=(*step_back("dh"), "stack"),
    ),
    Mutant(
        "dh without the gates",
        " + da[:, : 2 * H] @ U[:, : 2 * H].T", "",
        loses=(*step_back("dh"), "stack"),
    ),
    Mutant(
        "the slope of tanh is left out",
        "(1 - z) * (1 - n * n)", "(1 - z)",
        loses=(*step_back(*GRADIENTS), "stack"),
    ),
    Mutant(
        "dU's last columns take h",
        "(r * h).T @ dan", "h.T @ dan",
        loses=(*step_back("dU"), "stack"),
    ),
    Mutant(
        "db is the mean",
        "db = da.sum(axis=0)", "db = da.mean(axis=0)",
        loses=(*step_back("db"), "stack"),
    ),
    Mutant(
        "db keeps its axis",
        "db = da.sum(axis=0)", "db = da.sum(axis=0, keepdims=True)",
        loses=step_back("shape"),
    ),
    Mutant(
        "dW by the wrong side",
        "dx = da @ W.T ", "dx = da[:, : 2 * H] @ W[:, : 2 * H].T ",
        loses=(*step_back("dx"), "stack"),
    ),
    Mutant(
        "dh_new is changed",
        "dan = dh_new * (1 - z)", "dh_new *= 1; dan = dh_new * (1 - z)",
        loses=step_back("contract"),
    ),
    Mutant(
        "gradients squared in the upstream",
        "daz = dh_new * (h - n)", "daz = dh_new * dh_new * (h - n)",
        loses=(*step_back(*GRADIENTS, "linear"), "stack"),
    ),
    # ---- gru ----
    Mutant(
        "every step starts from h0",
        "h, step = gru_step(x[:, t], h, W, U, b)", "h, step = gru_step(x[:, t], h0, W, U, b)",
        loses=("gru.value", "gru.cache", "gru.cut_in_two", "stack"),
    ),
    Mutant(
        "y holds the state before the step",
        "        h, step = gru_step(x[:, t], h, W, U, b)\n        y[:, t] = h\n",
        "        y[:, t] = h\n        h, step = gru_step(x[:, t], h, W, U, b)\n",
        loses=("gru.value", "gru.cut_in_two", "stack"),
    ),
    Mutant(
        "time comes first",
        "return y, cache", "return y.transpose(1, 0, 2), cache",
        loses=("gru.shape", "gru.value", "gru.cut_in_two", "gru.rows_alone", "stack"),
    ),
    # ---- gru_backward ----
    Mutant(
        "nothing comes from the next step",
        "dy[:, t] + dh,", "dy[:, t],",
        loses=(*back("dx", "dh0", "dW", "dU", "db", "last_step"), "stack"),
    ),
    Mutant(
        "the weights' gradients are the first step's",
        "dW, dU, db = dW + back[2], dU + back[3], db + back[4]",
        "dW, dU, db = back[2], back[3], back[4]",
        loses=(*back("dW", "dU", "db"), "stack"),
    ),
    Mutant(
        "dh0 is the last step's",
        "return dx, dh, dW, dU, db\n    ### END SOLUTION\n\n\nclass",
        "return dx, dy[:, 0].copy(), dW, dU, db\n    ### END SOLUTION\n\n\nclass",
        loses=(*back("dh0", "last_step"), "stack"),
    ),
    Mutant(
        "dx backwards in time",
        "dx[:, t], dh = back[0]", "dx[:, T - 1 - t], dh = back[0]",
        loses=(*back("dx", "last_step"), "stack"),
    ),
]  # fmt: skip
