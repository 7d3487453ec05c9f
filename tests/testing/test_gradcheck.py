"""gradcheck: what it takes, what it refuses, what it says, what it leaves alone."""

import json

import numpy as np
import pytest

from minidl import Layer, layers, losses
from minidl.testing import assert_gradients, gradcheck


def rng():
    return np.random.default_rng(0)


def affine(x, W, b):
    return x @ W + b, (x, W)


def affine_backward(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def affine_arguments():
    r = rng()
    return r.standard_normal((4, 5)), r.standard_normal((5, 3)), r.standard_normal(3)


class Doubled(layers.Dense):
    """A Dense whose first row of dW is twice too large."""

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        grads["W"][0] *= 2
        return dx, grads


# ---- what it takes ----


def test_layer_has_an_entry_for_x_and_each_parameter():
    report = gradcheck(layers.Dense(3), rng().standard_normal((4, 5)))
    assert report.passed
    assert [entry.name for entry in report.entries] == ["x", "W", "b"]
    assert [entry.checked for entry in report.entries] == [20, 15, 3]


def test_pair_as_tuple_dict_or_one_array():
    x, W, b = affine_arguments()
    assert gradcheck((affine, affine_backward), (x, W, b)).passed
    assert gradcheck((affine, affine_backward), {"x": x, "W": W, "b": b}).passed
    assert gradcheck((lambda x: (x * x, x), lambda dy, x: 2 * x * dy), x).passed


@pytest.mark.parametrize("names", [("dx", "dW", "db"), ("x", "W", "b"), ("d_x", "d_W", "d_b")])
def test_pair_may_return_a_dict(names):
    def backward(dy, cache):
        return dict(zip(names, affine_backward(dy, cache)))

    assert gradcheck((affine, backward), affine_arguments()).passed


def test_arguments_without_gradient_are_said_so():
    def forward(x, ids, mode, param, flag, nothing):
        return x[ids] * param["scale"], (x.shape, ids, param)

    def backward(dy, cache):
        shape, ids, param = cache
        dx = np.zeros(shape)
        np.add.at(dx, ids, dy * param["scale"])
        return dx

    x = rng().standard_normal((4, 2))
    arguments = (x, np.array([0, 2, 2]), "train", {"scale": 2.0}, True, None)
    report = gradcheck((forward, backward), arguments)
    assert report.passed
    for name in ("ids", "mode", "param", "flag", "nothing"):
        assert f"{name} gets no gradient" in str(report)


def test_no_grad_leaves_an_argument_out():
    x, W, b = affine_arguments()
    pair = (affine, lambda dy, cache: affine_backward(dy, cache)[:2])
    assert not gradcheck(pair, (x, W, b)).passed
    assert gradcheck(pair, (x, W, b), no_grad=("b",)).passed


def test_kwargs_reach_forward():
    def forward(x, power=1):
        return x**power, (x, power)

    def backward(dy, cache):
        x, power = cache
        return dy * power * x ** (power - 1)

    assert gradcheck((forward, backward), rng().random(4) + 1, kwargs={"power": 3}).passed


def test_loss_and_pair_loss():
    r = rng()
    y, p = r.standard_normal((4, 2)), r.standard_normal((4, 2))
    report = gradcheck(losses.MeanSquaredError(), p, y_true=y)
    assert report.passed
    assert [entry.name for entry in report.entries] == ["y_pred"]

    def forward(y_true, y_pred):
        return np.mean((y_pred - y_true) ** 2), (y_pred - y_true,)

    assert gradcheck((forward, lambda cache: 2 * cache[0] / cache[0].size), p, y_true=y).passed
    assert not gradcheck((forward, lambda cache: cache[0] / cache[0].size), p, y_true=y).passed


class Bilinear(Layer):
    """Two inputs."""

    def forward(self, x, training=False):
        a, b = x
        return a * b, (a, b)

    def backward(self, dy, cache):
        a, b = cache
        return (dy * b, dy * a), {}


def test_several_inputs_are_a_tuple():
    r = rng()
    x = (r.standard_normal((3, 2)), r.standard_normal((3, 2)))
    assert [e.name for e in gradcheck(Bilinear(), x).entries] == ["x[0]", "x[1]"]
    assert gradcheck(Bilinear(), x).passed


class TwoOutputs:
    """Inherits nothing; several outputs come and go as a tuple."""

    params = {}

    def forward(self, x):
        return (x * x, np.sin(x).sum(axis=1)), x

    def backward(self, dy, cache):
        return dy[0] * 2 * cache + dy[1][:, None] * np.cos(cache), {}


def test_duck_typed_layer_with_two_outputs():
    assert gradcheck(TwoOutputs(), rng().standard_normal((3, 2))).passed


# ---- what it refuses, in one sentence ----


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.arange(12).reshape(3, 4), TypeError, "pass floats"),
        (np.ones((3, 4), complex), TypeError, "complex"),
        (np.zeros((0, 4)), ValueError, "empty"),
        (np.array([[1.0, np.nan]]), ValueError, "NaN"),
        (np.array([["a", "b"]]), TypeError, "real floats"),
    ],
)
def test_refuses_inputs(x, error, words):
    with pytest.raises(error, match=words) as caught:
        gradcheck(layers.Dense(2), x)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("forward", "error", "words"),
    [
        (lambda x: x, TypeError, r"pair \(y, cache\)"),
        (lambda x: ((x > 0), x), TypeError, "must return floats"),
        (lambda x: (np.log(-np.abs(x)), x), ValueError, "NaN or infinity"),
        (lambda x: (x.astype(np.float32), x), TypeError, "float64"),
    ],
)
def test_refuses_forwards(forward, error, words):
    with np.errstate(all="ignore"), pytest.raises(error, match=words):
        gradcheck((forward, lambda dy, cache: dy), rng().standard_normal((3, 2)))


