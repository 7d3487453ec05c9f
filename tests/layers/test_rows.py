"""Rows: tables and their sums, by loops."""

import numpy as np
import pytest

from minidl.layers.rows import column_sums, ones


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (100, 1), (0, 2)])
def test_column_sums(shape, dtype):
    rows = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    expected = [sum(float(row[j]) for row in rows) for j in range(shape[1])]
    for _ in range(2):  # the second time with the same ones
        np.testing.assert_array_equal(column_sums(rows), expected)
        assert column_sums(rows).dtype == dtype


def test_ones_cannot_be_changed():
    assert ones(3, np.dtype("float32")) is ones(3, np.dtype("float32"))
    with pytest.raises(ValueError, match="read-only"):
        ones(3, np.dtype("float32"))[0] = 2
