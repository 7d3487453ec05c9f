"""Answers: Gradient descent."""

import numpy as np

from minidl import Layer


class QuarticStep(Layer):
    """y = θ - α θ³, so dy/dθ = 1 - 3 α θ², as L'' = 3 θ²: below -1 from |θ| = √(2 / 3α) on."""

    def forward(self, x, training=False):
        return x - 0.1 * (x * x * x), x

    def backward(self, dy, cache):
        return dy * (1 - 0.3 * (cache * cache)), {}


class MomentumStep(Layer):
    """g = 2 w, m' = μ m - α g, w' = w + m': both outputs are sums of w and m.

    ∂m'/∂w = -2 α, ∂m'/∂m = μ, ∂w'/∂w = 1 - 2 α, ∂w'/∂m = μ. dm' comes also through w'."""

    def forward(self, x, training=False):
        w, m = x[:, 0], x[:, 1]
        m = 0.9 * m - 0.1 * (2 * w)
        return np.stack([w + m, m], axis=1), None

    def backward(self, dy, cache):
        dw, dm = dy[:, 0], dy[:, 0] + dy[:, 1]
        return np.stack([dw - 0.2 * dm, 0.9 * dm], axis=1), {}


CHECKS = [(MomentumStep(), np.array([[1.0, 0.2], [-0.5, 1.5], [3.0, 0.0]]))]

NUMBERS = [
    (QuarticStep()(np.full(1, 2.0)), "1.2"),
    (MomentumStep()(np.array([[1.0, 0.2]])), "0.98, -0.02"),
]
