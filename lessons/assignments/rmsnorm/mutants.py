"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant


def norm(*names):
    return tuple(f"rms_norm.{name}" for name in names)


def back(*names):
    return tuple(f"rms_norm_backward.{name}" for name in names)


MUTANTS = [
    # ---- rms_norm ----
    Mutant(
        "eps outside the root",
        "r = 1 / np.sqrt(square + eps)", "r = 1 / (np.sqrt(square) + eps)",
        loses=(*norm("value", "cache"), "stack"),
    ),
    Mutant(
        "no eps",
        "np.sqrt(square + eps)", "np.sqrt(square)",
        loses=(*norm("value", "cache", "zero_row"), "stack"),
    ),
    Mutant(
        "the sum of squares",
        "square = (x * x).mean(", "square = (x * x).sum(",
        loses=(*norm("value", "cache", "not_centred"), "stack"),
    ),
    Mutant(
        "no root",
        "1 / np.sqrt(square + eps)", "1 / (square + eps)",
        loses=(*norm("value", "cache", "scale_free", "not_centred"), "stack"),
    ),
    Mutant(
        "the variance, as layer normalization has it",
        "square = (x * x).mean(", "square = ((x - x.mean(axis=-1, keepdims=True)) ** 2).mean(",
        loses=(*norm("value", "cache", "not_centred"), "stack"),
    ),
    Mutant(
        "the mean is taken away",
        "y = g * x * r", "y = g * (x - x.mean(axis=-1, keepdims=True)) * r",
        loses=(*norm("value", "not_centred"), "stack"),
    ),
    Mutant(
        "the mean over axis 1",
        "square = (x * x).mean(axis=-1,", "square = (x * x).mean(axis=1,",
        loses=(*norm("value", "cache", "positions"), "stack"),
    ),
    Mutant(
        "the mean over all but the batch",
        "square = (x * x).mean(axis=-1,", "square = (x * x).mean(axis=tuple(range(1, x.ndim)),",
        loses=(*norm("value", "cache", "positions"), "stack"),
    ),
    Mutant(
        "no gain",
        "y = g * x * r", "y = x * r",
        loses=(*norm("value", "not_centred"), "stack"),
    ),
    Mutant(
        "the gain counts from 1",
        "y = g * x * r", "y = (1 + g) * x * r",
        loses=(*norm("value", "not_centred"), "stack"),
    ),
    Mutant(
        "the cache holds x / rms",
        "return y, (x, r, g)", "return y, (x * r, r, g)",
        loses=(*norm("cache"), "stack"),
    ),
    Mutant(
        "the cache holds the rms, not 1 / rms",
        "return y, (x, r, g)", "return y, (x, 1 / r, g)",
        loses=(*norm("cache"), "stack"),
    ),
    Mutant(
        "a batch of one loses its axis",
        "return y, (x, r, g)", "return y if len(x) > 1 else y[0], (x, r, g)",
        loses=norm("shape"),
    ),
    Mutant(
        "x is divided in place",
        "y = g * x * r", "y = x; y *= g * r",
        loses=(*norm("cache", "contract"), "stack"),
    ),
    # ---- rms_norm_backward ----
    Mutant(
        "nothing comes back through r",
        "dx = r * (h - x_hat * slope)", "dx = r * h",
        loses=(*back("dx", "perpendicular"), "stack"),
    ),
    Mutant(
        "the sign of what comes back through r",
        "(h - x_hat * slope)", "(h + x_hat * slope)",
        loses=(*back("dx", "perpendicular"), "stack"),
    ),
    Mutant(
        "a sum where the mean should be",
        "slope = (h * x_hat).mean(", "slope = (h * x_hat).sum(",
        loses=(*back("dx", "perpendicular"), "stack"),
    ),
    Mutant(
        "dx of layer normalization",
        "dx = r * (h - x_hat * slope)",
        "dx = r * (h - h.mean(axis=-1, keepdims=True) - x_hat * slope)",
        loses=(*back("dx", "perpendicular"), "stack"),
    ),
    Mutant(
        "x for x r in dx",
        "(h - x_hat * slope)", "(h - x * slope)",
        loses=(*back("dx", "perpendicular"), "stack"),
    ),
    Mutant(
        "r is left out of dx",
        "dx = r * (h - x_hat * slope)", "dx = h - x_hat * slope",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "dx without the gain",
        "x_hat, h = x * r, g * dy", "x_hat, h = x * r, dy * 1",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "the mean over axis 0",
        "slope = (h * x_hat).mean(axis=-1,", "slope = (h * x_hat).mean(axis=0,",
        loses=(*back("dx", "perpendicular", "positions"), "stack"),
    ),
    Mutant(
        "dg of x, not of x r",
        "dg = (dy * x_hat)", "dg = (dy * x)",
        loses=(*back("dg"), "stack"),
    ),
    Mutant(
        "dg is the mean",
        ".sum(axis=0)", ".mean(axis=0)",
        loses=(*back("dg", "shares_add_up"), "stack"),
    ),
    Mutant(
        "dg keeps the positions",
        ".reshape(-1, x.shape[-1]).sum(axis=0)", ".sum(axis=0)",
        loses=(*back("shape", "dg", "positions"), "stack"),
    ),
    Mutant(
        "dg for each row",
        ".reshape(-1, x.shape[-1]).sum(axis=0)", "",
        loses=(*back("shape", "dg", "positions", "shares_add_up"), "stack"),
    ),
    Mutant(
        "dy is scaled in place",
        "x_hat, h = x * r, g * dy", "dy *= g; x_hat, h = x * r, dy",
        loses=(*back("dg", "contract"), "stack"),
    ),
    Mutant(
        "dx in float32",
        "return dx, dg", "return dx.astype(np.float32), dg",
        loses=(*back("dx", "contract", "perpendicular"), "stack"),
    ),
]  # fmt: skip
