"""Answers: Hidden words: a text asks its own questions."""

import numpy as np

from minidl import Layer, Loss
from minidl.initializers import GlorotUniform


class PerText(Loss):
    """L = mean over texts of (1 / n_text) Σ -ln p at the text's n_text questions.

    A question's p has the slope -1 / (N n_text p); every other number of y_pred has 0."""

    def forward(self, y_true, y_pred):
        asked = np.asarray(y_true) >= 0  # (N, T)
        rows, places = np.nonzero(asked)
        words = np.asarray(y_true)[asked]
        weights = 1 / (len(asked) * asked.sum(axis=1))[rows]  # 1 / (N n_text)
        p = y_pred[rows, places, words]
        return float(-(weights * np.log(p)).sum()), (
            rows,
            places,
            words,
            weights,
            p,
            y_pred.shape,
        )

    def backward(self, cache):
        rows, places, words, weights, p, shape = cache
        dy = np.zeros(shape, p.dtype)
        dy[rows, places, words] = -weights / p
        return dy


class ThereAndBack(Layer):
    """y = z Wᵀ, z = x W.

    As the second matrix W gets dyᵀ z, as the first one xᵀ dz with dz = dy W; dx = dz Wᵀ."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (input_shape[-1], 2), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        z = x @ self.params["W"]  # (N, D) @ (D, 2) -> (N, 2)
        return z @ self.params["W"].T, (x, z)

    def backward(self, dy, cache):
        x, z = cache
        dz = dy @ self.params["W"]  # (N, 2)
        return dz @ self.params["W"].T, {"W": dy.T @ z + x.T @ dz}


def there_and_back(x, W):
    layer = ThereAndBack()
    layer.build((len(W),))
    layer.params["W"] = W
    return layer.forward(x)[0]


rng = np.random.default_rng(0)
asked = np.array([[3, -1, 0, 1], [-1, 2, -1, -1]])
p = rng.uniform(0.1, 1, size=(2, 4, 5)).astype("float32")
CHECKS = [
    (PerText(), asked, p / p.sum(axis=2, keepdims=True)),
    (ThereAndBack(), rng.normal(size=(4, 3)).astype("float32")),
]

halves = np.array([[[0.5, 0.5], [0.25, 0.75]], [[0.5, 0.5], [0.5, 0.5]]])
NUMBERS = [
    (PerText().forward(np.array([[0, 0], [1, -1]]), halves)[0], "0.8664"),
    (there_and_back(np.array([[1.0, 1, 0]]), np.array([[1.0, 2], [0, 1], [1, 0]])), "7, 3, 1"),
]
