"""Answers: One neuron and its activations."""

import numpy as np

from minidl import Layer


def sigma(z):
    return 0.5 * (1 + np.tanh(0.5 * z))  # no z overflows


class Softplus(Layer):
    """y = log(1 + e^z), so dy/dz = e^z / (1 + e^z) = σ(z).

    log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), where no exponential exceeds 1."""

    def forward(self, x, training=False):
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x

    def backward(self, dy, cache):
        return dy * sigma(cache), {}


class Softsign(Layer):
    """y = z / (1 + |z|).

    For z > 0, dy/dz = ((1 + z) - z) / (1 + z)²; for z < 0, ((1 - z) + z) / (1 - z)². Both are
    1 / (1 + |z|)², and 1 at 0: no kink."""

    def forward(self, x, training=False):
        size = 1 + np.abs(x)
        return x / size, size

    def backward(self, dy, cache):
        return dy / (cache * cache), {}


class ThreeSigmoids(Layer):
    """y = σ(σ(σ(z))): the slopes s (1 - s) of the three outputs are multiplied.

    At 0: 0.25 · 0.235 · 0.2253 = 0.013, and ten of them are below 4^-10, a millionth."""

    def forward(self, x, training=False):
        first = sigma(x)
        second = sigma(first)
        third = sigma(second)
        return third, (first, second, third)

    def backward(self, dy, cache):
        for s in cache:
            dy = dy * s * (1 - s)
        return dy, {}


NUMBERS = [
    (Softplus().forward(np.zeros(1))[0], "0.6931"),
    (Softsign().forward(np.full(1, 3.0))[0], "0.75"),
    (ThreeSigmoids().forward(np.zeros(1))[0], "0.6508"),
]
