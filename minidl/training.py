"""The loop behind fit, evaluate, predict and train_on_batch.

It knows a model only by forward, backward and params, a loss by forward and backward, and an
optimizer by step.
"""

import warnings

import numpy as np

from minidl import inference
from minidl.batches import batches, count_rows, split_off_validation, take, weights_for
from minidl.callbacks import Callback, CallbackList
from minidl.checks import (
    as_data,
    check_data,
    checked_batch_size,
    checked_validation,
    compiled_with_loss,
    first_batch,
    prepare,
)
from minidl.compiled import Compiled, RunningMeans
from minidl.gradients import GradientName, LossValue
from minidl.loss import evaluated
from minidl.progress import Progress
from minidl.threads import checked_count, in_threads, stacked


class History(Callback):
    """What fit returns: `history` {name: [a value an epoch]}, `epoch`, `params`."""

    def __init__(self):
        self.history, self.epoch = {}, []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


def compile(model, optimizer="rmsprop", loss=None, metrics=None, weighted_metrics=None):
    """Settle optimizer, loss and metrics; unknown names are errors here, not in fit."""
    return Compiled(model, optimizer, loss, metrics or [], weighted_metrics or [])


def loss_and_grads(model, x, y, loss=None):
    """(loss, {name: gradient}) of one batch in training mode; regularisers count.

    Stands in place of a gradient tape: nothing is updated."""
    x, y = first_batch(model, x, y)
    if loss is None:
        compiled = compiled_with_loss(model, "loss_and_grads")
    else:
        compiled = Compiled(model, "sgd", loss, [], [])
        compiled.net, compiled.train_loss = model, compiled.loss
    value, grads, *_ = _forward_backward(compiled, x, y, None)
    return LossValue(value), {GradientName(n, g): g for n, g in grads.items()}


def train_on_batch(
    model, x, y, sample_weight=None, class_weight=None, return_dict=False, threads=1
):
    """One update; this batch's loss, or [loss, metrics…]. threads: see fit."""
    compiled = compiled_with_loss(model, "train_on_batch")
    x, y = first_batch(model, x, y)
    weights = weights_for(y, class_weight, sample_weight)
    if threads != 1:
        compiled = in_threads(compiled, checked_count("train_on_batch", threads))
    loss, z, mask = _train_step(compiled, x, y, weights)
    if not (compiled.metrics or compiled.weighted or return_dict):
        return loss
    means = RunningMeans(compiled)
    means.add(loss, y, z, weights, mask)
    return _results(means.logs(), return_dict)


