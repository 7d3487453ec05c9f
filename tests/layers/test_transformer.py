"""Transformer blocks: against the formula in einsum, masks, dropout, names, errors."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layers import (
    GELU,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    PositionEmbedding,
    TransformerDecoderBlock,
    TransformerEncoderBlock,
)
from minidl.models import Sequential
from minidl.testing import assert_gradients, assert_layer

RNG = np.random.default_rng
BLOCKS = [TransformerEncoderBlock, TransformerDecoderBlock]


def norm(x, gamma, beta, epsilon):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) + beta


def attention(p, name, q, v, mask):
    """y of one attention by einsum; mask goes with (N, H, Tq, Tk)."""
    p = {key[len(name) + 1 :]: array for key, array in p.items() if key.startswith(name + ".")}
    Q = np.einsum("ntd,dhk->nhtk", q, p["Wq"]) + p["bq"][:, None]
    K = np.einsum("ntd,dhk->nhtk", v, p["Wk"]) + p["bk"][:, None]
    V = np.einsum("ntd,dhk->nhtk", v, p["Wv"]) + p["bv"][:, None]
    e = np.exp(np.einsum("nhik,nhjk->nhij", Q, K) / math.sqrt(Q.shape[-1])) * mask
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)
    return np.einsum("nhij,nhjv,hvm->nim", weights, V, p["Wo"]) + p["bo"]


def ffn(p, x):
    z = x @ p["ffn1.W"] + p["ffn1.b"]
    cdf = np.vectorize(lambda t: (1 + math.erf(t / math.sqrt(2))) / 2)(z)
    return (z * cdf) @ p["ffn2.W"] + p["ffn2.b"]


def block_by_einsum(block, x, encoded=None, mask=1.0, cross_mask=1.0):
    """The block's y by its definition, pre- or post-norm."""
    p = block.params

    def around(x, name, f):
        g, b = p[f"{name}.gamma"], p[f"{name}.beta"]
        if block.norm == "pre":
            return x + f(norm(x, g, b, block.epsilon))
        return norm(x + f(x), g, b, block.epsilon)

    h = around(x, "norm1", lambda z: attention(p, "attention", z, z, mask))
    if encoded is not None:
        h = around(
            h, "cross_norm", lambda z: attention(p, "cross_attention", z, encoded, cross_mask)
        )
    return around(h, "norm2", lambda z: ffn(p, z))


def built(kind, shape, norm="post", **arguments):
    # with BERT's ε of 1e-12 a row that is nearly constant has slopes too steep to measure
    block = kind(2, 5, norm=norm, **{"epsilon": 1e-3, "dtype": "float64", **arguments})
    block.build(shape, 0)
    rng = RNG(1)
    for array in block.params.values():
        array += 0.3 * rng.normal(size=array.shape)
    return block


def causal(T):
    return np.array([[float(j <= i) for j in range(T)] for i in range(T)])


@given(
    N=st.integers(1, 2), T=st.integers(1, 4), order=st.sampled_from(["post", "pre"]),
    padded=st.booleans(), decoder=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=10, deadline=None)
def test_a_block_is_its_formula_and_its_gradients_are_right(N, T, order, padded, decoder, seed):
    rng = RNG(seed)
    x, keep = rng.normal(size=(N, T, 4)), rng.random((N, T)) < 0.7
    block = built(BLOCKS[decoder], (T, 4), order)
    mask = np.einsum("ni,nj->nij", keep, keep)[:, None] if padded else np.ones((1, 1, T, T))
    mask = mask * causal(T) if decoder else mask
    call = {"mask": keep} if padded else {}
    want = block_by_einsum(block, x, mask=mask)
    np.testing.assert_allclose(block(x, **call), want, rtol=1e-9, atol=1e-11)
    assert_gradients(block, x, kwargs=call)


@given(
    T=st.integers(1, 3), S=st.integers(1, 3), order=st.sampled_from(["post", "pre"]),
    padded=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=5, deadline=None)
def test_a_decoder_reads_an_encoder(T, S, order, padded, seed):
    rng = RNG(seed)
    x, e = rng.normal(size=(2, T, 4)), rng.normal(size=(2, S, 3))
    keep = rng.random((2, S)) < 0.7 if padded else np.ones((2, S), bool)
    block = built(TransformerDecoderBlock, ((T, 4), (S, 3)), order)
    call = {"mask": (None, keep)} if padded else {}
    want = block_by_einsum(block, x, e, causal(T), keep[:, None, None])
    np.testing.assert_allclose(block((x, e), **call), want, rtol=1e-9, atol=1e-11)
    assert_gradients(block, (x, e), kwargs=call)


@pytest.mark.parametrize("order", ["post", "pre"])
@pytest.mark.parametrize("kind", BLOCKS)
def test_contract(kind, order):
    x = RNG(0).normal(size=(2, 3, 4))
    assert_layer(kind(2, 5, norm=order, epsilon=1e-3), x)
    assert_layer(kind(4, 3, norm=order, activation=GELU(approximate=True)), x)


@pytest.mark.parametrize("order", ["post", "pre"])
def test_gradients_with_dropout(order):
    x = RNG(0).normal(size=(2, 3, 4))
    assert_gradients(
        built(TransformerEncoderBlock, (3, 4), order, dropout=0.3), x, training=True
    )
    block = built(TransformerDecoderBlock, ((3, 4), (2, 4)), order, dropout=0.3)
    assert_gradients(block, (x, x[:, :2]), training=True)


def test_dropout_is_drawn_anew_and_only_in_training():
    block = built(TransformerEncoderBlock, (3, 4), dropout=0.5)
    x = RNG(0).normal(size=(2, 3, 4))
    np.testing.assert_array_equal(block(x), block(x))
    assert (block(x, training=True) != block(x, training=True)).any()
    assert block.attention.dropout == block.dropout.rate == 0.5


