"""Answers: RMSprop and Adam."""

import numpy as np

from minidl import Layer

EPSILON = 1e-7


class FirstStep(Layer):
    """y = -g / s with s = √(0.1 g² + ε).

    ds/dg = 0.1 g / s, so dy/dg = -(s - 0.1 g² / s) / s² = -ε / s³: largest at 0, -1/√ε = -10,
    and at 10 nearly nothing, 0.0003: there only the sign of g counts."""

    def forward(self, x, training=False):
        s = np.sqrt(0.1 * x * x + 0.01)
        return -x / s, s

    def backward(self, dy, cache):
        s = cache
        return dy * (-0.01 / (s * s * s)), {}


class SecondStep(Layer):
    """y = -c m / r, r = √v + ε, with m and v after two steps from 0:

    m = 0.09 g1 + 0.1 g2, v = 0.000999 g1² + 0.001 g2², c = √(1 - 0.999²) / (1 - 0.9²).
    ∂y/∂g = -c (m' / r - m r' / r²), r' = v' / (2 √v), v' = 0.001998 g1 or 0.002 g2.
    g1 and g2 of unlike signs cancel in m, while v knows no sign: doubt makes steps short."""

    C = float(np.sqrt(1 - 0.999**2) / (1 - 0.9**2))

    def forward(self, x, training=False):
        M, V = np.array([0.09, 0.1], x.dtype), np.array([0.000999, 0.001], x.dtype)
        m = (x * M).sum(axis=1, keepdims=True)  # (N, 2) -> (N, 1)
        root = np.sqrt((x * x * V).sum(axis=1, keepdims=True))
        return -self.C * m / (root + EPSILON), (x, M, V, m, root)

    def backward(self, dy, cache):
        x, M, V, m, root = cache
        r = root + EPSILON
        droot = x * V / root
        return dy * -self.C * (M / r - m * droot / (r * r)), {}

    def output_shape(self, input_shape):
        return (1,)


CHECKS = [(SecondStep(), np.array([[1.0, 1.0], [1.0, -1.0], [0.1, 3.0], [-2.0, 0.5]]))]

NUMBERS = [
    (FirstStep()(np.ones(1)), "-3.0151"),
    (SecondStep()(np.array([[1.0, -1.0]])), "0.0526"),
]
