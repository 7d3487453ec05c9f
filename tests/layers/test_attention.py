"""Attention: the plain function, MultiHeadAttention, masks, and what can go wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layers import (
    Embedding,
    MultiHeadAttention,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from minidl.layers.masks import merged_mask
from minidl.models import Sequential
from minidl.testing import assert_gradients, assert_layer

RNG = np.random.default_rng


def by_loops(Q, K, V, mask=None):
    """softmax(QKᵀ/√d)V, one query at a time; 0 for one that may look nowhere."""
    out, weights = np.zeros((len(Q), V.shape[1])), np.zeros((len(Q), len(K)))
    for i, q in enumerate(Q):
        seen = [j for j in range(len(K)) if mask is None or mask[i, j]]
        scores = {j: sum(q * K[j]) / math.sqrt(len(q)) for j in seen}
        top = max(scores.values(), default=0)
        total = sum(math.exp(s - top) for s in scores.values())
        for j in seen:
            weights[i, j] = math.exp(scores[j] - top) / total
            out[i] += weights[i, j] * V[j]
    return out, weights


def by_einsum(layer, q, v, k, mask=None):
    """The layer from by_loops, head by head; projections by einsum. Returns y and weights."""
    p = layer.params
    Q, K, V = (
        np.einsum("ntd,dhk->nhtk", x, p[f"W{a}"])
        + (p[f"b{a}"][:, None] if layer.use_bias else 0)
        for x, a in zip((q, k, v), "qkv")
    )
    N, H = Q.shape[:2]
    heads = np.zeros((N, H, q.shape[1], V.shape[3]))
    weights = np.zeros((N, H, q.shape[1], k.shape[1]))
    for n in range(N):
        for h in range(H):
            seen = None if mask is None else np.broadcast_to(mask, weights.shape)[n, h]
            heads[n, h], weights[n, h] = by_loops(Q[n, h], K[n, h], V[n, h], seen)
    y = np.einsum("nhtv,hvm->ntm", heads, p["Wo"])
    return y + (p["bo"] if layer.use_bias else 0), weights


def built(*shapes, heads=2, key_dim=3, **arguments):
    layer = MultiHeadAttention(heads, key_dim, dtype="float64", **arguments)
    layer.build(shapes if len(shapes) > 1 else shapes[0], 0)
    rng = RNG(1)
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


def booleans(data, *shape):
    return RNG(data.draw(st.integers(0, 999))).random(shape) < 0.6


# ---- the plain function ----


def test_equal_scores_share_the_values_equally():
    """W-D4-attention: Q = [1, 1, 1], K = V = I₃, d_k = 3."""
    out, weights = scaled_dot_product_attention(np.ones((1, 3)), np.eye(3), np.eye(3))
    np.testing.assert_allclose(weights, [[1 / 3] * 3], rtol=1e-15)
    np.testing.assert_allclose(out, [[1 / 3] * 3], rtol=1e-15)
    out, _ = scaled_dot_product_attention(np.ones(3), np.eye(3), np.eye(3))
    np.testing.assert_allclose(out, [1 / 3] * 3, rtol=1e-15)


def test_by_hand():
    # scores 2 / √4 = 1 and 0: weights e / (e + 1) and 1 / (e + 1)
    Q, K = np.array([[1, 1, 0, 0]]), np.array([[1, 1, 0, 0], [0, 0, 1, 1]])
    out, weights = scaled_dot_product_attention(Q, K, np.array([[10.0], [20.0]]))
    first = math.e / (math.e + 1)
    np.testing.assert_allclose(weights, [[first, 1 - first]], rtol=1e-15)
    np.testing.assert_allclose(out, [[10 * first + 20 * (1 - first)]], rtol=1e-15)


@given(
    Tq=st.integers(1, 4), Tk=st.integers(1, 4), d=st.integers(1, 4), data=st.data(),
    scale=st.sampled_from([1.0, 1e-8, 1e3]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_function_is_the_formula(Tq, Tk, d, data, scale):
    rng = RNG(data.draw(st.integers(0, 999)))
    Q, K, V = (rng.normal(size=s) for s in ((2, Tq, d), (2, Tk, d), (2, Tk, 3)))
    mask = booleans(data, 2, Tq, Tk) if data.draw(st.booleans()) else None
    out, weights = scaled_dot_product_attention(scale * Q, K, V, mask)
    for n in range(2):
        want = by_loops(scale * Q[n], K[n], V[n], None if mask is None else mask[n])
        np.testing.assert_allclose(out[n], want[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(weights[n], want[1], rtol=1e-9, atol=1e-12)


@given(seed=st.integers(0, 99), with_mask=st.booleans(), with_drop=st.booleans())
@settings(max_examples=20, deadline=None)
def test_gradients_of_the_function(seed, with_mask, with_drop):
    rng = RNG(seed)
    Q, K, V = (rng.normal(size=s) for s in ((2, 3, 2), (2, 4, 2), (2, 4, 3)))
    mask = rng.random((2, 3, 4)) < 0.6 if with_mask else None
    drop = 2.0 * (rng.random((2, 3, 4)) < 0.5) if with_drop else None

    def forward(Q, K, V):
        out, weights = scaled_dot_product_attention(Q, K, V, mask, drop)
        return (out, weights), (Q, K, V, weights)

    def backward(dys, cache):
        dout, dweights = dys
        return scaled_dot_product_attention_backward(dout, *cache, drop=drop, dweights=dweights)

    assert_gradients((forward, backward), (Q, K, V))


def test_the_root_keeps_the_variance_of_the_scores_at_1():
    rng = RNG(0)
    Q, K = rng.normal(size=(2, 2000, 64))
    scores = (Q * K).sum(axis=1)
    assert abs(scores.var() / 64 - 1) < 0.15  # 4 standard errors of a variance, √(2 / 2000)
    _, weights = scaled_dot_product_attention(Q[:1], K[:5], K[:5])
    want = np.exp(K[:5] @ Q[0] / 8)
    np.testing.assert_allclose(weights[0], want / want.sum(), rtol=1e-12)


def test_large_scores_do_not_overflow():
    Q = np.array([[1e4, 0.0]], dtype="float32")
    out, weights = scaled_dot_product_attention(Q, Q * [[1], [-1]], np.eye(2, dtype="float32"))
    assert weights.tolist() == [[1, 0]]
    assert out.tolist() == [[1, 0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("top", [39.9, 40.1, 87.0, -39.9, -40.1, -120.0])
@pytest.mark.parametrize("masked", [False, True])
def test_with_and_without_a_shift(top, dtype, masked):
    """Scores beyond ±40 are shifted by their row's maximum, others by nothing."""
    K = np.array([[top], [top - 3], [top / 2]], dtype)  # Q = 1: the scores themselves
    mask = np.array([[True, False, True], [False, False, False]]) if masked else None
    Q = np.ones((2, 1), dtype)
    weights = scaled_dot_product_attention(Q, K, np.eye(3, dtype=dtype), mask)[1]
    want = by_loops(Q.astype(float), K.astype(float), np.eye(3), mask)[1]
    np.testing.assert_allclose(weights, want, rtol=1e-5 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize(
    ("q", "k", "v"),
    [((2, 3), (2, 4), (2, 3)), ((2, 3), (4, 3), (5, 3)), ((2, 3), (3,), (3,)),
     ((), (2, 3), (2, 3))],
)  # fmt: skip
def test_sizes_that_do_not_go_together(q, k, v):
    with pytest.raises(ValueError, match="scaled_dot_product_attention: Q must be"):
        scaled_dot_product_attention(np.ones(q), np.ones(k), np.ones(v))
    with pytest.raises(ValueError, match=r"mask must fit the scores \(2, 4\).*got \(3, 4\)"):
        scaled_dot_product_attention(
            np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 3)), np.ones((3, 4))
        )


