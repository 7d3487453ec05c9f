"""The metrics against numbers by hand, loops, and frozen values of scikit-learn and Keras."""

import math
import pathlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl import Sequential, losses, metrics
from minidl.detection import AUC, Precision, Recall
from minidl.layers import Dense
from minidl.metric import Mean, Metric
from minidl.metrics import (
    AccuracyByShape,
    BinaryAccuracy,
    CategoricalAccuracy,
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
)

with np.load(pathlib.Path(__file__).parent / "fixtures" / "metrics.npz") as file:
    FROZEN = dict(file)


def value(metric, y_true, y_pred, weight=None, batch=None):
    """The metric over batches of so many rows."""
    for start in range(0, len(y_true), batch or len(y_true)):
        rows = slice(start, start + (batch or len(y_true)))
        metric.update_state(
            y_true[rows], y_pred[rows], None if weight is None else weight[rows]
        )
    return metric.result()


# ---- frozen: scikit-learn, and Keras for the accuracies ----


@pytest.mark.parametrize("batch", [None, 7, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "options"),
    [
        ("auc", "binary", "scores", {}),
        ("precision", "binary", "scores", {}),
        ("recall", "binary", "scores", {}),
        ("binary_accuracy", "binary", "scores", {"threshold": 0.4}),
        ("sparse_categorical_accuracy", "labels", "probs", {}),
        ("categorical_accuracy", "one_hot", "probs", {}),
        ("r2", "numbers", "guesses", {}),
        ("rmse", "numbers", "guesses", {}),
        ("mse", "numbers", "guesses", {}),
        ("mae", "numbers", "guesses", {}),
    ],
)
def test_agrees_with_sklearn_and_keras(name, y_true, y_pred, options, weighted, batch):
    data = FROZEN | {"one_hot": np.eye(4)[FROZEN["labels"]]}
    weight = data["weight"] if weighted else None
    metric = metrics.NAMES[name](**options)
    found = value(metric, data[y_true], data[y_pred], weight, batch)
    # Keras counts in float32 (one rounding of the quotient), scikit-learn in float64.
    rel = 1e-7 if "accuracy" in name else 1e-12
    assert type(found) is float
    assert found == pytest.approx(float(data[name + "_weighted" * weighted]), rel=rel)


# ---- by hand ----

