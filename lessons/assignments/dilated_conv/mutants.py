"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

DELAYED = "    y[..., s:] = x[..., : max(T - s, 0)]\n"
EARLIER = "    dx[..., : max(T - s, 0)] = dy[..., s:]\n"
TAP = "y += W[:, :, k] @ delay(x, k * dilation)"


def conv(*names):
    return tuple(f"dilated_conv.{name}" for name in names)


def back(*names):
    return tuple(f"dilated_conv_backward.{name}" for name in names)


MUTANTS = [
    # ---- delay ----
    Mutant(
        "x comes earlier",
        DELAYED, "    y[..., : max(T - s, 0)] = x[..., s:]\n",
        loses=("delay.value", "stack"),
    ),
    Mutant(
        "the end comes round to the start",
        DELAYED, "    y[:] = np.roll(x, s, axis=-1)\n",
        loses=("delay.value", "delay.longer_than_x", "stack"),
    ),
    Mutant(
        "a slice to minus zero",
        DELAYED, "    y[..., s:] = x[..., :-s]\n",
        loses=("delay.shape", "delay.value", "delay.contract", "delay.longer_than_x", "stack"),
    ),
    Mutant(
        "a negative slice for a long delay",
        DELAYED, "    y[..., min(s, T - 1):] = x[..., : max(T - s, 1)]\n",
        loses=("delay.longer_than_x",),
    ),
    Mutant(
        "the first x stands in for the past",
        DELAYED, "    y += x[..., :1]\n" + DELAYED,
        loses=("delay.value", "delay.longer_than_x", "stack"),
    ),
    Mutant(
        "x is changed in place",
        "    T = x.shape[-1]\n", "    T = x.shape[-1]\n    x *= 1\n",
        loses=("delay.contract",),
    ),
    # ---- delay_backward ----
    Mutant(
        "the gradient is delayed as well",
        EARLIER, "    dx[..., s:] = dy[..., : max(T - s, 0)]\n",
        loses=("delay_backward.dx", "stack"),
    ),
    Mutant(
        "the gradient of the first steps comes round",
        EARLIER, "    dx[:] = np.roll(dy, -s, axis=-1)\n",
        loses=("delay_backward.dx", "delay_backward.longer_than_x", "stack"),
    ),
    Mutant(
        "time runs backwards",
        "    return dx\n", "    return dx[..., ::-1]\n",
        loses=("delay_backward.dx", "delay_backward.longer_than_x", "stack"),
    ),
    Mutant(
        "dx is cut to what has a gradient",
        "    return dx\n", "    return dx[..., : max(T - s, 0)]\n",
        loses=("delay_backward.shape", "delay_backward.dx", "delay_backward.longer_than_x",
               "stack"),
    ),
    Mutant(
        "the mean over the batch is taken off",
        "    return dx\n", "    return dx - dx.mean(axis=0)\n",
        loses=("delay_backward.dx", "delay_backward.longer_than_x", "delay_backward.alone",
               "stack"),
    ),
    # ---- dilated_conv ----
    Mutant(
        "the taps count forwards",
        TAP, "y += W[:, :, K - 1 - k] @ delay(x, k * dilation)",
        loses=(*conv("value", "long_reach"), "stack"),
    ),
    Mutant(
        "centred",
        "        " + TAP,
        "        s = (k - K // 2) * dilation\n"
        "        y += W[:, :, k] @ (delay(x, s) if s > 0 else delay_backward(x, -s))",
        loses=(*conv("value", "causal", "starts_later", "long_reach"), "stack"),
    ),
    Mutant(
        "looks ahead",
        TAP, "y += W[:, :, k] @ delay_backward(x, k * dilation)",
        loses=(*conv("value", "causal", "starts_later"), "stack"),
    ),
    Mutant(
        "the past only",
        TAP, "y += W[:, :, k] @ delay(x, k * dilation + 1)",
        loses=(*conv("value", "causal", "comb"), "stack"),
    ),
    Mutant(
        "the dilation is left out",
        TAP, "y += W[:, :, k] @ delay(x, k)",
        loses=(*conv("value", "comb", "long_reach"), "stack"),
    ),
    Mutant(
        "the dilation is a power",
        TAP, "y += W[:, :, k] @ delay(x, dilation**k - 1)",
        loses=(*conv("value", "comb"), "stack"),
    ),
    Mutant(
        "a tap out of reach meets the first step",
        TAP, "y += W[:, :, k] @ delay(x, min(k * dilation, T - 1))",
        loses=conv("long_reach"),
    ),
    Mutant(
        "no bias",
        "y = np.zeros((N, F, T)) + b[:, None]", "y = np.zeros((N, F, T))",
        loses=(*conv("value"), "stack"),
    ),
    Mutant(
        "the bias once for each tap",
        TAP, TAP + " + (k > 0) * b[:, None]",
        loses=(*conv("value"), "stack"),
    ),
    Mutant(
        "the last tap is missing",
        "for k in range(K):", "for k in range(max(K - 1, 1)):",
        loses=(*conv("value"), "stack"),
    ),
    Mutant(
        "channels last",
        "return y, (x, W, dilation)", "return y.swapaxes(1, 2), (x, W, dilation)",
        loses=(*conv("shape", "value", "causal", "starts_later", "comb"), "stack"),
    ),
    Mutant(
        "steps without their full window are cut off",
        "return y, (x, W, dilation)",
        "return y[..., min(T - 1, (K - 1) * dilation):], (x, W, dilation)",
        loses=(*conv("shape", "value", "causal", "starts_later"), "stack"),
    ),
    Mutant(
        "the cache holds y",
        "return y, (x, W, dilation)", "return y, (y, W, dilation)",
        loses=(*conv("cache"), "stack"),
    ),
    Mutant(
        "sequences are centred over the batch",
        TAP, "y += W[:, :, k] @ (delay(x, k * dilation) - x.mean(axis=0))",
        loses=(*conv("value", "long_reach", "rows_alone"), "stack"),
    ),
    # ---- dilated_conv_backward ----
    Mutant(
        "the gradient is delayed, not brought back",
        "dx += delay_backward(W", "dx += delay(W",
        loses=(*back("dx", "looks_back"), "stack"),
    ),
    Mutant(
        "the gradient stays where it came in",
        "dx += delay_backward(W[:, :, k].T @ dy, k * dilation)", "dx += W[:, :, k].T @ dy",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "dx is the last tap's",
        "dx += delay_backward(W", "dx = delay_backward(W",
        loses=(*back("dx", "looks_back"), "stack"),
    ),
    Mutant(
        "dx from the taps in the wrong order",
        "dx += delay_backward(W[:, :, k].T", "dx += delay_backward(W[:, :, -1 - k].T",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "dW without the delay",
        "later = delay(x, k * dilation)", "later = x",
        loses=(*back("dW", "long_reach"), "stack"),
    ),
    Mutant(
        "dW without the dilation",
        "later = delay(x, k * dilation)", "later = delay(x, k)",
        loses=(*back("dW", "long_reach"), "stack"),
    ),
    Mutant(
        "dW is the mean over the batch",
        "    db = dy.sum(axis=(0, 2))", "    dW, db = dW / len(x), dy.sum(axis=(0, 2))",
        loses=(*back("dW", "shares_add_up"), "stack"),
    ),
    Mutant(
        "dW by channels first, filters second",
        "    return dx, dW, db", "    return dx, dW.swapaxes(0, 1), db",
        loses=(*back("shape", "dW"), "stack"),
    ),
    Mutant(
        "db keeps the steps",
        "dy.sum(axis=(0, 2))", "dy.sum(axis=0)",
        loses=(*back("shape", "db"), "stack"),
    ),
    Mutant(
        "db is the mean over the steps",
        "dy.sum(axis=(0, 2))", "dy.mean(axis=2).sum(axis=0)",
        loses=(*back("db"), "stack"),
    ),
    Mutant(
        "db of the last sequence",
        "dy.sum(axis=(0, 2))", "dy[-1].sum(axis=1)",
        loses=(*back("db", "shares_add_up"), "stack"),
    ),
    Mutant(
        "dy is changed in place",
        "    x, W, dilation = cache\n", "    x, W, dilation = cache; dy += 0\n",
        loses=back("contract"),
    ),
    Mutant(
        "dx in float32",
        "dx, dW = np.zeros(x.shape),", "dx, dW = np.zeros(x.shape, np.float32),",
        loses=(*back("dx", "contract"), "stack"),
    ),
]  # fmt: skip
