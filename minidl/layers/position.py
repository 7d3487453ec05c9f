"""Positions: attention sees a set; what is added here tells it the order."""

import numpy as np

from minidl import initializers
from minidl.layer import Layer
from minidl.layers.dense import positive_integer


def sinusoidal(positions, d):
    """(…, d): the sinusoidal code of each position.

    PE(pos, 2i) = sin(pos / 10000^(2i/d))     PE(pos, 2i+1) = cos(pos / 10000^(2i/d))

    PE(pos + k) is PE(pos) with each pair (2i, 2i+1) turned by the angle k / 10000^(2i/d): the
    same rotation wherever pos is. d may be odd: then the last column is a sine.

    Source:   D4 §4.1.2, §4.2.2 (printed there with the two cases mixed up); Vaswani et al. 2017
    """
    d = positive_integer("sinusoidal", "d", d)
    even = np.arange(0, d, 2)  # 2i
    angles = np.asarray(positions, dtype=float)[..., None] / 10000 ** (even / d)  # (…, ⌈d/2⌉)
    code = np.empty((*angles.shape[:-1], d))
    code[..., 0::2] = np.sin(angles)
    code[..., 1::2] = np.cos(angles)[..., : d // 2]
    return code


class PositionalEncoding(Layer):
    """Adds a fixed code of sines and cosines to every position.

    Forward   yₜ = xₜ + PE(t)          x, y: (N, T, D)   PE: sinusoidal(t, D), t from 0
    Backward  dx = dy
    Cache     nothing

    max_length   the longest sequence; None for any length

    Raises    ValueError: x is not (N, T, D), or longer than max_length
    Source:   D4 §4.1.2; Vaswani et al. 2017, §3.5
    """

    def __init__(self, max_length=None, **kwargs):
        super().__init__(**kwargs)
        if max_length is not None:
            max_length = positive_integer("PositionalEncoding", "max_length", max_length)
        self.max_length = max_length
        self.table = np.zeros((0, 0))

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        if len(input_shape) == 2:
            T, D = self.max_length or input_shape[0] or 0, input_shape[1]
            self.table = sinusoidal(np.arange(T), D)  # float64, as exact as x may be

    def forward(self, x, training=False):
        x = self.check(x)
        T, D = x.shape[1:]
        fits = len(self.table) >= T and self.table.shape[1] == D
        code = self.table[:T] if fits else sinusoidal(np.arange(T), D)
        return x + code.astype(x.dtype), None  # (N, T, D) + (T, D)

    def backward(self, dy, cache):
        return dy, {}

    def check(self, x):
        """x as floats, or a sentence on what is wrong with its shape."""
        x = check_sequence(self, x, self.max_length)
        return x if x.dtype.kind == "f" else x.astype(self.dtype or "float32")


class PositionEmbedding(Layer):
    """Adds a row of a trained table to every position.

    Forward   yₜ = xₜ + Wₜ             x, y: (N, T, D)   W: (L, D), L ≥ T
    Backward  dWₜ = Σ dyₜ over the batch, 0 for t ≥ T          dx = dy
    Cache     nothing

    sequence_length   L, the longest sequence

    Raises    ValueError: x is not (N, T, D), or longer than L
    Source:   Devlin et al. 2019: BERT's positions are learned (D4 §3.1 says sinusoidal)
    """

    def __init__(self, sequence_length, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = positive_integer(
            "PositionEmbedding", "sequence_length", sequence_length
        )
        self.initializer = initializers.get(initializer)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        shape = (self.sequence_length, input_shape[-1])
        self.add_param("W", shape, self.initializer, self.rng)

    def forward(self, x, training=False):
        x, W = self.check(x), self.params["W"]
        return x + W[: x.shape[1]], None  # (N, T, D) + (T, D)

    def backward(self, dy, cache):
        dW = np.zeros(self.params["W"].shape, dy.dtype)
        dW[: dy.shape[1]] = dy.sum(axis=0)  # (N, T, D) -> (T, D)
        return dy, {"W": dW}

    def check(self, x):
        """x in the dtype of W, or a sentence on what is wrong with its shape."""
        W = self.params["W"]
        return check_sequence(self, x, *W.shape).astype(W.dtype, copy=False)


def check_sequence(layer, x, longest=None, D=None):
    """x as an array (N, T, D), T ≤ longest, or a sentence on what is wrong with its shape."""
    x = np.asarray(x)
    if x.ndim != 3 or D not in (None, x.shape[2]):
        raise ValueError(
            f"{layer.where}: x must have shape (N, T, {D or 'D'}), got {x.shape}: "
            "put an Embedding before it for ids"
        )
    if longest is not None and x.shape[1] > longest:
        raise ValueError(
            f"{layer.where}: x must have at most {longest} positions, got shape {x.shape}: cut "
            "the sequences, or make the layer for longer ones"
        )
    return x