ONE_HOT = [[1, 0, 0], [0, 0, 1]]
PROBS = [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]
BY_HAND = [
    (BinaryAccuracy(), [0, 0, 1, 0], [0.5, 0.5, 0.6, 0.9], 3 / 4),
    (BinaryAccuracy(threshold=0.4), [0, 0, 1, 0], [0.5, 0.5, 0.6, 0.9], 1 / 4),
    (BinaryAccuracy(), [[1, 0], [1, 1]], [[0.9, 0.1], [0.9, 0.1]], 3 / 4),
    (CategoricalAccuracy(), ONE_HOT, PROBS, 1 / 2),
    (SparseCategoricalAccuracy(), [0, 2], PROBS, 1 / 2),
    (SparseCategoricalAccuracy(), [[0], [1]], PROBS, 1),
    (SparseCategoricalAccuracy(), [0, 1], [[1.0, 1], [1, 1]], 1 / 2),
    (SparseCategoricalAccuracy(), [[0, 1, 1]], [[[1.0, 0], [1, 0], [0, 1]]], 2 / 3),
    (AccuracyByShape(), [0, 1, 1], [[0.4], [0.6], [0.1]], 2 / 3),
    (AccuracyByShape(), [[0], [1], [1]], [0.4, 0.6, 0.1], 2 / 3),
    (AccuracyByShape(), [0, 1, 1], [0.4, 0.6, 0.1], 2 / 3),
    (AccuracyByShape(), [0, 2], PROBS, 1 / 2),
    (AccuracyByShape(), [[0], [1]], PROBS, 1),
    (AccuracyByShape(), ONE_HOT, PROBS, 1 / 2),
    (AccuracyByShape(), [[1, 0]], [[0.1, 0.2]], 0),
    (MeanAbsoluteError(), [1, 2, 4], [1.0, 4, 3], 1),
    (MeanAbsoluteError(), [1, 2, 4], [[1.0], [4], [3]], 1),
    (MeanSquaredError(), [1, 2, 4], [1.0, 4, 3], 5 / 3),
    (RootMeanSquaredError(), [[0, 0]], [[3.0, 4]], math.sqrt(12.5)),
    (R2Score(), [1, 2, 3], [1.0, 2, 3], 1),
    (R2Score(), [1, 2, 3], [2.0, 2, 2], 0),
    (R2Score(), [1, 2, 3], [1.0, 2, 4], 1 - 1 / 2),
    (R2Score(), [[1, 0], [2, 0], [3, 4]], [[1.0, 0], [2, 0], [4, 4]], 3 / 4),
    (R2Score(), [0.1, 0.1, 0.1], [0.1, 0.1, 0.2], 0),
    (R2Score(), [0.1, 0.1, 0.1], [0.1, 0.1, 0.1], 1),
    (R2Score(), [5], [5.0], 1),
    (Precision(), [1, 1, 0, 0, 1], [0.9, 0.6, 0.7, 0.5, 0.5], 2 / 3),
    (Precision(0.4), [1, 1, 0, 0, 1], [0.9, 0.6, 0.7, 0.5, 0.5], 3 / 5),
    (Precision(), [1, 0], [0.1, 0.2], 0),
    (Recall(), [1, 1, 0, 0, 1], [0.9, 0.6, 0.7, 0.5, 0.5], 2 / 3),
    (Recall(), [1, 1, 0, 1, 1], [0.9, 0.6, 0.7, 0.5, 0.5], 2 / 4),
    (Recall(), [0, 0], [0.9, 0.6], 0),
    (AUC(), [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 3 / 4),
    (AUC(), [0, 1, 1], [0.5, 0.5, 0.7], 3 / 4),
    (AUC(), [[True], [False]], [[-3.0], [5.0]], 0),
]


@pytest.mark.parametrize(("metric", "y_true", "y_pred", "expected"), BY_HAND)
def test_by_hand(metric, y_true, y_pred, expected):
    for _ in range(2):  # the second time after a reset
        assert metric(y_true, y_pred) == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert metric(y_true, y_pred) == pytest.approx(expected, rel=1e-12, abs=1e-15)
        metric.reset_state()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_auc_counts_pairs(data):
    n = data.draw(st.integers(2, 12))
    y_true = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    scores = data.draw(
        st.lists(st.sampled_from([-1e4, -0.5, 0.0, 0.25, 3.0]), min_size=n, max_size=n)
    )
    weight = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=n, max_size=n))
    right = pairs = 0.0
    for i in range(n):
        for j in range(n):
            if y_true[i] == 1 and y_true[j] == 0:
                pairs += weight[i] * weight[j]
                better = 1 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0
                right += weight[i] * weight[j] * better
    found = AUC()(y_true, scores, weight)
    assert math.isnan(found) if pairs == 0 else found == pytest.approx(right / pairs, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.sampled_from([0, 1e6]), batch=st.integers(1, 9))
def test_r2_of_batches_is_that_of_all_rows(seed, shift, batch):
    rng = np.random.default_rng(seed)
    y = rng.normal(shift, 1, (9, 2))
    guess, weight = y + rng.normal(size=(9, 2)), rng.integers(1, 4, 9)
    rows = np.repeat(np.arange(9), weight)  # a weight counts a row so often
    ratio = ((y - guess)[rows] ** 2).sum(0) / ((y - y[rows].mean(0))[rows] ** 2).sum(0)
    # y itself is rounded to 1e-16 of the shift, so its spread of 1 is known to 1e-10.
    assert value(R2Score(), y, guess, weight, batch) == pytest.approx(
        (1 - ratio).mean(), rel=1e-8, abs=1e-8
    )


# ---- weights, batches, resets ----


