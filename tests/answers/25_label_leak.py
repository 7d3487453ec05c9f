"""Answers: The text is the label."""

import numpy as np

from minidl import Layer


def sigma(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class ThreeVerdicts(Layer):
    """y = 1 - a, a - b, b with a = σ(z + 1), b = σ(z - 1).

    da/dz = a (1 - a), db/dz = b (1 - b), so
    dz = (dy₁ - dy₀) a (1 - a) + (dy₂ - dy₁) b (1 - b)."""

    def forward(self, x, training=False):
        a, b = sigma(x + 1), sigma(x - 1)
        return np.concatenate([1 - a, a - b, b], axis=1), (a, b)  # (N, 1) -> (N, 3)

    def backward(self, dy, cache):
        a, b = cache
        low, middle, high = dy[:, :1], dy[:, 1:2], dy[:, 2:]
        return (middle - low) * a * (1 - a) + (high - middle) * b * (1 - b), {}

    def output_shape(self, input_shape):
        return (3,)


class SkippingMemory(Layer):
    """c_t = c_{t-1} / 2 + x_t where keep[t], else c_{t-1}.

    Backward: at a step kept dx_t = dc, and dc is halved; at another dx_t = 0, and dc stays."""

    def __init__(self, keep):
        super().__init__()
        self.keep = keep

    def forward(self, x, training=False):
        c = np.zeros_like(x[:, 0])
        for t, kept in enumerate(self.keep):
            if kept:
                c = c / 2 + x[:, t]
        return c, x.shape

    def backward(self, dy, cache):
        dx = np.zeros(cache, dy.dtype)
        for t in reversed(range(cache[1])):
            if self.keep[t]:
                dx[:, t] = dy
                dy = dy / 2
        return dx, {}

    def output_shape(self, input_shape):
        return input_shape[1:]


rng = np.random.default_rng(0)
CHECKS = [
    (ThreeVerdicts(), rng.normal(size=(4, 1)).astype("float32")),
    (SkippingMemory([True, False, True, True]), rng.normal(size=(3, 4, 2)).astype("float32")),
]

NUMBERS = [
    (ThreeVerdicts().forward(np.zeros((1, 1)))[0], "0.2689, 0.4621, 0.2689"),
    (SkippingMemory([True, False, True]).forward(np.ones((1, 3, 1)))[0], "1.5"),
]
