"""Padding in a sequence model's outputs: the loss is a mean over the steps that count."""

import numpy as np
import pytest

from minidl import Sequential
from minidl.layers import LSTM, Dense, Embedding, GlobalAveragePooling1D
from minidl.losses import Loss, SparseCategoricalCrossentropy
from minidl.metrics import Metric
from minidl.optimizers import SGD

X = np.array([[3, 1, 4, 0, 0], [5, 2, 0, 0, 0], [1, 1, 2, 6, 3]])  # 0 is padding
Y = np.random.default_rng(0).integers(0, 3, X.shape)
MASK = X != 0
WEIGHTS = np.array([0.5, 2.0, 1.5])


def tagger(last=None, loss="sparse_categorical_crossentropy", mask_zero=True):
    model = Sequential(
        [Embedding(7, 4, mask_zero=mask_zero), LSTM(5, return_sequences=True),
         last or Dense(3, "softmax")], seed=1, dtype="float64")  # fmt: skip
    model.compile(SGD(0.5), loss, weighted_metrics=["accuracy"])
    model(X)
    return model


def surprises(model):
    """−log of the probability of each step's class, one by one."""
    p = model.predict(X)
    return np.array([[-np.log(p[n, t, Y[n, t]]) for t in range(5)] for n in range(3)])


@pytest.mark.parametrize("batch_size", [3, 1])
def test_evaluate_is_the_mean_over_the_steps_that_count(batch_size):
    model = tagger()
    found = model.evaluate(X, Y, batch_size=batch_size, verbose=0)[0]
    each = surprises(model)
    rows = [slice(0, 3)] if batch_size == 3 else [slice(n, n + 1) for n in range(3)]
    expected = np.mean([each[r][MASK[r]].mean() for r in rows])  # batches of equal size
    assert found == pytest.approx(expected, rel=1e-12)


def test_sample_weights_multiply():
    model = tagger()
    each = surprises(model) * WEIGHTS[:, None]
    expected = pytest.approx(each[MASK].sum() / MASK.sum(), rel=1e-12)
    assert model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0)[0] == expected
    steps = np.repeat(WEIGHTS[:, None], 5, axis=1)
    assert model.evaluate(X, Y, sample_weight=steps, verbose=0)[0] == expected


def test_what_stands_at_padding_changes_nothing():
    """Neither the loss nor the update; in one call and in two threads."""
    other = np.where(MASK, Y, (Y + 1) % 3)
    for threads in (1, 2):
        models = [tagger(), tagger()]
        for model, y in zip(models, (Y, other)):
            model.train_on_batch(X, y, threads=threads)
            model.fit(X, y, epochs=2, batch_size=2, verbose=0, shuffle=False)
        for name, w in models[0].params.items():
            np.testing.assert_array_equal(models[1].params[name], w)


def test_a_padded_sequence_trains_like_one_that_is_not():
    padded, short = tagger(), tagger()
    losses = padded.train_on_batch(X[:1], Y[:1]), short.train_on_batch(X[:1, :3], Y[:1, :3])
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-12)
    for name, w in short.params.items():
        np.testing.assert_allclose(padded.params[name], w, rtol=0, atol=1e-14)


def test_a_class_that_is_ignored_as_well_is_left_out_once():
    y = np.where(np.arange(5) == 1, 9, Y)  # the second step of each
    model = tagger(loss=SparseCategoricalCrossentropy(ignore_class=9))
    counted = MASK & (y != 9)
    expected = surprises(model)[counted].mean()
    assert model.evaluate(X, y, verbose=0)[0] == pytest.approx(expected, rel=1e-12)
    assert model.evaluate(X, y[:, :, None], verbose=0)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size"])
def test_reductions(reduction):
    model = tagger(loss=SparseCategoricalCrossentropy(reduction=reduction))
    each = surprises(model)[MASK]
    expected = each.sum() if reduction == "sum" else each.mean()
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(expected, rel=1e-12)


