"""BatchNormalization: by hand, both modes, running statistics, masks, and what can go wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.layers import BatchNormalization, Dense
from minidl.models import Sequential
from minidl.testing import assert_gradients, assert_layer, check_layer
from minidl.testing.strategies import arrays


def built(shape, dtype="float64", **arguments):
    layer = BatchNormalization(dtype=dtype, **arguments)
    layer.build(shape, 0)
    rng = np.random.default_rng(1)
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    layer.state["moving_mean"][...] = rng.normal(size=layer.state["moving_mean"].shape)
    layer.state["moving_variance"][...] = rng.uniform(0.5, 2, layer.state["moving_mean"].shape)
    return layer


def by_loops(x, mean, variance, gamma, beta, epsilon=0.001):
    y = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        c = place[-1]
        y[place] = gamma[c] * (x[place] - mean[c]) / np.sqrt(variance[c] + epsilon) + beta[c]
    return y


def moments_by_loops(x, keep):
    """Mean and variance of each channel over the kept positions."""
    values = [x[place] for place in np.ndindex(*x.shape[:-1]) if keep[place]]
    mean = sum(values) / len(values)
    return mean, sum((v - mean) ** 2 for v in values) / len(values)


def test_by_hand():
    # mean 2, variance 1, so x̂ = ±1 / √(1 + 3) = ±½
    layer = BatchNormalization(epsilon=3.0, momentum=0.75)
    layer.build((1,), 0)
    layer.params["gamma"], layer.params["beta"] = np.array([10.0]), np.array([1.0])
    y, cache = layer.forward(np.array([[1.0], [3.0]]), training=True)
    assert y.tolist() == [[-4], [6]]
    assert layer.state["moving_mean"].tolist() == [0.5]  # 0.75 · 0 + 0.25 · 2
    assert layer.state["moving_variance"].tolist() == [1.0]  # 0.75 · 1 + 0.25 · 1
    dx, grads = layer.backward(np.array([[1.0], [0.0]], dtype="float32"), cache)
    assert grads["gamma"].tolist() == [-0.5]
    assert grads["beta"].tolist() == [1]
    # dx = 10 (dy − (1 − 0.5 x̂) / 2) / 2
    np.testing.assert_allclose(dx, [[5 * (1 - 1.25 / 2)], [5 * (0 - 0.75 / 2)]], rtol=1e-6)
    # in inference: x̂ = (x − 0.5) / √(1 + 3), dx = 10 dy / 2, and the state stays
    y, cache = layer.forward(np.array([[2.5]]))
    assert y.tolist() == [[11]]
    assert layer.backward(np.array([[3.0]], dtype="float32"), cache)[0].tolist() == [[15]]
    assert layer.state["moving_mean"].tolist() == [0.5]


SHAPES = st.sampled_from([(1, 3), (4, 3), (1, 1, 2), (2, 3, 4), (2, 1, 3), (2, 2, 3, 2)])


@given(shape=SHAPES, data=st.data())
@settings(max_examples=30, deadline=None)
def test_loops_agree_in_both_modes(shape, data):
    x = data.draw(arrays(shape, dtypes=("float64",)))
    layer = built(shape[1:])
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    old = {name: array.copy() for name, array in layer.state.items()}
    want = by_loops(x, old["moving_mean"], old["moving_variance"], gamma, beta)
    scale = 1 + np.abs(want).max()
    np.testing.assert_allclose(layer(x), want, rtol=1e-9, atol=1e-9 * scale)
    mean, variance = moments_by_loops(x, np.ones(shape[:-1], bool))
    want = by_loops(x, mean, variance, gamma, beta)
    np.testing.assert_allclose(layer(x, training=True), want, rtol=1e-7, atol=1e-7)
    for name, new in (("moving_mean", mean), ("moving_variance", variance)):
        np.testing.assert_allclose(
            layer.state[name], 0.99 * old[name] + 0.01 * new, rtol=1e-9, atol=1e-9
        )


@given(shape=SHAPES, training=st.booleans(), data=st.data())
@settings(max_examples=20, deadline=None)
def test_gradients(shape, training, data):
    x = data.draw(arrays(shape, kinds=("normal", "zeros", "ties", "constant")))
    assert_gradients(built(shape[1:]), x, training=training)


@given(data=st.data(), training=st.booleans())
@settings(max_examples=12, deadline=None)
def test_what_is_masked_counts_in_no_statistic(data, training):
    x = data.draw(arrays((3, 4, 2), kinds=("normal", "ties"), dtypes=("float64",)))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=12, max_size=12)))
    mask = mask.reshape(3, 4)
    mask[0, 0] = True
    layer = built((4, 2))
    assert_gradients(layer, x, training=training, kwargs={"mask": mask})
    y, _ = layer.forward(x, training=True, mask=mask)
    mean, variance = moments_by_loops(x, mask)
    want = by_loops(x, mean, variance, layer.params["gamma"], layer.params["beta"])
    np.testing.assert_allclose(y, want, rtol=1e-9, atol=1e-9)


def test_masked_nan_does_not_reach_the_rest():
    x = np.array([[[1.0], [np.nan]], [[3.0], [5.0]]])
    layer = built((2, 1))
    y, _ = layer.forward(x, training=True, mask=np.array([[True, False], [True, True]]))
    assert np.isnan(y).sum() == 1
    assert np.isfinite(layer.state["moving_mean"]).all()


@pytest.mark.parametrize("training", [False, True])
def test_contract(training):
    x = np.random.default_rng(2).normal(size=(3, 4, 5))
    for layer in (
        BatchNormalization(),
        BatchNormalization(axis=1, center=False),
        BatchNormalization(scale=False),
        BatchNormalization(center=False, scale=False),
    ):
        report = check_layer(layer, x, training=training)
        # Frozen, it normalises by the running statistics: another function, as in Keras.
        wrong = [c for c in report.failed if c.name != "trainable"]
        assert not wrong, str(report)
    assert_layer(BatchNormalization(), x)
    assert BatchNormalization.mixes_batch


def test_axis_1_is_the_last_axis_of_a_transposed_x():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    one, last = built((3, 4), axis=1), built((4, 3))
    want, cache = last.forward(x.transpose(0, 2, 1), training=True)
    y, other = one.forward(x, training=True)
    np.testing.assert_allclose(y, want.transpose(0, 2, 1), rtol=1e-12)
    dy = np.random.default_rng(1).normal(size=x.shape)
    dx, _ = one.backward(dy, other)
    want, _ = last.backward(dy.transpose(0, 2, 1), cache)
    np.testing.assert_allclose(dx, want.transpose(0, 2, 1), rtol=1e-12)


def test_frozen_it_keeps_its_statistics():
    layer = built((3,), trainable=False)
    x = np.random.default_rng(0).normal(5, 2, size=(6, 3))
    before = layer.state["moving_mean"].copy()
    np.testing.assert_array_equal(layer(x, training=True), layer(x))
    np.testing.assert_array_equal(layer.state["moving_mean"], before)


def test_after_enough_batches_inference_does_what_training_does():
    layer = BatchNormalization(momentum=0.5)
    x = np.random.default_rng(0).normal(5, 2, size=(50, 3))
    for _ in range(30):
        y = layer(x, training=True)
    np.testing.assert_allclose(layer(x), y, rtol=1e-4, atol=1e-4)


def test_the_state_is_written_in_place_and_travels_with_the_weights():
    model = Sequential([Dense(3), BatchNormalization()], seed=0)
    model.build((2,))
    held = model.state["1.moving_mean"]
    model.forward(np.ones((4, 2), "float32"), training=True)
    assert held.any()
    assert [w.shape for w in model.get_weights()] == [(2, 3)] + [(3,)] * 5
    assert list(model.state) == ["1.moving_mean", "1.moving_variance"]
    assert model.mixes_batch
    other = Sequential([Dense(3), BatchNormalization()], seed=1)
    other.build((2,))
    other.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(4, 2))
    np.testing.assert_array_equal(other(x), model(x))
    assert model.layers[1].count_params() == 12
    assert {a.dtype.name for a in model.astype("float64").state.values()} == {"float64"}


def test_nothing_to_count_leaves_the_state_alone():
    layer = built((3,))
    before = layer.state["moving_mean"].copy()
    y, cache = layer.forward(np.zeros((0, 3)), training=True)
    assert layer.backward(y, cache)[0].shape == (0, 3)
    x = np.ones((2, 2, 3))
    y, _ = layer.forward(x, training=True, mask=np.zeros((2, 2), bool))
    np.testing.assert_array_equal(y, layer(x))
    np.testing.assert_array_equal(layer.state["moving_mean"], before)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="BatchNormalization: momentum must be from 0 to 1"):
        BatchNormalization(momentum=1.5)
    with pytest.raises(ValueError, match="BatchNormalization: epsilon must be a positive"):
        BatchNormalization(epsilon=0)
    for axis in (0, 3, -3, "a"):
        with pytest.raises(ValueError, match="BatchNormalization: axis must be 1 … 1"):
            BatchNormalization(axis=axis).build((3,), 0)
    layer = built((3,))
    with pytest.raises(ValueError, match=r"x must have size 3 along axis -1, got shape \(2, 4"):
        layer(np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 4\).*got \(2, 3\)"):
        layer.forward(np.zeros((2, 4, 3)), mask=np.ones((2, 3), bool))
    with pytest.raises(ValueError, match="BatchNormalization: not built"):
        BatchNormalization().forward(np.zeros((2, 3)))
