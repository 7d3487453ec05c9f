"""RowGradient: a table's gradient of which only some rows exist."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.gradients import OFTEN, RowGradient


def literal_dense(gradient):
    dense = np.zeros(gradient.shape, gradient.dtype)
    for row, value in zip(gradient.rows, gradient.values):
        dense[row] += value
    return dense


def random_gradient(rows, dtype="float64", shape=(9, 3), seed=0):
    rows = np.array(rows, dtype=int)
    values = np.random.default_rng(seed).normal(size=(len(rows), *shape[1:])).astype(dtype)
    return RowGradient(rows, values, shape)


@given(st.lists(st.integers(0, 8), max_size=120), st.sampled_from(["float32", "float64"]))
def test_unique_adds_repeated_rows(rows, dtype):
    gradient = random_gradient(rows, dtype)
    before = gradient.rows.copy(), gradient.values.copy()
    once = gradient.unique()
    assert once.rows.tolist() == sorted(set(rows))
    assert once.values.shape == (len(once.rows), 3)
    assert once.dtype == dtype
    # 120 additions of normal numbers, each rounded to one unit of a sum of about 11
    tolerance = 120 * 11 * np.finfo(dtype).eps
    np.testing.assert_allclose(literal_dense(once), literal_dense(gradient), 0, tolerance)
    np.testing.assert_allclose(gradient.to_dense(), literal_dense(gradient), 0, tolerance)
    np.testing.assert_array_equal(gradient.rows, before[0])
    np.testing.assert_array_equal(gradient.values, before[1])


@pytest.mark.parametrize("times", [1, 2, OFTEN, OFTEN + 1, 5 * OFTEN])
def test_a_row_may_come_any_number_of_times(times):
    gradient = random_gradient([4] * times + [7, 2, 7])
    assert gradient.unique().rows.tolist() == [2, 4, 7]
    np.testing.assert_allclose(gradient.to_dense(), literal_dense(gradient), rtol=1e-12)


def test_hand_computed():
    gradient = RowGradient([3, 0, 3], [[1.0, 2], [10, 20], [0.5, 0.25]], (4, 2))
    want = [[10, 20], [0, 0], [0, 0], [1.5, 2.25]]
    np.testing.assert_array_equal(np.asarray(gradient), want)
    np.testing.assert_array_equal(np.asarray(2 * gradient), 2 * np.array(want))
    np.testing.assert_array_equal((gradient + gradient).to_dense(), 2 * np.array(want))
    np.testing.assert_array_equal(gradient + np.ones((4, 2)), 1 + np.array(want))
    np.testing.assert_array_equal(np.ones((4, 2)) + gradient, 1 + np.array(want))
    np.testing.assert_array_equal(np.asarray(gradient, dtype="float32"), want)
    assert (gradient.shape, gradient.ndim, gradient.size) == ((4, 2), 2, 8)


def test_unique_is_a_copy_even_without_repetition():
    gradient = random_gradient([0, 1, 2])
    assert not np.shares_memory(gradient.unique().values, gradient.values)


def test_rows_of_any_shape_and_no_rows():
    gradient = random_gradient([1, 1, 0], shape=(3, 2, 2))
    np.testing.assert_allclose(gradient.to_dense(), literal_dense(gradient), rtol=1e-12)
    none = RowGradient(np.zeros(0, int), np.zeros((0, 3), "float32"), (5, 3))
    assert none.unique().values.shape == (0, 3)
    np.testing.assert_array_equal(none.to_dense(), np.zeros((5, 3)))
    assert none.to_dense().dtype == np.float32
