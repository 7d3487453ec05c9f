"""Residual: y = x + f(x)."""

import numpy as np
import pytest

from minidl.layers import LSTM, Dense, Dropout, Residual
from minidl.models import Sequential
from minidl.testing import assert_gradients, assert_layer


def test_by_hand():
    layer = Residual(Dense(2, use_bias=False, dtype="float64"))
    layer.build((2,), 0)
    layer.params["layer.W"] = np.array([[1, 2], [3, 4]])
    y, cache = layer.forward(np.array([[1.0, 10.0]]))
    assert y.tolist() == [[1 + 31, 10 + 42]]
    dx, grads = layer.backward(np.array([[1.0, 0.0]]), cache)
    assert dx.tolist() == [[1 + 1, 0 + 3]]
    assert grads["layer.W"].tolist() == [[1, 0], [10, 0]]


def test_gradients_and_contract():
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    assert_layer(Residual(Dense(5, "tanh")), x)
    assert_layer(Residual(Sequential([Dense(7, "tanh"), Dense(5)])), x)
    assert_gradients(Residual(Dropout(0.4)), x, training=True)
    assert_gradients(Residual(Residual(Dense(5))), x)


def test_the_mask_goes_in_and_on():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    mask = np.array([[True, True, False], [True, False, False]])
    layer = Residual(LSTM(4, return_sequences=True))
    layer.build((3, 4), 0)
    np.testing.assert_array_equal(
        layer(x, mask=mask), x.astype("float32") + layer.layer(x, mask=mask)
    )
    assert layer.compute_mask(x, mask) is mask
    assert_gradients(layer, x, kwargs={"mask": mask})
    plain = Residual(Dense(4))
    plain.build((3, 4), 0)
    np.testing.assert_array_equal(plain(x, mask=mask), plain(x))


def test_wrong_layers():
    with pytest.raises(TypeError, match="Residual: layer must be a layer, got 'dense'"):
        Residual("dense")
    with pytest.raises(ValueError, match=r"Residual: Dense must keep x's shape \(1, 3\), got"):
        Residual(Dense(1)).build((3,), 0)
