"""Answers: Copies: when a good score means nothing."""

import numpy as np

from minidl import Layer, Loss
from minidl.initializers import GlorotUniform


class OncePerText(Loss):
    """L = Σ w (-ln p_k) / Σ w, with w = 1 / n: the n copies of a text weigh 1 together.

    p_1 = p and p_0 = 1 - p, so dL/dp is -w / (p Σ w) for 1, w / ((1 - p) Σ w) for 0."""

    def forward(self, y_true, y_pred):
        label, n = np.asarray(y_true).T
        w = (1 / n / (1 / n).sum()).astype(y_pred.dtype)
        p = np.where(label == 1, y_pred, 1 - y_pred)  # of the true class
        return float(-(w * np.log(p)).sum()), (label, w, p)

    def backward(self, cache):
        label, w, p = cache
        return np.where(label == 1, -w, w) / p


class RootBag(Layer):
    """y = Σ_t W[x_t] / √T.

    W_v stands in y once for every x_t = v: dW_v = Σ dy / √T over all such places."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (20, 2), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        root = np.sqrt(x.shape[1]).astype(self.params["W"].dtype)
        return self.params["W"][x].sum(axis=1) / root, (x, root)  # (N, T, 2) -> (N, 2)

    def backward(self, dy, cache):
        x, root = cache
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, x, (dy / root)[:, None])  # (N, 1, 2) to each of the T ids of a row
        return None, {"W": dW}

    def output_shape(self, input_shape):
        return (2,)


CHECKS = [
    (OncePerText(), np.array([[1, 2], [1, 2], [0, 1]]), np.array([0.9, 0.8, 0.3], "float32")),
    (RootBag(), np.array([[3, 1, 4, 1], [5, 9, 2, 6]])),
]


def bag_of_ones():
    bag = RootBag()
    bag.build((None,))
    bag.params["W"] = np.ones((20, 2))
    return bag


copies = np.array([[1, 2], [1, 2], [0, 1]])
NUMBERS = [
    (OncePerText().forward(copies, np.array([0.9, 0.9, 0.5]))[0], "0.3993"),
    (bag_of_ones().forward(np.array([[3, 1, 4, 1]]))[0], "2, 2"),
]