def test_a_batch_of_padding_alone_has_loss_0_and_moves_nothing():
    model, x = tagger(), np.zeros((2, 5), int)
    before = {name: w.copy() for name, w in model.params.items()}
    assert model.train_on_batch(x, Y[:2])[0] == 0
    for name, w in model.params.items():
        np.testing.assert_array_equal(w, before[name])


def test_without_a_mask_every_step_counts():
    model = tagger(mask_zero=False)
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(surprises(model).mean())


def test_a_mask_that_has_been_used_up_is_no_mask_of_the_loss():
    """One output a row: its padding was left out where the steps became one."""
    model = Sequential(
        [Embedding(7, 4, mask_zero=True), GlobalAveragePooling1D(), Dense(3, "softmax")], seed=0
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    loss = model.evaluate(X, Y[:, 0], verbose=0)
    p = model.predict(X)
    assert loss == pytest.approx(-np.log(p[np.arange(3), Y[:, 0]]).mean(), rel=1e-5)


def test_metrics_count_the_steps_that_count():
    model = tagger()
    model.compile("sgd", model.loss, metrics=["accuracy"], weighted_metrics=["acc"])
    hits = model.predict(X).argmax(-1) == Y
    weights = np.arange(15).reshape(3, 5) + 1.0
    found = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(hits[MASK].mean())
    assert found["acc"] == pytest.approx((weights * hits)[MASK].sum() / weights[MASK].sum())
    assert model.train_on_batch(X, Y, weights, return_dict=True)["acc"] == found["acc"]


def test_metrics_of_yes_and_no():
    model = tagger(Dense(1, "sigmoid"), "binary_crossentropy")
    model.compile("sgd", model.loss, metrics=["accuracy", "recall", "precision", "auc"])
    y = (Y > 0)[:, :, None].astype(float)
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    right = (model.predict(X) > 0.5) == y
    assert found["accuracy"] == pytest.approx(right[MASK].mean())
    assert found["recall"] == pytest.approx(right[MASK & (Y > 0)].mean())
    padding = np.where(MASK[:, :, None], y, 1 - y)
    assert model.evaluate(X, padding, verbose=0, return_dict=True) == found


def test_a_metric_that_takes_no_mask_or_has_one_value_a_row_sees_every_step():
    class Seen(Metric):
        def update_state(self, y_true, y_pred):
            self.seen = y_true.size

        def result(self):
            return self.seen

    def rows(y_true, y_pred):
        return np.full(len(y_true), y_true.shape[1])

    def steps(y_true, y_pred):
        return np.arange(15).reshape(y_true.shape)

    model = tagger()
    model.compile("sgd", model.loss, metrics=[Seen(), rows, steps])
    seen, of_rows, of_steps = model.evaluate(X, Y, verbose=0)[1:]
    assert (seen, of_rows, of_steps) == (15, 5, np.arange(15)[MASK.ravel()].mean())


def test_r2_of_a_sequence():
    model = tagger(Dense(1), "mse")
    model.compile("sgd", "mse", metrics=["r2"])
    y = np.random.default_rng(1).normal(size=(3, 5, 1))
    kept, p = y[MASK], model.predict(X)[MASK]
    expected = 1 - ((kept - p) ** 2).sum() / ((kept - kept.mean()) ** 2).sum()
    assert model.evaluate(X, y, verbose=0)[1] == pytest.approx(expected, rel=1e-10)


class Distance(Loss):
    """A user's loss without weights."""

    def forward(self, y_true, y_pred):
        return float(((y_pred - y_true) ** 2).mean()), y_pred - y_true

    def backward(self, cache):
        return 2 * cache / cache.size


def test_a_loss_without_weights_gets_every_step():
    model = tagger(Dense(1), Distance())
    y = np.ones((3, 5, 1))
    expected = ((model.predict(X) - y) ** 2).mean()
    assert model.evaluate(X, y, verbose=0)[0] == pytest.approx(expected, rel=1e-12)


def test_targets_of_another_shape_are_named():
    model = tagger(loss=SparseCategoricalCrossentropy(ignore_class=9))
    with pytest.raises(ValueError, match=r"y_true must have shape \(3, 5\)"):
        model.train_on_batch(X, Y[:, :4])
