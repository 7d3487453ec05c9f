"""Transformer blocks: attention between positions, then a small network at each of them."""

from minidl import initializers
from minidl.composite import Composite
from minidl.layers import activations
from minidl.layers.attention import MultiHeadAttention
from minidl.layers.dense import Dense, positive_integer
from minidl.layers.dropout import Dropout
from minidl.layers.layernorm import LayerNormalization

NORMS = ("post", "pre")


class _TransformerBlock(Composite):
    """What both blocks share: sublayers f, each with a norm and a way around it.

    norm="post"   y = norm(x + dropout(f(x)))      as in BERT
    norm="pre"    y = x + dropout(f(norm(x)))      as in GPT-2
    """

    def __init__(
        self,
        num_heads,
        ffn_units,
        dropout=0.0,
        activation="gelu",
        norm="post",
        epsilon=1e-12,
        *,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.num_heads = positive_integer(kind, "num_heads", num_heads)
        self.ffn_units = positive_integer(kind, "ffn_units", ffn_units)
        if norm not in NORMS:
            raise ValueError(f"{kind}: norm must be 'post' or 'pre', got {norm!r}")
        self.norm, self.epsilon = norm, epsilon
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.make_children(dropout, activations.get(activation))

    # ---- the children, in the order of their parameters ----

    def make_children(self, dropout, activation):
        raise NotImplementedError

    def make_attention(self, dropout):
        return MultiHeadAttention(self.num_heads, None, dropout=dropout, **self.starts)

    def make_norm(self):
        return LayerNormalization(epsilon=self.epsilon)

    def make_ffn(self, activation):
        """ffn2's units are x's width, which build tells it."""
        self.ffn1 = Dense(self.ffn_units, activation, **self.starts)
        self.ffn2 = Dense(1, **self.starts)

    @property
    def starts(self):
        return {
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }

    def build(self, input_shape, rng=None):
        several = isinstance(input_shape[0], tuple)
        self.ffn2.units = (input_shape[0] if several else input_shape)[-1]
        super().build(input_shape, rng)

    # ---- sublayers ----

    def around(self, x, norm, sublayer, training):
        """(y, cache) of a sublayer with its norm, dropout, and x added."""
        norm_cache = None
        z = x
        if self.norm == "pre":
            z, norm_cache = norm.forward(x)
        s, cache = sublayer(z)
        s, drop_cache = self.dropout.forward(s, training=training)
        s += x  # s is new, and in no cache
        if self.norm == "post":
            s, norm_cache = norm.forward(s)
        return s, (norm_cache, cache, drop_cache)

    def around_back(self, dy, cache, norm, sublayer_back):
        """(dx, the norm's gradients, what sublayer_back returns after its dx)."""
        norm_cache, cache, drop_cache = cache
        if self.norm == "post":
            dy, norm_grads = norm.backward(dy, norm_cache)
        ds, _ = self.dropout.backward(dy, drop_cache)
        dz, *rest = sublayer_back(ds, cache)
        if self.norm == "pre":
            dz, norm_grads = norm.backward(dz, norm_cache)
        dz += dy  # dz is new as well
        return dz, norm_grads, *rest

    def ffn(self, x):
        """ffn2(φ(ffn1(x))), at every position by itself."""
        h, cache1 = self.ffn1.forward(x)  # (N, T, D) -> (N, T, F)
        y, cache2 = self.ffn2.forward(h)  # (N, T, F) -> (N, T, D)
        return y, (cache1, cache2)

    def ffn_back(self, dy, cache):
        cache1, cache2 = cache
        dh, grads2 = self.ffn2.backward(dy, cache2)
        dx, grads1 = self.ffn1.backward(dh, cache1)
        return dx, grads1, grads2


class TransformerEncoderBlock(_TransformerBlock):
    """Self-attention, then a two-layer network at each position, each with a way around it.

    Forward   h = norm1(x + attention(x))       y = norm2(h + ffn2(φ(ffn1(h))))
              with norm="pre"
              h = x + attention(norm1(x))       y = h + ffn2(φ(ffn1(norm2(h))))
              x, y: (N, T, D); dropout, in training, before each addition and on the weights
    Backward  the same way back; at each addition dy goes both ways and the two parts are added
    Cache     one cache a child

    num_heads    heads of width D / num_heads
    ffn_units    the width between ffn1 and ffn2, 4 D in BERT
    activation   φ; "gelu" or GELU(approximate=True)
    norm         "post" or "pre"; epsilon: its ε, 1e-12 as in BERT
    mask         (N, T) booleans: padding is neither asked nor looked at
    attention_mask, use_causal_mask   see MultiHeadAttention

    Raises    ValueError: x is not (N, T, D), D does not divide by num_heads, an unknown norm
    Source:   D4 §3.1, §5.2; Vaswani et al. 2017, §3.1; pre-norm: Xiong et al. 2020
    """

    def make_children(self, dropout, activation):
        self.attention, self.norm1 = self.make_attention(dropout), self.make_norm()
        self.make_ffn(activation)
        self.norm2, self.dropout = self.make_norm(), Dropout(dropout)

    def forward(self, x, training=False, mask=None, attention_mask=None, use_causal_mask=False):
        def attend(z):
            return self.attention.forward(z, training, mask, attention_mask, use_causal_mask)

        h, attention_cache = self.around(x, self.norm1, attend, training)
        y, ffn_cache = self.around(h, self.norm2, self.ffn, training)
        return y, (attention_cache, ffn_cache)

    def backward(self, dy, cache):
        attention_cache, ffn_cache = cache
        dh, norm2, ffn1, ffn2 = self.around_back(dy, ffn_cache, self.norm2, self.ffn_back)
        dx, norm1, attention = self.around_back(
            dh, attention_cache, self.norm1, self.attention.backward
        )
        grads = {"attention": attention, "norm1": norm1, "ffn1": ffn1, "ffn2": ffn2}
        return dx, self.collect(**grads, norm2=norm2)

    def output_shape(self, input_shape):
        return input_shape


class TransformerDecoderBlock(_TransformerBlock):
    """As the encoder's, but no position sees a later one; and it may read an encoder's output.

    Forward   h = norm1(x + attention(x))                    causal: t looks at 1 … t
              c = cross_norm(h + cross_attention(h, e))      only if x is a tuple (target, e)
              y = norm2(c + ffn2(φ(ffn1(c))))                norm="pre": see the encoder's
              target, y: (N, T, D)     e: (N, S, E), keys and values alike
    Backward  as the encoder's; dx is the tuple (dtarget, de) if x was one
    Cache     one cache a child

    num_heads, ffn_units, activation, norm, epsilon   see TransformerEncoderBlock
    mask   (N, T) booleans; for a tuple x the tuple (target's, e's), None: no padding

    Raises    ValueError: x is not what the block was built for, (N, T, D) or a tuple of two
    Source:   Vaswani et al. 2017, §3.1; without e: Radford et al. 2018 (D3, D4: generation)
    """

    def make_children(self, dropout, activation):
        self.attention, self.norm1 = self.make_attention(dropout), self.make_norm()
        self.cross_attention, self.cross_norm = self.make_attention(dropout), self.make_norm()
        self.make_ffn(activation)
        self.norm2, self.dropout = self.make_norm(), Dropout(dropout)

    def build(self, input_shape, rng=None):
        if not isinstance(input_shape[0], tuple):
            self.cross_attention = self.cross_norm = None  # there is nothing to cross to
        super().build(input_shape, rng)

    def forward(self, x, training=False, mask=None):
        target, encoded = self.check(x)
        mask, encoded_mask = mask if isinstance(mask, tuple) else (mask, None)

        def attend(z):
            return self.attention.forward(z, training, mask, use_causal_mask=True)

        def cross(z):
            return self.cross_attention.forward((z, encoded), training, (mask, encoded_mask))

        h, attention_cache = self.around(target, self.norm1, attend, training)
        cross_cache = None
        if encoded is not None:
            h, cross_cache = self.around(h, self.cross_norm, cross, training)
        y, ffn_cache = self.around(h, self.norm2, self.ffn, training)
        return y, (attention_cache, cross_cache, ffn_cache)

    def backward(self, dy, cache):
        attention_cache, cross_cache, ffn_cache = cache
        dh, norm2, ffn1, ffn2 = self.around_back(dy, ffn_cache, self.norm2, self.ffn_back)
        crossed, dencoded = {}, None
        if cross_cache is not None:
            dh, norm, dencoded, cross = self.around_back(
                dh, cross_cache, self.cross_norm, self.cross_back
            )
            crossed = {"cross_attention": cross, "cross_norm": norm}
        dx, norm1, attention = self.around_back(
            dh, attention_cache, self.norm1, self.attention.backward
        )
        grads = {"attention": attention, "norm1": norm1, **crossed, "ffn1": ffn1}
        grads = self.collect(**grads, ffn2=ffn2, norm2=norm2)
        return (dx if dencoded is None else (dx, dencoded)), grads

    def cross_back(self, dy, cache):
        (dz, dencoded), grads = self.cross_attention.backward(dy, cache)
        return dz, dencoded, grads

    def check(self, x):
        """(target, encoded or None), or a sentence where the block was built for the other."""
        several = isinstance(x, tuple)
        if several != (self.cross_attention is not None) or (several and len(x) != 2):
            form = "(target, encoded)" if self.cross_attention is not None else "(N, T, D)"
            raise ValueError(
                f"{self.where}: x must be {form}, as the block was built, got "
                f"{f'a tuple of {len(x)}' if several else 'one array'}"
            )
        return x if several else (x, None)

    def output_shape(self, input_shape):
        return input_shape[0] if isinstance(input_shape[0], tuple) else input_shape

    def compute_mask(self, x, mask=None):
        return mask[0] if isinstance(mask, tuple) else mask
