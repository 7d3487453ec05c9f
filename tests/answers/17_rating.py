"""Answers: A rating from tables of vectors."""

import numpy as np

from minidl import Layer


class NearRating(Layer):
    """y = 1 + 4 exp(-|p - q|²).

    d|p - q|²/dp = 2 (p - q), so dp = -8 exp(-|p - q|²) (p - q) dy, and dq = -dp."""

    def forward(self, x, training=False):
        gap = x[:, 0] - x[:, 1]  # (N, 2, D) -> (N, D)
        near = np.exp(-(gap * gap).sum(axis=1, keepdims=True))  # (N, 1)
        return 1 + 4 * near, (gap, near)

    def backward(self, dy, cache):
        gap, near = cache
        dp = -8 * dy * near * gap  # (N, 1) * (N, D) -> (N, D)
        return np.stack([dp, -dp], axis=1), {}

    def output_shape(self, input_shape):
        return (1,)


class Cosine(Layer):
    """y = p·q / (|p| |q|).

    d(p·q)/dp = q, d|p|/dp = p / |p|; by the quotient's rule dy/dp is
    q / (|p| |q|) - p·q p / (|p|³ |q|) = q / (|p| |q|) - y p / |p|². For q likewise."""

    def forward(self, x, training=False):
        lengths = np.sqrt((x * x).sum(axis=2, keepdims=True))  # (N, 2, D) -> (N, 2, 1)
        y = (x[:, 0] * x[:, 1]).sum(axis=1, keepdims=True) / lengths.prod(axis=1)  # (N, 1)
        return y, (x, lengths, y)

    def backward(self, dy, cache):
        x, lengths, y = cache
        partner = x[:, ::-1] / lengths.prod(axis=1, keepdims=True)  # q for p, and p for q
        own = y[:, None] * x / lengths**2
        return dy[:, None] * (partner - own), {}

    def output_shape(self, input_shape):
        return (1,)


x = np.random.default_rng(0).normal(size=(4, 2, 3)).astype("float32")
CHECKS = [(NearRating(), x), (Cosine(), x)]

vectors = np.array([[[0.1, 0.2, 0.3], [0.7, 0.8, 0.9]]])
NUMBERS = [
    (NearRating().forward(vectors)[0], "2.3584"),
    (Cosine().forward(vectors)[0], "0.9594"),
]