def test_a_weighted_mean_is_divided_by_the_weights():
    metric = MeanAbsoluteError()
    metric.update_state([0, 0], [1.0, 2], [1, 3])
    metric.update_state([0], [4.0], [4])
    assert metric.result() == (1 + 6 + 16) / 8
    assert BinaryAccuracy()([1, 1], [[0.9], [0.1]], [[3], [1]]) == 3 / 4
    steps, guesses = np.zeros((2, 2)), np.array([[1.0, 2], [3, 4]])
    assert MeanAbsoluteError()(steps, guesses, [1, 3]) == (1 * 3 + 3 * 7) / 8
    assert MeanAbsoluteError()(steps, guesses, [[1, 0], [0, 1]]) == (1 + 4) / 2
    assert SparseCategoricalAccuracy()([0, 0], PROBS, [3, 1]) == 3 / 4


def test_a_short_batch_counts_less():
    metric = MeanSquaredError()
    metric.update_state([0, 0, 0], [1.0, 1, 1])
    metric.update_state([0], [3.0])
    assert metric.result() == 12 / 4
    root = RootMeanSquaredError()
    root.update_state([0, 0, 0], [1.0, 1, 1])
    root.update_state([0], [3.0])
    assert root.result() == math.sqrt(3)


def test_before_the_first_batch():
    found = {name: metrics.get(name).result() for name in metrics.NAMES}
    assert math.isnan(found.pop("auc"))
    assert set(found.values()) == {0.0}


@pytest.mark.parametrize("name", list(metrics.NAMES))
def test_an_empty_batch_changes_nothing(name):
    metric = metrics.get(name)
    wide = name in ("categorical_accuracy", "sparse_categorical_accuracy")
    y_true = np.zeros(0 if name == "sparse_categorical_accuracy" else (0, 2 if wide else 1))
    empty = y_true, np.zeros((0, 2 if wide else 1))
    metric.update_state(*empty)
    before = metric.result()
    assert before == 0 or (name == "auc" and math.isnan(before))
    if not wide:
        metric.update_state([[1], [0]], [[0.75], [0.25]], [2, 1])
        before = metric.result()
        metric.update_state(*empty)
        assert metric.result() == before


def test_auc_keeps_its_own_scores():
    metric, scores = AUC(), np.array([0.1, 0.9])
    metric.update_state([0, 1], scores)
    scores[:] = 0
    assert metric.result() == 1


def test_auc_of_nan_is_nan():
    assert math.isnan(AUC()([0, 1], [0.5, np.nan]))


# ---- names and functions ----


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("accuracy", AccuracyByShape),
        ("acc", AccuracyByShape),
        ("binary_accuracy", BinaryAccuracy),
        ("mae", MeanAbsoluteError),
        ("MSE", MeanSquaredError),
        ("rmse", RootMeanSquaredError),
        ("r2", R2Score),
        ("precision", Precision),
        ("recall", Recall),
        ("AUC", AUC),
    ],
)
def test_a_string_is_the_name(name, kind):
    metric = metrics.get(name)
    assert (type(metric), metric.name) == (kind, name)


def test_names_of_objects_and_classes():
    own = Precision(name="mine")
    assert metrics.get(own) is own
    assert own.name == "mine"
    found = [metrics.get(kind).name for kind in (AUC, R2Score, BinaryAccuracy)]
    assert found == ["auc", "r2_score", "binary_accuracy"]


def largest_error(y_true, y_pred):
    return np.abs(y_true - y_pred).max()


def errors(y_true, y_pred):
    return np.abs(y_true - y_pred)[:, 0]


def test_functions():
    metric = metrics.get(largest_error)
    assert metric.name == "largest_error"
    metric.update_state([0, 0, 0], [[1.0], [2], [3]])  # (3,) against (3, 1), not 3 × 3
    metric.update_state([0], [[7.0]])
    assert metric.result() == (3 * 3 + 7) / 4
    assert metrics.get(errors)([0, 0], [[1.0], [5]], [3, 1]) == 2
    assert metrics.get(largest_error)([0, 0], [[1.0], [5]], [3, 1]) == 5
    with pytest.raises(
        ValueError, match=r"wrong: a metric must return .* \(2, …\), got \(3,\)"
    ):
        metrics.get(wrong)([0, 0], [1.0, 5])


def wrong(y_true, y_pred):
    return np.zeros(3)


