"""Conv1D against loops over its definition."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minidl.layers import Conv1D, conv1d
from minidl.testing import assert_gradients, assert_layer


def first_steps(T, K, padding, s, d):
    """Where each window begins; below 0 is padding, which is zero."""
    span = (K - 1) * d + 1
    if padding == "valid":
        return [t for t in range(0, T, s) if t + span <= T]
    count = math.ceil(T / s)
    before = span - 1 if padding == "causal" else max((count - 1) * s + span - T, 0) // 2
    return [n * s - before for n in range(count)]


def literal(x, W, b, dy, padding, s, d):
    """(y, dx, dW, db) by the definition, one product at a time; dy may be None."""
    N, T, C = x.shape
    K, _, M = W.shape
    starts = first_steps(T, K, padding, s, d)
    y = np.zeros((N, len(starts), M))
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for n in range(N):
        for i, start in enumerate(starts):
            for k in range(K):
                t = start + k * d
                if 0 <= t < T:
                    for c in range(C):
                        for m in range(M):
                            y[n, i, m] += x[n, t, c] * W[k, c, m]
                            dx[n, t, c] += dy[n, i, m] * W[k, c, m]
                            dW[k, c, m] += dy[n, i, m] * x[n, t, c]
    return y + b, dx, dW, dy.sum(axis=(0, 1))


geometry = given(
    T=st.integers(1, 7), K=st.integers(1, 4), s=st.integers(1, 3), d=st.integers(1, 3),
    C=st.integers(1, 2), M=st.integers(1, 3), N=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same", "causal"]), seed=st.integers(0, 99),
)  # fmt: skip


def example(T, K, s, d, C, M, N, padding, seed, **arguments):
    """(layer, x, dy) of one geometry; hypothesis skips those that Conv1D refuses."""
    steps = len(first_steps(T, K, padding, s, d))
    assume(steps > 0 and (s == 1 or d == 1))
    layer = Conv1D(
        M,
        K,
        s,
        padding,
        dilation_rate=d,
        dtype="float64",
        bias_initializer="normal",
        **arguments,
    )
    layer.build((T, C), seed)
    rng = np.random.default_rng(seed)
    return layer, rng.normal(size=(N, T, C)), rng.normal(size=(N, steps, M))


@pytest.mark.parametrize("group", [1, 40, conv1d.GROUP])
@geometry
@settings(deadline=None, max_examples=50)
def test_forward_and_backward_are_the_definition(group, **sizes):
    with mock.patch.object(conv1d, "GROUP", group):  # a sample at a time, some, all at once
        compare_with_the_definition(**sizes)


def compare_with_the_definition(**sizes):
    layer, x, dy = example(**sizes)
    before = x.copy(), dy.copy()
    y, cache = layer.forward(x)
    dx, grads = layer.backward(dy, cache)
    want = literal(
        x, layer.params["W"], layer.params["b"], dy, *(sizes[k] for k in ("padding", "s", "d"))
    )
    for got, expected in zip((y, dx, grads["W"], grads["b"]), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)
    assert layer.output_shape(x.shape[1:]) == y.shape[1:]
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(dy, before[1])


@geometry
@settings(max_examples=15, deadline=None)
def test_gradients(**sizes):
    layer, x, _ = example(**sizes, activation="tanh")
    x[:, ::2] = [0, 1e4][sizes["seed"] % 2]  # equal steps; tanh far out and in the middle
    assert_gradients(layer, x)


def test_by_hand():
    layer = Conv1D(1, 2)
    layer.build((4, 1), 0)
    layer.set_weights([[[[10]], [[1]]], [0.5]])
    x = np.array([[[1], [2], [3], [4]]])
    assert layer(x).ravel().tolist() == [12.5, 23.5, 34.5]  # 10·1 + 2, 10·2 + 3, …
    _, cache = layer.forward(x)
    dx, grads = layer.backward(np.array([[[1.0], [0], [2]]]), cache)
    assert dx.ravel().tolist() == [10, 1, 20, 2]
    assert grads["W"].ravel().tolist() == [1 * 1 + 2 * 3, 1 * 2 + 2 * 4]
    assert grads["b"].tolist() == [3]


def test_kernel_of_one_is_a_dense_layer():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5, 3))
    layer = Conv1D(4, 1, dtype="float64")
    layer.build((5, 3), 0)
    np.testing.assert_allclose(layer(x), np.einsum("ntc,cm->ntm", x, layer.params["W"][0]))


def test_causal_never_sees_the_future():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 9, 2))
    layer = Conv1D(3, 3, padding="causal", dilation_rate=2, dtype="float64")
    layer.build((9, 2), 0)
    changed = x.copy()
    changed[:, 5:] += 1
    same = (layer(x) == layer(changed)).all(axis=2)[0]
    assert same.tolist() == [True] * 5 + [False] * 4


def test_contract():
    x = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    assert_layer(Conv1D(3, 3, padding="same", activation="relu"), x)
    assert_layer(Conv1D(2, 2, strides=2, use_bias=False), x[:1, :2])


def test_dtypes_integers_strides_and_empty_batches():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 6, 3))
    for dtype in ("float32", "float64"):
        layer = Conv1D(2, 3, dtype=dtype)
        layer.build((6, 3), 0)
        for given_x in (x, x.astype("float32"), (10 * x).astype(int)):
            y, cache = layer.forward(given_x)
            dx, grads = layer.backward(np.ones_like(y), cache)
            assert {a.dtype.name for a in (y, dx, *grads.values())} == {dtype}
        turned = np.asfortranarray(x)
        np.testing.assert_array_equal(layer(turned), layer(x))
        y, cache = layer.forward(x[:0])
        dx, grads = layer.backward(y, cache)
        assert y.shape == (0, 4, 2)
        assert dx.shape == (0, 6, 3)
        assert not grads["W"].any()


def test_no_gradient_is_a_view_of_anything():
    layer = Conv1D(3, 1, dtype="float64")
    layer.build((4, 3), 0)
    x, dy = np.ones((2, 4, 3)), np.ones((2, 4, 3))
    dx, grads = layer.backward(dy, layer.forward(x)[1])
    for array in (dx, *grads.values()):
        for other in (x, dy, *layer.params.values()):
            assert not np.shares_memory(array, other)


def test_keras_arguments():
    layer = Conv1D(
        4, (3,), [2], "SAME", "channels_last", 1, 1, "relu", True, "ones", "ones", "l2", "l1"
    )
    layer.build((None, 5), 0)
    assert (layer.kernel_size, layer.strides, layer.padding) == (3, 2, "same")
    assert layer.params["W"].shape == (3, 5, 4)
    assert (layer.params["b"] == 1).all()
    assert layer.regularizers.keys() == {"W", "b"}
    assert layer.output_shape((None, 5)) == (None, 4)
    assert layer.count_params() == 3 * 5 * 4 + 4
    # the kernel's fans are multiplied by its three taps: Glorot's limit is √(6 / (15 + 12))
    glorot = Conv1D(4, 3)
    glorot.build((8, 5), 0)
    assert 0.4 < np.abs(glorot.params["W"]).max() <= np.sqrt(6 / 27)


def test_a_mask_ends_here():
    layer = Conv1D(2, 3, padding="same")
    assert layer.compute_mask(None, np.ones((2, 4), bool)) is None
    assert not layer.takes_mask


def test_wrong_input_is_a_sentence():
    layer = Conv1D(2, 5, dilation_rate=2)
    layer.build((None, 3), 0)
    layer.label = "layer 1 (Conv1D)"
    sentence = r"layer 1 \(Conv1D\): x must have at least 9 time steps, .* got 8: use longer"
    with pytest.raises(ValueError, match=sentence):
        layer.forward(np.zeros((2, 8, 3)))
    with pytest.raises(
        ValueError, match=r"must have shape \(N, T, 3\), got \(2, 9, 4\): match"
    ):
        layer.forward(np.zeros((2, 9, 4)))
    with pytest.raises(ValueError, match=r"got \(2, 9\): .* ids need an Embedding"):
        layer.forward(np.zeros((2, 9)))
    with pytest.raises(ValueError, match="at least 5 time steps"):
        Conv1D(2, 5).build((4, 3), 0)
    with pytest.raises(ValueError, match="at least 1 time steps"):
        Conv1D(2, 1)(np.zeros((2, 0, 3)))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"filters": 0}, "filters must be a positive integer, got 0"),
        ({"kernel_size": (3, 3)}, r"kernel_size must be a positive integer, got \(3, 3\)"),
        ({"kernel_size": 0}, "kernel_size must be a positive integer"),
        ({"strides": 1.5}, "strides must be a positive integer"),
        ({"padding": "full"}, "padding must be one of .*'causal'.*, got 'full'"),
        ({"strides": 2, "dilation_rate": 2}, "strides=2 and dilation_rate=2 cannot both"),
        ({"groups": 2}, "groups must be 1, got 2"),
        ({"data_format": "channels_first"}, "data_format must be 'channels_last'"),
        ({"activation": "rleu"}, "Could not interpret activation"),
    ],
)
def test_wrong_arguments(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Conv1D(**{"filters": 2, "kernel_size": 3, **arguments})
