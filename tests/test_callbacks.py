"""Callbacks on scripted losses, so that every decision can be followed by hand."""

import csv

import numpy as np
import pytest

from minidl import Sequential
from minidl.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from minidl.layers import Dense
from minidl.optimizers import SGD


class Script(Callback):
    """Puts the next number of a list where the watched log is."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]


def run(values, *callbacks, name="val_loss"):
    model = Sequential([Dense(1, input_shape=(1,))], seed=0)
    model.compile(SGD(0.1), "mse")
    seen = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()))
    model.fit(
        np.ones((4, 1)),
        np.full((4, 1), 3.0),
        epochs=len(values),
        verbose=0,
        callbacks=[Script(name, values), keep, *callbacks],
    )
    return model, seen


def test_early_stopping_waits_patience_epochs_and_restores_the_best():
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    model, seen = run([5, 3, 4, 3.5, 1, 1], stop)
    assert model.history.epoch == [0, 1, 2, 3]  # the best is epoch 1, then two without gain
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (3, 1, 3)
    np.testing.assert_array_equal(model.get_weights()[0], seen[1][0])
    assert not np.array_equal(seen[1][0], seen[3][0])


def test_early_stopping_goes_up_for_accuracy_and_down_for_loss():
    model, _ = run([0.5, 0.6, 0.6, 0.9], EarlyStopping("val_accuracy"), name="val_accuracy")
    assert model.history.epoch == [0, 1, 2]
    model, _ = run(
        [0.9, 0.8, 0.7], EarlyStopping("val_accuracy", mode="min"), name="val_accuracy"
    )
    assert model.history.epoch == [0, 1, 2]
    model, _ = run([5, 4.95, 4.9], EarlyStopping(min_delta=0.5))
    assert model.history.epoch == [0, 1]


def test_a_missing_monitor_names_those_there_are():
    with pytest.raises(ValueError, match=r"val_auc.*val_loss"):
        run([1, 2], EarlyStopping("val_auc"))


def test_checkpoint_saves_each_or_the_best(tmp_path):
    run([3, 2, 4], ModelCheckpoint(tmp_path / "w{epoch}-{val_loss:.0f}.npz"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w1-3.npz", "w2-2.npz", "w3-4.npz"]
    path = tmp_path / "best.safetensors"
    model, seen = run([3, 2, 4], ModelCheckpoint(path, save_best_only=True))
    model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], seen[1][0])


def test_reduce_lr_on_plateau():
    model, _ = run([3, 3, 3, 3, 3], ReduceLROnPlateau(factor=0.5, patience=2, min_lr=0.03))
    # epoch 0 is the best; 1 and 2 wait: 0.05; 3 and 4 wait: 0.025, held at 0.03
    assert model.optimizer.learning_rate == pytest.approx(0.03)
    rates = model.history.history["learning_rate"]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.1, 0.05, 0.05])


def test_csv_logger(tmp_path):
    run([3, 2], CSVLogger(tmp_path / "log.csv"))
    run([1], CSVLogger(tmp_path / "log.csv", append=True))
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert [float(row["val_loss"]) for row in rows] == [3, 2, 1]


def test_hooks_come_in_order():
    seen = []
    names = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
             "on_epoch_end", "on_train_end"]  # fmt: skip
    hooks = {name: (lambda *args, name=name: seen.append(name)) for name in names}
    run([1], LambdaCallback(**hooks))
    assert seen == names
    with pytest.raises(TypeError, match="on_epoch_end"):
        LambdaCallback(on_epok_end=print)
