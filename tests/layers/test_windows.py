"""Where windows lie, against a list of them made by hand or by counting."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.layers.windows import Windows

GEOMETRY = st.tuples(
    st.integers(1, 5), st.sampled_from(["valid", "same", "causal"]),
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 9),
)  # fmt: skip


def literal_starts(K, padding, stride, dilation, T):
    """The first step of each window, counted in x's own steps: below 0 lies in the padding."""
    span = (K - 1) * dilation + 1
    if padding == "valid":
        return [t for t in range(0, T, stride) if t + span <= T]
    count = math.ceil(T / stride)
    if padding == "causal":
        return [n * stride - (span - 1) for n in range(count)]
    missing = max((count - 1) * stride + span - T, 0)
    return [n * stride - missing // 2 for n in range(count)]


@given(GEOMETRY)
def test_cut_is_the_list_of_windows(geometry):
    K, padding, stride, dilation, T = geometry
    windows = Windows(K, padding, stride, dilation)
    starts = literal_starts(*geometry)
    assert windows.count(T) == len(starts) or (not starts and windows.count(T) < 1)
    if starts:
        x = np.arange(1.0, 2 * T + 1).reshape(1, T, 2)
        steps = [[start + k * dilation for k in range(K)] for start in starts]
        want = [[x[0, t] if 0 <= t < T else [-5, -5] for t in window] for window in steps]
        np.testing.assert_array_equal(windows.cut(x, fill=-5)[0], want)


@given(GEOMETRY)
def test_fold_is_the_transpose_of_cut(geometry):
    K, padding, stride, dilation, T = geometry
    windows = Windows(K, padding, stride, dilation)
    if windows.count(T) < 1:
        return
    rng = np.random.default_rng(T)
    x = rng.normal(size=(2, T, 3))
    dwindows = rng.normal(size=(2, windows.count(T), K, 3))
    dx = windows.fold(dwindows, T)
    assert dx.shape == x.shape
    assert np.vdot(windows.cut(x), dwindows) == pytest.approx(
        np.vdot(x, dx), rel=1e-10, abs=1e-10
    )


def test_same_puts_the_odd_step_on_the_right():
    assert Windows(4, "same").pads(10) == (1, 2)
    assert Windows(3, "same", stride=2).pads(8) == (0, 1)
    assert Windows(3, "causal", dilation=4).pads(1) == (8, 0)
    assert Windows(3, "same", stride=5).pads(3) == (0, 0)
