"""erf against math.erf."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.layers.erf import BLOCK, EDGE, GRID, erf


def literal(x):
    return np.array([math.erf(v) for v in np.ravel(x)]).reshape(np.shape(x))


def points(rng):
    grid = np.arange(-EDGE * GRID, EDGE * GRID + 1) / GRID
    between = grid[:-1] + 0.5 / GRID  # as far from the table as it gets
    return np.concatenate([
        rng.uniform(-6.5, 6.5, 40_000), rng.normal(size=40_000), rng.uniform(-0.1, 0.1, 10_000),
        10.0 ** rng.uniform(-320, 3, 10_000), grid, between, np.nextafter(between, 9),
    ])  # fmt: skip


def test_float64_is_within_three_units_in_the_last_place():
    x = points(np.random.default_rng(0))
    want = literal(x)
    error = np.abs(erf(x) - want)
    assert error.max() <= 1.2e-16  # one unit in the last place just below 1 is 1.1e-16
    assert (error <= 3 * np.spacing(np.abs(want))).all()


def test_float32_is_within_three_units_in_the_last_place():
    x = points(np.random.default_rng(1)).astype("float32")
    y, want = erf(x), literal(x)
    assert y.dtype == np.float32
    assert (np.abs(y - want) <= 3 * np.spacing(np.abs(want).astype("float32"))).all()


def test_the_ends():
    x = np.array([np.inf, -np.inf, 1e30, -7.0, 6.0, 0.0, np.nan])
    np.testing.assert_array_equal(erf(x), [1, -1, 1, -1, 1, 0, np.nan])
    np.testing.assert_array_equal(erf(x.astype("float32")), [1, -1, 1, -1, 1, 0, np.nan])


def test_subnormal_numbers_keep_their_slope():
    assert erf(np.array([5e-324]))[0] == math.erf(5e-324) > 0
    tiny = np.float32(1e-40)
    assert erf(np.array([tiny]))[0] == pytest.approx(math.erf(tiny), rel=1e-4, abs=0)


@given(st.floats(allow_nan=False, allow_subnormal=False))
def test_any_float(x):
    assert float(erf(x)) == pytest.approx(math.erf(x), rel=1e-15, abs=0)
    assert float(erf(-x)) == pytest.approx(-math.erf(x), rel=1e-15, abs=0)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_any_number_of_entries(size):
    x = np.linspace(-3, 3, size)
    np.testing.assert_allclose(erf(x), literal(x), rtol=1e-15)


def test_any_form():
    assert erf(0.5).shape == ()
    assert float(erf(0.5)) == math.erf(0.5)
    assert erf(np.ones((2, 0, 3))).shape == (2, 0, 3)
    np.testing.assert_allclose(erf([1, -2]), [math.erf(1), math.erf(-2)], rtol=1e-15)
    assert erf(np.array([1], "int32")).dtype == np.float64
    assert erf(np.array([0.5], "float16")).dtype == np.float16
    strided = np.arange(12.0).reshape(3, 4).T[::2]
    before = strided.copy()
    np.testing.assert_allclose(erf(strided), literal(strided), rtol=1e-15)
    np.testing.assert_array_equal(strided, before)
