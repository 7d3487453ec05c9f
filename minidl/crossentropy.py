"""Cross-entropies: losses of probabilities, or of the logits of a softmax or sigmoid."""

import numpy as np

from minidl.loss import Loss, only
from minidl.targets import (
    class_ids,
    numbers,
    pair,
    refuse_nan,
    same_shape,
)

EPSILON = 1e-7  # probabilities are kept in [1e-7, 1 − 1e-7], so log p is finite (as in Keras)
SPARSE = "SparseCategoricalCrossentropy ('sparse_categorical_crossentropy')"
DENSE = "CategoricalCrossentropy ('categorical_crossentropy')"


class BinaryCrossentropy(Loss):
    """The surprise of sigmoid outputs at targets in [0, 1]: nats, a mean over all elements.

    Forward   L = mean of −t log p − (1 − t) log(1 − p)      p = clip(y_pred, 10⁻⁷, 1 − 10⁻⁷)
              t = y_true (1 − α) + α / 2                     α: label_smoothing
              from_logits  L = mean of max(z, 0) − z t + log(1 + e^(−|z|))     z = y_pred
    Backward  dy_pred = (p − t) / (p (1 − p)) / n, 0 where clipped;  from_logits  (σ(z) − t) / n
    Cache     p, t and where p is not clipped; from_logits  σ(z) and t
    Raises    ValueError: y_true outside [0, 1]
    Source:   D3 §4.1.3 (there without the term of 1 − t)
    """

    fuses_with = "sigmoid"
    mend = f"give one target for each output, or for class ids use {SPARSE}"

    def __init__(self, from_logits=False, label_smoothing=0.0, **kwargs):
        super().__init__(**kwargs)
        self.from_logits = from_logits
        self.label_smoothing = fraction(self.where, label_smoothing)

    def terms(self, y_true, y_pred):
        t = y_true
        if self.label_smoothing:
            t = t * (1 - self.label_smoothing) + self.label_smoothing / 2
        if self.from_logits:
            z, e = y_pred, np.exp(-np.abs(y_pred))
            sigma = np.exp(np.minimum(z, 0)) / (1 + e)  # no overflow, exact in both tails
            return np.maximum(z, 0) - z * t + np.log1p(e), (sigma, t, None)
        p = y_pred.clip(EPSILON, 1 - EPSILON)
        return -t * np.log(p) - (1 - t) * np.log1p(-p), (p, t, p == y_pred)

    def gradient(self, kept, scale):
        p, t, inside = kept
        if self.from_logits:
            return (p - t) * scale
        return (p - t) / (p * (1 - p)) * inside * scale

    def check(self, y_true, y_pred):
        y_true, y_pred = super().check(y_true, y_pred)
        if y_true.size and not (y_true.min() >= 0 and y_true.max() <= 1):
            refuse_nan(self.where, y_true)
            raise ValueError(
                f"{self.where}: y_true must lie in [0, 1], got {y_true.min():g} to "
                f"{y_true.max():g}: give 0 and 1, or for class ids use {SPARSE}"
            )
        return y_true, y_pred


class CategoricalCrossentropy(Loss):
    """The surprise of softmax outputs at one-hot targets: nats, a mean over samples.

    Forward   L = mean over samples of −Σₖ tₖ log qₖ           the sum is over the C classes
              p = y_pred / Σⱼ y_predⱼ,   q = clip(p, 10⁻⁷, 1 − 10⁻⁷)
              t = y_true (1 − α) + α / C                        α: label_smoothing
              from_logits  log qₖ = zₖ − log Σⱼ exp zⱼ          z = y_pred
    Backward  gₖ = −tₖ / qₖ, 0 where clipped;   dy_pred = (g − Σⱼ gⱼ pⱼ) / Σⱼ y_predⱼ / n
              from_logits  dy_pred = (softmax(z) Σⱼ tⱼ − t) / n
    Cache     t, q, where q is not clipped, Σ y_pred;   from_logits  t and softmax(z)
    Raises    ValueError: class ids instead of one-hot rows; probabilities with a sum ≤ 0
    Source:   D3 §4.1.3 ("n the number of samples" there: it is of classes)
    """

    fuses_with = "softmax"
    mend = f"give one-hot rows as long as those of y_pred, or for class ids use {SPARSE}"

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.from_logits, self.axis = from_logits, axis
        self.label_smoothing = fraction(self.where, label_smoothing)

    def terms(self, y_true, y_pred):
        t = y_true
        if self.label_smoothing:
            t = t * (1 - self.label_smoothing) + self.label_smoothing / t.shape[-1]
        if self.from_logits:
            z, e, total = exponentials(y_pred)
            log_q, kept = z - np.log(total), (t, e / total)
        else:
            total = positive_sum(self.where, y_pred)
            p = y_pred / total
            q = p.clip(EPSILON, 1 - EPSILON)
            log_q, kept = np.log(q), (t, q, q == p, total)
        return -(t * log_q).sum(axis=-1, keepdims=True), kept  # (N, …, C) -> (N, …, 1)

    def gradient(self, kept, scale):
        if self.from_logits:
            t, probs = kept
            dy = (probs * t.sum(axis=-1, keepdims=True) - t) * scale
        else:
            t, q, inside, total = kept
            g = -t / q * inside
            dy = (g - (g * q).sum(axis=-1, keepdims=True)) * (scale / total)
        return np.moveaxis(dy, -1, self.axis) if self.axis != -1 else dy

    def check(self, y_true, y_pred):
        y_true, y_pred = same_shape(self.where, y_true, y_pred, self.mend)
        check_classes(self.where, y_pred, self.axis)
        if self.axis != -1:
            y_true, y_pred = (np.moveaxis(a, self.axis, -1) for a in (y_true, y_pred))
        return y_true.astype(y_pred.dtype, copy=False), y_pred