@pytest.mark.parametrize("target", [np.sin, layers.Dense, 3.0, (np.sin, 3)])
def test_refuses_what_is_no_target(target):
    with pytest.raises(TypeError, match="pass"):
        gradcheck(target, np.ones((2, 2)))


def test_a_loss_without_its_target():
    with pytest.raises(TypeError, match="y_true"):
        gradcheck(losses.MeanSquaredError(), np.ones((2, 2)))


def test_a_loss_of_several_predictions_is_a_pair_of_functions():
    y = np.ones((3, 2))
    with pytest.raises(TypeError, match="got a tuple of 2: check such a loss as a pair"):
        gradcheck(losses.MeanSquaredError(), (y, y), y_true=y)

    def forward(y_true, a, b):
        return float(((a - y_true) ** 2).sum() + (b * y_true).sum()), (y_true, a)

    def backward(dvalue, cache):
        y_true, a = cache
        return None, dvalue * 2 * (a - y_true), dvalue * y_true

    assert_gradients((forward, backward), (y, y + 1, y - 2), no_grad=("y_true",))


# ---- what it says ----


def test_right_and_wrong_headline_and_heat_map():
    x = rng().standard_normal((4, 5))
    assert str(gradcheck(layers.Dense(3), x)).startswith("Dense: gradients right")
    report = gradcheck(Doubled(3), x)
    assert not report.passed
    assert report.headline.startswith("Doubled: dW")
    entry = report["W"]
    assert entry.worst_index[0] == 0
    assert entry.got == pytest.approx(2 * entry.expected)
    assert entry.relative_error == pytest.approx(0.5)
    assert entry.fraction_wrong == pytest.approx(0.2)
    assert "###" in str(report)
    assert "..." in str(report)


def test_assert_gradients_raises_with_the_text():
    x = rng().standard_normal((4, 5))
    assert_gradients(layers.Dense(3), x)
    with pytest.raises(AssertionError, match="dW"):
        assert_gradients(Doubled(3), x)


def test_to_dict_is_json():
    report = gradcheck(Doubled(3), rng().standard_normal((4, 5)))
    read = json.loads(json.dumps(report.to_dict()))
    assert read["passed"] is False
    assert {entry["name"] for entry in read["entries"]} == {"x", "W", "b"}


