"""Flatten and Reshape."""

import numpy as np
import pytest

from minidl.layers import Flatten, Reshape
from minidl.testing import assert_layer


def test_flatten_by_hand():
    x = np.arange(12).reshape(2, 3, 2)
    y, cache = Flatten().forward(x)
    assert y.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    dx, grads = Flatten().backward(10.0 * y, cache)
    np.testing.assert_array_equal(dx, 10 * x)
    assert grads == {}


@pytest.mark.parametrize(
    ("shape", "flat"),
    [
        ((2, 3), (2, 3)),
        ((5,), (5, 1)),
        ((0, 2, 3), (0, 6)),
        ((1, 1, 1), (1, 1)),
        ((2, 0), (2, 0)),
    ],
)
def test_flatten_shapes(shape, flat):
    y, cache = Flatten().forward(np.zeros(shape))
    assert y.shape == flat
    assert Flatten().backward(y, cache)[0].shape == shape
    assert Flatten().output_shape(shape[1:]) == flat[1:]


@pytest.mark.parametrize("target", [(3, 4), (-1,), (2, -1), (2, 1, 6), [12]])
def test_reshape_is_numpys(target):
    x = np.random.default_rng(0).normal(size=(5, 4, 3))
    layer = Reshape(target)
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, x.reshape(5, *target))
    assert layer.output_shape((4, 3)) == y.shape[1:]
    np.testing.assert_array_equal(layer.backward(y, cache)[0], x)


@pytest.mark.parametrize("layer", [Flatten(), Reshape((3, -1))])
def test_contract(layer):
    assert_layer(layer, np.random.default_rng(0).normal(size=(2, 4, 3)))
    assert layer.compute_mask(None, np.ones((2, 4), bool)) is None


def test_shapes_with_an_unknown_axis():
    assert Flatten().output_shape((None, 3)) == (None,)
    assert Reshape((3, -1)).output_shape((None, 3)) == (3, None)


@pytest.mark.parametrize("target", [(5,), (5, -1), (-1, -1), (0, -1)])
def test_reshape_that_does_not_fit(target):
    with pytest.raises(ValueError, match=r"Reshape: target_shape .* it must hold 12 numbers"):
        Reshape(target)(np.zeros((2, 4, 3)))


def test_channels_first_is_refused():
    with pytest.raises(ValueError, match="Flatten: data_format must be 'channels_last'"):
        Flatten("channels_first")
