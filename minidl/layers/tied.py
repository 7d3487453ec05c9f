"""TiedDense: logits over a vocabulary by the table that the words came in with."""

import numpy as np

from minidl.composite import Composite
from minidl.layer import Layer
from minidl.layers.embedding import Embedding
from minidl.layers.rows import column_sums


class TiedDense(Composite):
    """A score for each word: how well its row of the embedding's table fits h.

    Forward   y = h Wᵀ + b         h: (N, …, D)   W: (V, D), the embedding's   b: (V,)
    Backward  dW = Σ dyᵀ h     db = Σ dy     dh = dy W
              A parent that uses the embedding too adds both gradients of W, since `collect`
              knows it for one array: dW = (rows of the words read) + (this one)
    Cache     h

    embedding   an Embedding; its table is used, not copied

    Raises    TypeError: embedding is none; ValueError: the last axis of h is not D
    Source:   Press & Wolf 2017; Vaswani et al. 2017, §3.4; BERT's masked-word head (D4 §3.1)
    """

    def __init__(self, embedding, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(embedding, Embedding):
            raise TypeError(
                f"TiedDense: embedding must be an Embedding layer, got {embedding!r}: pass the "
                "one that reads the ids"
            )
        self.embedding, self.use_bias = embedding, use_bias

    def build(self, input_shape, rng=None):
        Layer.build(self, input_shape, rng)
        for embedding in self.adopt(self.rng):  # none, if it has been used already
            embedding.build((), embedding.rng)
        W = self.embedding.params["W"]
        if self.use_bias:
            self.own_arrays["b"] = np.zeros(len(W), W.dtype)
        self.settle()

    def forward(self, x, training=False):
        x, W = self.check(x), self.embedding.params["W"]
        y = x.reshape(-1, W.shape[1]) @ W.T  # (N …, D) @ (D, V) -> (N …, V)
        if self.use_bias:
            y += self.own_arrays["b"]
        return y.reshape(*x.shape[:-1], len(W)), x

    def backward(self, dy, cache):
        x, W = cache, self.embedding.params["W"]
        rows = dy.reshape(-1, len(W))  # (N, …, V) -> (N …, V)
        dW = rows.T @ x.reshape(-1, W.shape[1])  # (V, N …) @ (N …, D) -> (V, D)
        grads = {"b": column_sums(rows)} if self.use_bias else {}
        return (rows @ W).reshape(x.shape), grads | self.collect(embedding={"W": dW})

    def output_shape(self, input_shape):
        return (*input_shape[:-1], self.embedding.input_dim)

    def check(self, x):
        """x in the dtype of W, or a sentence on what is wrong with its shape."""
        x, W = np.asarray(x), self.embedding.params["W"]
        if x.ndim < 2 or x.shape[-1] != W.shape[1]:
            raise ValueError(
                f"{self.where}: x must have shape (N, …, {W.shape[1]}), the embedding's width, "
                f"got {x.shape}: put a Dense({W.shape[1]}) before it"
            )
        return x.astype(W.dtype, copy=False)
