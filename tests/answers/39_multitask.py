"""Answers: Two tasks, one encoder."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform, Zeros


class LearnedWeights(Layer):
    """y = Σ_k x_k exp(-s_k) + s_k, exp(-s_k) the weight of task k, s_k its price.

    dx_k = dy exp(-s_k), ds_k = Σ_n dy (1 - x_k exp(-s_k)): s_k rises to ln x_k."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("s", input_shape[-1:], Zeros(), self.rng)

    def forward(self, x, training=False):
        weighted = x * np.exp(-self.params["s"])  # (N, K)
        return (weighted + self.params["s"]).sum(axis=1, keepdims=True), weighted

    def backward(self, dy, cache):
        return dy * np.exp(-self.params["s"]), {"s": (dy * (1 - cache)).sum(axis=0)}

    def output_shape(self, input_shape):
        return (1,)


class CrossStitch(Layer):
    """y_k = Σ_m A_km x_m: dx_m = Σ_k A_km dy_k, dA_km = Σ dy_k x_m over rows and features."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("A", (2, 2), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        return self.params["A"] @ x, x  # (2, 2) @ (N, 2, D) -> (N, 2, D)

    def backward(self, dy, cache):
        dA = (dy @ cache.transpose(0, 2, 1)).sum(axis=0)  # (N, 2, D) @ (N, D, 2)
        return self.params["A"].T @ dy, {"A": dA}


rng = np.random.default_rng(0)
CHECKS = [
    (LearnedWeights(), rng.uniform(0.1, 2, size=(4, 2)).astype("float32")),
    (CrossStitch(), rng.normal(size=(4, 2, 3)).astype("float32")),
]


def built(layer, x, **arrays):
    layer.build(x.shape[1:])
    layer.params.update(arrays)
    return layer.forward(x)[0]


NUMBERS = [
    (built(LearnedWeights(), np.array([[1.0, 2.0]]), s=np.array([0.0, 0.5])), "2.7131"),
    (
        built(
            CrossStitch(),
            np.array([[[1.0, 2.0], [3.0, 4.0]]]),
            A=np.array([[0.9, 0.1], [0.2, 0.8]]),
        ),
        "1.2, 2.2, 2.6, 3.6",
    ),
]
