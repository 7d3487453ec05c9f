"""Answers: A recommender, trained and judged."""

import numpy as np

from minidl import Loss


class TooHigh(Loss):
    """L = mean of w e², e = y_pred - y_true, w = 2 where e > 0 and 1 elsewhere.

    dL/dy_pred = 2 w e / n. At e = 0 both sides have the slope 0: no kink."""

    def forward(self, y_true, y_pred):
        e = y_pred - np.asarray(y_true, y_pred.dtype)
        w = np.where(e > 0, 2, 1).astype(e.dtype)
        return float(np.mean(w * e * e)), (w, e)

    def backward(self, cache):
        w, e = cache
        return 2 * w * e / e.size


class ClickedFirst(Loss):
    """L = mean of -ln σ(g) = ln(1 + e^-g), g = s_clicked - s_other.

    dL/dg = -σ(-g) / N: nothing where the clicked film leads by far. Its score gets dL/dg, the
    other one -dL/dg."""

    def forward(self, y_true, y_pred):
        sign = 1 - 2 * np.asarray(y_true)  # the gap is s_0 - s_1, or minus that
        gap = sign.astype(y_pred.dtype) * (y_pred[:, 0] - y_pred[:, 1])
        return float(np.mean(np.logaddexp(0, -gap))), (sign, gap)

    def backward(self, cache):
        sign, gap = cache
        dgap = -1 / (1 + np.exp(gap)) / len(gap)
        return np.stack([dgap, -dgap], axis=1) * sign[:, None].astype(gap.dtype)


scores = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
CHECKS = [(ClickedFirst(), np.array([0, 1, 1, 0]), scores)]

NUMBERS = [
    (TooHigh().forward(np.array([3, 3]), np.array([4.0, 2.0]))[0], "1.5"),
    (ClickedFirst().forward(np.array([0]), np.array([[0.5, 0.2]]))[0], "0.5544"),
]
