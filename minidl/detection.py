"""Metrics of yes-or-no answers: precision, recall and the area under the ROC curve."""

import numpy as np

from minidl.metric import Metric
from minidl.targets import counted_weight, match_weight, same_shape


class Detection(Metric):
    """What precision and recall count: answers above the threshold, true ones, and both."""

    def __init__(self, thresholds=0.5, name=None):
        if np.ndim(thresholds):
            raise ValueError(f"{self.where}: thresholds must be one number, got {thresholds!r}")
        self.thresholds = thresholds
        super().__init__(name)

    def update_state(self, y_true, y_pred, sample_weight=None, mask=None):
        weight = counted_weight(self.where, mask, sample_weight)
        true, y_pred, w = yes_or_no(self.where, y_true, y_pred, weight)
        found = y_pred > self.thresholds
        self.both += float((w * (found & true)).sum())
        self.found += float((w * found).sum())
        self.true += float((w * true).sum())

    def reset_state(self):
        self.both, self.found, self.true = 0.0, 0.0, 0.0


class Precision(Detection):
    """How many of the positives found are true, in [0, 1]; 0 where none is found.

    Value     Σ w [y_pred > threshold][y_true = 1] / Σ w [y_pred > threshold]
    Raises    ValueError: y_true other than 0 and 1
    Source:   Manning, Raghavan & Schütze 2008, §8.3
    """

    def result(self):
        return self.both / self.found if self.found else 0.0


class Recall(Detection):
    """How many of the true positives are found, in [0, 1]; 0 where there are none.

    Value     Σ w [y_pred > threshold][y_true = 1] / Σ w [y_true = 1]
    Raises    ValueError: y_true other than 0 and 1
    Source:   Manning, Raghavan & Schütze 2008, §8.3
    """

    def result(self):
        return self.both / self.true if self.true else 0.0


class AUC(Metric):
    """The area under the ROC curve: how often a positive scores higher than a negative.

    Value     Σᵢⱼ wᵢ wⱼ ([sᵢ > sⱼ] + ½ [sᵢ = sⱼ]) / Σᵢⱼ wᵢ wⱼ      i: y_true = 1,  j: y_true = 0
              exact, from all scores seen (which it keeps); Keras's value is from 200 thresholds
    NaN       before both a positive and a negative were seen, and after a NaN score
    Raises    ValueError: y_true other than 0 and 1
    Source:   Hanley & McNeil 1982
    """

    def update_state(self, y_true, y_pred, sample_weight=None, mask=None):
        weight = counted_weight(self.where, mask, sample_weight)
        true, y_pred, w = yes_or_no(self.where, y_true, y_pred, weight)
        self.seen.append((true.ravel(), y_pred.ravel().copy(), w.ravel()))

    def result(self):
        if not self.seen:
            return float("nan")
        true, scores, w = (np.concatenate(parts) for parts in zip(*self.seen))
        _, rank = np.unique(scores, return_inverse=True)  # equal scores have equal rank
        positives = np.bincount(rank, w * true)  # (ranks,): the weight of the positives there
        negatives = np.bincount(rank, w * ~true)
        pairs = positives.sum() * negatives.sum()
        if pairs == 0 or np.isnan(scores).any():
            return float("nan")
        below = negatives.cumsum() - negatives
        return float(positives @ (below + negatives / 2) / pairs)

    def reset_state(self):
        self.seen = []


def yes_or_no(where, y_true, y_pred, sample_weight):
    """(y_true as booleans, y_pred, weights), all of y_pred's shape."""
    y_true, y_pred = same_shape(where, y_true, y_pred, "give 0 or 1 for each number in y_pred")
    true = y_true == 1
    if not (true | (y_true == 0)).all():
        wrong = y_true[~(true | (y_true == 0))][0]
        raise ValueError(
            f"{where}: y_true must be 0 or 1, got {wrong:g}: it is for two classes; for class "
            "ids use 'accuracy'"
        )
    weight = 1.0 if sample_weight is None else sample_weight
    weight = match_weight(where, weight, y_pred.shape)
    return true, y_pred, np.broadcast_to(weight, y_pred.shape)
