"""RowGradient against a dense table filled by a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.gradients import RowGradient


def literal(rows, values, shape):
    """dense[rows[i]] += values[i], one after the other."""
    dense = np.zeros(shape, values.dtype)
    for row, value in zip(rows, values):
        dense[row] = dense[row] + value
    return dense


@st.composite
def gradients(draw, shape=None):
    """(rows, values, shape); few rows, so that they repeat, up to often; or none at all."""
    shape = shape or draw(st.sampled_from([(3, 2), (1, 1), (5,), (4, 2, 3), (200, 1)]))
    rows = draw(st.lists(st.integers(0, shape[0] - 1), max_size=60))
    seed = draw(st.integers(0, 9))
    values = np.random.default_rng(seed).integers(-9, 9, (len(rows), *shape[1:])).astype(float)
    return np.array(rows, int), values, shape  # whole numbers: sums are exact in any order


@given(gradients())
def test_dense_form(gradient):
    rows, values, shape = gradient
    g = RowGradient(rows, values, shape)
    expected = literal(rows, values, shape)
    np.testing.assert_array_equal(g.to_dense(), expected)
    np.testing.assert_array_equal(np.asarray(g), expected)
    np.testing.assert_array_equal(g.rows, rows)  # g itself is as it was
    assert (g.shape, g.ndim, g.size, g.dtype) == (shape, len(shape), expected.size, float)


@given(gradients())
def test_unique_has_each_row_once_in_order(gradient):
    rows, values, shape = gradient
    before = values.copy()
    once = RowGradient(rows, values, shape).unique()
    np.testing.assert_array_equal(once.rows, sorted(set(rows.tolist())))
    np.testing.assert_array_equal(once.values, literal(rows, values, shape)[once.rows])
    once.values[...] = 99  # a copy
    np.testing.assert_array_equal(values, before)


@given(gradients((4, 2)), gradients((4, 2)))
def test_sums_and_multiples(one, two):
    a, b = RowGradient(*one), RowGradient(*two)
    expected = literal(*one) + literal(*two)
    added = a + b
    assert isinstance(added, RowGradient)
    np.testing.assert_array_equal(added.to_dense(), expected)
    np.testing.assert_array_equal(a + literal(*two), expected)
    np.testing.assert_array_equal(literal(*one) + b, expected)
    for doubled in (a * 2, 2 * a):
        assert isinstance(doubled, RowGradient)
        np.testing.assert_array_equal(doubled.to_dense(), 2 * literal(*one))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(dtype):
    g = RowGradient([1, 1], np.ones((2, 3), dtype), (4, 3))
    for other in (g, g.unique(), g + g, g * 0.5):
        assert other.dtype == dtype
    assert g.to_dense().dtype == dtype
    assert np.asarray(g, "float64").dtype == "float64"


def test_a_frequent_row_is_summed_exactly_like_the_others():
    rows = np.array([2] * 100 + [0, 1, 0])
    values = np.arange(103.0)[:, None]
    dense = RowGradient(rows, values, (3, 1)).to_dense()
    np.testing.assert_array_equal(dense[:, 0], [100 + 102, 101, 99 * 100 / 2])


def test_repr_says_how_sparse_it_is():
    assert (
        repr(RowGradient([1], [[1.0, 2.0]], (5, 2))) == "RowGradient(1 rows of (5, 2), float64)"
    )