# ---- the layer ----


@given(N=st.integers(1, 2), T=st.integers(1, 4), data=st.data(), use_bias=st.booleans())
@settings(max_examples=20, deadline=None)
def test_self_attention(N, T, data, use_bias):
    x = RNG(data.draw(st.integers(0, 999))).normal(size=(N, T, 4))
    causal, padded = data.draw(st.booleans()), data.draw(st.booleans())
    layer = built((T, 4), value_dim=2, output_shape=5, use_bias=use_bias)
    call, mask = {"use_causal_mask": causal}, np.ones((N, 1, T, T), bool)
    if causal:
        mask &= np.array([[j <= i for j in range(T)] for i in range(T)])
    if padded:
        call["mask"] = keep = booleans(data, N, T)
        mask &= np.einsum("ni,nj->nij", keep, keep)[:, None]
    want, weights = by_einsum(layer, x, x, x, mask)
    y, scores = layer(x, return_attention_scores=True, **call)
    np.testing.assert_allclose(y, want, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(scores, weights, rtol=1e-9, atol=1e-12)
    assert_gradients(layer, x, kwargs=call)


@given(Tq=st.integers(1, 3), Tk=st.integers(1, 3), three=st.booleans(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_attention_to_another_sequence(Tq, Tk, three, data):
    rng = RNG(data.draw(st.integers(0, 999)))
    q, v, k = (rng.normal(size=s) for s in ((2, Tq, 4), (2, Tk, 3), (2, Tk, 5)))
    k = k if three else v
    x = (q, v, k) if three else (q, v)
    layer = built(*(part.shape[1:] for part in x))
    masks = tuple(booleans(data, 2, len(part[0])) for part in x)
    allowed = booleans(data, 2, Tq, Tk)
    mask = allowed & masks[0][:, :, None] & masks[1][:, None]
    mask = mask & masks[2][:, None] if three else mask
    call = {"mask": masks, "attention_mask": allowed}
    want, _ = by_einsum(layer, q, v, k, mask[:, None])
    np.testing.assert_allclose(layer(*x, **call), want, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(layer(x, **call), layer(*x, **call))
    assert_gradients(layer, x, kwargs=call)
    assert layer.compute_mask(x, masks) is masks[0]


def test_contract():
    x = RNG(0).normal(size=(2, 3, 4))
    assert_layer(MultiHeadAttention(2, 3), x)
    assert_layer(MultiHeadAttention(1, 2, use_bias=False, output_shape=3), x[:, :1])
    assert_layer(MultiHeadAttention(2, None), (x, x[:, :2, :3]))
    assert_layer(MultiHeadAttention(2, 3), (x, x[:, :2, :3], x[:, 1:, :2]))
    assert_layer(MultiHeadAttention(2, 3), x, kwargs={"use_causal_mask": True})


def test_gradients_with_dropout_and_with_scores():
    x = RNG(0).normal(size=(2, 3, 4))
    layer = built((3, 4), dropout=0.4)
    assert_gradients(layer, x, training=True)
    scores = {"return_attention_scores": True}
    assert_gradients(layer, x, training=True, kwargs=scores)
    assert_gradients(built((3, 4)), x, kwargs=scores)


def test_dropout_drops_weights_in_training_only_and_keeps_their_mean():
    layer = MultiHeadAttention(1, 2, dropout=0.25, seed=3, dtype="float64")
    layer.build((400, 2), 0)
    for name, array in layer.params.items():
        array[...] = np.eye(2).reshape(array.shape) if name[0] == "W" else 0
    x = np.zeros((1, 400, 2))
    y, cache = layer.forward(x + [1, 0], training=True)
    # equal scores: an output is the share of 400 weights that was kept, over 0.75
    kept = y[0, :, 0] * 0.75 * 400
    np.testing.assert_allclose(kept, np.rint(kept), atol=1e-9)
    assert abs(y[0, :, 0].mean() - 1) < 5 * math.sqrt(0.25 / 0.75 / 400**2)
    assert np.ptp(kept) > 10
    np.testing.assert_allclose(layer(x + [1, 0])[0, :, 0], 1, rtol=1e-12)
    assert y.shape == x.shape
    assert cache is not None


def test_gradients_of_what_is_used_twice_are_added():
    """dx of self-attention is the sum of the gradients of query, value and key."""
    x, dy = RNG(0).normal(size=(2, 2, 3, 4))
    layer = built((3, 4))
    dx, grads = layer.backward(dy, layer.forward(x)[1])
    parts, more = layer.backward(dy, layer.forward((x, x, x))[1])
    np.testing.assert_allclose(dx, sum(parts), rtol=1e-12)
    two, _ = layer.backward(dy, layer.forward((x, x))[1])
    np.testing.assert_allclose(two[0], parts[0], rtol=1e-12)
    np.testing.assert_allclose(two[1], parts[1] + parts[2], rtol=1e-12)
    np.testing.assert_allclose(grads["Wk"], more["Wk"], rtol=1e-12)


def test_a_causal_mask_hides_the_future():
    layer = built((5, 4))
    x = RNG(0).normal(size=(1, 5, 4))
    changed = x.copy()
    changed[0, 3:] += 1
    y, other = (layer(a, use_causal_mask=True) for a in (x, changed))
    np.testing.assert_array_equal(y[0, :3], other[0, :3])
    assert (y[0, 3:] != other[0, 3:]).all()


def test_padding_is_not_looked_at_and_passes_through_a_model():
    model = Sequential([Embedding(9, 4, mask_zero=True), MultiHeadAttention(2, 2)], seed=0)
    model.build((3,))
    padded, longer = model(np.array([[3, 5, 0]])), model(np.array([[3, 5, 0, 0, 0]]))
    np.testing.assert_allclose(padded, longer[:, :3], rtol=1e-6)
    np.testing.assert_allclose(model(np.array([[3, 5]])), padded[:, :2], rtol=1e-6)
    assert not padded[0, 2].any()  # a masked query: bo, which starts as zeros
    assert model.compute_mask(np.array([[3, 0]])).tolist() == [[True, False]]


def test_a_query_that_may_look_nowhere_gets_the_bias_and_no_gradient():
    layer = built((2, 4))
    x = RNG(0).normal(size=(1, 2, 4))
    nowhere = np.zeros((1, 2, 2), bool)
    y, cache = layer.forward(x, attention_mask=nowhere)
    np.testing.assert_array_equal(y, np.broadcast_to(layer.params["bo"], (1, 2, 4)))
    dx, grads = layer.backward(np.ones_like(y), cache)
    assert not dx.any()
    assert not any(grads[f"W{part}"].any() for part in "qkvo")


def test_key_dim_none_shares_the_features_among_the_heads():
    layer = MultiHeadAttention(3, None)
    layer.build((5, 6), 0)
    assert layer.params["Wq"].shape == (6, 3, 2)
    assert layer.count_params() == 4 * (6 * 6 + 6)
    with pytest.raises(ValueError, match="the 7 features of x cannot be shared by 3 heads"):
        MultiHeadAttention(3, None).build((5, 7), 0)


def test_shapes_names_and_types():
    layer = MultiHeadAttention(2, 3, 4, output_shape=(5,), kernel_regularizer="l2", name="a")
    layer.build(((7, 6), (8, 9)), 0)
    assert {name: array.shape for name, array in layer.params.items()} == {
        "Wq": (6, 2, 3), "bq": (2, 3), "Wk": (9, 2, 3), "bk": (2, 3),
        "Wv": (9, 2, 4), "bv": (2, 4), "Wo": (2, 4, 5), "bo": (5,),
    }  # fmt: skip
    assert layer.output_shape(((7, 6), (8, 9))) == (7, 5)
    assert list(layer.regularizers) == ["Wq", "Wk", "Wv", "Wo"]
    x = np.ones((2, 7, 6)), np.ones((2, 8, 9))
    y, cache = layer.forward(x)
    dx, grads = layer.backward(y, cache)
    assert {a.dtype.name for a in (y, *dx, *grads.values())} == {"float32"}
    assert layer(np.ones((0, 7, 6)), np.ones((0, 8, 9))).shape == (0, 7, 5)


def test_what_is_returned_is_not_what_is_kept():
    layer = built((3, 4))
    x = RNG(0).normal(size=(2, 3, 4))
    (y, scores), cache = layer.forward(x, return_attention_scores=True)
    dy = np.ones_like(y)
    before = layer.backward((dy, None), cache)[0]
    scores[...] = 9
    y[...] = 9
    np.testing.assert_array_equal(layer.backward((dy, None), cache)[0], before)


def test_masks_are_merged():
    shape = (2, 3, 2, 4)
    assert merged_mask("a", shape) is None
    causal = merged_mask("a", shape, causal=True)
    assert causal.tolist() == [[True, False, False, False], [True, True, False, False]]
    keys = np.array([[True] * 4, [False, True, True, True]])
    merged = merged_mask("a", shape, (None, keys), causal=True)
    assert np.broadcast_to(merged, shape)[1, 2].tolist() == [
        [False] * 4, [False, True, False, False],
    ]  # fmt: skip
    for allowed in ((2, 4), (1, 2, 4), (2, 1, 4), (2, 1, 2, 4), (2, 3, 2, 4), (1, 1, 1, 1)):
        ones = np.ones(allowed, bool)
        assert np.broadcast_to(merged_mask("a", shape, None, ones), shape).all()
    by_head = RNG(0).random(shape) < 0.5
    np.testing.assert_array_equal(merged_mask("a", shape, None, by_head), by_head)


def test_wrong_shapes():
    layer = built((3, 4), (2, 5))
    good = np.ones((2, 3, 4)), np.ones((2, 2, 5))
    with pytest.raises(ValueError, match=r"query must have shape \(2, T, 4\), got \(2, 3, 5\)"):
        layer(np.ones((2, 3, 5)), good[1])
    with pytest.raises(ValueError, match=r"value must have shape \(2, T, 5\), got \(2, 3, 4\)"):
        layer(good[0])
    with pytest.raises(ValueError, match=r"value must have shape \(2, T, 5\), got \(3, 2, 5\)"):
        layer(good[0], np.ones((3, 2, 5)))
    with pytest.raises(ValueError, match="value and key must have as many positions"):
        layer(*good, np.ones((2, 3, 5)))
    with pytest.raises(ValueError, match="got a tuple of 4"):
        layer((*good, *good))
    with pytest.raises(ValueError, match=r"query must have shape \(2, T, 4\), got \(2,\)"):
        layer(np.ones(2), good[1])
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 3\).*got \(2, 2\)"):
        layer(*good, mask=np.ones((2, 2), bool))
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 3\).*got \(3,\)"):
        layer(*good, mask=np.ones(3, bool))
    for shape in ((2, 3, 3), (3, 3, 2), (2, 5, 3, 2), (5,)):
        with pytest.raises(ValueError, match=r"attention_mask must have shape \(2, 3, 2\)"):
            layer(*good, attention_mask=np.ones(shape, bool))
    with pytest.raises(ValueError, match="dy must be a tuple of two"):
        layer.backward(np.ones(3), layer.forward(good, return_attention_scores=True)[1])


@pytest.mark.parametrize(
    "wrong",
    [{"num_heads": 0}, {"key_dim": 1.5}, {"value_dim": -1}, {"output_shape": (2, 3)},
     {"dropout": 1.0}],
)  # fmt: skip
def test_wrong_sizes(wrong):
    with pytest.raises(ValueError, match=f"MultiHeadAttention: {next(iter(wrong))} must be"):
        MultiHeadAttention(**{"num_heads": 2, "key_dim": 3, **wrong})
