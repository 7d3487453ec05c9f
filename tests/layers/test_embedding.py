"""Embedding: the table, its gradient by rows, masks, and wrong ids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minidl.gradients import RowGradient
from minidl.layers import Embedding
from minidl.testing import assert_gradients, assert_layer

IDS = hnp.arrays(
    st.sampled_from([np.int64, np.int32, np.uint8]),
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.integers(0, 6),
)


def built(V=7, D=3, dtype="float64", **arguments):
    layer = Embedding(V, D, dtype=dtype, **arguments)
    layer.build((4,), 0)
    return layer


def one_hot(x, V):
    return (np.asarray(x)[..., None] == np.arange(V)).astype(float)


def test_by_hand():
    layer = Embedding(3, 2, weights=np.array([[1, 2], [3, 4], [5, 6]]))
    layer.build((2,), 0)
    y, cache = layer.forward(np.array([[2, 0], [2, 2]]))
    assert y.tolist() == [[[5, 6], [1, 2]], [[5, 6], [5, 6]]]
    dy = np.array([[[1, 10], [2, 20]], [[3, 30], [4, 40.0]]])
    dx, grads = layer.backward(dy, cache)
    assert dx is None
    assert isinstance(grads["W"], RowGradient)
    assert grads["W"].rows.tolist() == [0, 2]
    assert grads["W"].values.tolist() == [[2, 20], [8, 80]]
    assert grads["W"].to_dense().tolist() == [[2, 20], [0, 0], [8, 80]]


@given(x=IDS, seed=st.integers(0, 9))
def test_it_is_one_hot_times_the_table(x, seed):
    layer = built()
    y, cache = layer.forward(x)
    np.testing.assert_allclose(y, one_hot(x, 7) @ layer.params["W"], rtol=1e-14)
    dy = np.random.default_rng(seed).normal(size=y.shape)
    grad = layer.backward(dy, cache)[1]["W"]
    assert grad.rows.tolist() == sorted(set(x.ravel().tolist()))
    want = np.einsum("nv,nd->vd", one_hot(x.ravel(), 7), dy.reshape(-1, 3))
    np.testing.assert_allclose(grad.to_dense(), want, rtol=1e-10, atol=1e-12)


@given(x=IDS)
@settings(max_examples=10, deadline=None)
def test_gradients(x):
    assert_gradients(built(), x)


def test_contract():
    x = np.array([[1, 1, 0], [5, 6, 1]])
    assert_layer(Embedding(7, 2), x)
    assert_layer(Embedding(7, 2, mask_zero=True), x[:, 0])


def test_gradient_of_many_equal_ids():
    layer = built(dtype="float32")
    x = np.zeros((40, 50), int)
    y, cache = layer.forward(x)
    grad = layer.backward(np.ones_like(y), cache)[1]["W"]
    assert grad.rows.tolist() == [0]
    assert grad.values.tolist() == [[2000, 2000, 2000]]  # a whole number: exact in float32
    assert grad.dtype == np.float32


def test_the_gradient_is_no_view_of_dy_and_the_output_none_of_the_table():
    layer = built()
    x = np.array([[0, 1, 2]])
    y, cache = layer.forward(x)
    dy = np.ones_like(y)
    assert not np.shares_memory(layer.backward(dy, cache)[1]["W"].values, dy)
    assert not np.shares_memory(y, layer.params["W"])


def test_mask():
    x = np.array([[3, 0, 1], [0, 0, 0]])
    assert built(mask_zero=True).compute_mask(x).tolist() == [[True, False, True], [False] * 3]
    assert built().compute_mask(x) is None
    # as in Keras, an embedding makes the mask: one that comes in is not passed on
    assert built().compute_mask(x, np.ones((2, 3), bool)) is None


def test_starting_table():
    table = np.arange(6.0).reshape(3, 2)
    for weights in (table, [table], table.tolist()):
        layer = Embedding(3, 2, weights=weights)
        layer.build((4,), 0)
        np.testing.assert_array_equal(layer.params["W"], table)
        assert layer.params["W"].dtype == np.float32
    layer.params["W"] += 1
    assert table[0, 0] == 0
    assert Embedding(1, 2, weights=[[7, 8]]).table.tolist() == [[7, 8]]
    with pytest.raises(ValueError, match=r"Embedding: weights must have shape \(3, 5\)"):
        Embedding(3, 5, weights=table)


def test_the_start_is_uniform_within_a_twentieth():
    W = built(1000, 20, "float32").params["W"]
    assert W.dtype == np.float32
    assert 0.049 < np.abs(W).max() <= 0.05
    assert abs(W.mean()) < 5 * (0.1 / np.sqrt(12)) / np.sqrt(W.size)


def test_keras_arguments():
    layer = Embedding(7, 3, "zeros", "l2", input_length=5, name="words")
    layer.build((5,), 0)
    assert not layer.params["W"].any()
    assert list(layer.regularizers) == ["W"]
    assert layer.name == "words"
    assert Embedding(7, 3, input_length=5).input_shape == (5,)
    assert layer.output_shape((5,)) == (5, 3)
    assert layer.count_params() == 21
    with pytest.raises(ValueError, match="embeddings_constraint is not supported"):
        Embedding(7, 3, embeddings_constraint="non_neg")


def test_empty_and_strided_ids():
    layer = built()
    y, cache = layer.forward(np.zeros((0, 4), int))
    assert y.shape == (0, 4, 3)
    assert not layer.backward(y, cache)[1]["W"].to_dense().any()
    x = np.arange(6).reshape(2, 3).T
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, layer(x.copy()))
    want = layer.backward(y, layer.forward(x.copy())[1])[1]["W"].to_dense()
    np.testing.assert_array_equal(layer.backward(y, cache)[1]["W"].to_dense(), want)


@pytest.mark.parametrize(
    ("ids", "which"),
    [([[1, 2], [3, 7]], r"id 7 at \(1, 1\)"), ([[1, -1]], r"id -1 at \(0, 1\)"),
     ([0, 400], r"id 400 at \(1,\)")],
)  # fmt: skip
def test_ids_outside_the_table(ids, which):
    sentence = which + r" of x is outside the table of 7 rows \(ids 0 to 6\): make input_dim"
    with pytest.raises(ValueError, match="Embedding: " + sentence):
        built().forward(np.array(ids))


@pytest.mark.parametrize("dtype", ["float64", "float32", "bool", "complex128", "U1", "O"])
def test_ids_that_are_no_integers(dtype):
    with pytest.raises(
        TypeError, match=r"Embedding: ids must be integers, got .*astype\('int64"
    ):
        built().forward(np.ones((2, 3)).astype(dtype))


@pytest.mark.parametrize("wrong", [0, -3, 2.0, None, True])
def test_wrong_sizes(wrong):
    with pytest.raises(ValueError, match="Embedding: input_dim must be a positive integer"):
        Embedding(wrong, 3)
    with pytest.raises(ValueError, match="Embedding: output_dim must be a positive integer"):
        Embedding(3, wrong)
