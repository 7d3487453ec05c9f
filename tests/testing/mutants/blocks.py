"""Wrong backwards of encoder and decoder blocks, and of a norm as it is built."""

import numpy as np

from minidl import layers
from tests.testing.mutants.bank import Layers
from tests.testing.mutants.heads import weights_of
from tests.testing.mutants.sequences import (
    SAMPLED,
    SEQUENCE,
    away_from_start,
    sequences,
    two_sequences,
)

# ---- blocks ----


def around_back(self, dy, cache, norm, sublayer, wrong=""):
    """The block's around_back without dropout, with one mistake."""
    norm_cache, cache, _ = cache
    dy_of_y, post = dy, self.norm == "post"
    if post:
        dy, norm_grads = norm.backward(dy, norm_cache)
        dy = dy_of_y.copy() if wrong == "norm" else dy
    ds, *rest = sublayer(dy, cache)
    if wrong == "sum before norm":
        ds = ds + dy
    if not post:
        dz, norm_grads = norm.backward(ds, norm_cache)
        ds = ds if wrong == "norm" else dz
    kept = {"residual": 0.0, "sum before norm": 0.0, "dy of y": dy_of_y}.get(wrong, dy)
    return ds + kept, norm_grads, *rest


def encoder_backward(self, dy, cache, first="", second=""):
    """The block's backward with a mistake in its first or second half."""
    dh, norm2, ffn1, ffn2 = around_back(self, dy, cache[1], self.norm2, self.ffn_back, second)
    attention_back = self.attention.backward
    dx, norm1, heads = around_back(self, dh, cache[0], self.norm1, attention_back, first)
    return dx, self.collect(attention=heads, norm1=norm1, ffn1=ffn1, ffn2=ffn2, norm2=norm2)


def encoder(**options):
    return away_from_start(lambda: layers.TransformerEncoderBlock(2, 3, **options))


post = Layers("post-norm encoder", encoder(), sequences, SAMPLED)
pre = Layers("pre-norm encoder", encoder(norm="pre"), sequences, SAMPLED)


@post.mutant()
def post_attention_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, first="residual")


@post.mutant()
def post_ffn_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, second="residual")


@post.mutant()
def post_first_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, first="norm")


@post.mutant()
def post_second_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, second="norm")


@post.mutant()
def residual_around_the_norm(block, dy, cache):
    return encoder_backward(block, dy, cache, first="dy of y", second="dy of y")


@post.mutant()
def first_norm_with_the_seconds_cache(block, dy, cache):
    (_, *attention), ffn = cache
    return encoder_backward(block, dy, ((ffn[0], *attention), ffn))


@post.mutant()
def norms_exchanged(block, dy, cache):
    dx, grads = block.right(dy, cache)
    new = {n: grads[n.replace("norm1", "norm2")] for n in grads if n.startswith("norm1")}
    new |= {n: grads[n.replace("norm2", "norm1")] for n in grads if n.startswith("norm2")}
    return dx, {**grads, **new}


@post.mutant()
def gelu_slope_at_its_output(block, dy, cache):
    attention, (norm, ((x, gelu), second), drop) = cache
    y, _ = block.ffn1.activation.forward(gelu[0])
    wrong = block.ffn1.activation.forward(y)[1]
    return block.right(dy, (attention, (norm, ((x, wrong), second), drop)))


@post.mutant()
def gelu_slope_forgotten(block, dy, cache):
    def ffn_back(dy, cache):
        (x, _), cache2 = cache
        dz, grads2 = block.ffn2.backward(dy, cache2)
        W = np.einsum("ntd,ntm->dm", x, dz)
        return dz @ block.ffn1.params["W"].T, {"W": W, "b": dz.sum((0, 1))}, grads2

    dh, norm2, ffn1, ffn2 = around_back(block, dy, cache[1], block.norm2, ffn_back)
    back = block.attention.backward
    dx, norm1, heads = around_back(block, dh, cache[0], block.norm1, back)
    return dx, block.collect(attention=heads, norm1=norm1, ffn1=ffn1, ffn2=ffn2, norm2=norm2)


@pre.mutant()
def pre_attention_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, first="residual")


@pre.mutant()
def pre_ffn_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, second="residual")


@pre.mutant()
def residual_through_the_norm(block, dy, cache):
    return encoder_backward(block, dy, cache, first="sum before norm")


@pre.mutant()
def pre_first_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, first="norm")


@pre.mutant()
def pre_second_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, second="norm")


@pre.mutant()
def dx_by_the_residuals_alone(block, dy, cache):
    return dy.copy(), block.right(dy, cache)[1]


# ---- parameters as they start: γ is 1 and b is 0 ----

fresh_norm = Layers("fresh norm", layers.LayerNormalization, sequences)


@fresh_norm.mutant("factor missing")
def gamma_forgotten(layer, dy, cache):
    grads = layer.right(dy, cache)[1]
    return layer.right(dy / layer.params["gamma"], cache)[0], grads


# ---- decoder ----


def decoder(*shape):
    return away_from_start(lambda: layers.TransformerDecoderBlock(2, 3), *shape)


plain = Layers("decoder", decoder(), sequences, SAMPLED)
reading = Layers("reading decoder", decoder(SEQUENCE[1:], SEQUENCE[1:]), two_sequences, SAMPLED)


@plain.mutant()
def decoder_sees_the_future(block, dy, cache):
    (norm, heads, drop), *rest = cache
    inputs, width, (Q, K, V), _, *others = heads
    heads = inputs, width, (Q, K, V), weights_of(Q, K), *others
    return block.right(dy, ((norm, heads, drop), *rest))


@plain.mutant()
def second_norm_for_the_first(block, dy, cache):
    dx, grads = block.right(dy, cache)
    used = {n: grads[n.replace("norm1", "norm2")] for n in grads if n.startswith("norm1")}
    return dx, {**grads, **used}


@reading.mutant("zero gradient")
def encoder_learns_nothing(block, dy, cache):
    (dx, de), grads = block.right(dy, cache)
    return (dx, np.zeros_like(de)), grads


@reading.mutant()
def target_and_encoded_exchanged(block, dy, cache):
    (dx, de), grads = block.right(dy, cache)
    return (de, dx), grads


def decoder_backward(self, dy, cache, wrong):
    """The block's backward with a mistake around cross-attention."""
    dh, norm2, ffn1, ffn2 = around_back(self, dy, cache[2], self.norm2, self.ffn_back)
    dh, cross_norm, de, cross = around_back(
        self, dh, cache[1], self.cross_norm, self.cross_back, wrong
    )
    back = self.attention.backward
    dx, norm1, heads = around_back(self, dh, cache[0], self.norm1, back)
    grads = {"attention": heads, "norm1": norm1, "cross_attention": cross}
    grads |= {"cross_norm": cross_norm, "ffn1": ffn1, "ffn2": ffn2, "norm2": norm2}
    return (dx, de), self.collect(**grads)


@reading.mutant()
def cross_residual_forgotten(block, dy, cache):
    return decoder_backward(block, dy, cache, "residual")


CASES = [
    case
    for family in (
        post,
        pre,
        fresh_norm,
        plain,
        reading,
    )
    for case in family.cases
]
