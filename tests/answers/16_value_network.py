"""Answers: Value that is no sum."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class CobbDouglas(Layer):
    """y = x1^a x2^b = exp(a log x1 + b log x2).

    The exponent's slopes times y: ∂y/∂x_i = y p_i / x_i and ∂y/∂p_i = y log x_i."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("p", (2,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        logs = np.log(x)
        y = np.exp(logs @ self.params["p"])[:, None]  # (N, 2) @ (2,) -> (N, 1)
        return y, (x, logs, y)

    def backward(self, dy, cache):
        x, logs, y = cache
        shared = dy * y  # (N, 1)
        return shared * self.params["p"] / x, {"p": (shared * logs).sum(axis=0)}

    def output_shape(self, input_shape):
        return (1,)


class SoftMinimum(Layer):
    """y = -log Σ exp(-x_i), so ∂y/∂x_i = exp(-x_i) / Σ exp(-x_j): the softmax of -x.

    The smallest entry gets most of the gradient. Its size is taken out, so that no exponential
    exceeds 1."""

    def forward(self, x, training=False):
        least = x.min(axis=1, keepdims=True)
        e = np.exp(least - x)
        total = e.sum(axis=1, keepdims=True)
        return least - np.log(total), e / total

    def backward(self, dy, cache):
        return dy * cache, {}

    def output_shape(self, input_shape):
        return (1,)


X = np.array([[4, 9], [0.5, 1.5], [2, 0.3]], dtype="float32")
CHECKS = [(CobbDouglas(), X)]


def at(layer, x, weights):
    """What the layer gives at x with these weights."""
    layer.build(x.shape[1:])
    layer.set_weights(weights)
    return layer(x)


NUMBERS = [
    (at(CobbDouglas(), X[:1], [[0.5, 0.5]]), "6"),
    (SoftMinimum()(np.ones((1, 2))), "0.3069"),
]
