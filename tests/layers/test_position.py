"""Positions: the sinusoidal code's printed table and its rotation, and the trained table."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layers import PositionalEncoding, PositionEmbedding, sinusoidal
from minidl.testing import assert_gradients, assert_layer


def test_the_table_for_five_dimensions():
    """W-D4-position: positions 1, 2, 3 and d = 5, to six places."""
    want = [
        [0.841471, 0.540302, 0.025116, 0.999685, 0.000631],
        [0.909297, -0.416147, 0.050217, 0.998738, 0.001262],
        [0.141120, -0.989992, 0.075285, 0.997162, 0.001893],
    ]
    np.testing.assert_allclose(sinusoidal([1, 2, 3], 5), want, rtol=0, atol=5e-7)


@given(pos=st.integers(0, 10**6), d=st.integers(1, 9))
def test_the_formula_entry_by_entry(pos, d):
    code = sinusoidal(pos, d)
    assert code.shape == (d,)
    for j in range(d):
        i = j // 2
        angle = pos / 10000 ** (2 * i / d)
        want = math.sin(angle) if j % 2 == 0 else math.cos(angle)
        assert math.isclose(code[j], want, rel_tol=1e-9, abs_tol=1e-9)


def test_a_step_of_k_is_one_rotation_for_every_position():
    d, k = 6, 3
    angles = k / 10000 ** (np.arange(0, d, 2) / d)
    turn = np.zeros((d, d))
    for i, angle in enumerate(angles):
        sin, cos = math.sin(angle), math.cos(angle)
        turn[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[cos, sin], [-sin, cos]]
    for pos in (0, 1, 50):
        np.testing.assert_allclose(
            turn @ sinusoidal(pos, d), sinusoidal(pos + k, d), atol=1e-13
        )


@pytest.mark.parametrize("max_length", [None, 9])
@pytest.mark.parametrize("T", [1, 4, 9])
def test_the_code_is_added(max_length, T):
    layer = PositionalEncoding(max_length)
    layer.build((4, 5), 0)
    x = np.random.default_rng(0).normal(size=(2, T, 5))
    np.testing.assert_array_equal(layer(x), x + sinusoidal(np.arange(T), 5))
    assert layer(x.astype("float32")).dtype == np.float32
    assert layer.output_shape((T, 5)) == (T, 5)
    assert not layer.params


def test_the_trained_table_is_added():
    layer = PositionEmbedding(6)
    layer.build((4, 3), 0)
    W = layer.params["W"]
    assert W.shape == (6, 3)
    assert np.abs(W).max() <= math.sqrt(6 / (6 + 3))  # glorot_uniform
    x = np.zeros((2, 4, 3), dtype="float32")
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, [W[:4], W[:4]])
    dy = np.arange(24.0).reshape(2, 4, 3)
    dx, grads = layer.backward(dy, cache)
    np.testing.assert_array_equal(dx, dy)
    np.testing.assert_array_equal(grads["W"][:4], dy[0] + dy[1])
    assert not grads["W"][4:].any()


@given(N=st.integers(1, 3), T=st.integers(1, 4), D=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_gradients(N, T, D):
    x = np.random.default_rng(0).normal(size=(N, T, D))
    assert_gradients(PositionalEncoding(), x)
    assert_gradients(PositionEmbedding(4), x)


def test_contract():
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    assert_layer(PositionalEncoding(), x)
    assert_layer(PositionalEncoding(4), x)
    assert_layer(PositionEmbedding(5, "zeros"), x)
    assert PositionalEncoding()(np.zeros((0, 4, 3), int)).dtype == np.float32
    mask = np.ones((2, 4), bool)
    assert PositionEmbedding(5).compute_mask(x, mask) is mask


def test_wrong_arguments():
    for layer in (PositionalEncoding(4), PositionEmbedding(4)):
        name = type(layer).__name__
        layer.build((4, 3), 0)
        with pytest.raises(ValueError, match=f"{name}: x must have at most 4 positions, got"):
            layer(np.zeros((2, 5, 3)))
        with pytest.raises(ValueError, match=rf"{name}: x must have shape \(N, T, .\), got"):
            layer(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"x must have shape \(N, T, 3\), got \(2, 4, 5\)"):
        layer(np.zeros((2, 4, 5)))
    with pytest.raises(ValueError, match="PositionEmbedding: sequence_length must be a pos"):
        PositionEmbedding(0)
    with pytest.raises(ValueError, match="PositionalEncoding: max_length must be a positive"):
        PositionalEncoding(-1)
    with pytest.raises(ValueError, match="sinusoidal: d must be a positive integer"):
        sinusoidal(1, 0)
