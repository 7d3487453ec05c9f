"""The checks of a loss: each takes a LossSubject, and raises Violation or Skip, or returns."""

import numpy as np

from minidl.testing.casting import as_input
from minidl.testing.gradcheck import examine
from minidl.testing.subject import Skip, Violation


def loss_gradient(subject):
    """backward is the slope of exactly the number that forward returns."""
    subject.gradients = examine(subject.target(), subject.seed)
    if not subject.gradients.passed:
        raise Violation(str(subject.gradients))


def loss_is_one_number(subject):
    value, _ = subject.source.forward(subject.y_true, subject.y_pred)
    if np.ndim(value) != 0:
        raise Violation(
            f"forward returns a value of shape {np.shape(value)}: one number, please"
        )


def loss_called(subject):
    """loss(y_true, y_pred) is forward's value, as a float."""
    if not callable(subject.source):
        raise Skip("the loss cannot be called")
    value, _ = subject.source.forward(subject.y_true, subject.y_pred)
    called = subject.source(subject.y_true, subject.y_pred)
    if not isinstance(called, float) or not np.isclose(called, float(value), rtol=1e-6):
        raise Violation(f"loss(y_true, y_pred) is {called!r}, forward gives {float(value)!r}")


def loss_gradient_dtype(subject):
    y_pred = np.asarray(subject.y_pred, np.float32)
    _, cache = subject.source.forward(subject.y_true, y_pred)
    dy = subject.source.backward(cache)
    if dy.dtype != np.float32 or dy.shape != y_pred.shape:
        raise Violation(f"y_pred is float32 {y_pred.shape}, its gradient {dy.dtype} {dy.shape}")


def loss_oracle(subject):
    """An independent f(y_true, y_pred) gives the same number."""
    if subject.oracle is None:
        raise Skip("no oracle given")
    y_pred = as_input(subject.name, subject.y_pred, "y_pred")
    value, _ = subject.source.forward(np.asarray(subject.y_true), y_pred)
    expected = float(subject.oracle(np.asarray(subject.y_true), y_pred))
    if not np.isclose(float(value), expected, rtol=1e-6, atol=1e-12):
        raise Violation(f"forward is wrong: {float(value):.8g}, the oracle says {expected:.8g}")


LOSS_CHECKS = (loss_gradient, loss_oracle, loss_is_one_number, loss_called, loss_gradient_dtype)