def test_names_and_sizes():
    block = TransformerEncoderBlock(12, 3072)
    block.build((4, 768), 0)
    assert list(block.params) == [
        *(f"attention.{name}" for name in ("Wq", "bq", "Wk", "bk", "Wv", "bv", "Wo", "bo")),
        "norm1.gamma", "norm1.beta", "ffn1.W", "ffn1.b", "ffn2.W", "ffn2.b",
        "norm2.gamma", "norm2.beta",
    ]  # fmt: skip
    assert block.count_params() == 7_087_872  # a layer of BERT-base
    assert block.params["attention.Wq"].shape == (768, 12, 64)
    assert block.epsilon == block.norm1.epsilon == 1e-12
    assert block.output_shape((4, 768)) == (4, 768)
    decoder = TransformerDecoderBlock(2, 5)
    decoder.build(((3, 4), (6, 7)), 0)
    assert list(decoder.children) == [
        "attention", "norm1", "cross_attention", "cross_norm", "ffn1", "ffn2", "norm2",
        "dropout",
    ]  # fmt: skip
    assert decoder.params["cross_attention.Wk"].shape == (7, 2, 2)
    assert decoder.output_shape(((3, 4), (6, 7))) == (3, 4)


def test_the_decoder_cannot_see_the_future():
    block = built(TransformerDecoderBlock, (5, 4))
    x = RNG(0).normal(size=(1, 5, 4))
    changed = x.copy()
    changed[0, 3:] += 1
    y, other = block(x), block(changed)
    np.testing.assert_array_equal(y[0, :3], other[0, :3])
    assert (y[0, 3:] != other[0, 3:]).any()
    encoder = built(TransformerEncoderBlock, (5, 4))
    assert (encoder(x)[0, :3] != encoder(changed)[0, :3]).any()
    np.testing.assert_array_equal(
        encoder(x, use_causal_mask=True)[0, :3], encoder(changed, use_causal_mask=True)[0, :3]
    )


def test_padding_changes_nothing_for_the_words():
    model = Sequential(
        [
            Embedding(9, 4, mask_zero=True),
            PositionEmbedding(6),
            TransformerEncoderBlock(2, 8),
            TransformerEncoderBlock(2, 8),
            GlobalAveragePooling1D(),
            Dense(1),
        ],
        seed=0,
    )
    model.build((4,))
    short, long = np.array([[3, 5, 2]]), np.array([[3, 5, 2, 0, 0, 0]])
    np.testing.assert_allclose(model(short), model(long), rtol=1e-5)
    assert model.count_params() == 9 * 4 + 6 * 4 + 2 * (4 * 20 + 40 + 36 + 16) + 5


def test_masks_go_on():
    x, mask = np.zeros((1, 2, 4)), np.ones((1, 2), bool)
    assert TransformerEncoderBlock(2, 8).compute_mask(x, mask) is mask
    assert TransformerDecoderBlock(2, 8).compute_mask((x, x), (mask, None)) is mask


def test_a_model_of_blocks_learns():
    """Does the sequence hold a 1? Chance is about one half."""
    x = RNG(0).integers(0, 6, size=(64, 5))
    y = (x == 1).any(axis=1).astype(float)
    model = Sequential(
        [
            Embedding(6, 8),
            TransformerEncoderBlock(2, 16),
            GlobalAveragePooling1D(),
            Dense(1, "sigmoid"),
        ],
        seed=0,
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.01
    history = model.fit(x, y, epochs=30, batch_size=16, verbose=0).history
    assert history["accuracy"][-1] > 0.95


def test_a_frozen_block_stays_and_passes_gradients_on():
    block = TransformerEncoderBlock(2, 5, trainable=False)
    block.build((3, 4), 0)
    assert not block.trainable_params
    x = RNG(0).normal(size=(2, 3, 4))
    assert block.backward(x, block.forward(x)[1])[0].any()


def test_arguments():
    block = TransformerEncoderBlock(
        2, 5, 0.1, "relu", "pre", 1e-5, kernel_initializer="zeros", bias_initializer="ones"
    )
    block.build((3, 4), 0)
    assert not block.params["ffn1.W"].any()
    assert block.params["attention.bo"].tolist() == [1] * 4
    with pytest.raises(ValueError, match="TransformerEncoderBlock: norm must be 'post' or"):
        TransformerEncoderBlock(2, 5, norm="middle")
    with pytest.raises(ValueError, match="TransformerDecoderBlock: ffn_units must be a pos"):
        TransformerDecoderBlock(2, 0)
    with pytest.raises(ValueError, match="the 5 features of x cannot be shared by 2 heads"):
        TransformerEncoderBlock(2, 5).build((3, 5), 0)
    block = built(TransformerDecoderBlock, (3, 4))
    x = np.zeros((2, 3, 4))
    with pytest.raises(ValueError, match=r"x must be \(N, T, D\), as the block was built, got"):
        block((x, x))
    block = built(TransformerDecoderBlock, ((3, 4), (3, 4)))
    with pytest.raises(ValueError, match=r"x must be \(target, encoded\).*got one array"):
        block(x)
    block = built(TransformerEncoderBlock, (3, 4))
    with pytest.raises(ValueError, match=r"query must have shape \(2, T, 4\), got \(2, 3, 5\)"):
        block(np.zeros((2, 3, 5)))


def test_an_error_names_the_place_of_the_child():
    model = Sequential([Embedding(10, 9), TransformerEncoderBlock(2, 16)])
    where = r"layer 1 \(TransformerEncoderBlock\), attention: the 9 features of x cannot be"
    with pytest.raises(ValueError, match=where):
        model.build((5,))
