"""Subject: a layer or a loss, an x, and how it is called; each check works on fresh copies."""

import copy
import inspect

import numpy as np

from minidl.testing.casting import own_copy
from minidl.testing.gradcheck import as_target
from minidl.testing.layer_target import built


class Violation(Exception):
    """A check's reason to fail."""


class Skip(Exception):
    """A check's reason not to apply."""


class Subject:
    """A layer, an x, and how it is called; each check works on copies."""

    def __init__(self, layer, x, training=False, seed=0, oracle=None, kwargs=None):
        self.source, self.x, self.training, self.seed = layer, x, training, seed
        self.oracle, self.kwargs = oracle, kwargs
        self.name = type(layer).__name__

    def target(self):
        return as_target(self.source, self.x, None, self.training, self.seed, (), self.kwargs)

    def layer(self):
        """A fresh built copy, in the dtype that the user gave."""
        return built(own_copy(self.source), arrays_of(self.x), self.seed)

    def forward(self, layer, x, training=None):
        takes = inspect.signature(layer.forward).parameters
        keywords = dict(self.kwargs or {})
        if "training" in takes:
            keywords["training"] = self.training if training is None else training
        return layer.forward(x, **keywords)


def arrays_of(x):
    return tuple(np.asarray(part) for part in x) if isinstance(x, tuple) else np.asarray(x)


def first_of(x):
    return x[0] if isinstance(x, tuple) else x


def each(change, x):
    return tuple(map(change, x)) if isinstance(x, tuple) else change(x)


class LossSubject(Subject):
    def __init__(self, loss, y_true, y_pred, seed, oracle, kwargs):
        super().__init__(loss, y_pred, seed=seed, oracle=oracle, kwargs=kwargs)
        self.source = own_copy(loss)
        self.y_true, self.y_pred = copy.deepcopy(y_true), copy.deepcopy(y_pred)

    def target(self):
        return as_target(self.source, self.y_pred, self.y_true, kwargs=self.kwargs)
