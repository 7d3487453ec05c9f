"""The Metric contract: a number to read, over all batches since the last reset."""

import numpy as np

from minidl.layer import snake_case, takes
from minidl.targets import counted_weight, match_weight


class Metric:
    """A number over everything that `update_state` was given since `reset_state`.

    A subclass writes `update_state`, `result` and `reset_state`; all three know batches of any
    size. An update_state with a `mask=` is told which steps of a sequence are not padding.
    Calling a metric updates it and gives the result so far, as in Keras.
    """

    name = "metric"

    def __init__(self, name=None):
        self.name = name or snake_case(type(self).__name__)
        self.reset_state()

    @property
    def where(self):
        """The metric's name in an error message."""
        return type(self).__name__

    @property
    def takes_mask(self):
        """Does update_state have a `mask=` argument, (N, T): steps that are not padding?"""
        return takes(self.update_state, "mask")

    def update_state(self, y_true, y_pred, sample_weight=None):
        raise NotImplementedError(f"{self.where}: update_state is not written")

    def result(self):
        raise NotImplementedError(f"{self.where}: result is not written")

    def reset_state(self):
        """Forget everything."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class Mean(Metric):
    """The weighted mean Σ w v / Σ w of one value v a sample, 0 before the first.

    A subclass writes `values(y_true, y_pred)`, of shape (N, …) or (N, …, D). Under a mask
    (N, T) values of steps count where it is True; one value for all steps counts whole.
    """

    def update_state(self, y_true, y_pred, sample_weight=None, mask=None):
        values = self.values(y_true, y_pred)
        if mask is not None and values.shape[: mask.ndim] == mask.shape:
            sample_weight = counted_weight(self.where, mask, sample_weight)
        if sample_weight is None:
            self.total += float(values.sum())
            self.count += values.size
            return
        weight = match_weight(self.where, sample_weight, values.shape)
        self.total += float((values * weight).sum())
        self.count += float(np.broadcast_to(weight, values.shape).sum())

    def result(self):
        return self.total / self.count if self.count else 0.0

    def reset_state(self):
        self.total, self.count = 0.0, 0
