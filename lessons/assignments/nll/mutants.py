"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

SHIFT = "shifted = z - z.max(axis=-1, keepdims=True)"
Y = "y = shifted - np.log(total)"
TOTAL = "np.exp(shifted).sum(axis=-1, keepdims=True)"
BACK = "return dy - p * dy.sum(axis=-1, keepdims=True) "
PICKED = "picked = np.where(share > 0, y[np.arange(len(ids)), ids], 0.0)"
WRITE = "dy[np.arange(len(ids)), ids] = -share"


def forward(*names):
    return tuple(f"log_softmax.{name}" for name in names)


def back(*names):
    return tuple(f"log_softmax_backward.{name}" for name in names)


MUTANTS = [
    # ---- log_softmax ----
    Mutant(
        "no maximum is taken away",
        SHIFT, "shifted = z - 0.0",
        loses=forward("far_from_zero"),
    ),
    Mutant(
        "one maximum for the whole batch",
        SHIFT, "shifted = z - z.max()",
        loses=forward("far_from_zero"),
    ),
    Mutant(
        "the log of a probability",
        Y, "y = np.log(np.exp(shifted) / total)",
        loses=forward("hopeless_class"),
    ),
    Mutant(
        "the log of a clipped probability",
        Y, "y = np.log(np.clip(np.exp(shifted) / total, 1e-12, 1))",
        loses=forward("hopeless_class", "ruled_out"),
    ),
    Mutant(
        "the sum goes over the batch",
        TOTAL, "np.exp(shifted).sum(axis=0, keepdims=True)",
        loses=(*forward("value", "cache", "hopeless_class", "ruled_out"), "stack"),
    ),
    Mutant(
        "the logarithm is forgotten",
        Y, "y = shifted",
        loses=(*forward("value", "cache"), "stack"),
    ),
    Mutant(
        "log to the base 2",
        Y, "y = shifted - np.log2(total)",
        loses=(*forward("value", "cache"), "stack"),
    ),
    Mutant(
        "the sign of y",
        "return y, np.exp(y)", "return -y, np.exp(y)",
        loses=(*forward("value", "hopeless_class", "ruled_out"), "stack"),
    ),
    Mutant(
        "softmax is returned",
        "return y, np.exp(y)", "return np.exp(y), np.exp(y)",
        loses=(*forward("value", "hopeless_class", "ruled_out"), "stack"),
    ),
    Mutant(
        "the cache holds y",
        "return y, np.exp(y)", "return y, y",
        loses=(*forward("cache"), "stack"),
    ),
    Mutant(
        "the cache in float32",
        "return y, np.exp(y)", "return y, np.exp(y).astype(np.float32)",
        loses=(*forward("cache", "contract"), "stack"),
    ),
    Mutant(
        "z is shifted in place",
        SHIFT, "z -= z.max(axis=-1, keepdims=True); shifted = z",
        loses=forward("contract"),
    ),
    Mutant(
        "y is transposed",
        "return y, np.exp(y)", "return y.T, np.exp(y)",
        loses=(*forward("shape", "value", "hopeless_class", "ruled_out"), "stack"),
    ),
    # ---- log_softmax_backward ----
    Mutant(
        "softmax's Jacobian",
        BACK, "return p * (dy - (dy * p).sum(axis=-1, keepdims=True)) ",
        loses=(*back("dz", "balanced_passes"), "stack"),
    ),
    Mutant(
        "p − t: good for one kind of dy only",
        BACK, "return p + dy ",
        loses=(*back("dz", "rows_sum_to_zero", "balanced_passes"), "stack"),
    ),
    Mutant(
        "only the diagonal",
        BACK, "return dy * (1 - p) ",
        loses=(*back("dz", "rows_sum_to_zero", "balanced_passes"), "stack"),
    ),
    Mutant(
        "no sum over the row",
        BACK, "return dy - p ",
        loses=(*back("dz", "rows_sum_to_zero", "balanced_passes"), "stack"),
    ),
    Mutant(
        "1/C for p",
        BACK, "return dy - dy.mean(axis=-1, keepdims=True) + 0 * p ",
        loses=(*back("dz"), "stack"),
    ),
    Mutant(
        "the sum of dy goes over the batch",
        BACK, "return dy - p * dy.sum(axis=0, keepdims=True) ",
        loses=(*back("dz", "rows_sum_to_zero", "balanced_passes"), "stack"),
    ),
    Mutant(
        "the sign of the second term",
        BACK, "return dy + p * dy.sum(axis=-1, keepdims=True) ",
        loses=(*back("dz", "rows_sum_to_zero"), "stack"),
    ),
    Mutant(
        "the kept axis is forgotten",
        BACK, "return dy - p * dy.sum(axis=-1) ",
        loses=(*back("shape", "dz", "contract", "rows_sum_to_zero", "balanced_passes"),
               "stack"),
    ),
    Mutant(
        "dy is changed in place",
        BACK, "dy -= p * dy.sum(axis=-1, keepdims=True); return dy.copy() ",
        loses=back("contract"),
    ),
    Mutant(
        "dz is dy's memory",
        BACK, "return np.subtract(dy, p * dy.sum(axis=-1, keepdims=True), out=dy) ",
        loses=back("contract"),
    ),
    # ---- nll ----
    Mutant(
        "divided by N",
        "total = weight.sum()", "total = len(ids)",
        loses=("nll.value", "nll.cache", "nll.only_ratios_count", "nll.weight_zero", "stack"),
    ),
    Mutant(
        "the sum, not the mean",
        "share = weight / total if total > 0", "share = weight if total > 0",
        loses=("nll.value", "nll.cache", "nll.only_ratios_count", "stack"),
    ),
    Mutant(
        "no weights",
        "weight = w[ids] ", "weight = np.ones(len(ids)) ",
        loses=("nll.value", "nll.cache", "nll.weight_zero", "nll.nothing_counts", "stack"),
    ),
    Mutant(
        "the weights of the rows, not of their classes",
        "weight = w[ids] ", "weight = w[np.arange(len(ids)) % len(w)] ",
        loses=("nll.value", "nll.cache", "nll.weight_zero", "stack"),
    ),
    Mutant(
        "divided by the weights of all classes",
        "total = weight.sum()", "total = w.sum()",
        loses=("nll.value", "nll.cache", "stack"),
    ),
    Mutant(
        "the sign of the loss",
        "return float(-(share", "return float((share",
        loses=("nll.value", "stack"),
    ),
    Mutant(
        "every column is picked",
        PICKED, "picked = np.where(share > 0, y[:, ids].sum(axis=1), 0.0)",
        loses=("nll.value", "nll.weight_zero", "stack"),
    ),
    Mutant(
        "0 / 0 where nothing counts",
        " if total > 0 else np.zeros(len(ids))", "",
        loses=("nll.nothing_counts",),
    ),
    Mutant(
        "0 times infinity",
        PICKED, "picked = y[np.arange(len(ids)), ids]",
        loses=("nll.weight_zero",),
    ),
    Mutant(
        "a loss for each row",
        "return float(-(share * picked).sum())", "return -(share * picked)",
        loses=("nll.shape", "nll.value", "nll.weight_zero", "nll.nothing_counts", "stack"),
    ),
    # ---- nll_backward ----
    Mutant(
        "the sign of dy",
        WRITE, "dy[np.arange(len(ids)), ids] = share",
        loses=("nll_backward.dy", "nll_backward.one_entry_a_row", "stack"),
    ),
    Mutant(
        "every row has the same share",
        WRITE, "dy[np.arange(len(ids)), ids] = -1 / len(ids)",
        loses=("nll_backward.dy", "stack"),
    ),
    Mutant(
        "columns of all ids are written",
        WRITE, "dy[:, ids] = -share",
        loses=("nll_backward.dy", "nll_backward.one_entry_a_row", "stack"),
    ),
    Mutant(
        "one row for each class",
        "return dy\n    ### END", "return dy.T.copy()\n    ### END",
        loses=("nll_backward.shape", "nll_backward.dy", "nll_backward.one_entry_a_row",
               "stack"),
    ),
    Mutant(
        "an axis too many",
        "return dy\n    ### END", "return dy[:, None]\n    ### END",
        loses=("nll_backward.shape", "nll_backward.one_entry_a_row"),
    ),
    Mutant(
        "share is turned in place",
        WRITE, "share *= -1; dy[np.arange(len(ids)), ids] = share",
        loses=("nll_backward.contract",),
    ),
]  # fmt: skip
