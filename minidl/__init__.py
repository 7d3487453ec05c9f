"""minidl: neural networks in NumPy, every gradient derived by hand and checked by number.

Read in this order: layer, layers.dense, layers.activations, loss, losses, composite, models,
training, optimizer, optimizers; then testing.gradcheck, which says whether all that is true.
"""

import sys

from minidl import (
    applications,
    callbacks,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    preprocessing,
    random,
    regularizers,
    schedules,
    testing,
)
from minidl.gradients import RowGradient
from minidl.layer import Layer
from minidl.layers.input import Input
from minidl.losses import Loss
from minidl.models import Model, Sequential
from minidl.random import set_seed
from minidl.testing import assert_gradients, gradcheck

__version__ = "0.1.0"

# `import minidl as tf` then runs the documents' `tf.keras.layers.Dense(…)` as printed.
keras = sys.modules[__name__]

__all__ = [
    "Input",
    "Layer",
    "Loss",
    "Model",
    "RowGradient",
    "Sequential",
    "applications",
    "assert_gradients",
    "callbacks",
    "datasets",
    "gradcheck",
    "initializers",
    "keras",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "schedules",
    "set_seed",
    "testing",
]
