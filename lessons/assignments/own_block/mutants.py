"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant


def back(*names):
    return tuple(f"block_backward.{name}" for name in names)


MUTANTS = [
    # ---- block_init ----
    Mutant(
        "no seed",
        "np.random.default_rng(seed)\n    params", "np.random.default_rng()\n    params",
        loses=("block_init.seed",),
    ),
    Mutant(
        "always seed 0",
        "np.random.default_rng(seed)\n    params", "np.random.default_rng(0)\n    params",
        loses=("block_init.seed",),
    ),
    Mutant(
        "weights in float32",
        "W / np.sqrt(width) for", "(W / np.sqrt(width)).astype(np.float32) for",
        loses=("block_init.weights",),
    ),
    # ---- block ----
    Mutant(
        "y has an axis too many",
        "return y, (x, past, gate, params)", "return y[:, None], (x, past, gate, params)",
        loses=("block.shape",),
    ),
    Mutant(
        "the gate is always open: linear",
        "gate = 0.5 * (1 + np.tanh(0.5 * (x @ params[\"Wg\"] + params[\"bg\"])))",
        "gate = np.ones(x.shape)",
        loses=("block.not_linear",),
    ),
    Mutant(
        "every step for itself",
        ".cumsum(axis=1) / count", " / count",
        loses=("block.steps_interact", *back("dx", "grads")),
    ),
    Mutant(
        "the mean over the batch is taken away",
        "y = x + (gate * past)", "past = past - 0.5 * past.mean(axis=0); y = x + (gate * past)",
        loses=("block.rows_alone", *back("dx", "grads")),
    ),
    Mutant(
        "the batch is summed up for the steps",
        ".cumsum(axis=1) / count", ".cumsum(axis=0) / count",
        loses=("block.steps_interact", "block.rows_alone", *back("dx", "grads")),
    ),
    Mutant(
        "a single step divides by T - 1",
        "count = np.arange(1, x.shape[1] + 1)[:, None]",
        "count = np.arange(1, x.shape[1] + 1)[:, None] + 0 // (x.shape[1] - 1)",
        loses=("block.shape", "block.one_row_one_step", *back("shape", "dx", "grads")),
    ),
    Mutant(
        "exp overflows",
        "gate = 0.5 * (1 + np.tanh(0.5 * (x @ params[\"Wg\"] + params[\"bg\"])))",
        "a = x @ params[\"Wg\"] + params[\"bg\"]; gate = np.exp(a) / (1 + np.exp(a))",
        loses=("block.large_values", *back("finite")),
    ),
    Mutant(
        "x of zeros is 0 / 0",
        "y = x + (gate * past)",
        "gate = gate * (x * x).sum() / (x * x).sum(); y = x + (gate * past)",
        loses=("block.large_values", *back("finite")),
    ),
    Mutant(
        "x is changed in place",
        "y = x + (gate * past) @ params[\"Wo\"]",
        "x += (gate * past) @ params[\"Wo\"]; y = x.copy()",
        loses=("block.contract", *back("grads")),
    ),
    Mutant(
        "y is x, changed in place",
        "count = np.arange", "x *= 1; count = np.arange",
        loses=("block.contract",),
    ),
    Mutant(
        "a weight is changed in place",
        "count = np.arange", "params[\"Wv\"] *= 1; count = np.arange",
        loses=("block.contract",),
    ),
    # ---- block_backward ----
    Mutant(
        "dx without x itself",
        "dx = dy + dv @", "dx = dv @",
        loses=back("dx"),
    ),
    Mutant(
        "dx without the way through the gate",
        " + da @ params[\"Wg\"].T", "",
        loses=back("dx"),
    ),
    Mutant(
        "dx without the way through the mean",
        "dx = dy + dv @ params[\"Wv\"].T", "dx = dy",
        loses=back("dx"),
    ),
    Mutant(
        "time runs forward",
        "share[:, ::-1].cumsum(axis=1)[:, ::-1]", "share.cumsum(axis=1)",
        loses=back("dx", "grads"),
    ),
    Mutant(
        "the counts are forgotten",
        "dz * gate / np.arange(1, T + 1)[:, None]", "dz * gate",
        loses=back("dx", "grads"),
    ),
    Mutant(
        "the slope of the gate is left out",
        "da = dz * past * gate * (1 - gate)", "da = dz * past",
        loses=back("dx", "grads"),
    ),
    Mutant(
        "squares of the upstream gradient",
        "da = dz * past * gate", "da = dz * dz * past * gate",
        loses=back("dx", "grads", "linear"),
    ),
    Mutant(
        "dWo is transposed",
        "\"Wo\": dWo,", "\"Wo\": dWo.T.copy(),",
        loses=back("grads"),
    ),
    Mutant(
        "dWv is the mean over the batch",
        "\"Wv\": dWv,", "\"Wv\": dWv / N,",
        loses=back("grads"),
    ),
    Mutant(
        "dbg is a mean",
        "da.sum(axis=(0, 1))", "da.mean(axis=(0, 1))",
        loses=back("grads"),
    ),
    Mutant(
        "dbg keeps its axes",
        "da.sum(axis=(0, 1))", "da.sum(axis=(0, 1), keepdims=True)",
        loses=back("shape"),
    ),
    Mutant(
        "a gradient is missing",
        ", \"bg\": da.sum(axis=(0, 1))}", "}",
        loses=back("shape", "linear", "dx", "grads"),
    ),
    Mutant(
        "only one weight learns",
        "{\"Wv\": dWv, \"Wg\": dWg, \"Wo\": dWo, \"bg\": da.sum(axis=(0, 1))}",
        "{\"Wv\": 0 * dWv, \"Wg\": 0 * dWg, \"Wo\": dWo, \"bg\": np.zeros(D)}",
        loses=back("two_weights", "grads"),
    ),
    Mutant(
        "dy is changed in place",
        "dz = dy @", "dy *= 1; dz = dy @",
        loses=back("contract"),
    ),
    Mutant(
        "the cache is used up",
        "da = dz * past * gate * (1 - gate)", "past *= dz; da = past * gate * (1 - gate)",
        loses=back("contract", "grads", "linear"),
    ),
    Mutant(
        "dx by differences",
        "    rows = x.reshape", "    dx = np.zeros(x.shape)\n"
        "    for i in np.ndindex(x.shape):\n"
        "        h = np.zeros(x.shape)\n"
        "        h[i] = 1e-6\n"
        "        dy_i = (block(x + h, params)[0] - block(x - h, params)[0]) / 2e-6\n"
        "        dx[i] = (dy * dy_i).sum()\n"
        "    rows = x.reshape",
        loses=back("dx", "grads"),
    ),
]  # fmt: skip
