"""The metrics by name: accuracies, errors of numbers, R², and any function."""

import math

import numpy as np

from minidl.detection import AUC, Precision, Recall
from minidl.metric import Mean, Metric
from minidl.targets import counted_weight, match, match_weight, pair, same_shape


class AccuracyByShape(Mean):
    """The share of right answers, in [0, 1]; what is right depends on the shapes, as in Keras.

    y_pred (N, 1)                             right where (y_pred > 0.5) = y_true
    y_true (N,) or (N, 1), y_pred (N, C)      right where argmax y_pred = y_true
    y_true (N, C), y_pred (N, C)              right where argmax y_pred = argmax y_true

    This is the string 'accuracy' or 'acc'.   Source: D0 §5.2, D3 §5.2, D4 §5.2
    """

    def values(self, y_true, y_pred):
        y_true, y_pred = pair(self.where, y_true, y_pred)
        if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
            return binary_hits(self.where, y_true, y_pred, 0.5)
        if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
            return sparse_hits(self.where, y_true, y_pred)
        return categorical_hits(self.where, y_true, y_pred)


class BinaryAccuracy(Mean):
    """The share of outputs on the right side of the threshold, in [0, 1].

    Value     mean of [(y_pred > threshold) = y_true]      y_true: 0 or 1
    Source:   D3 §5.2
    """

    def __init__(self, threshold=0.5, name=None):
        self.threshold = threshold
        super().__init__(name)

    def values(self, y_true, y_pred):
        y_true, y_pred = pair(self.where, y_true, y_pred)
        return binary_hits(self.where, y_true, y_pred, self.threshold)


class CategoricalAccuracy(Mean):
    """The share of rows whose largest output is at the 1 of a one-hot y_true, in [0, 1].

    Value     mean of [argmax y_pred = argmax y_true]      of equal outputs the first counts
    Source:   D1 §5.2
    """

    def values(self, y_true, y_pred):
        return categorical_hits(self.where, *pair(self.where, y_true, y_pred))


class SparseCategoricalAccuracy(Mean):
    """The share of rows whose largest output is the class id y_true, in [0, 1].

    Value     mean of [argmax y_pred = y_true]             of equal outputs the first counts
    Source:   D0 §5.2
    """

    def values(self, y_true, y_pred):
        return sparse_hits(self.where, *pair(self.where, y_true, y_pred))


class MeanAbsoluteError(Mean):
    """The mean of |y_pred − y_true| over samples and outputs, in y's unit.  Source: D2 §4.2"""

    def values(self, y_true, y_pred):
        y_true, y_pred = same_shape(self.where, y_true, y_pred)
        return np.abs(y_pred - y_true)


class MeanSquaredError(Mean):
    """The mean of (y_pred − y_true)² over samples and outputs.  Source: D2 §4.1.1"""

    def values(self, y_true, y_pred):
        y_true, y_pred = same_shape(self.where, y_true, y_pred)
        error = y_pred - y_true
        return error * error


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean of (y_pred − y_true)² over all batches, in y's unit.

    Not the mean of the batches' roots, which is smaller.  Source: D2 §4.1.1
    """

    def result(self):
        return math.sqrt(super().result())


class R2Score(Metric):
    """The share of y_true's variance that y_pred explains, a mean over the outputs; at most 1.

    Value     R² = 1 − Σ w (y_true − y_pred)² / Σ w (y_true − mean y_true)²    for each output
              mean and sums are over all batches: those of two parts merge without the data
    0         y_true always the same and y_pred not; 1 if y_pred too (as scikit-learn has it)
    Source:   Chan, Golub & LeVeque 1983 for the merging
    """

    def update_state(self, y_true, y_pred, sample_weight=None, mask=None):
        y_true, y_pred = same_shape(self.where, y_true, y_pred)
        sample_weight = counted_weight(self.where, mask, sample_weight)
        if y_true.ndim < 2:
            y_true, y_pred = y_true.reshape(-1, 1), y_pred.reshape(-1, 1)  # (N,) -> (N, 1)
        w = weights_of_rows(self.where, sample_weight, y_true.shape[:-1])  # (N …, 1)
        y = y_true.reshape(-1, y_true.shape[-1]).astype(float)  # (N, …, D) -> (N …, D)
        if w.sum() > 0:
            self.residual = self.residual + (w * (y - y_pred.reshape(y.shape)) ** 2).sum(axis=0)
            self.merge(y, w)

    def merge(self, y, w):
        """Add a batch's weight, mean and spread Σ w (y − mean)² to those so far."""
        weight = w.sum()
        mean = y[0] + (w * (y - y[0])).sum(axis=0) / weight  # exact where y is constant
        step, total = mean - self.mean, self.weight + weight
        spread = (w * (y - mean) ** 2).sum(axis=0)
        self.spread = self.spread + spread + step * step * (self.weight * weight / total)
        self.mean = self.mean + step * (weight / total)
        self.weight = total

    def result(self):
        if not self.weight:
            return 0.0
        flat = np.equal(self.spread, 0)
        explained = 1 - self.residual / np.where(flat, 1, self.spread)
        return float(np.where(flat, np.equal(self.residual, 0), explained).mean())

    def reset_state(self):
        self.weight, self.mean, self.spread, self.residual = 0.0, 0.0, 0.0, 0.0


