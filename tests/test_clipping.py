"""Clipping, by hand."""

import numpy as np
import pytest

from minidl.gradients import RowGradient
from minidl.optimizers import SGD, Adam


def test_clipping_by_hand():
    g = {"a": np.array([3.0, 4.0]), "b": RowGradient([1], [[12.0]], (3, 1))}
    params = {"a": np.zeros(2), "b": np.zeros((3, 1))}
    SGD(1.0, global_clipnorm=6.5).step(params, g)  # ‖all‖ = 13: everything is halved
    np.testing.assert_allclose(params["a"], [-1.5, -2.0], rtol=1e-15)
    np.testing.assert_allclose(params["b"][:, 0], [0, -6.0, 0], rtol=1e-15)
    params = {"a": np.zeros(2), "b": np.zeros((3, 1))}
    SGD(1.0, clipnorm=6.0).step(params, g)  # each for itself: 5 is short enough, 12 is not
    np.testing.assert_allclose(params["a"], [-3.0, -4.0], rtol=1e-15)
    np.testing.assert_allclose(params["b"][:, 0], [0, -6.0, 0], rtol=1e-15)
    params = {"a": np.zeros(2), "b": np.zeros((3, 1))}
    SGD(1.0, clipvalue=3.5).step(params, g)
    np.testing.assert_array_equal(params["a"], [-3.0, -3.5])
    np.testing.assert_array_equal(params["b"][:, 0], [0, -3.5, 0])
    np.testing.assert_array_equal(g["a"], [3.0, 4.0])  # the caller's gradients are untouched


@pytest.mark.parametrize("limit", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clipping_a_gradient_of_zero(limit):
    w = np.ones(3)
    SGD(1.0, **{limit: 1e-3}).step({"w": w}, {"w": np.zeros(3)})
    np.testing.assert_array_equal(w, np.ones(3))


def test_repeated_rows_are_added_before_their_norm_is_taken():
    g = RowGradient([2, 0, 2], [[3.0], [0.0], [1.0]], (3, 1))  # row 2 has 4 in all
    w = np.zeros((3, 1))
    SGD(1.0, clipnorm=2.0).step({"w": w}, {"w": g})
    np.testing.assert_allclose(w[:, 0], [0, 0, -2.0], rtol=1e-15)


def test_nan_and_infinity_go_through_as_in_keras():
    w, optimizer = np.zeros(3), Adam()
    with np.errstate(invalid="ignore"):
        optimizer.step({"w": w}, {"w": np.array([np.nan, np.inf, 1.0])})
    np.testing.assert_array_equal(np.isnan(w), [True, True, False])
    a, b = np.zeros(2), np.zeros(1)
    with np.errstate(invalid="ignore"):
        SGD(global_clipnorm=1.0).step({"a": a, "b": b}, {"a": [np.inf, 1.0], "b": [1.0]})
    assert np.isnan([*a, *b]).all()
    with np.errstate(invalid="ignore"):
        c = np.zeros(2)
        SGD(clipnorm=1.0).step({"c": c}, {"c": [np.inf, 1.0]})
    np.testing.assert_array_equal(c, [np.nan, 0.0])
