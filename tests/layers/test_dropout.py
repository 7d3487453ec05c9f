"""Dropout: what it drops, how it scales, and where its randomness comes from."""

import numpy as np
import pytest

from minidl.layers import Dropout
from minidl.testing import assert_gradients, assert_layer


def built(rate, seed=0, **arguments):
    layer = Dropout(rate, **arguments)
    layer.build((10,), seed)
    return layer


def test_prediction_changes_nothing():
    x = np.random.default_rng(0).normal(size=(2, 10))
    layer = built(0.5)
    y, cache = layer.forward(x)
    assert cache is None
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(layer.backward(x, cache)[0], x)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.9])
def test_entries_are_zero_or_scaled_up(rate):
    x = np.ones((200, 500))
    y, _ = built(rate).forward(x, training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-12)
    # the share kept is binomial: within five standard deviations of 1 − rate
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)


def test_the_gradient_goes_the_same_way():
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(4, 10)), rng.normal(size=(4, 10))
    layer = built(0.4)
    y, cache = layer.forward(x, training=True)
    dx, grads = layer.backward(dy, cache)
    np.testing.assert_allclose(dx, np.where(y == 0, 0, dy / 0.6), rtol=1e-12)
    assert grads == {}


def test_rate_zero_keeps_all_and_draws_nothing():
    x = np.ones((2, 10))
    layer = built(0)
    before = layer.rng.bit_generator.state
    np.testing.assert_array_equal(layer.forward(x, training=True)[0], x)
    assert layer.rng.bit_generator.state == before


def test_rate_near_one():
    y, _ = built(0.9999).forward(np.ones((100, 1000)), training=True)
    assert 0 < (y != 0).sum() < 60  # 10 are expected, with a standard deviation of 3
    np.testing.assert_allclose(y[y != 0], 1e4, rtol=1e-9)


def test_same_seed_same_bits_and_each_call_anew():
    x = np.ones((5, 10))
    one, two, other = built(0.5, seed=3), built(0.5, seed=3), built(0.5, seed=4)
    first, second = (one.forward(x, training=True)[0] for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(two.forward(x, training=True)[0], first)
    assert (other.forward(x, training=True)[0] != first).any()


def test_its_own_seed_wins_over_the_models():
    x = np.ones((5, 10))
    ys = [built(0.5, seed=n).forward(x, training=True)[0] for n in (1, 2)]
    assert (ys[0] != ys[1]).any()
    layers = [Dropout(0.5, seed=8), Dropout(0.5, seed=8), Dropout(0.5, seed=8)]
    layers[0].build((10,), 1)
    layers[1].build((10,), 2)  # the third is never built
    ys = [layer.forward(x, training=True)[0] for layer in layers]
    np.testing.assert_array_equal(ys[0], ys[1])
    np.testing.assert_array_equal(ys[0], ys[2])


def test_the_mask_does_not_depend_on_the_dtype():
    y32 = built(0.5).forward(np.ones((5, 10), "float32"), training=True)[0]
    y64 = built(0.5).forward(np.ones((5, 10)), training=True)[0]
    assert y32.dtype == np.float32
    assert y64.dtype == np.float64
    np.testing.assert_array_equal(y32, y64)


@pytest.mark.parametrize("noise_shape", [(None, 1, None), (1, None, 1), [2, 1, 5], (1, 1, 1)])
def test_noise_shape_shares_the_mask(noise_shape):
    x = np.ones((2, 6, 5))
    y, _ = built(0.5, noise_shape=noise_shape).forward(x, training=True)
    for axis, size in enumerate(noise_shape):
        if size == 1:
            assert (np.ptp(y, axis=axis) == 0).all()
    assert set(np.unique(y)) <= {0, 2}


def test_contract_and_gradients():
    x = np.random.default_rng(0).normal(size=(3, 4))
    assert_layer(Dropout(0.3), x, training=True)
    assert_layer(Dropout(0.3), x)
    assert_gradients(Dropout(0.3, noise_shape=(None, 1)), x, training=True)


def test_integers_masks_and_empty_input():
    layer = built(0.5)
    y, _ = layer.forward(np.ones((3, 10), int), training=True)
    assert set(np.unique(y)) <= {0, 2}
    assert layer.forward(np.zeros((0, 10)), training=True)[0].shape == (0, 10)
    mask = np.ones((2, 3), bool)
    assert layer.compute_mask(None, mask) is mask


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan"), "half", None])
def test_wrong_rate(rate):
    with pytest.raises(ValueError, match="Dropout: rate must be at least 0 and below 1"):
        Dropout(rate)


@pytest.mark.parametrize("noise_shape", [(None, 1), (3, 1, 1), (None, None, None, 1)])
def test_wrong_noise_shape(noise_shape):
    with pytest.raises(ValueError, match=r"Dropout: noise_shape .* one entry for each axis"):
        built(0.5, noise_shape=noise_shape).forward(np.ones((2, 6, 5)), training=True)
