"""Regularizers: penalties and gradients by hand and by differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minidl import regularizers
from minidl.regularizers import L1, L1L2, L2

W = np.array([[1.0, -2.0], [0.0, 3.0]])


@pytest.mark.parametrize(
    ("regularizer", "penalty", "gradient"),
    [
        (L1(0.5), 0.5 * 6, [[0.5, -0.5], [0, 0.5]]),
        (L2(0.5), 0.5 * 14, [[1.0, -2.0], [0, 3.0]]),
        (L1L2(0.1, 0.25), 0.1 * 6 + 0.25 * 14, [[0.6, -1.1], [0, 1.6]]),
        (L1L2(), 0.0, np.zeros((2, 2))),
        (L1(), 0.01 * 6, [[0.01, -0.01], [0, 0.01]]),  # Keras's default: 0.01
        (L2(), 0.01 * 14, [[0.02, -0.04], [0, 0.06]]),
        (L1L2(None, 1), 14.0, [[2.0, -4.0], [0, 6.0]]),
    ],
)
def test_by_hand(regularizer, penalty, gradient):
    assert regularizer(W) == pytest.approx(penalty, rel=1e-14)
    assert type(regularizer(W)) is float
    np.testing.assert_allclose(regularizer.gradient(W), gradient, rtol=1e-14)


@given(
    arrays(float, array_shapes(max_dims=3, max_side=3), elements=st.floats(0.1, 5)),
    st.booleans(),
    st.floats(0, 2),
    st.floats(0, 2),
)
def test_gradient_is_the_slope_of_the_penalty(W, negative, l1, l2):
    W = -W if negative else W  # away from 0, where |W| has a corner
    regularizer, h = L1L2(l1, l2), 1e-5
    for at in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[at] = h
        slope = (regularizer(W + step) - regularizer(W - step)) / (2 * h)
        # A quadratic has no truncation error; rounding of sums up to 27 · 60 over 2h.
        assert regularizer.gradient(W)[at] == pytest.approx(slope, abs=1e-6)


def test_of_any_layout_and_dtype():
    single = W.astype("float32")
    assert L1L2(0.1, 0.1).gradient(single).dtype == "float32"
    assert L2(0.5)(single.T[::-1]) == 7.0
    assert L1(0.5)(np.zeros((0, 3))) == 0.0
    gradient = L2(0.5).gradient(W)
    gradient += 1
    assert W[0, 0] == 1.0  # not an alias


def test_infinite_weights_are_not_hidden_by_a_zero_factor():
    big = np.array([np.inf, 1.0])
    assert L2(0.1)(big) == np.inf
    assert L1(0.1)(big) == np.inf


def test_get():
    assert regularizers.get(None) is None
    mine = L2(0.3)
    assert regularizers.get(mine) is mine
    assert repr(regularizers.get("l1")) == "L1(l1=0.01, l2=0.0)"
    assert repr(regularizers.get("L2")) == "L2(l1=0.0, l2=0.01)"
    assert repr(regularizers.get("l1_l2")) == "L1L2(l1=0.01, l2=0.01)"
    assert repr(regularizers.get(L2)) == "L2(l1=0.0, l2=0.01)"

    class Mine:
        def __call__(self, W):
            return 0.0

        def gradient(self, W):
            return 0 * W

    assert isinstance(regularizers.get(Mine()), Mine)
    for unknown in ("l3", 3, lambda W: 0.0, {}):
        with pytest.raises(ValueError, match="Could not interpret regularizer identifier"):
            regularizers.get(unknown)


@pytest.mark.parametrize("factor", [-1, float("nan"), float("inf")])
def test_factors_that_cannot_be(factor):
    for kind in (L1, L2):
        with pytest.raises(ValueError, match=f"{kind.__name__}: l1 and l2 must be numbers ≥ 0"):
            kind(factor)
