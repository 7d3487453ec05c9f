"""Dense: the fully connected layer."""

import numpy as np

from minidl import initializers, regularizers
from minidl.layer import Layer
from minidl.layers import activations
from minidl.layers.rows import column_sums


class Dense(Layer):
    """Every output is a weighted sum of every input.

    Forward   y = φ(x W + b)            x: (N, …, D)   W: (D, M)   b: (M,)   y: (N, …, M)
    Backward  dz = φ'(z) dy     dW = Σ xᵀ dz     db = Σ dz     dx = dz Wᵀ
    Cache     x, and what the activation φ keeps

    Raises    ValueError: the last axis of x is not D
    Source:   D3 §4.1.2 z = Σ w x (there without b); D1 §4.2 V = aT + bD + cM + dS; D2 §3.2;
              backward: D0 §4.2 δ = ∂L/∂Z, D3 §4.1.4 ∂L/∂w = δ x
    """

    ends_in_activation = True

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = positive_integer("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        if not input_shape:
            raise ValueError(
                f"{self.where}: x must have shape (N, D), got (N,): use x[:, None]"
            )
        D, M = input_shape[-1], self.units
        self.add_param("W", (D, M), self.kernel_initializer, self.rng, self.kernel_regularizer)
        if self.use_bias:
            self.add_param("b", (M,), self.bias_initializer, self.rng, self.bias_regularizer)
        self.activation.label = self.where
        self.activation.build((*input_shape[:-1], M), self.rng)

    def forward(self, x, training=False):
        x, W = self.check(x), self.params["W"]
        z = as_table(x).dot(W)  # (N …, D) @ (D, M) -> (N …, M); small ones twice as fast as @
        if self.use_bias:
            z += self.params["b"]  # z is ours alone: add in place
        if x.ndim > 2:
            z = z.reshape(*x.shape[:-1], W.shape[1])  # (N …, M) -> (N, …, M)
        y, activation_cache = self.activation.forward(z)
        return y, (x, activation_cache)

    def backward(self, dy, cache, needs_dx=True):
        x, activation_cache = cache
        W = self.params["W"]
        dz, _ = self.activation.backward(dy, activation_cache)
        rows = as_table(dz)  # (N, …, M) -> (N …, M)
        grads = {"W": as_table(x).T.dot(rows)}  # (D, N …) @ (N …, M) -> (D, M)
        if self.use_bias:
            grads["b"] = column_sums(rows)  # every row of the batch adds its share
        if not needs_dx:  # a network's first layer: nobody asks for the slope of the data
            return None, grads
        return rows.dot(W.T).reshape(x.shape), grads  # (N …, M) @ (M, D) -> (N …, D)

    def output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def check(self, x):
        """x in the dtype of W, or a sentence on what is wrong with its shape."""
        W = self.params["W"]
        fits = type(x) is np.ndarray and x.ndim == 2 and x.shape[1] == len(W)
        if fits and x.dtype is W.dtype:
            return x  # as nearly always
        x = np.asarray(x)
        if x.ndim < 2 or x.shape[-1] != W.shape[0]:
            flat = x.ndim > 2 and int(np.prod(x.shape[1:])) == W.shape[0]
            mend = (
                "put a Flatten before it"
                if flat
                else "match the last axis to the layer's input"
            )
            raise ValueError(
                f"{self.where}: x must have shape (N, {W.shape[0]}), got {x.shape}: {mend}"
            )
        return x.astype(W.dtype, copy=False)


def as_table(x):
    """(N, …, D) -> (N …, D): each vector a row, so that one product serves all of them."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def positive_integer(layer, name, value):
    """`value` as an int ≥ 1, or a sentence naming the layer and the argument."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{layer}: {name} must be a positive integer, got {value!r}")
    return int(value)
