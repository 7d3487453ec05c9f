"""Pooling: by hand, against loops, with masks, ties and NaN."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minidl.layers import (
    AveragePooling1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
)
from minidl.testing import assert_gradients, assert_layer

GLOBAL = [GlobalMaxPooling1D, GlobalAveragePooling1D]
LOCAL = [MaxPooling1D, AveragePooling1D]
SERIES = hnp.arrays(
    float,
    st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 2)),
    elements=st.sampled_from([0.0, 1.0, -1.0, 1e4, -1e4]) | st.integers(-50, 50).map(float),
)


# ---- over all of time ----


def test_global_max_by_hand():
    layer = GlobalMaxPooling1D()
    x = np.array([[[1.0, 9], [5, 2], [5, 9]]])
    y, cache = layer.forward(x)
    assert y.tolist() == [[5, 9]]
    dx, grads = layer.backward(np.array([[10.0, 20]]), cache)
    assert dx.tolist() == [[[0, 20], [10, 0], [0, 0]]]  # of equal ones the first
    assert grads == {}


def test_global_average_by_hand():
    layer = GlobalAveragePooling1D()
    x = np.array([[[1.0, 9], [5, 2], [6, 1]]])
    y, cache = layer.forward(x)
    assert y.tolist() == [[4, 4]]
    np.testing.assert_allclose(layer.backward(np.array([[3.0, 6]]), cache)[0], [[[1, 2]] * 3])


def test_masked_average_by_hand():
    layer = GlobalAveragePooling1D()
    x = np.array([[[1.0], [3], [np.nan]], [[7], [8], [9]], [[2], [2], [2]]])
    mask = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]], bool)
    y, cache = layer.forward(x, mask=mask)
    assert y.tolist() == [[2], [0], [2]]  # the second row keeps no step: 0, not 0/0
    dx, _ = layer.backward(np.array([[10.0], [10], [10]]), cache)
    assert dx[:, :, 0].tolist() == [[5, 5, 0], [0, 0, 0], [0, 10, 0]]
    np.testing.assert_array_equal(layer.forward(x, mask=mask.astype(int))[0], y)


@given(x=SERIES, data=st.data())
@settings(deadline=None)
def test_masked_average_is_the_mean_of_what_is_kept(x, data):
    mask = data.draw(hnp.arrays(bool, x.shape[:2]))
    want = [[row[keep, c].mean() if keep.any() else 0 for c in range(x.shape[2])]
            for row, keep in zip(x, mask)]  # fmt: skip
    y, _ = GlobalAveragePooling1D().forward(x, mask=mask)
    np.testing.assert_allclose(y, want, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("kind", GLOBAL)
def test_keepdims_only_keeps_the_axis(kind):
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 3))
    flat, kept = kind(), kind(keepdims=True)
    y, cache = kept.forward(x)
    assert y.shape == (2, 1, 3)
    assert kept.output_shape((5, 3)) == (1, 3)
    np.testing.assert_array_equal(y[:, 0], flat(x))
    want, _ = flat.backward(dy, flat.forward(x)[1])
    np.testing.assert_array_equal(kept.backward(dy[:, None], cache)[0], want)


@pytest.mark.parametrize("kind", GLOBAL)
@given(x=SERIES)
@settings(max_examples=20, deadline=None)
def test_global_gradients(kind, x):
    literal = {GlobalMaxPooling1D: max, GlobalAveragePooling1D: np.mean}[kind]
    want = [[literal(row[:, c].tolist()) for c in range(x.shape[2])] for row in x]
    np.testing.assert_allclose(kind()(x), want, rtol=1e-12, atol=1e-11)
    assert_gradients(kind(), x)


def test_masked_gradients():
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    mask = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]], bool)
    assert_gradients(GlobalAveragePooling1D(), x, kwargs={"mask": mask})


def test_max_of_nan_is_nan():
    x = np.array([[[1.0], [np.nan], [3]]])
    assert np.isnan(GlobalMaxPooling1D()(x)).all()
    assert np.isnan(MaxPooling1D(3)(x)).all()


# ---- over windows ----


def literal_windows(T, P, s, padding):
    """The steps of each window that lie inside x."""
    count = -(-T // s) if padding == "same" else len([t for t in range(0, T, s) if t + P <= T])
    left = max((count - 1) * s + P - T, 0) // 2 if padding == "same" else 0
    return [
        [t for t in range(n * s - left, n * s - left + P) if 0 <= t < T] for n in range(count)
    ]


@pytest.mark.parametrize("kind", LOCAL)
@given(
    x=SERIES,
    P=st.integers(1, 4),
    s=st.integers(1, 4),
    same=st.booleans(),
    seed=st.integers(0, 9),
)
@settings(deadline=None)
def test_windows_against_loops(kind, x, P, s, same, seed):
    padding = "same" if same else "valid"
    steps = literal_windows(x.shape[1], P, s, padding)
    assume(steps and all(steps))
    layer = kind(P, s, padding)
    y, cache = layer.forward(x)
    assert layer.output_shape(x.shape[1:]) == y.shape[1:] == (len(steps), x.shape[2])
    dy = np.random.default_rng(seed).normal(size=y.shape)
    dx, want_y, want_dx = layer.backward(dy, cache)[0], np.zeros_like(y), np.zeros_like(x)
    for n, i, c in np.ndindex(*y.shape):
        window = x[n, steps[i], c]
        if kind is MaxPooling1D:
            want_y[n, i, c] = max(window)
            want_dx[n, steps[i][window.tolist().index(max(window))], c] += dy[n, i, c]
        else:
            want_y[n, i, c] = sum(window) / len(window)
            want_dx[n, steps[i], c] += dy[n, i, c] / len(window)
    np.testing.assert_allclose(y, want_y, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(dx, want_dx, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", LOCAL)
@given(x=SERIES, P=st.integers(1, 3), s=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_window_gradients(kind, x, P, s):
    assert_gradients(kind(P, s, "same"), x)


def test_uneven_padding_is_not_counted():
    x = np.arange(1.0, 9).reshape(1, 8, 1)
    # windows of steps 1-3, 3-5, 5-7, and 7-8 with one step of padding
    assert MaxPooling1D(3, 2, "same")(-x).ravel().tolist() == [-1, -3, -5, -7]
    assert AveragePooling1D(3, 2, "same")(x).ravel().tolist() == [2, 4, 6, 7.5]


@pytest.mark.parametrize("kind", LOCAL)
def test_strides_are_the_pool_size_unless_given(kind):
    layer = kind()
    assert (layer.pool_size, layer.strides, layer.padding) == (2, 2, "valid")
    assert layer.output_shape((7, 3)) == (3, 3)
    assert layer.output_shape((None, 3)) == (None, 3)
    assert kind((3,), (1,)).output_shape((7, 3)) == (5, 3)


# ---- all of them ----


@pytest.mark.parametrize("kind", GLOBAL + LOCAL)
def test_contract(kind):
    rng = np.random.default_rng(0)
    assert_layer(kind(), rng.normal(size=(3, 4, 2)))
    assert_layer(kind(), rng.normal(size=(1, 2, 1)).astype("float32"))
    assert kind().compute_mask(None, np.ones((3, 4), bool)) is None
    # Keras's maximum does not look at a mask, and the windows do not either
    assert kind().takes_mask == (kind is GlobalAveragePooling1D)


@pytest.mark.parametrize("kind", GLOBAL + LOCAL)
def test_integers_strides_and_empty_batches(kind):
    x = np.arange(24).reshape(2, 4, 3) % 7
    layer = kind()
    want = layer(x.astype(float))
    np.testing.assert_allclose(layer(x), want, rtol=1e-6)
    assert layer(x).dtype == np.float32
    np.testing.assert_array_equal(layer(np.asfortranarray(x.astype(float))), want)
    y, cache = layer.forward(np.zeros((0, 4, 3)))
    assert y.shape == (0, *want.shape[1:])
    assert layer.backward(y, cache)[0].shape == (0, 4, 3)


@pytest.mark.parametrize("kind", GLOBAL + LOCAL)
def test_wrong_input_is_a_sentence(kind):
    name = kind.__name__
    with pytest.raises(
        ValueError, match=rf"{name}: x must have shape \(N, T, C\), got \(2, 3\)"
    ):
        kind()(np.zeros((2, 3)))
    with pytest.raises(
        ValueError, match=rf"{name}: x must have at least . time steps, .* got 0"
    ):
        kind()(np.zeros((2, 0, 3)))
    with pytest.raises(ValueError, match=f"{name}: data_format must be 'channels_last'"):
        kind(data_format="channels_first")


@pytest.mark.parametrize("kind", LOCAL)
def test_wrong_windows(kind):
    with pytest.raises(ValueError, match=r"at least 5 time steps, .* got 4"):
        kind(5)(np.zeros((2, 4, 3)))
    with pytest.raises(ValueError, match="pool_size must be a positive integer, got 0"):
        kind(0)
    with pytest.raises(ValueError, match="strides must be a positive integer, got 0"):
        kind(2, 0)
    with pytest.raises(ValueError, match=r"padding must be one of .*, got 'causal'"):
        kind(2, padding="causal")


def test_wrong_mask():
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 4\), .* got \(2, 4, 1\)"):
        GlobalAveragePooling1D().forward(np.zeros((2, 4, 3)), mask=np.ones((2, 4, 1), bool))
