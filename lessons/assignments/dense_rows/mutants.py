"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

MUTANTS = [
    Mutant(
        "the ones come first",
        "[x, ones]", "[ones, x]",
        loses=("dense.value", "dense.cache", "stack"),
    ),
    Mutant(
        "no bias",
        "np.ones((len(x), 1))", "np.zeros((len(x), 1))",
        loses=("dense.value", "dense.cache", "stack"),
    ),
    Mutant(
        "y is transposed",
        "return y, (x1, W)", "return y.T, (x1, W)",
        loses=("dense.shape", "dense.value", "dense.rows_alone", "dense.empty_batch", "stack"),
    ),
    Mutant(
        "the cache holds x",
        "return y, (x1, W)", "return y, (x, W)",
        loses=("dense.cache", "stack"),
    ),
    Mutant(
        "the cache is swapped",
        "return y, (x1, W)", "return y, (W, x1)",
        loses=("dense.cache", "stack"),
    ),
    Mutant(
        "the mean over the batch is taken away",
        "y = x1 @ W.T ", "y = (x1 - x1.mean(axis=0)) @ W.T ",
        loses=("dense.value", "dense.rows_alone", "stack"),
    ),
    Mutant(
        "y in float32",
        "return y, (x1, W)", "return y.astype(np.float32), (x1, W)",
        loses=("dense.value", "dense.contract", "stack"),
    ),
    Mutant(
        "an empty batch divides by its length",
        "ones = np.ones((len(x), 1))", "ones = np.full((len(x), 1), len(x) // len(x))",
        loses=("dense.empty_batch",),
    ),
    Mutant(
        "x is changed in place",
        "x1 = np.concatenate([x, ones], axis=1)",
        "x1 = np.concatenate([x, ones], axis=1); x *= 1.0",
        loses=("dense.contract",),
    ),
    Mutant(
        "dW is the mean",
        "dW = dy.T @ x1 ", "dW = dy.T @ x1 / len(dy) ",
        loses=("dense_backward.dW", "dense_backward.shares_add_up", "stack"),
    ),
    Mutant(
        "dW has no bias column",
        "return dx, dW", "return dx, dW[:, :-1]",
        loses=("dense_backward.shape", "dense_backward.dW", "stack"),
    ),
    Mutant(
        "dW is the last row's",
        "dW = dy.T @ x1 ", "dW = dy[-1:].T @ x1[-1:] ",
        loses=("dense_backward.dW", "dense_backward.shares_add_up", "stack"),
    ),
    Mutant(
        "the sign of dx",
        "dx = dy @ W", "dx = -dy @ W",
        loses=("dense_backward.dx", "stack"),
    ),
    Mutant(
        "dx drops the first column",
        "W[:, :-1]", "W[:, 1:]",
        loses=("dense_backward.dx", "stack"),
    ),
    Mutant(
        "dx keeps the column of ones",
        "W[:, :-1]", "W",
        loses=("dense_backward.shape", "dense_backward.dx", "stack"),
    ),
    Mutant(
        "dW adds up over calls",
        "dW = dy.T @ x1 ", "CHECKS.append(0); dW = (len(CHECKS) - 1) * dy.T @ x1 ",
        loses=("dense_backward.dW", "dense_backward.contract", "dense_backward.shares_add_up",
               "stack"),
    ),
    Mutant(
        "dy is scaled in place",
        "x1, W = cache", "x1, W = cache; dy *= 1",
        loses=("dense_backward.contract",),
    ),
]  # fmt: skip
