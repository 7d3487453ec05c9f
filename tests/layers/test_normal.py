"""Φ and φ against math, and GELU's fast float32 form against its plain one."""

import math

import numpy as np
import pytest

from minidl.layers import GELU
from minidl.layers.normal import (
    BLOCK,
    SEVEN_TERMS,
    exact_Phi,
    exact_phi,
    in_blocks,
    tanh_Phi,
    tanh_phi,
)


def found(find_Phi, x, *terms):
    out = np.empty_like(x)
    find_Phi(x, out, *terms)
    return out


def literal_Phi(x):
    return np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in np.ravel(x).tolist()])


POINTS = np.concatenate([np.linspace(-9, 9, 30_001), np.linspace(-40, 40, 10_001)])


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-7), ("float64", 2.3e-16)])
def test_Phi_is_the_share_below_x(dtype, error):
    x = POINTS.astype(dtype)
    y = found(exact_Phi, x)
    assert y.dtype == dtype
    assert np.abs(y - literal_Phi(x)).max() <= error
    assert y.min() >= 0
    assert y.max() <= 1


def test_seven_terms_err_by_less_than_float32_rounds_off():
    fitted = found(tanh_Phi, POINTS, SEVEN_TERMS)
    assert np.abs(fitted - literal_Phi(POINTS)).max() < 2.95e-8  # half of 2⁻²⁴ just below 1


@pytest.mark.parametrize(("Phi", "phi"), [(exact_Phi, exact_phi), (tanh_Phi, tanh_phi)])
def test_phi_is_the_slope_of_Phi(Phi, phi):
    x, h = np.linspace(-6, 6, 1001), 1e-5
    want = (found(Phi, x + h) - found(Phi, x - h)) / (2 * h)
    np.testing.assert_allclose(phi(x, found(Phi, x)), want, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_in_float32_is_gelu_in_float64_rounded(approximate):
    layer = GELU(approximate=approximate)
    x = POINTS.astype("float32")
    y, cache = layer.forward(x)
    want, want_cache = layer.forward(x.astype(float))
    slope, _ = layer.backward(np.ones_like(y), cache)
    want_slope, _ = layer.backward(np.ones_like(want), want_cache)
    assert slope.dtype == y.dtype == np.float32
    assert (np.abs(y - want) <= 2e-7 * np.maximum(np.abs(x), 1)).all()  # Φ within 1e-7, times x
    # the tanh form's φ has 1 − Φ, rounded by 6e-8, times 2 x u', which is 35 at x = 5
    assert np.abs(slope - want_slope).max() <= (3e-6 if approximate else 1e-6)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_blocks_leave_nothing_out(size):
    x = np.linspace(-3, 3, size, dtype="float32")
    assert sum(len(block) for (block,) in in_blocks(x)) == size
    y, cache = GELU().forward(x)
    few = slice(None, None, 997)
    np.testing.assert_allclose(y[few], x[few] * literal_Phi(x[few]), atol=4e-7)
    if size:
        assert np.isclose(y[-1], x[-1] * literal_Phi(x[-1:])[0], rtol=1e-6)
    dx, _ = GELU().backward(np.ones_like(x), cache)
    want = literal_Phi(x[few]) + x[few] * np.exp(-(x[few] ** 2) / 2) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(dx[few], want, atol=4e-7)


def test_gelu_of_a_strided_array():
    x = np.random.default_rng(0).normal(size=(6, 8)).astype("float32").T[::2]
    before = x.copy()
    y, _ = GELU().forward(x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(y.ravel(), x.ravel() * literal_Phi(x), atol=4e-7)
