"""MultiHeadAttention: every position looks at all others, in several ways at once."""

import numpy as np

from minidl import initializers, regularizers
from minidl.layer import Layer
from minidl.layers.dense import positive_integer
from minidl.layers.dot_product import (
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from minidl.layers.heads import merge_heads, project, project_back
from minidl.layers.masks import merged_mask
from minidl.layers.rows import column_sums
from minidl.random import new_generator

PARTS = ("query", "key", "value", "output")  # Wq, bq, Wk, bk, Wv, bv, Wo, bo


class MultiHeadAttention(Layer):
    """Each of H heads takes, for every query, a mean of the values weighted by the keys' fit.

    Forward   Q = q Wq + bq     K = k Wk + bk     V = v Wv + bv             head by head
              w = softmax(Q Kᵀ / √d_k)     y = (w V) Wo + bo                sum over heads
              x: one array (N, T, D), which is q, k and v (self-attention); or the tuple
              (query, value), where k is v; or (query, value, key), in Keras's order
              Wq, Wk: (D, H, K)   Wv: (D, H, V)   Wo: (H, V, M)   y: (N, Tq, M)
    Backward  dwV = dy Woᵀ     dWo = Σ (w V)ᵀ dy     then scaled_dot_product_attention_backward
              dq = dQ Wqᵀ     dWq = Σ qᵀ dQ     dbq = Σ dQ                  so for k and v
              dbk = 0: bk adds one number to all scores of a query; softmax stays the same
              dx: dq + dk + dv; the tuple (dq, dv + dk); or (dq, dv, dk), as x was
    Cache     the inputs; Q, K, V; w, what dropout drops of it, w V

    key_dim      K = d_k, the width of a head; None: D / H
    value_dim    V, if it is another
    output_shape M, if it is not the query's width
    dropout      drops weights, in training
    mask           (N, T) booleans: padding is neither asked nor looked at; for a tuple x a
                   tuple of masks, of query, value and key (None: no padding)
    attention_mask (N, Tq, Tk), or any shape that goes with (N, H, Tq, Tk): True, may look
    use_causal_mask          a query sees no key after its own place
    return_attention_scores  y is the tuple (y, w), and dy one too (None: no gradient)
    A query that may look nowhere gets w = 0, and y = bo there. (Keras: so when it returns the
    scores; else its fused kernel gives such a query the mean of all values, hidden ones too.)

    Raises    ValueError: shapes that do not go together, sizes or dropout out of range
    Source:   D4 §4.1.3, §4.2.3; Vaswani et al. 2017, §3.2.2
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        output_shape=None,
        *,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = positive_integer("MultiHeadAttention", "num_heads", num_heads)
        self.key_dim = optional_size("key_dim", key_dim)
        self.value_dim = optional_size("value_dim", value_dim)
        if isinstance(output_shape, tuple | list) and len(output_shape) == 1:
            output_shape = output_shape[0]
        self.output_dim = optional_size("output_shape", output_shape)
        if not isinstance(dropout, float | int | np.number) or not 0 <= dropout < 1:
            raise ValueError(
                f"MultiHeadAttention: dropout must be at least 0 and below 1, got {dropout!r}"
            )
        self.dropout, self.use_bias, self.seed = float(dropout), use_bias, seed
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        (_, Dq), (_, Dv), (_, Dk) = three(input_shape, isinstance(input_shape[0], tuple))
        H, K = self.num_heads, self.key_dim or self.share_of(Dq)
        V, M = self.value_dim or K, self.output_dim or Dq
        shapes = [((Dq, H, K), (H, K)), ((Dk, H, K), (H, K)), ((Dv, H, V), (H, V))]
        shapes.append(((H, V, M), (M,)))
        for part, (kernel, bias) in zip(PARTS, shapes):
            init, regularizer = self.kernel_initializer, self.kernel_regularizer
            self.add_param(f"W{part[0]}", kernel, init, self.rng, regularizer)
            if self.use_bias:
                init, regularizer = self.bias_initializer, self.bias_regularizer
                self.add_param(f"b{part[0]}", bias, init, self.rng, regularizer)
        if self.seed is not None:
            self.rng = new_generator(self.seed)  # a stream of its own, for dropout

    def share_of(self, D):
        """D / H, or a sentence where the heads cannot share D evenly."""
        if D % self.num_heads:
            raise ValueError(
                f"{self.where}: the {D} features of x cannot be shared by {self.num_heads} "
                "heads: choose a num_heads that divides them, or give key_dim"
            )
        return D // self.num_heads

    def __call__(self, query, value=None, key=None, training=False, **arguments):
        """The output alone; layer(query, value) as in Keras, or layer(x)."""
        if value is not None:
            query = (query, value) if key is None else (query, value, key)
        return super().__call__(query, training=training, **arguments)

    def forward(
        self,
        x,
        training=False,
        mask=None,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
    ):
        q, v, k = inputs = self.check(x)
        shape = (len(q), self.num_heads, q.shape[1], k.shape[1])
        mask = merged_mask(self.where, shape, mask, attention_mask, use_causal_mask)
        Q, K, V = (self.projected(a, letter) for a, letter in zip((q, k, v), "qkv"))
        drop = self.draw_dropout(shape, Q.dtype) if training and self.dropout else None
        heads, weights = scaled_dot_product_attention(Q, K, V, mask, drop)
        heads = merge_heads(heads)  # (N, H, Tq, V) -> (N, Tq, H V)
        Wo = self.params["Wo"]
        y = heads @ Wo.reshape(-1, Wo.shape[2])  # (N, Tq, H V) @ (H V, M) -> (N, Tq, M)
        if self.use_bias:
            y += self.params["bo"]
        width = len(x) if isinstance(x, tuple) else 1
        cache = inputs, width, (Q, K, V), weights, drop, heads, return_attention_scores
        return ((y, weights.copy()) if return_attention_scores else y), cache

    def projected(self, x, letter):
        """(N, T, D) -> (N, H, T, K)"""
        b = self.params[f"b{letter}"] if self.use_bias else None
        return project(x, self.params[f"W{letter}"], b)

    def draw_dropout(self, shape, dtype):
        """(N, H, Tq, Tk): 0 with probability p, else 1 / (1 − p)."""
        kept = self.rng.random(shape, dtype="float32") >= self.dropout
        return kept.astype(dtype) / (1 - self.dropout)

    def backward(self, dy, cache):
        (q, v, k), width, QKV, weights, drop, heads, with_scores = cache
        dy, dweights = self.check_parts(dy) if with_scores else (dy, None)
        Wo = self.params["Wo"]
        H, V, M = Wo.shape
        rows, heads = dy.reshape(-1, M), heads.reshape(-1, H * V)
        dout = (rows @ Wo.reshape(-1, M).T).reshape(*q.shape[:2], H, V).transpose(0, 2, 1, 3)
        dQKV = scaled_dot_product_attention_backward(dout, *QKV, weights, drop, dweights)
        grads, dxs = {}, []
        for x, dz, letter in zip((q, k, v), dQKV, "qkv"):
            dx, grads[f"W{letter}"], db = project_back(dz, x, self.params[f"W{letter}"])
            dxs.append(dx)
            if self.use_bias:
                grads[f"b{letter}"] = db if letter != "k" else np.zeros_like(db)
        grads["Wo"] = (heads.T @ rows).reshape(H, V, M)  # (H V, N Tq) @ (N Tq, M)
        if self.use_bias:
            grads["bo"] = column_sums(rows)
        return gathered(*dxs, width), grads

    def output_shape(self, input_shape):
        (Tq, Dq), *_ = three(input_shape, isinstance(input_shape[0], tuple))
        return (Tq, self.output_dim or Dq)

    def compute_mask(self, x, mask=None):
        return mask[0] if isinstance(mask, tuple) else mask

    # ---- what can be wrong ----

    def check(self, x):
        """(query, value, key) in the dtype of the weights, or a sentence on their shapes."""
        q, v, k = (np.asarray(part) for part in three(x, isinstance(x, tuple)))
        letters = (("query", q, "q"), ("value", v, "v"), ("key", k, "k"))
        for name, part, letter in letters:
            D = self.params[f"W{letter}"].shape[0]
            if part.ndim != 3 or part.shape[2] != D or len(part) != len(q):
                raise ValueError(
                    f"{self.where}: {name} must have shape ({len(q) if q.ndim else 'N'}, T, "
                    f"{D}), got {part.shape}: x is (N, T, D), or a tuple (query, value) of such"
                )
        if v.shape[1] != k.shape[1]:
            raise ValueError(
                f"{self.where}: value and key must have as many positions, got {v.shape} and "
                f"{k.shape}: each key belongs to one value"
            )
        dtype = self.params["Wq"].dtype
        return tuple(part.astype(dtype, copy=False) for part in (q, v, k))

    def check_parts(self, dy):
        if isinstance(dy, tuple | list) and len(dy) == 2:
            return dy
        raise ValueError(
            f"{self.where}: dy must be a tuple of two with return_attention_scores, for y and "
            f"the scores, got {type(dy).__name__}: put None where there is no gradient"
        )


def three(x, several):
    """(query, value, key) from one input, or from a tuple of two or three."""
    if not several:
        return x, x, x
    if len(x) not in (2, 3):
        raise ValueError(
            "MultiHeadAttention: x must be an array, (query, value) or (query, value, key), "
            f"got a tuple of {len(x)}"
        )
    return (*x, x[1]) if len(x) == 2 else tuple(x)


def gathered(dq, dk, dv, width):
    """The gradients in the form of x: what was used twice gets the sum."""
    if width == 1:
        dq += dk
        dq += dv
        return dq
    return (dq, dv + dk) if width == 2 else (dq, dv, dk)


def optional_size(name, size):
    return None if size is None else positive_integer("MultiHeadAttention", name, size)
