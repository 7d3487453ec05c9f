"""The Loss contract: one number that says how wrong y_pred is, and its gradient.

    value, cache = loss.forward(y_true, y_pred, sample_weight=None)
    dy_pred      = loss.backward(cache)            # of exactly that number, shaped like y_pred

Axes: N samples, … further axes (time), D outputs of a sample.
"""

import copy
import math

import numpy as np

from minidl.layer import snake_case, takes
from minidl.layers.rows import ones
from minidl.targets import counted_weight, match_weight, refuse_nan, same_shape

MEANS = ("sum_over_batch_size", "mean")
REDUCTIONS = (*MEANS, "sum", "none", None)
FEW = 4096  # terms


class Loss:
    """What turns (y_true, y_pred) into a number, and that number into ∂L/∂y_pred.

    Forward   l = each sample's loss (N, …)            w = sample_weight, 1 without one
              "sum_over_batch_size"  L = Σ w l / (N · …), the mean: not divided by Σ w
              "sum"                  L = Σ w l
              "none" or None         the array w l; backward is then of its sum
    Backward  dy_pred, with the shape and dtype of y_pred
    Cache     what `terms` kept, the factor of each sample in L, the shape of y_pred
    Raises    ValueError or TypeError: shapes that do not match, y_true NaN or no numbers

    y_true (N,) against y_pred (N, 1) is read as (N, 1); y_pred (N,) is N samples of one number.
    sample_weight is (N,), (N, 1) or (N, T). The loss of an empty batch is 0.
    A subclass writes `terms` and `gradient`, or forward and backward as a whole.
    """

    fuses_with: str | None = None  # "softmax" or "sigmoid": what a logits form can absorb
    from_logits = False
    reduction = "sum_over_batch_size"
    name = "loss"
    mend = "give the last layer one unit for each number in a row of y_true"

    def __init__(self, reduction="sum_over_batch_size", name=None):
        if reduction not in REDUCTIONS:
            raise ValueError(
                f"{self.where}: unknown reduction {reduction!r}: use one of "
                f"{', '.join(map(repr, REDUCTIONS))}"
            )
        self.reduction = reduction
        self.name = name or snake_case(type(self).__name__)

    @property
    def where(self):
        """The loss's name in an error message."""
        return type(self).__name__

    def terms(self, y_true, y_pred):
        """(terms, kept): a sample's loss is the mean of its terms (N, …, D) over D."""
        raise NotImplementedError(f"{self.where}: terms is not written")

    def gradient(self, kept, scale):
        """∂(Σ scale · terms)/∂y_pred; scale is a number, or (N, …, 1)."""
        raise NotImplementedError(f"{self.where}: gradient is not written")

    def forward(self, y_true, y_pred, sample_weight=None):
        terms, kept = self.terms(*self.check(y_true, y_pred))
        scale = self.scale(terms, sample_weight)
        if self.reduction in ("none", None):
            value = (terms * scale).sum(axis=-1)  # (N, …, D) -> (N, …)
        elif sample_weight is None:
            value = total(terms) * scale
        else:
            value = float((terms * scale).sum())
        if math.isnan(value) if isinstance(value, float) else np.isnan(value).any():
            refuse_nan(self.where, y_true)
        shape = y_pred.shape if isinstance(y_pred, np.ndarray) else np.shape(y_pred)
        return value, (kept, scale, shape)

    def backward(self, cache):
        kept, scale, shape = cache
        dy_pred = self.gradient(kept, scale)
        return dy_pred if dy_pred.shape == shape else dy_pred.reshape(shape)

    def __call__(self, y_true, y_pred, sample_weight=None):
        return evaluated(self, y_true, y_pred, sample_weight)[0]

    @property
    def checks_rows(self):
        """Does `forward` call `check`? One written as a whole may not."""
        return type(self).terms is not Loss.terms

    def scale(self, terms, sample_weight):
        """What each term counts in the value: a number, or with weights (N, …, 1)."""
        count = (terms.size if self.reduction in MEANS else terms.shape[-1]) or 1
        if sample_weight is None:
            return 1 / count
        weight = match_weight(self.where, sample_weight, terms.shape[:-1])
        return weight.astype(terms.dtype)[..., None] / count

    def check(self, y_true, y_pred):
        """Both as floats of y_pred's dtype and of one shape, or a sentence on what is wrong."""
        y_true, y_pred = same_shape(self.where, y_true, y_pred, self.mend)
        if y_pred.ndim < 2:
            y_true, y_pred = y_true.reshape(-1, 1), y_pred.reshape(-1, 1)  # (N,) -> (N, 1)
        if y_true.dtype is not y_pred.dtype:
            y_true = y_true.astype(y_pred.dtype, copy=False)
        return y_true, y_pred

    def on_logits(self):
        """A copy that takes logits: what replaces this loss when the activation is fused.

        The same number, save where a probability beyond [1e-7, 1 − 1e-7] would be clipped."""
        if self.fuses_with is None or self.from_logits:
            why = "takes no logits" if self.fuses_with is None else "takes logits already"
            raise ValueError(f"{self.where}: the loss {why}: use it as it is")
        other = copy.copy(self)
        other.from_logits = True
        return other


def total(terms):
    """Σ terms as a float. Of few, ones · terms does it in half the time of terms.sum()."""
    if terms.size > FEW or terms.dtype.kind != "f":
        return float(terms.sum())
    return float(ones(terms.size, terms.dtype).dot(terms.ravel()))


def evaluated(loss, y_true, y_pred, sample_weight=None, mask=None):
    """(value, cache) of any loss; one written without weights is asked without them.

    mask   booleans (N, …), one for each sample: a mean is over those that count. Under
           `ignore_class` they become that class: left out for both reasons, counted once"""
    if mask is not None and takes(loss.forward, "sample_weight"):
        ignored = getattr(loss, "ignore_class", None)
        if ignored is None:
            sample_weight = only(loss, mask, sample_weight)
        elif y_true.shape[: mask.ndim] == mask.shape:  # if not, the loss says so
            ones_after = (1,) * (y_true.ndim - mask.ndim)
            y_true = np.where(mask.reshape(*mask.shape, *ones_after), y_true, ignored)
    if sample_weight is None:
        return loss.forward(y_true, y_pred)
    return loss.forward(y_true, y_pred, sample_weight)


def only(loss, counted, sample_weight=None):
    """Weight 0 for samples that do not count; in a mean the others' grow, which shrinks n to
    them."""
    weight = counted_weight(loss.where, counted, sample_weight)
    if loss.reduction in MEANS:
        weight *= counted.size / max(1, counted.sum())
    return weight