def fit(
    model,
    x,
    y,
    batch_size=None,
    epochs=1,
    verbose="auto",
    callbacks=None,
    validation_split=0.0,
    validation_data=None,
    shuffle=True,
    class_weight=None,
    sample_weight=None,
    initial_epoch=0,
    threads=1,
):
    """Train for `epochs` passes over the rows of x; returns a History.

    Outputs (N, T, D) of a model with a mask: padded steps count in no loss and no metric.
    threads: each batch in so many parts, one a thread; worth it for steps above 20 ms."""
    compiled = compiled_with_loss(model, "fit")
    batch_size, threads = checked_batch_size(batch_size), checked_count("fit", threads)
    x, y = as_data(model, x, y)
    weights = weights_for(y, class_weight, sample_weight)
    validation = checked_validation(model, validation_data)
    if validation is None and validation_split:
        (x, y, weights), validation = split_off_validation(x, y, weights, validation_split)
    prepare(model, compiled, x, y)
    if validation is not None:
        check_data(model, compiled, *validation[:2])
    n = len(y)
    steps = -(-n // batch_size)
    history = model.history = History()
    run = CallbackList(
        [*(callbacks or []), history],
        model,
        {"verbose": verbose, "epochs": epochs, "steps": steps},
    )
    model.stop_training = diverged = False
    run.call("on_train_begin", {})
    try:
        training = in_threads(compiled, threads)
        for epoch in range(initial_epoch, epochs):
            run.call("on_epoch_begin", epoch, {})
            header = f"Epoch {epoch + 1}/{epochs}" if epochs > 1 else ""
            progress = Progress(steps, verbose, header)
            order = batches(n, batch_size, model.rng if shuffle else None)
            logs = _train_epoch(model, training, (x, y, weights), order, run, progress)
            if np.isnan(logs["loss"]) and not diverged:
                diverged = True
                _warn_of_nan(epoch)
            if validation is not None:
                held = _evaluate(compiled, *validation, batch_size, threads)
                logs |= {f"val_{name}": value for name, value in held.items()}
            logs = dict(sorted(logs.items()))
            progress.close(logs)
            run.call("on_epoch_end", epoch, logs)
            if model.stop_training:
                break
    finally:  # also after Ctrl-C: the model keeps what it has learned, files are closed
        run.call("on_train_end", {})
    return history


def _warn_of_nan(epoch):
    warnings.warn(
        f"the loss is nan in epoch {epoch + 1}: lower the learning rate, clip the gradients, "
        "or scale the inputs",
        stacklevel=4,
    )


@np.errstate(over="ignore", invalid="ignore")  # a diverging run says so itself
def _train_epoch(model, compiled, data, order, run, progress):
    """One pass over the batches; returns the logs."""
    x, y, weights = data
    means = RunningMeans(compiled)
    begin, end = run.hook("on_train_batch_begin"), run.hook("on_train_batch_end")
    for step, rows in enumerate(order):
        for hook in begin:
            hook(step, {})
        y_batch, w_batch = take(y, rows), None if weights is None else weights[rows]
        loss, z, mask = _train_step(compiled, take(x, rows), y_batch, w_batch)
        means.add(loss, y_batch, z, w_batch, mask)
        progress.update(step + 1, means.logs)
        for hook in end:
            hook(step, means.logs())
        if model.stop_training:
            break
    return means.logs()


def evaluate(
    model,
    x,
    y,
    batch_size=None,
    verbose="auto",
    sample_weight=None,
    return_dict=False,
    threads=1,
):
    """Loss and metrics in inference mode: a float without metrics, else [loss, metrics…].

    threads: each batch in so many parts, one a thread."""
    compiled = compiled_with_loss(model, "evaluate")
    batch_size, threads = checked_batch_size(batch_size), checked_count("evaluate", threads)
    x, y = as_data(model, x, y)
    prepare(model, compiled, x, y)
    progress = Progress(-(-len(y) // batch_size), verbose)
    weights = weights_for(y, None, sample_weight)
    logs = _evaluate(compiled, x, y, weights, batch_size, threads, progress)
    progress.close(dict(sorted(logs.items())))
    return _results(logs, return_dict)


def _evaluate(compiled, x, y, weights, batch_size, threads, progress=None):
    means = RunningMeans(compiled)
    regularizers = compiled.net.regularizers
    penalty = penalties(regularizers, compiled.net.params) if regularizers else 0.0
    for step, rows in enumerate(batches(len(y), batch_size)):
        x_batch = take(x, rows)
        z = inference.outputs(compiled.net, x_batch, threads)
        y_batch, w_batch = y[rows], None if weights is None else weights[rows]
        mask = _mask_of(compiled.net, x_batch, z)
        value, _ = evaluated(compiled.train_loss, y_batch, z, w_batch, mask)
        means.add(float(value) + penalty, y_batch, z, w_batch, mask)
        if progress is not None:
            progress.update(step + 1, means.logs)
    return means.logs()


def predict(model, x, batch_size=None, verbose="auto", threads=1):
    """The outputs for all rows, in inference mode, batch by batch.

    threads: each batch in so many parts, one a thread."""
    batch_size, threads = checked_batch_size(batch_size), checked_count("predict", threads)
    x = model.inputs(x)
    n = count_rows(x)
    model.ensure_built(x)
    progress = Progress(-(-n // batch_size), verbose)
    if n <= batch_size and not progress.redraws:
        y = inference.outputs(model, x, threads)
        return y.copy() if isinstance(y, np.ndarray) else stacked([y])
    outputs = []
    for step, rows in enumerate(batches(n, batch_size)):
        outputs.append(inference.outputs(model, take(x, rows), threads))
        progress.update(step + 1, dict)
    if progress.redraws:
        progress.close({})
    return stacked(outputs)


# ---- one step ----


def _train_step(compiled, x, y, weights):
    """Forward, loss, backward, update; returns (loss, the net's output, its mask)."""
    loss, grads, *outputs = _forward_backward(compiled, x, y, weights)
    compiled.optimizer.step(compiled.trained()[0], grads)
    return loss, *outputs


def _forward_backward(compiled, x, y, weights):
    """(loss, {name: gradient} of what is trained, the net's output, its mask)."""
    z, cache = compiled.net.forward(x, training=True)
    mask = _mask_of(compiled.net, x, z)
    value, loss_cache = evaluated(compiled.train_loss, y, z, weights, mask)
    grads = compiled.backward(compiled.train_loss.backward(loss_cache), cache)
    trained, regularizers = compiled.trained()
    value = float(value)
    if regularizers:
        value += penalties(regularizers, compiled.net.params, grads)
    if len(grads) > len(trained):
        grads = {name: grads[name] for name in trained}
    return value, grads, z, mask


def _mask_of(net, x, z):
    """(N, T): which steps of the outputs z (N, T, D) count; None: all do.

    As in Keras, loss and metrics of a sequence are means over the steps that are not padding.
    (Keras leaves padding out of means alone; here precision, recall and AUC have none either.)
    """
    if getattr(z, "ndim", 0) < 3:
        return None
    mask = net.compute_mask(x)
    return mask if np.shape(mask) == z.shape[:-1] else None


def penalties(regularizers, params, grads=None):
    """The regularisers' sum; their gradients are added to `grads`."""
    for name, regularizer in regularizers.items() if grads is not None else ():
        grads[name] = grads[name] + regularizer.gradient(params[name])
    return sum(regularizer(params[name]) for name, regularizer in regularizers.items())


def _results(logs, return_dict):
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
