"""Answers: Value as a weighted sum."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class ScenarioSum(Layer):
    """y = w · (T, D, M) + d_S: d_S stands beside a 1 in each row of its scenario.

    So dd adds up dy over those rows, by the scenario's one-hot row; S itself has no slope."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", (3,), GlorotUniform(), self.rng)
        self.add_param("d", (3,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        one_hot = np.eye(3, dtype=x.dtype)[np.rint(x[:, 3]).astype(int)]  # (N,) -> (N, 3)
        y = x[:, :3] @ self.params["w"] + one_hot @ self.params["d"]
        return y[:, None], (x, one_hot)

    def backward(self, dy, cache):
        x, one_hot = cache
        dx = np.zeros_like(x)
        dx[:, :3] = dy * self.params["w"]
        return dx, {"w": x[:, :3].T @ dy[:, 0], "d": one_hot.T @ dy[:, 0]}

    def output_shape(self, input_shape):
        return (1,)


class WithProduct(Layer):
    """y = w · (T, D, M) + v T D: a unit of T is worth a + v D, more where there are data.

    dv = Σ dy T D; dT has v D, dD has v T in addition."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", (3,), GlorotUniform(), self.rng)
        self.add_param("v", (1,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        product = x[:, :1] * x[:, 1:2]  # (N, 1)
        return x @ self.params["w"][:, None] + self.params["v"] * product, (x, product)

    def backward(self, dy, cache):
        x, product = cache
        dx = dy * self.params["w"]  # (N, 1) * (3,) -> (N, 3)
        dx[:, 0] += (self.params["v"] * dy)[:, 0] * x[:, 1]
        dx[:, 1] += (self.params["v"] * dy)[:, 0] * x[:, 0]
        return dx, {"w": x.T @ dy[:, 0], "v": (dy * product).sum(axis=0)}

    def output_shape(self, input_shape):
        return (1,)


X = np.array(
    [[1, 1, 1, 2], [0.5, 0.2, 1, 0], [0.3, 0.9, 0.1, 2], [0.7, 0.1, 0.4, 1]], dtype="float32"
)
CHECKS = [(ScenarioSum(), X), (WithProduct(), X[:, :3])]


def at(layer, x, weights):
    """What the layer gives at x with these weights."""
    layer.build(x.shape[1:])
    layer.set_weights(weights)
    return layer(x)


NUMBERS = [
    (at(ScenarioSum(), X[:1], [[1.5, 0.8, -0.6], [2, 0, -1]]), "0.7"),
    (at(WithProduct(), X[1:2, :3], [[1.5, 0.8, -0.6], [4]]), "0.71"),
]