def test_plot_has_three_panels_for_each_tensor():
    report = gradcheck(Doubled(3), rng().standard_normal((4, 5)))
    assert len([ax for ax in report.plot("W").axes if ax.get_title()]) == 3
    assert len([ax for ax in report.plot().axes if ax.get_title()]) == 9


def test_numbers_of_a_hand_computed_slope():
    """y = x² at 3 with dx = dy · x: got half of 6 dy."""
    entry = gradcheck((lambda x: (x * x, x), lambda dy, x: dy * x), np.array([3.0]))["x"]
    assert entry.expected == pytest.approx(2 * entry.got)


# ---- what it leaves alone ----


def test_layer_arrays_and_random_states_are_untouched():
    layer, x = layers.Dense(3), rng().standard_normal((4, 5)).astype(np.float32)
    layer.build((5,), rng())
    before = {name: array.copy() for name, array in layer.params.items()}
    kept, state = x.copy(), np.random.get_state()[1].copy()
    gradcheck(layer, x)
    assert layer.params["W"].dtype == np.float32
    for name, array in before.items():
        np.testing.assert_array_equal(layer.params[name], array)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert not layers.Dense(3).built


def test_a_pair_that_writes_into_its_arguments_cannot_touch_the_callers():
    def forward(x):
        x += 1
        return x * x, x.copy()

    x = rng().standard_normal((3, 2))
    kept = x.copy()
    report = gradcheck((forward, lambda dy, cache: 2 * cache * dy), x)
    np.testing.assert_array_equal(x, kept)
    assert [fault.kind for fault in report.faults] == ["in-place damage"]


def test_a_closures_stream_is_put_back():
    stream = np.random.default_rng(3)

    def forward(x):
        mask = stream.random(x.shape) < 0.5
        return x * mask, mask

    assert gradcheck((forward, lambda dy, mask: dy * mask), np.ones((3, 4)) / 3).passed
    assert stream.random() == np.random.default_rng(3).random()


# ---- large targets ----


def test_samples_a_large_layer_and_finds_one_wrong_entry():
    x = rng().standard_normal((3, 300))
    report = gradcheck(layers.Dense(300), x, max_entries=20)
    assert report.passed
    assert report["W"].checked < report["W"].size == 90_000
    assert "20 of 90,000 entries and 2 random directions" in str(report)

    class OneEntry(layers.Dense):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            grads["W"][123, 45] += 0.5
            return dx, grads

    report = gradcheck(OneEntry(300), x, max_entries=20)
    assert not report.passed
    assert report["W"].worst_index == (123, 45)


def test_ids_are_made_to_repeat():
    report = gradcheck(layers.Embedding(6, 2), np.arange(6).reshape(2, 3))
    assert report.passed
    assert "repeat on purpose" in str(report)


def test_the_upstream_gradient_is_not_ones():
    """With dy = 1 a softmax whose backward is zero would pass."""

    class Zero(layers.Softmax):
        def backward(self, dy, cache):
            return np.zeros_like(dy), {}

    assert not gradcheck(Zero(), rng().standard_normal((3, 4))).passed


class Scale:
    """y = a x, with its parameter as the test wants it."""

    def __init__(self, params):
        self.held = params

    @property
    def params(self):
        return {name: np.copy(array) for name, array in self.held.items()}

    def forward(self, x):
        return x * self.held["a"], x

    def backward(self, dy, cache):
        return dy * self.held["a"], {"a": (dy * cache).sum(axis=0)}


def test_params_that_are_copies_are_refused():
    with pytest.raises(TypeError, match="not copies"):
        gradcheck(Scale({"a": np.ones(2)}), np.ones((3, 2)))


def test_params_that_are_no_float_arrays_are_refused():
    layer = layers.ReLU()
    layer.params = {"a": 3}
    with pytest.raises(TypeError, match="array of floats"):
        gradcheck(layer, np.ones((3, 2)))
