"""diagnose: names a mistake only when it explains the error, and else says nothing."""

import numpy as np
import pytest

from minidl import layers
from minidl.testing import gradcheck


def arguments(N=4, D=5, M=3):
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, D)), rng.standard_normal((D, M)), rng.standard_normal(M)


def affine(x, W, b):
    return x @ W + b, (x, W)


def report_of(wrong, N=4, D=5, M=3):
    def backward(dy, cache):
        x, W = cache
        return wrong({"x": dy @ W.T, "W": x.T @ dy, "b": dy.sum(axis=0)}, dy, x, W)

    return gradcheck((affine, backward), arguments(N, D, M))


def names(report):
    return [cause.name for cause in report.causes]


def test_nothing_is_named_when_all_is_right():
    assert report_of(lambda grads, *_: grads).causes == []


def test_noise_is_not_explained():
    def wrong(grads, dy, x, W):
        noise = np.random.default_rng(1).standard_normal(W.shape)
        return {**grads, "W": grads["W"] * (1 + 1e-3 * noise)}

    report = report_of(wrong)
    assert not report.passed
    assert report.causes == []
    assert "got" in report.headline


def test_nearly_a_pattern_is_not_the_pattern():
    """1/N but for one part in 10⁴."""
    report = report_of(lambda g, dy, x, W: {**g, "b": g["b"] / 4 * (1 + 1e-4)})
    assert names(report) == ["constant factor"]


@pytest.mark.parametrize("N", [2, 3, 4, 5])
def test_one_over_N_is_told_from_a_constant_by_another_batch(N):
    assert names(report_of(lambda g, dy, x, W: {**g, "b": dy.mean(axis=0)}, N=N)) == [
        "batch average"
    ]
    constant = report_of(lambda g, dy, x, W: {**g, "b": g["b"] / N}, N=N)
    assert names(constant) == ["factor ½" if N == 2 else "constant factor"]


def test_one_mistake_in_several_tensors_is_one_cause():
    report = report_of(lambda g, *_: {name: -grad for name, grad in g.items()})
    assert names(report) == ["sign"]
    assert report.causes[0].tensors == ("dx", "dW", "db")


def test_two_mistakes_are_two_causes():
    report = report_of(lambda g, dy, x, W: {**g, "W": -g["W"], "b": 2 * g["b"]})
    assert names(report) == ["sign", "factor 2"]


def test_the_transpose_hint_points_to_the_place():
    report = report_of(lambda g, dy, x, W: {**g, "W": dy.T @ x}, N=4, D=3, M=3)
    assert "dW: looks like dyᵀ @ x" in str(report)
    assert "because D = M" in str(report)


def test_faults_come_before_numbers():
    report = report_of(lambda g, dy, x, W: {**g, "W": 2 * g["W"], "b": g["b"][None]})
    assert report.headline == (
        "affine: db: has shape (1, 3), must have shape (3,): drop keepdims=True"
    )


def test_a_kink_alone_is_said_to_be_one():
    def forward(x):
        return np.maximum(x, 0.1 * x), x

    def backward(dy, x):
        return dy * np.where(x > 0, 1.0, np.where(x < 0, 0.1, 5.0))

    report = gradcheck((forward, backward), np.array([[0.0, 1.0, -1.0]]))
    assert names(report) == ["slope at a kink"]


def test_running_statistics_in_a_layer_with_state():
    class BatchNorm(layers.Dense):
        mixes_batch = True

        def build(self, input_shape, rng=None):
            super().build(input_shape, rng)
            self.state["var"] = np.full(self.units, 2.0, np.float32)

        def scale(self, z, training):
            return 1 / np.sqrt((z.var(axis=0) if training else self.state["var"]) + 1e-3)

        def forward(self, x, training=False):
            z, cache = super().forward(x)
            return z * self.scale(z, training), (z, cache)

        def backward(self, dy, cache):
            z, inner = cache
            return super().backward(dy * self.scale(z, False), inner)

    x = arguments()[0]
    assert gradcheck(BatchNorm(3), x).passed
    report = gradcheck(BatchNorm(3), x, training=True)
    assert names(report) == ["running statistics used in training"]


def test_a_mask_that_backward_forgets():
    class MaskedSum(layers.ReLU):
        def forward(self, x, training=False, mask=None):
            return (x * mask[:, :, None]).sum(axis=1), x.shape

        def backward(self, dy, shape):
            return np.broadcast_to(dy[:, None], shape).copy(), {}

    x = np.random.default_rng(0).standard_normal((2, 3, 2))
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    report = gradcheck(MaskedSum(), x, kwargs={"mask": mask})
    assert names(report) == ["mask not applied"]
