"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

Y = "y = np.maximum(x, 0) + np.log1p(e) / beta "
SIGMA = "(np.where(x >= 0, 1.0, e) / (1 + e))  # σ(β x)"
DBETA = "dbeta = -(dy * fall).sum() / beta"
SILU = "y = x * (np.where(x >= 0, 1.0, e) / (1 + e))"
SLOPE = "return dy * s * (1 + x * (1 - s))"

MUTANTS = [
    # ---- softplus ----
    Mutant(
        "the formula as it stands",
        Y, "y = np.log(1 + np.exp(beta * x)) / beta ",
        loses=("softplus.huge", "softplus.low_tail"),
    ),
    Mutant(
        "log1p, but of an exp that overflows",
        Y, "y = np.log1p(np.exp(beta * x)) / beta ",
        loses=("softplus.huge",),
    ),
    Mutant(
        "log of 1 + e",
        "+ np.log1p(e) / beta  # for", "+ np.log(1 + e) / beta  # for",
        loses=("softplus.low_tail",),
    ),
    Mutant(
        "the logarithm is not divided by β",
        Y, "y = np.maximum(x, 0) + np.log1p(e) ",
        loses=("softplus.value", "stack"),
    ),
    Mutant(
        "all of it is divided by β",
        Y, "y = (np.maximum(x, 0) + np.log1p(e)) / beta ",
        loses=("softplus.value", "softplus.huge", "stack"),
    ),
    Mutant(
        "no β in the exponent",
        "e = np.exp(-beta * np.abs(x))", "e = np.exp(-np.abs(x))",
        loses=("softplus.value", "softplus.cache", "softplus.low_tail", "stack"),
    ),
    Mutant(
        "no β at all: binary cross-entropy's term",
        Y, "y = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) ",
        loses=("softplus.value", "softplus.low_tail", "stack"),
    ),
    Mutant(
        "ReLU",
        Y, "y = np.maximum(x, 0) ",
        loses=("softplus.value", "softplus.low_tail", "stack"),
    ),
    Mutant(
        "the cache holds e^(β x)",
        "return y, (x, e, beta)", "return y, (x, np.exp(np.minimum(beta * x, 99)), beta)",
        loses=("softplus.cache", "stack"),
    ),
    Mutant(
        "x becomes |x| in place",
        "e = np.exp(-beta * np.abs(x))", "x *= 1.0; e = np.exp(-beta * np.abs(x))",
        loses=("softplus.contract",),
    ),
    Mutant(
        "y in float32",
        "return y, (x, e, beta)", "return y.astype(np.float32), (x, e, beta)",
        loses=("softplus.value", "softplus.contract", "softplus.huge", "softplus.low_tail",
               "stack"),
    ),
    Mutant(
        "y is flat",
        "return y, (x, e, beta)", "return y.ravel(), (x, e, beta)",
        loses=("softplus.shape", "softplus.value", "stack"),
    ),
    # ---- softplus_backward ----
    Mutant(
        "the halves of σ change places",
        SIGMA, "(np.where(x >= 0, e, 1.0) / (1 + e))  # σ(β x)",
        loses=("softplus_backward.dx", "softplus_backward.dx_low_tail", "stack"),
    ),
    Mutant(
        "σ by tanh",
        SIGMA, "(0.5 * (1 + np.tanh(0.5 * beta * x)))  # σ(β x)",
        loses=("softplus_backward.dx_low_tail",),
    ),
    Mutant(
        "σ of x without β",
        SIGMA, "(1 / (1 + np.exp(-x)))  # σ(β x)",
        loses=("softplus_backward.dx", "softplus_backward.dx_low_tail", "stack"),
    ),
    Mutant(
        "β σ: the 1/β in front is forgotten",
        "dx = dy * (np", "dx = beta * dy * (np",
        loses=("softplus_backward.dx", "stack"),
    ),
    Mutant(
        "dx by differences",
        "dx = dy * " + SIGMA,
        "h = 1e-3; f = lambda x: np.logaddexp(0, beta * x) / beta; "
        "dx = dy * ((f(x + h) - f(x - h)) / (2 * h))  # σ(β x)",
        loses=("softplus_backward.dx", "stack"),
    ),
    Mutant(
        "dbeta subtracts y from x σ",
        DBETA,
        "y = np.maximum(x, 0) + np.log1p(e) / beta; dbeta = (dx * x - dy * y).sum() / beta",
        loses=("softplus_backward.dbeta_even",),
    ),
    Mutant(
        "dbeta of the exponent only",
        DBETA, "dbeta = (dx * x).sum() / beta",
        loses=("softplus_backward.dbeta", "softplus_backward.dbeta_even", "stack"),
    ),
    Mutant(
        "dbeta of the fraction only",
        DBETA, "dbeta = -(dy * (np.maximum(x, 0) + np.log1p(e) / beta)).sum() / beta",
        loses=("softplus_backward.dbeta", "softplus_backward.dbeta_even", "stack"),
    ),
    Mutant(
        "the sign of dbeta",
        DBETA, "dbeta = (dy * fall).sum() / beta",
        loses=("softplus_backward.dbeta", "stack"),
    ),
    Mutant(
        "dbeta is a mean",
        DBETA, "dbeta = -(dy * fall).mean() / beta",
        loses=("softplus_backward.dbeta", "softplus_backward.dbeta_adds_up", "stack"),
    ),
    Mutant(
        "dbeta keeps an axis",
        "return dx, float(dbeta)", "return dx, np.array([dbeta])",
        loses=("softplus_backward.shape",),
    ),
    Mutant(
        "dy is changed",
        "x, e, beta = cache", "x, e, beta = cache; dy *= 1",
        loses=("softplus_backward.contract",),
    ),
    # ---- silu ----
    Mutant(
        "σ with e^x overflows",
        SILU, "y = x * (np.exp(x) / (1 + np.exp(x)))",
        loses=("silu.huge",),
    ),
    Mutant(
        "σ by tanh in SiLU",
        SILU, "y = x * (0.5 * (1 + np.tanh(0.5 * x)))",
        loses=("silu.low_tail",),
    ),
    Mutant(
        "the x is forgotten",
        SILU, "y = np.where(x >= 0, 1.0, e) / (1 + e)",
        loses=("silu.value", "silu.huge", "silu.low_tail", "stack"),
    ),
    Mutant(
        "σ(1.702 x), the quick GELU",
        SILU, "y = x / (1 + np.exp(-1.702 * x))",
        loses=("silu.value", "silu.low_tail", "stack"),
    ),
    Mutant(
        "the cache holds y",
        "return y, (x, e)\n", "return y, (y, e)\n",
        loses=("silu.cache", "stack"),
    ),
    Mutant(
        "x is clipped in place",
        "e = np.exp(-np.abs(x))", "np.clip(x, -700, 700, out=x); e = np.exp(-np.abs(x))",
        loses=("silu.contract", "silu.huge"),
    ),
    Mutant(
        "y has an axis too many",
        "return y, (x, e)\n", "return y[None], (x, e)\n",
        loses=("silu.shape", "silu.huge"),
    ),
    # ---- silu_backward ----
    Mutant(
        "only σ is kept: x is taken for a constant",
        SLOPE, "return dy * s",
        loses=("silu_backward.dx", "silu_backward.low_tail", "stack"),
    ),
    Mutant(
        "only the slope of σ: the product rule's other half",
        SLOPE, "return dy * x * s * (1 - s)",
        loses=("silu_backward.dx", "silu_backward.slopes_mirror",
               "silu_backward.low_tail", "stack"),
    ),
    Mutant(
        "σ for 1 − σ",
        SLOPE, "return dy * s * (1 + x * s)",
        loses=("silu_backward.dx", "silu_backward.slopes_mirror",
               "silu_backward.low_tail", "stack"),
    ),
    Mutant(
        "y is taken for x",
        SLOPE, "return dy * s * (1 + x * s * (1 - s))",
        loses=("silu_backward.dx", "silu_backward.slopes_mirror",
               "silu_backward.low_tail", "stack"),
    ),
    Mutant(
        "exp(x) in the slope overflows",
        "s = np.where(x >= 0, 1.0, e) / (1 + e)  # σ(x)", "s = np.exp(x) / (1 + np.exp(x))",
        loses=("silu_backward.slopes_mirror",),
    ),
    Mutant(
        "1 − 1/(1 + e^x) in the slope",
        "s = np.where(x >= 0, 1.0, e) / (1 + e)  # σ(x)", "s = 1 - 1 / (1 + np.exp(x))",
        loses=("silu_backward.low_tail",),
    ),
    Mutant(
        "dx is transposed",
        SLOPE, "return (dy * s * (1 + x * (1 - s))).T",
        loses=("silu_backward.shape", "silu_backward.dx", "stack"),
    ),
    Mutant(
        "dy is scaled in place",
        SLOPE, "dy *= s; return dy * (1 + x * (1 - s))",
        loses=("silu_backward.contract",),
    ),
]  # fmt: skip
