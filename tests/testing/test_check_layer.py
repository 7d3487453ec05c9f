"""check_layer and check_loss: each part of the contract, kept and broken."""

import json

import numpy as np
import pytest

from minidl import Layer, layers, losses
from minidl.testing import (
    assert_layer,
    assert_loss,
    check_layer,
    check_loss,
    parametrize_with_checks,
)


def x():
    return np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)


def dense_oracle(x, params):
    """z_m = Σ_d x_d W_dm + b_m, by loops."""
    W, b = params["W"], params["b"]
    y = np.zeros((len(x), W.shape[1]))
    for n, row in enumerate(x):
        for m in range(W.shape[1]):
            y[n, m] = sum(row[d] * W[d, m] for d in range(len(row))) + b[m]
    return y


def test_dense_keeps_the_contract_and_matches_its_oracle():
    report = check_layer(layers.Dense(3), x(), oracle=dense_oracle)
    assert report.passed, str(report)
    assert report["oracle"].verdict == "passed"
    assert "keeps the contract" in str(report)
    json.dumps(report.to_dict())


def test_an_oracle_of_x_alone():
    assert_layer(layers.ReLU(), x(), oracle=lambda x: np.where(x > 0, x, 0))


class WrongForward(layers.Dense):
    """A forward that adds the bias twice, with the backward that belongs to it."""

    def forward(self, x, training=False):
        y, cache = super().forward(x, training)
        return y + self.params["b"] + np.float32(1), cache

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "b": 2 * grads["b"]}


class WrongShape(layers.Dense):
    def output_shape(self, input_shape):
        return (self.units + 1,)


class KeepsX(layers.ReLU):
    def forward(self, x, training=False):
        self.x = x
        return super().forward(x)


class Centred(Layer):
    """Subtracts the batch's mean and does not say mixes_batch."""

    def forward(self, x, training=False):
        return x - x.mean(axis=0), None

    def backward(self, dy, cache):
        return dy - dy.mean(axis=0), {}


class Unseeded(Layer):
    """Not the same in two copies of one seed."""

    def forward(self, x, training=False):
        self_made = np.random.default_rng().random(x.shape).astype(x.dtype)
        return x * self_made, self_made

    def backward(self, dy, cache):
        return dy * cache, {}


class Counts(Layer):
    """Writes its state in prediction."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.state["calls"] = np.zeros(1, np.float32)

    def forward(self, x, training=False):
        self.state["calls"] += 1
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy, {}


class Widens(layers.ReLU):
    """float64 out of float32."""

    def forward(self, x, training=False):
        return x * np.float64(2), None

    def backward(self, dy, cache):
        return dy * np.float64(2), {}


class MemoryOrder(Layer):
    """Reads x in memory order."""

    def forward(self, x, training=False):
        return x.ravel(order="K").reshape(x.shape, order="C") * 1, x.flags.c_contiguous

    def backward(self, dy, cache):
        return dy * 1, {}


class StopsWhenFrozen(layers.Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return (dx if self.trainable else np.zeros_like(dx)), grads


@pytest.mark.parametrize(
    ("layer", "check"),
    [
        (WrongForward(3), "oracle"),
        (WrongShape(3), "output shape"),
        (KeepsX(), "nothing kept"),
        (Centred(), "rows one by one"),
        (Unseeded(), "deterministic"),
        (Unseeded(), "prediction is not random"),
        (Counts(), "state only in training"),
        (Widens(), "float32 stays"),
        (StopsWhenFrozen(3), "trainable"),
    ],
)
def test_a_broken_part_is_named(layer, check):
    report = check_layer(layer, x(), oracle=dense_oracle if check == "oracle" else None)
    assert check in [c.name for c in report.failed], str(report)
    with pytest.raises(AssertionError):
        assert_layer(layer, x(), oracle=dense_oracle if check == "oracle" else None)


def test_memory_order_is_noticed():
    report = check_layer(MemoryOrder(), np.asfortranarray(x()))
    assert not report.passed


def test_a_layer_that_says_mixes_batch_is_not_taken_apart():
    class Honest(Centred):
        mixes_batch = True

    report = check_layer(Honest(), x(), training=True)
    assert report["rows one by one"].verdict == "skipped"
    assert report.passed


def test_gradients_are_part_of_the_contract():
    class Negative(layers.Dense):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            return -dx, grads

    report = check_layer(Negative(3), x())
    assert "sign" in {cause.name for cause in report.causes}
    assert report["gradients"].verdict == "failed"


def test_losses():
    y, p = x()[:, :2], x()[:, 2:4]
    assert_loss(losses.MeanSquaredError(), y, p, oracle=lambda y, p: sum(
        (a - b) ** 2 for a, b in zip(y.ravel(), p.ravel())) / y.size)  # fmt: skip
    wrong = check_loss(losses.MeanSquaredError(), y, p, oracle=lambda y, p: 0.0)
    assert [c.name for c in wrong.failed] == ["loss oracle"]


@parametrize_with_checks([(layers.Dense(3), x()), (lambda: layers.Softmax(), x())])
def test_as_pytest_cases(layer, check):
    check(layer)


def test_pytest_cases_have_readable_names():
    mark = parametrize_with_checks([(layers.Dense(3), x())])
    names = [parameter.id for parameter in mark.mark.args[1]]
    assert "Dense-gradients" in names
    assert "Dense-rows_one_by_one" in names
