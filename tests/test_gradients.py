"""RowGradient against a dense table filled by a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.gradients import RowGradient
from minidl.optimizers import SGD
from minidl.table_rows import Seen, add_to_rows, put_rows, rows_of


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


def test_no_rows_as_an_empty_list():
    params = {"E": np.ones((4, 3))}
    SGD(1.0).step(params, {"E": RowGradient([], np.zeros((0, 3)), (4, 3))})
    np.testing.assert_array_equal(params["E"], 1)


@pytest.mark.parametrize(
    ("rows", "values"),
    [([1, 2], np.ones((1, 3))), ([1], np.ones((2, 3))), ([1], np.ones(3)), ([1.5], [[1] * 3])],
)
def test_rows_and_values_that_do_not_go_together(rows, values):
    params = {"E": np.ones((4, 3))}
    with pytest.raises(ValueError, match="needs integer rows and a row of values for each"):
        SGD(1.0).step(params, {"E": RowGradient(rows, values, (4, 3))})
    np.testing.assert_array_equal(params["E"], 1)


def test_a_frequent_row_is_summed_exactly_like_the_others():
    rows = np.array([2] * 100 + [0, 1, 0])
    values = np.arange(103.0)[:, None]
    dense = RowGradient(rows, values, (3, 1)).to_dense()
    np.testing.assert_array_equal(dense[:, 0], [100 + 102, 101, 99 * 100 / 2])


def test_repr_says_how_sparse_it_is():
    assert (
        repr(RowGradient([1], [[1.0, 2.0]], (5, 2))) == "RowGradient(1 rows of (5, 2), float64)"
    )


@pytest.mark.parametrize("shape", [(9,), (9, 1), (9, 2, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("at", [slice(2, 5), np.array([7, 0, 3]), np.zeros(0, int)])
def test_some_rows_of_a_table(shape, order, at):
    rng = np.random.default_rng(0)
    table = np.asarray(rng.normal(size=shape), order=order)
    values, expected = rng.normal(size=table[at].shape), table.copy()
    np.testing.assert_array_equal(rows_of(table, at), expected[at])
    add_to_rows(table, at, values)
    expected[at] += values
    np.testing.assert_array_equal(table, expected)
    if not isinstance(at, slice):
        for new in (values[::-1], values.astype("float32")):  # neither is a plain copy
            put_rows(table, at, new)
            expected[at] = new
            np.testing.assert_array_equal(table, expected)


def test_seen_rows():
    seen = Seen(np.zeros(5, bool))
    for rows, expected in (([], []), ([3, 3], [3]), ([3], [3]), ([4, 0], [0, 3, 4])):
        assert seen.are_few
        seen.add(np.array(rows, int))
        assert seen.rows.tolist() == expected
    assert not seen.are_few
    slots = {"m": np.zeros((3, 2)), "v": np.eye(3)[:, :2], "steps": np.ones(3)}
    assert Seen.in_slots(slots).rows.tolist() == [0, 1]
    assert Seen.in_slots({"steps": np.ones(3)}) is None
