"""Answers: Where a word stands: fixed or learned."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class FromTheEnd(Layer):
    """y_t = x_t + W[T - 1 - t]: the first T rows of W backwards.

    Row v gets dy at t = T - 1 - v of every text; rows from T on get nothing."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (6, input_shape[-1]), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        T = x.shape[1]
        return x + self.params["W"][:T][::-1], T

    def backward(self, dy, cache):
        dW = np.zeros_like(self.params["W"])
        dW[:cache] = dy.sum(axis=0)[::-1]  # (N, T, D) -> (T, D)
        return dy, {"W": dW}


class ByDistance(Layer):
    """y_ij = s_ij + b[clip(j - i) + 2]: each b collects dy over all pairs at its distance."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("b", (5,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        steps = np.arange(x.shape[1])
        place = np.clip(steps - steps[:, None], -2, 2) + 2  # (T, T)
        return x + self.params["b"][place], place

    def backward(self, dy, cache):
        db = np.zeros_like(self.params["b"])
        np.add.at(db, cache, dy.sum(axis=0))  # (N, T, T) -> (T, T)
        return dy, {"b": db}


rng = np.random.default_rng(0)
CHECKS = [
    (FromTheEnd(), rng.normal(size=(3, 4, 2)).astype("float32")),
    (ByDistance(), rng.normal(size=(2, 4, 4)).astype("float32")),
]


def with_params(layer, x, **params):
    layer.build(x.shape[1:])
    layer.params.update(params)
    return layer.forward(x)[0]


NUMBERS = [
    (with_params(FromTheEnd(), np.zeros((1, 3, 1)), W=np.arange(6.0)[:, None]), "2, 1, 0"),
    (with_params(ByDistance(), np.zeros((1, 4, 4)), b=np.arange(5.0))[0, 0], "2, 3, 4, 4"),
]
