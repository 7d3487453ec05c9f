"""What may be done between the epochs and batches of a training run."""

import csv

import numpy as np


class Callback:
    """Override what you need; `self.model` is the model in training."""

    model = None
    params: dict = {}

    def set_model(self, model):
        self.model = model

    def set_params(self, params):
        self.params = params

    def on_train_begin(self, logs=None): ...

    def on_train_end(self, logs=None): ...

    def on_epoch_begin(self, epoch, logs=None): ...

    def on_epoch_end(self, epoch, logs=None): ...

    def on_train_batch_begin(self, batch, logs=None): ...

    def on_train_batch_end(self, batch, logs=None): ...


class CallbackList:
    """Calls each callback's hook in order; a hook that nobody overrides costs nothing."""

    def __init__(self, callbacks, model, params):
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def hook(self, name):
        """The functions to call for one hook; empty where nobody overrides it."""
        return [
            getattr(callback, name)
            for callback in self.callbacks
            if getattr(type(callback), name, None) is not getattr(Callback, name)
            or name in vars(callback)
        ]

    def call(self, name, *args):
        for function in self.hook(name):
            function(*args)


class Monitor(Callback):
    """A callback that watches one number of the logs; lower or higher is better."""

    def __init__(self, monitor="val_loss", mode="auto", min_delta=0.0):
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"{type(self).__name__}: mode must be auto, min or max, got {mode!r}"
            )
        self.monitor, self.min_delta = monitor, abs(min_delta)
        higher = ("acc", "auc", "precision", "recall", "r2")
        self.higher = mode == "max" or (mode == "auto" and any(w in monitor for w in higher))
        self.forget()

    def forget(self):
        self.best = -np.inf if self.higher else np.inf

    def value(self, logs):
        """The watched number, or a sentence naming those there are."""
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"{type(self).__name__}: no {self.monitor!r} among {', '.join(logs or {})}: "
                "pass validation data, or monitor one of these"
            )
        return logs[self.monitor]

    def improves(self, value):
        gain = value - self.best if self.higher else self.best - value
        return gain > self.min_delta


class EarlyStopping(Monitor):
    """Stops when a number has not improved for `patience` epochs.

    Source: D0 §3.2.4 (validation set); Prechelt 1998
    """

    def __init__(
        self,
        monitor="val_loss",
        min_delta=0,
        patience=0,
        verbose=0,
        mode="auto",
        baseline=None,
        restore_best_weights=False,
        start_from_epoch=0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = (
            restore_best_weights,
            start_from_epoch,
        )

    def on_train_begin(self, logs=None):
        self.forget()
        self.wait, self.stopped_epoch, self.best_epoch, self.best_weights = 0, 0, 0, None
        if self.baseline is not None:
            self.best = self.baseline

    def on_epoch_end(self, epoch, logs=None):
        value = self.value(logs)
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.improves(value):
            self.best, self.best_epoch, self.wait = value, epoch, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True
            if self.verbose:
                print(f"Epoch {epoch + 1}: early stopping")

    def on_train_end(self, logs=None):
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            if self.verbose:
                print(f"Restoring model weights from the end of epoch {self.best_epoch + 1}")


class ModelCheckpoint(Monitor):
    """Saves the weights after each epoch, or after each that is the best so far.

    filepath  ends in .npz or .safetensors; may hold {epoch} and logs: "w-{epoch:02d}.npz"
    """

    def __init__(
        self,
        filepath,
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=True,
        mode="auto",
    ):
        super().__init__(monitor, mode)
        self.filepath, self.verbose, self.save_best_only = (
            str(filepath),
            verbose,
            save_best_only,
        )
        if not save_weights_only:
            raise ValueError(
                "ModelCheckpoint: only weights are saved: use save_weights_only=True"
            )

    def on_epoch_end(self, epoch, logs=None):
        if self.save_best_only:
            value = self.value(logs)
            if not self.improves(value):
                return
            self.best = value
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        self.model.save_weights(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saving weights to {path}")


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement."""

    def __init__(
        self,
        monitor="val_loss",
        factor=0.1,
        patience=10,
        verbose=0,
        mode="auto",
        min_delta=1e-4,
        cooldown=0,
        min_lr=0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be between 0 and 1, got {factor}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr

    def on_train_begin(self, logs=None):
        self.forget()
        self.wait, self.rest = 0, 0

    def on_epoch_end(self, epoch, logs=None):
        value = self.value(logs)
        logs["learning_rate"] = self.model.optimizer.learning_rate
        if self.rest > 0:
            self.rest, self.wait = self.rest - 1, 0
        if self.improves(value):
            self.best, self.wait = value, 0
        elif self.rest == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self.reduce(epoch)

    def reduce(self, epoch):
        optimizer = self.model.optimizer
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            self.rest, self.wait = self.cooldown, 0
            if self.verbose:
                print(f"Epoch {epoch + 1}: learning rate is now {optimizer.learning_rate:.3g}")


class CSVLogger(Callback):
    """Writes the logs of each epoch as a line of a CSV file."""

    def __init__(self, filename, separator=",", append=False):
        self.filename, self.separator, self.append = filename, separator, append
        self.file = None

    def on_train_begin(self, logs=None):
        self.file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115
        self.header_due = self.file.tell() == 0

    def on_epoch_end(self, epoch, logs=None):
        writer = csv.writer(self.file, delimiter=self.separator)
        if self.header_due:
            writer.writerow(["epoch", *logs])
            self.header_due = False
        writer.writerow([epoch, *logs.values()])
        self.file.flush()

    def on_train_end(self, logs=None):
        self.file.close()


class LambdaCallback(Callback):
    """Hooks as functions: LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))."""

    def __init__(self, **hooks):
        for name, function in hooks.items():
            if not hasattr(Callback, name) or not name.startswith("on_"):
                known = ", ".join(n for n in dir(Callback) if n.startswith("on_"))
                raise TypeError(f"LambdaCallback: no hook {name!r}: use one of {known}")
            setattr(self, name, function)