class FunctionMean(Mean):
    """The mean of a plain function f(y_true, y_pred) over the samples of all batches.

    Value     f gives one value a sample; or a number for the batch, which then counts once for
              each of its rows, so that a short last batch weighs less
    """

    def __init__(self, function, name=None):
        self.function = function
        super().__init__(name or getattr(function, "__name__", None) or function.name)

    def values(self, y_true, y_pred):
        y_true, y_pred = pair(self.name, y_true, y_pred)
        values = np.asarray(self.function(match(y_true, y_pred), y_pred), dtype=float)
        if values.ndim and len(values) != len(y_pred):
            raise ValueError(
                f"{self.name}: a metric must return one number or one a sample, shape "
                f"({len(y_pred)}, …), got {values.shape}: sum or average the other axes"
            )
        return values if values.ndim else np.broadcast_to(values, len(y_pred))


def binary_hits(where, y_true, y_pred, threshold):
    y_true, y_pred = same_shape(where, y_true, y_pred)
    return (y_pred > threshold) == y_true


def categorical_hits(where, y_true, y_pred):
    y_true, y_pred = same_shape(
        where, y_true, y_pred, "for class ids use 'sparse_categorical_accuracy'"
    )
    return y_pred.argmax(axis=-1) == y_true.argmax(axis=-1)  # (N, …, C) -> (N, …)


def sparse_hits(where, y_true, y_pred):
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]  # (N, 1) -> (N,)
    if y_true.shape != y_pred.shape[:-1]:
        raise ValueError(
            f"{where}: y_true must have shape {y_pred.shape[:-1]}, got {y_true.shape}: give "
            "one class id a row, or for one-hot rows use 'categorical_accuracy'"
        )
    return y_pred.argmax(axis=-1) == y_true


def weights_of_rows(where, sample_weight, samples):
    """The weights of samples of shape (N, …) as a column (N …, 1), ones without weights."""
    weight = np.ones(()) if sample_weight is None else sample_weight
    return np.broadcast_to(match_weight(where, weight, samples), samples).reshape(-1, 1)


NAMES = {
    "accuracy": AccuracyByShape, "acc": AccuracyByShape, "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mae": MeanAbsoluteError, "mean_absolute_error": MeanAbsoluteError,
    "mse": MeanSquaredError, "mean_squared_error": MeanSquaredError,
    "rmse": RootMeanSquaredError, "root_mean_squared_error": RootMeanSquaredError,
    "r2": R2Score, "r2_score": R2Score, "precision": Precision, "recall": Recall, "auc": AUC,
}  # fmt: skip


def get(identifier):
    """The metric for a name, which it keeps, a Metric, a class of either, or a function."""
    if isinstance(identifier, type):
        identifier = identifier()
    if hasattr(identifier, "update_state"):
        return identifier
    if callable(identifier):
        return FunctionMean(identifier)
    if not isinstance(identifier, str) or identifier.lower() not in NAMES:
        raise ValueError(
            f"Could not interpret metric identifier {identifier!r}: use one of "
            f"{', '.join(NAMES)}, a metric such as AUC(), or a function of (y_true, y_pred)"
        )
    return NAMES[identifier.lower()](name=identifier)
