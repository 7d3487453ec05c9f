"""Embedding: a table with one row of numbers for each id."""

import numpy as np

from minidl import initializers, regularizers
from minidl.gradients import RowGradient
from minidl.layer import Layer
from minidl.layers.dense import positive_integer


class Embedding(Layer):
    """Each integer id picks its row of a table that is trained.

    Forward   y = W[x]           x: (N, …) ids from 0 to V − 1   W: (V, D)   y: (N, …, D)
              the same as one_hot(x) W, without the zeros
    Backward  dW[v] = Σ dy over all places where x = v          dx = None: ids are not numbers
              as a RowGradient: only the rows of the ids that occur, each once
    Cache     x

    mask_zero     id 0 is padding: compute_mask gives x ≠ 0 to the layers that follow
    weights       the table to start from, (V, D)
    input_length  the number of ids in a row, if it is fixed

    Raises    TypeError: x is not of integers; ValueError: an id outside 0 … V − 1
    Source:   D4 §4.1.1, §4.2.1 (one-hot); D3 §4.2.1 Emb(u); D1 §4.1 (S, a category);
              D0 §5.2, D1 §5.2, D3 §5.2
    """

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        weights=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if embeddings_constraint is not None:
            raise ValueError(
                "Embedding: embeddings_constraint is not supported, got "
                f"{embeddings_constraint!r}: leave it out, or use embeddings_regularizer"
            )
        self.input_dim = positive_integer("Embedding", "input_dim", input_dim)
        self.output_dim = positive_integer("Embedding", "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.mask_zero = mask_zero
        self.table = None if weights is None else self.check_table(weights)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        shape, table = (self.input_dim, self.output_dim), self.table
        start = self.embeddings_initializer if table is None else lambda *_: table
        self.add_param("W", shape, start, self.rng, self.embeddings_regularizer)

    def forward(self, x, training=False):
        x = self.check(x)
        return self.params["W"].take(x, axis=0), x  # (V, D) at (N, …) -> (N, …, D)

    def backward(self, dy, cache):
        x, W = cache, self.params["W"]
        rows = dy.reshape(-1, W.shape[1])  # (N, …, D) -> (N…, D)
        return None, {"W": RowGradient(x.reshape(-1), rows, W.shape).unique()}

    def output_shape(self, input_shape):
        return (*input_shape, self.output_dim)

    def compute_mask(self, x, mask=None):
        return np.not_equal(x, 0) if self.mask_zero else None

    def check(self, x):
        """x as an array of ids that the table has, or a sentence on the first that is not."""
        x = np.asarray(x)
        if x.dtype.kind not in "iu":
            raise TypeError(
                f"{self.where}: ids must be integers, got {x.dtype}: use x.astype('int64')"
            )
        V = self.params["W"].shape[0]
        if x.size and (x.min() < 0 or x.max() >= V):
            place = tuple(np.argwhere((x < 0) | (x >= V))[0].tolist())
            raise ValueError(
                f"{self.where}: id {x[place]} at {place} of x is outside the table of {V} rows "
                f"(ids 0 to {V - 1}): make input_dim larger than the largest id, or correct x"
            )
        return x

    def check_table(self, weights):
        """A copy of the initial table, or a sentence where its shape is not (V, D)."""
        if np.ndim(weights) == 3 and len(weights) == 1:  # Keras's list of one array
            weights = weights[0]
        table, shape = np.array(weights, dtype=float), (self.input_dim, self.output_dim)
        if table.shape != shape:
            raise ValueError(
                f"Embedding: weights must have shape {shape}, one row for each id, got "
                f"{table.shape}: change input_dim and output_dim, or the table"
            )
        return table
