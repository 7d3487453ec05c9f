"""Dense: by hand, against einsum, and its gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layers import Dense, ReLU
from minidl.testing import assert_gradients, assert_layer


def built(D, units, dtype="float64", seed=0, **arguments):
    layer = Dense(units, dtype=dtype, bias_initializer="normal", **arguments)
    layer.build((D,), seed)
    return layer


def test_by_hand():
    layer = built(2, 1)
    layer.set_weights([[[2.0], [3.0]], [1.0]])
    y, cache = layer.forward(np.array([[1.0, 1], [0, -1]]))
    assert y.tolist() == [[6], [-2]]
    dx, grads = layer.backward(np.array([[1.0], [10]]), cache)
    assert dx.tolist() == [[2, 3], [20, 30]]
    assert grads["W"].tolist() == [[1], [-9]]
    assert grads["b"].tolist() == [11]


@pytest.mark.parametrize("leading", [(3,), (2, 4), (2, 3, 2), (1,), (1, 1)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_any_leading_axes_against_einsum(leading, use_bias):
    layer = built(3, 5, use_bias=use_bias)
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(*leading, 3)), rng.normal(size=(*leading, 5))
    W = layer.params["W"]
    y, cache = layer.forward(x)
    dx, grads = layer.backward(dy, cache)
    want = np.einsum("...d,dm->...m", x, W) + (layer.params["b"] if use_bias else 0)
    np.testing.assert_allclose(y, want, rtol=1e-12)
    np.testing.assert_allclose(dx, np.einsum("...m,dm->...d", dy, W), rtol=1e-12)
    flat_x, flat_dy = x.reshape(-1, 3), dy.reshape(-1, 5)
    np.testing.assert_allclose(grads["W"], np.einsum("nd,nm->dm", flat_x, flat_dy), rtol=1e-12)
    assert list(grads) == (["W", "b"] if use_bias else ["W"])
    if use_bias:
        np.testing.assert_allclose(grads["b"], flat_dy.sum(axis=0), rtol=1e-12)


@given(
    leading=st.lists(st.integers(1, 3), min_size=1, max_size=2),
    D=st.integers(1, 3),
    units=st.integers(1, 3),
    activation=st.sampled_from([None, "relu", "sigmoid", "tanh", "gelu"]),
    use_bias=st.booleans(),
    scale=st.sampled_from([0.0, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_gradients(leading, D, units, activation, use_bias, scale, seed):
    x = scale * np.random.default_rng(seed).normal(size=(*leading, D))
    assert_gradients(built(D, units, activation=activation, use_bias=use_bias, seed=seed), x)


def test_contract():
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    assert_layer(Dense(2, activation="tanh"), x)
    assert_layer(Dense(3, activation="softmax"), x[:, None])


def test_no_gradient_is_a_view_of_anything():
    layer = built(3, 3)
    x = np.random.default_rng(0).normal(size=(2, 3))
    dy = np.ones((2, 3))
    dx, grads = layer.backward(dy, layer.forward(x)[1])
    for array in (dx, *grads.values()):
        for other in (x, dy, *layer.params.values()):
            assert not np.shares_memory(array, other)


def test_computes_in_the_dtype_of_its_weights():
    x = np.random.default_rng(0).normal(size=(2, 3))
    for dtype in ("float32", "float64"):
        layer = built(3, 2, dtype=dtype)
        for given_x in (x.astype("float32"), x, x.astype("int64"), x > 0):
            y, cache = layer.forward(given_x)
            dx, grads = layer.backward(np.ones_like(y), cache)
            assert {a.dtype.name for a in (y, dx, *grads.values())} == {dtype}


def test_strided_and_empty_input():
    layer = built(3, 2)
    x = np.random.default_rng(0).normal(size=(3, 8)).T[::2]
    np.testing.assert_allclose(layer(x), layer(x.copy()), rtol=1e-14)
    y, cache = layer.forward(np.zeros((0, 3)))
    dx, grads = layer.backward(y, cache)
    assert y.shape == (0, 2)
    assert dx.shape == (0, 3)
    assert not grads["W"].any()
    assert not grads["b"].any()


def test_output_shape_and_parameter_count():
    layer = Dense(64)
    layer.build((10,), 0)
    assert layer.output_shape((7, 10)) == (7, 64)
    assert layer.count_params() == 10 * 64 + 64
    assert layer.params["W"].dtype == np.float32
    assert not layer.params["b"].any()


def test_arguments_in_keras_order():
    layer = Dense(3, "relu", False, "ones", "zeros", "l2")
    layer.build((2,), 0)
    assert isinstance(layer.activation, ReLU)
    assert list(layer.params) == ["W"]
    assert (layer.params["W"] == 1).all()
    assert list(layer.regularizers) == ["W"]


def test_wrong_input_is_a_sentence():
    layer = Dense(1)
    layer.build((784,), 0)
    layer.label = "layer 2 (Dense)"
    sentence = r"layer 2 \(Dense\): x must have shape \(N, 784\), got \(32, 28, 28\): .*Flatten"
    with pytest.raises(ValueError, match=sentence):
        layer.forward(np.zeros((32, 28, 28)))
    with pytest.raises(ValueError, match="got \\(784,\\): match the last axis"):
        layer.forward(np.zeros(784))
    with pytest.raises(ValueError, match="Dense: not built"):
        Dense(1).forward(np.zeros((2, 3)))


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_wrong_units(units):
    with pytest.raises(ValueError, match="Dense: units must be a positive integer"):
        Dense(units)


def test_dx_may_be_left_out():
    layer = Dense(3, "tanh")
    layer.build((4,), 0)
    x, dy = np.ones((2, 4), "float32"), np.ones((2, 3), "float32")
    cache = layer.forward(x)[1]
    (dx, grads), (none, same) = (
        layer.backward(dy, cache),
        layer.backward(dy, cache, needs_dx=False),
    )
    assert none is None
    assert dx.shape == x.shape
    for name in grads:
        np.testing.assert_array_equal(grads[name], same[name])
