"""Compiled: what `compile` settles, and the running means of loss and metrics."""

import warnings
from collections import Counter

from minidl import losses, metrics, optimizers
from minidl.layer import takes


class Compiled:
    """What `compile` settles: optimizer, loss, metrics, and the fused form of model and loss.

    A model that ends in softmax (or sigmoid) under its cross-entropy is trained on its logits:
    L(softmax(z)) has the gradient softmax(z) − y, which never divides by a tiny probability.
    """

    def __init__(self, model, optimizer, loss, names, weighted_names):
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)
        self.metrics = _by_name(names)
        self.weighted = _by_name(weighted_names, self.metrics)
        self.net, self.head, self.train_loss = model, None, self.loss
        self._trained = None
        net, head = model.split_head()
        if head is None or self.loss is None:
            return
        kind = type(head).__name__.lower()
        if getattr(self.loss, "from_logits", False) and kind in ("softmax", "sigmoid"):
            warnings.warn(
                f"the model ends in {kind} and the loss has from_logits=True, so {kind} is "
                "applied twice: remove one of the two",
                stacklevel=4,
            )
        elif getattr(self.loss, "fuses_with", None) == kind and _same_axis(self.loss, head):
            self.net, self.head, self.train_loss = net, head, self.loss.on_logits()

    def trained(self):
        """({name: array} that training changes, {name: regularizer}), gathered once.

        As in Keras, freezing or thawing a layer counts from the next compile."""
        if self._trained is None:
            self._trained = self.net.trainable_params, self.net.regularizers
        return self._trained

    def backward(self, dz, cache):
        """{name: gradient}. Nobody asks for the slope of the data, which may be left out."""
        backward = self.net.backward
        if takes(backward, "needs_dx"):
            return backward(dz, cache, needs_dx=False)[1]
        return backward(dz, cache)[1]

    def outputs(self, z):
        """What the user's model gives for the trained net's output z."""
        return z if self.head is None else self.head.forward(z)[0]


class RunningMeans:
    """Loss and metrics over the batches so far, the loss weighted by the batch's size."""

    def __init__(self, compiled):
        self.compiled, self.total, self.rows = compiled, 0.0, 0
        self.metrics = {**compiled.metrics, **compiled.weighted}
        for metric in self.metrics.values():
            metric.reset_state()

    def add(self, loss, y, z, weights, mask=None):
        """mask (N, T): the steps of sequences that are no padding; metrics count no others."""
        self.total += loss * len(y)
        self.rows += len(y)
        if self.metrics:
            y_pred = self.compiled.outputs(z)
            for metric in self.compiled.metrics.values():
                _update(metric, y, y_pred, None, mask)
            for metric in self.compiled.weighted.values():
                _update(metric, y, y_pred, weights, mask)

    def logs(self):
        """{"loss": …, metric: …}, the loss first."""
        found = {name: float(metric.result()) for name, metric in self.metrics.items()}
        return {"loss": self.total / max(self.rows, 1), **found}


def _update(metric, y, y_pred, weights, mask):
    masked = {"mask": mask} if mask is not None and metric.takes_mask else {}
    if weights is None:
        metric.update_state(y, y_pred, **masked)
    else:
        metric.update_state(y, y_pred, weights, **masked)


def _same_axis(loss, head):
    return getattr(loss, "axis", -1) == getattr(head, "axis", -1)


def _by_name(identifiers, taken=()):
    """{name: metric}. A name that is taken gets "weighted_" or a number, as in Keras."""
    found, uses = {}, Counter()
    for each in identifiers:
        name = str(_name(each))
        name = f"weighted_{name}" if name in taken else name
        found[f"{name}_{uses[name]}" if uses[name] else name] = metrics.get(each)
        uses[name] += 1
    return found


def _name(metric):
    """The key of a metric in History: the string given, or the object's own name."""
    return metric if isinstance(metric, str) else metrics.get(metric).name