def test_a_loss_is_a_function_too():
    metric = metrics.get(losses.BinaryCrossentropy())
    assert metric.name == "binary_crossentropy"
    assert metric([1], [0.5]) == pytest.approx(math.log(2))


class Largest(Metric):
    """A metric of one's own."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.seen = max(self.seen, float(np.max(y_pred)))

    def result(self):
        return self.seen

    def reset_state(self):
        self.seen = -math.inf


class Bias(Mean):
    def values(self, y_true, y_pred):
        return np.asarray(y_pred) - y_true


def test_metrics_of_one_s_own():
    metric = metrics.get(Largest)
    assert (metric([0], [3]), metric([0], [2]), metric.name) == (3, 3, "largest")
    assert Bias()([1, 1], [2, 3], [1, 3]) == 7 / 4
    with pytest.raises(NotImplementedError, match=r"Metric: update_state is not written"):
        Metric()([1], [1])


# ---- what is refused ----

REFUSED = [
    (BinaryAccuracy(), [0, 1], PROBS, r"shape \(2, 3\), got \(2,\)"),
    (CategoricalAccuracy(), [0, 1], PROBS, r"'sparse_categorical_accuracy'"),
    (SparseCategoricalAccuracy(), ONE_HOT, PROBS, r"'categorical_accuracy'"),
    (AccuracyByShape(), [0, 1, 2], PROBS, r"must have shape \(2,\), got \(3,\)"),
    (AccuracyByShape(), ["a", "b"], PROBS, r"y_true must be numbers"),
    (MeanSquaredError(), [1, 2], [1.0, 2, 3], r"shape \(3,\), got \(2,\)"),
    (R2Score(), [[1, 2]], [[1.0, 2, 3]], r"shape \(1, 3\), got \(1, 2\)"),
    (Precision(), [0, 2], [0.1, 0.2], r"y_true must be 0 or 1, got 2"),
    (AUC(), [0, np.nan], [0.1, 0.2], r"y_true must be 0 or 1, got nan"),
    (Recall(), [0, 1], PROBS, r"shape \(2, 3\), got \(2,\)"),
]


@pytest.mark.parametrize(("metric", "y_true", "y_pred", "sentence"), REFUSED)
def test_refused_with_a_sentence(metric, y_true, y_pred, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        metric.update_state(y_true, y_pred)
    assert str(caught.value).startswith(metric.where)


@pytest.mark.parametrize("name", ["mse", "r2", "auc", "precision", "accuracy"])
def test_weights_that_do_not_fit(name):
    with pytest.raises(ValueError, match=r": sample_weight must have shape \(2,"):
        metrics.get(name).update_state([[0], [1]], [[0.2], [0.7]], [1, 1, 1])


def test_get_says_what_it_knows():
    with pytest.raises(ValueError, match=r"metric identifier 'f1': use one of accuracy, acc"):
        metrics.get("f1")
    with pytest.raises(ValueError, match=r"Could not interpret metric identifier None"):
        metrics.get(None)
    with pytest.raises(ValueError, match=r"Precision: thresholds must be one number"):
        Precision(thresholds=[0.3, 0.5])


def test_nan_predictions_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(MeanSquaredError()([1.0], [np.nan]))
        assert math.isnan(R2Score()([1.0, 2], [np.nan, 1]))
        assert BinaryAccuracy()([1], [np.nan]) == 0


def test_metrics_of_one_name_are_all_kept():
    """Keras's names: a number, or for a weighted metric another word."""
    model = Sequential([Dense(1)], seed=0)
    model.compile(
        "sgd", "mse", ["mae", "mse", "mae", "mae"], weighted_metrics=["mse", "rmse", "mse"]
    )
    found = model.evaluate(np.ones((4, 2)), np.ones(4), verbose=0, return_dict=True)
    assert list(found) == [
        "loss", "mae", "mse", "mae_1", "mae_2", "weighted_mse", "rmse", "weighted_mse_1",
    ]  # fmt: skip
    assert found["mae"] == found["mae_2"]
    assert found["weighted_mse"] == found["weighted_mse_1"] == found["mse"]
