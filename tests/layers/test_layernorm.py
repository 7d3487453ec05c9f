"""LayerNormalization: by hand, against loops, gradients, and what can go wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl import layers
from minidl.layers import LayerNormalization
from minidl.testing import assert_gradients, assert_layer
from minidl.testing.strategies import arrays


def built(shape, dtype="float64", **arguments):
    layer = LayerNormalization(dtype=dtype, **arguments)
    layer.build(shape, 0)
    rng = np.random.default_rng(1)
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


def by_loops(x, gamma, beta, epsilon):
    """The formula, number by number, over the last axis of (N, T, D)."""
    y = np.zeros_like(x)
    N, T, D = x.shape
    for n in range(N):
        for t in range(T):
            mean = sum(x[n, t]) / D
            variance = sum((v - mean) ** 2 for v in x[n, t]) / D
            for j in range(D):
                x_hat = (x[n, t, j] - mean) / math.sqrt(variance + epsilon)
                y[n, t, j] = gamma[j] * x_hat + beta[j]
    return y


def test_by_hand():
    # mean 2, variance 1, so x̂ = ±1 / √(1 + 3) = ±½
    layer = LayerNormalization(epsilon=3.0)
    layer.build((2,), 0)
    layer.params["gamma"] = np.array([10.0, 20.0])
    layer.params["beta"] = np.array([1.0, 2.0])
    y, cache = layer.forward(np.array([[1.0, 3.0]]))
    assert y.tolist() == [[-4, 12]]
    dx, grads = layer.backward(np.array([[1.0, 0.0]], dtype="float32"), cache)
    assert grads["gamma"].tolist() == [-0.5, 0]
    assert grads["beta"].tolist() == [1, 0]
    # g = (10, 0): mean g = 5; mean g x̂ = −2.5; dx = (g − 5 + 2.5 x̂) / 2
    np.testing.assert_allclose(dx, [[(10 - 5 - 1.25) / 2, (0 - 5 + 1.25) / 2]], rtol=1e-6)


def test_it_starts_as_the_plain_normalisation():
    layer = LayerNormalization()
    y = layer(np.random.default_rng(0).normal(3, 5, size=(4, 100)).astype("float32"))
    assert layer.params["gamma"].tolist() == [1] * 100
    assert not layer.params["beta"].any()
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axis=1), 1, rtol=1e-3)
    assert y.dtype == np.float32


@given(N=st.integers(1, 3), T=st.integers(1, 3), D=st.integers(1, 5), data=st.data())
@settings(max_examples=40, deadline=None)
def test_loops_agree(N, T, D, data):
    x = data.draw(arrays((N, T, D), dtypes=("float64",)))
    layer = built((T, D))
    want = by_loops(x, layer.params["gamma"], layer.params["beta"], 0.001)
    np.testing.assert_allclose(layer(x), want, rtol=1e-7, atol=1e-7)


@given(N=st.integers(1, 3), T=st.integers(1, 3), D=st.integers(1, 4), data=st.data())
@settings(max_examples=12, deadline=None)
def test_gradients(N, T, D, data):
    x = data.draw(arrays((N, T, D), kinds=("normal", "zeros", "ties", "constant")))
    assert_gradients(built((T, D)), x)


@pytest.mark.parametrize(
    ("axis", "equal"),
    [(1, (0, 2, 3, 1)), ((1, 2), (0, 3, 1, 2)), ((-1, 1), (0, 2, 1, 3)), ((3, 2, 1), None)],
)
def test_other_axes_are_the_last_ones_of_a_transposed_x(axis, equal):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    layer = built((3, 4, 5), axis=axis)
    equal = equal or (0, 1, 2, 3)
    k = len(layer.params["gamma"].shape)
    moved = x.transpose(equal)
    rows = moved.reshape(1, -1, np.prod(moved.shape[-k:]))
    gamma, beta = (layer.params[name].reshape(-1) for name in ("gamma", "beta"))
    want = by_loops(rows, gamma, beta, 0.001).reshape(moved.shape)
    np.testing.assert_allclose(layer(x).transpose(equal), want, rtol=1e-12)
    assert_layer(layer, x)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_contract(center, scale):
    layer = LayerNormalization(center=center, scale=scale)
    x = np.random.default_rng(2).normal(size=(3, 4, 5))
    assert_layer(layer, x)
    layer(x)
    assert list(layer.params) == ["gamma"] * scale + ["beta"] * center


def test_a_large_mean_does_not_cancel():
    """E[x²] − E[x]² in float32 would be all rounding here: 10⁸ against a variance of 1."""
    spread = np.random.default_rng(0).normal(size=(4, 256))
    x = (1e4 + spread).astype("float32")
    exact = (x - x.mean(axis=1, keepdims=True, dtype=float)) / x.std(
        axis=1, keepdims=True, dtype=float
    )
    y = LayerNormalization(epsilon=1e-6)(x)
    np.testing.assert_allclose(y, exact, atol=2e-3)  # x itself is only known to 1e-3


def test_a_frozen_norm_and_a_second_call_change_nothing():
    layer = built((4,))
    x, other = np.random.default_rng(0).normal(size=(2, 3, 4))
    y, cache = layer.forward(x)
    layer.forward(other, training=True)
    dx, grads = layer.backward(other, cache)
    again, more = layer.backward(other, layer.forward(x)[1])
    np.testing.assert_array_equal(dx, again)
    np.testing.assert_array_equal(grads["gamma"], more["gamma"])
    assert not any(np.shares_memory(y, part) for part in cache[:2])


def test_keras_arguments():
    layer = LayerNormalization(
        -1, 1e-5, beta_initializer="ones", gamma_initializer="zeros",
        beta_regularizer="l1", gamma_regularizer="l2", name="norm",
    )  # fmt: skip
    layer.build((3,), 0)
    assert layer(np.ones((2, 3))).tolist() == [[1] * 3] * 2
    assert sorted(layer.regularizers) == ["beta", "gamma"]
    assert layer.name == "norm"
    assert layers.LayerNormalization is LayerNormalization


def test_empty_integer_and_one_feature():
    layer = LayerNormalization()
    layer.build((3,), 0)
    y, cache = layer.forward(np.zeros((0, 3)))
    dx, grads = layer.backward(y, cache)
    assert y.shape == dx.shape == (0, 3)
    assert not grads["gamma"].any()
    assert layer(np.array([[1, 2, 3]])).dtype == np.float32
    assert LayerNormalization()(np.array([[5.0], [7.0]])).tolist() == [[0], [0]]


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 4), (3,)])
def test_wrong_shapes(shape):
    layer = built((3,))
    if shape == (3,):
        with pytest.raises(ValueError, match="LayerNormalization: axis must be"):
            layer(np.zeros(shape))
    else:
        sentence = r"LayerNormalization: x must have sizes \(3,\) along axis -1, got shape"
        with pytest.raises(ValueError, match=sentence):
            layer(np.zeros(shape))


@pytest.mark.parametrize("axis", [0, -2, 2, (1, 0)])
def test_wrong_axes(axis):
    with pytest.raises(ValueError, match=r"axis must be 1 … 1.* axis 0 is the batch"):
        LayerNormalization(axis=axis).build((3,), 0)


@pytest.mark.parametrize("epsilon", [0, -1.0, None, "a", True, float("nan")])
def test_wrong_epsilon(epsilon):
    with pytest.raises(ValueError, match="LayerNormalization: epsilon must be a positive"):
        LayerNormalization(epsilon=epsilon)
