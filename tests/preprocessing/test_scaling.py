"""StandardScaler against scikit-learn's, frozen in fixtures/preprocessing.npz."""

from pathlib import Path

import numpy as np
import pytest

from minidl.preprocessing import StandardScaler

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "preprocessing.npz")
X = FROZEN["scaler_x"]  # 40 rows; column 10 is constant 0.1, column 11 is 1e6 + 0 … 39


def test_is_that_of_scikit_learn():
    scaler = StandardScaler().fit(X[:30])
    # 1e-9: for column 11 a deviation of 9 beside a mean of 1e6 costs five of sixteen digits
    # in one of the two orders of summation.
    np.testing.assert_allclose(scaler.mean_, FROZEN["scaler_mean"], rtol=1e-9)
    np.testing.assert_allclose(scaler.var_, FROZEN["scaler_var"], rtol=1e-9, atol=1e-30)
    np.testing.assert_allclose(scaler.scale_, FROZEN["scaler_scale"], rtol=1e-9)
    np.testing.assert_allclose(scaler.transform(X), FROZEN["scaler_z"], rtol=1e-9, atol=1e-9)
    assert (scaler.n_features_in_, scaler.n_samples_seen_) == (12, 30)


def test_by_hand():
    scaler = StandardScaler().fit([[1, 10], [3, 10]])  # deviations ±1: variance 1, not 2
    assert scaler.mean_.tolist() == [2, 10]
    assert scaler.var_.tolist() == [1, 0]
    assert scaler.scale_.tolist() == [1, 1]  # a constant feature is only shifted
    assert scaler.transform([[5, 11]]).tolist() == [[3, 1]]


def test_constant_features_are_exact():
    x = np.full((7, 1), 0.1)  # whose mean, summed and divided, is not 0.1
    scaler = StandardScaler().fit(x)
    assert scaler.scale_.tolist() == [1]
    assert scaler.transform(x).tolist() == [[0]] * 7


def test_statistics_come_from_the_training_rows_only():
    scaler = StandardScaler()
    z = scaler.fit_transform(X[:20, :10])
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-12)
    before = scaler.mean_.copy()
    scaler.transform(X[20:, :10])
    assert np.array_equal(scaler.mean_, before)
    scaler.fit(X[20:, :10])  # a second fit forgets the first
    np.testing.assert_allclose(scaler.mean_, X[20:, :10].mean(axis=0), rtol=1e-12)


def test_inverse_transform():
    scaler = StandardScaler().fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_is_kept(dtype):
    x = X[:, :4].astype(dtype)
    assert StandardScaler().fit_transform(x).dtype == dtype


def test_integers_booleans_lists_and_strides():
    assert StandardScaler().fit_transform([[1], [3]]).tolist() == [[-1], [1]]
    assert StandardScaler().fit_transform([[True], [False]]).tolist() == [[1], [-1]]
    flipped = X[::-1, :3]
    before = flipped.copy()
    StandardScaler().fit_transform(flipped)
    assert np.array_equal(flipped, before)
    assert StandardScaler().fit(X).transform(X[:0]).shape == (0, 12)


@pytest.mark.parametrize(
    ("x", "error"),
    [
        ([1.0, 2.0], r"shape \(N, D\), got \(2,\): use X.reshape\(-1, 1\)"),
        (np.zeros((2, 3, 4)), r"got \(2, 3, 4\)"),
        (np.zeros((0, 3)), "X has no rows"),
        ([[1.0], [np.nan]], "contains NaN or infinity"),
        ([[1.0], [np.inf]], "contains NaN or infinity"),
    ],
)
def test_fit_errors(x, error):
    with pytest.raises(ValueError, match=f"StandardScaler: .*{error}"):
        StandardScaler().fit(x)


def test_text_is_no_number():
    with pytest.raises(TypeError, match="X must be numbers"):
        StandardScaler().fit([["a"], ["b"]])


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_use_errors(method):
    with pytest.raises(ValueError, match=r"not fitted: call fit\(X_train\)"):
        getattr(StandardScaler(), method)([[1.0]])
    scaler = StandardScaler().fit(X)
    with pytest.raises(ValueError, match="must have 12 features as in fit, got 3"):
        getattr(scaler, method)(X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        getattr(scaler, method)(np.full((1, 12), np.nan))
