"""Splitting into batches and parts, by hand."""

import numpy as np
import pytest

from minidl.batches import (
    as_inputs,
    batches,
    count_rows,
    split_off_validation,
    take,
    weights_for,
)


def test_batches_cover_every_row_once():
    assert [(s.start, s.stop) for s in batches(7, 3)] == [(0, 3), (3, 6), (6, 7)]
    shuffled = np.concatenate(list(batches(7, 3, np.random.default_rng(0))))
    assert sorted(shuffled) == list(range(7))
    assert list(shuffled) != list(range(7))


def test_class_and_sample_weights_multiply():
    y = np.array([0, 2, 1, 2])
    table = {0: 1.0, 1: 2.0, 2: 3.0}
    np.testing.assert_array_equal(weights_for(y, table, None), [1, 3, 2, 3])
    np.testing.assert_array_equal(
        weights_for(np.eye(3)[y], table, [1, 10, 1, 1]), [1, 30, 2, 3]
    )
    np.testing.assert_array_equal(weights_for(y[:, None], table, None), [1, 3, 2, 3])
    assert weights_for(y, None, None) is None


def test_the_last_part_is_for_validation():
    x, y = np.arange(10)[:, None], np.arange(10)
    (xt, yt, wt), (xv, yv, wv) = split_off_validation(x, y, None, 0.25)
    assert list(yt) == list(range(7))
    assert list(yv) == [7, 8, 9]
    assert (wt, wv) == (None, None)
    assert len(xt) + len(xv) == 10


def test_several_inputs_are_a_tuple():
    x = as_inputs(([[1.0], [2.0]], [[1], [2]]), "float32")
    assert [part.dtype.name for part in x] == ["float32", "int64"]
    assert [part.tolist() for part in take(x, [1])] == [[[2.0]], [[2]]]


def test_huge_but_finite_numbers_pass():
    x = np.array([[3e38, 3e38, -3e38]], "float32")
    np.testing.assert_array_equal(as_inputs(x, "float32"), x)
    with pytest.raises(ValueError, match=r"x must be finite, got nan at \[0, 2\]"):
        as_inputs(np.array([[3e38, 3e38, np.nan]], "float32"), "float32")


def test_taken_rows_are_those_of_indexing():
    """Also of arrays that `take` would first copy as a whole, and of one axis or three."""
    rows = np.array([3, 0, 3, 2])
    table = np.arange(24.0).reshape(4, 6)
    for x in (table, table.T[:4], table[:, ::2], table[:, 0], table.reshape(4, 3, 2)):
        for at in (rows, slice(1, 3)):
            np.testing.assert_array_equal(take(x, at), np.stack([x[i] for i in range(4)])[at])


def test_inputs_of_unequal_length_are_counted():
    with pytest.raises(ValueError, match=r"equally many rows, got \[2, 3, 2\]"):
        count_rows((np.zeros(2), np.zeros(3), np.zeros(2)))
    assert count_rows((np.zeros((2, 5)), np.zeros(2))) == 2