class SparseCategoricalCrossentropy(Loss):
    """The surprise of softmax outputs at class ids: nats, a mean over samples.

    Forward   L = mean over samples of −log qₖ        k = y_true: the sample's class, 0 … C − 1
              p = y_pred / Σⱼ y_predⱼ,   q = clip(p, 10⁻⁷, 1 − 10⁻⁷)
              from_logits  log qₖ = zₖ − log Σⱼ exp zⱼ          z = y_pred
    Backward  dy_predⱼ = (1 − [j = k] / qₖ) / Σᵢ y_predᵢ / n, 0 where qₖ is clipped
              from_logits  dy_predⱼ = (softmax(z)ⱼ − [j = k]) / n
    Cache     [j = k], qₖ, where qₖ is not clipped, Σ y_pred;   from_logits  [j = k], softmax(z)
    Raises    ValueError: one-hot rows; ids outside 0 … C − 1; probabilities with a sum ≤ 0
    Source:   D3 §4.1.3; D0 §5.2

    Samples whose id is ignore_class (often −1 or 255) count neither in the sum nor in n.
    """

    fuses_with = "softmax"

    def __init__(self, from_logits=False, ignore_class=None, **kwargs):
        super().__init__(**kwargs)
        self.from_logits, self.ignore_class = from_logits, ignore_class

    def forward(self, y_true, y_pred, sample_weight=None):
        if self.ignore_class is not None:
            counted = numbers(self.where, "y_true", y_true) != self.ignore_class
            sample_weight = only(self, counted, sample_weight)
        return super().forward(y_true, y_pred, sample_weight)

    def terms(self, labels, y_pred):
        one_hot = np.arange(y_pred.shape[-1]) == labels  # (C,) == (N, …, 1) -> (N, …, C)
        if self.from_logits:
            z, e, total = exponentials(y_pred)
            return np.log(total) - np.take_along_axis(z, labels, -1), (one_hot, e / total)
        total = positive_sum(self.where, y_pred)
        p = np.take_along_axis(y_pred, labels, -1) / total  # (N, …, 1)
        q = p.clip(EPSILON, 1 - EPSILON)
        return -np.log(q), (one_hot, q, q == p, total)

    def gradient(self, kept, scale):
        if self.from_logits:
            one_hot, probs = kept
            return (probs - one_hot) * scale
        one_hot, q, inside, total = kept
        return (1 - one_hot / q) * inside * (scale / total)

    def check(self, y_true, y_pred):
        y_true, y_pred = pair(self.where, y_true, y_pred)
        check_classes(self.where, y_pred, -1)
        if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
            y_true = y_true[..., 0]  # (N, 1) -> (N,)
        if y_true.shape != y_pred.shape[:-1]:
            mend = "give one id for each row of y_pred"
            if y_true.shape == y_pred.shape:
                mend = f"for one-hot rows use {DENSE}"
            raise ValueError(
                f"{self.where}: y_true must have shape {y_pred.shape[:-1]}, the class ids for "
                f"y_pred {y_pred.shape}, got {y_true.shape}: {mend}"
            )
        if self.ignore_class is not None:
            y_true = np.where(y_true == self.ignore_class, 0, y_true)  # any class: weight 0
        return class_ids(self.where, y_true, y_pred.shape[-1])[..., None], y_pred


def exponentials(z):
    """z minus the row's maximum, its exp, which cannot overflow, and the sum of that."""
    z = z - z.max(axis=-1, keepdims=True)
    e = np.exp(z)
    return z, e, e.sum(axis=-1, keepdims=True)  # (N, …, C), (N, …, C), (N, …, 1)


def positive_sum(where, probs):
    """Σ over the classes (N, …, 1), or a sentence where a row cannot be probabilities."""
    total = probs.sum(axis=-1, keepdims=True)
    if total.size and total.min() <= 0:
        raise ValueError(
            f"{where}: a row of y_pred sums to {total.min():g}, so it holds no probabilities: "
            "end the model in a softmax, or for logits set from_logits=True"
        )
    return total


def check_classes(where, y_pred, axis):
    if not -y_pred.ndim <= axis < y_pred.ndim:
        raise ValueError(
            f"{where}: y_pred must have an axis {axis} of classes, got shape {y_pred.shape}: "
            "give one row of C numbers for each sample"
        )
    if y_pred.shape[axis] < 2:
        raise ValueError(
            f"{where}: y_pred must have 2 classes or more, got shape {y_pred.shape}: for one "
            "sigmoid output use BinaryCrossentropy ('binary_crossentropy')"
        )


def fraction(where, label_smoothing):
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{where}: label_smoothing must lie in [0, 1], got {label_smoothing!r}: use 0.1"
        )
    return label_smoothing
