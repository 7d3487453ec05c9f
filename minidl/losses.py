"""The losses by name, and those of numbers: mean squared error and its relatives."""

import math

import numpy as np

from minidl.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from minidl.loss import Loss


class MeanSquaredError(Loss):
    """The mean of the squared errors, over samples and outputs, in the square of y's unit.

    Forward   MSE = Σ (y_pred − y_true)² / n            n: all elements, N · … · D
    Backward  dy_pred = 2 (y_pred − y_true) / n
    Cache     y_pred − y_true
    Source:   D2 §4.1.1
    """

    def terms(self, y_true, y_pred):
        error = y_pred - y_true
        return error * error, error

    def gradient(self, kept, scale):
        return kept * (2 * scale)


class HalfSquaredError(MeanSquaredError):
    """Half the sum of all squared errors: n / 2 times the MSE, in the square of y's unit.

    Forward   L = ½ Σ (y_pred − y_true)²
    Backward  dy_pred = y_pred − y_true
    Cache     y_pred − y_true
    Source:   D3 §4.1.3 (printed there under the name MSE)
    """

    def __init__(self, reduction="sum", name=None):
        super().__init__(reduction, name)

    def terms(self, y_true, y_pred):
        error = y_pred - y_true
        return 0.5 * (error * error).sum(axis=-1, keepdims=True), error  # (N, …, 1)

    def gradient(self, kept, scale):
        return kept * scale


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean squared error over samples and outputs, in y's unit.

    Forward   RMSE = √MSE                            weights as in the MSE, before the root
    Backward  dy_pred = ∂MSE/∂y_pred / (2 RMSE)      at RMSE = 0 there is no gradient: here 0
    Cache     the MSE's, and RMSE
    Raises    ValueError: negative weights make the MSE negative
    Source:   D2 §4.1.1
    """

    def __init__(self, name=None):
        super().__init__(name=name)

    def forward(self, y_true, y_pred, sample_weight=None):
        mse, cache = super().forward(y_true, y_pred, sample_weight)
        if mse < 0:
            raise ValueError(
                f"RootMeanSquaredError: the weighted MSE is {mse:g} and has no root: "
                "give sample_weight without negative numbers"
            )
        root = math.sqrt(mse)
        return root, (cache, root)

    def backward(self, cache):
        cache, root = cache
        return super().backward(cache) * (0.5 / root if root else 0.0)


class MeanAbsoluteError(Loss):
    """The mean of the absolute errors, over samples and outputs, in y's unit.

    Forward   MAE = Σ |y_pred − y_true| / n          n: all elements, N · … · D
    Backward  dy_pred = sign(y_pred − y_true) / n    (at 0 any slope in ±1/n is right; here 0)
    Cache     y_pred − y_true
    Source:   D2 §4.2 (the metric 'mae')
    """

    def terms(self, y_true, y_pred):
        error = y_pred - y_true
        return np.abs(error), error

    def gradient(self, kept, scale):
        return np.sign(kept) * scale


NAMES = {
    "mse": MeanSquaredError, "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError, "mean_absolute_error": MeanAbsoluteError,
    "rmse": RootMeanSquaredError, "root_mean_squared_error": RootMeanSquaredError,
    "half_squared_error": HalfSquaredError,
    "bce": BinaryCrossentropy, "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}  # fmt: skip


def get(identifier):
    """The loss for a name, a Loss or a Loss class; None stays None."""
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if identifier is None or hasattr(identifier, "backward"):
        return identifier
    if callable(identifier):
        raise TypeError(
            f"loss {getattr(identifier, '__name__', identifier)!r} is a function and has no "
            "gradient: write a subclass of Loss with forward and backward"
        )
    if not isinstance(identifier, str) or identifier not in NAMES:
        raise ValueError(
            f"Could not interpret loss identifier {identifier!r}: use one of "
            f"{', '.join(NAMES)}, or a loss such as MeanSquaredError()"
        )
    return NAMES[identifier]()
