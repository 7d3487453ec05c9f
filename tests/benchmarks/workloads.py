"""The eight workloads: a model, its batch, its loss and its optimizer, as minidl says them.

A peer builds the same model from the same weights, {name: array} under minidl's names.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import minidl as ml
from minidl import layers as nn
from minidl.applications.recommender import DotRecommender

RATE = 1e-3  # of Adam; SGD has 1e-2
EPSILON = 1e-7  # added to √v, as in Keras


@dataclass(frozen=True)
class Workload:
    """`model()` is built and not compiled; `data(rng, n)` gives n rows of x and y."""

    name: str
    text: str
    model: Callable
    data: Callable
    loss: str
    batch: int
    optimizer: str = "adam"
    epoch: int = 8  # batches in the epoch that `fit` is timed on

    def compiled(self):
        rates = {"sgd": ml.optimizers.SGD(1e-2), "adam": ml.optimizers.Adam(RATE)}
        model = self.model()
        model.compile(rates[self.optimizer], self.loss)
        return model

    def arrays(self, whole_epoch=False):
        """(x, y) of a batch, or of all batches of an epoch."""
        n = self.batch * (self.epoch if whole_epoch else 1)
        return self.data(np.random.default_rng(1), n)

    def batches(self):
        """[(x, y)]: steps take them in turn. With one alone, most rows of a table would never
        have a gradient, and an optimizer that knows this would have little to do."""
        x, y = self.arrays(whole_epoch=True)
        return list(zip(np.split(x, self.epoch), np.split(y, self.epoch)))


def hatted(t):
    """ε of an Adam that adds it to √(v / (1 − β₂ᵗ)): with this one, step t is the same."""
    return EPSILON / (1 - 0.999**t) ** 0.5


def dense(inputs, *units):
    """Dense layers with relu between them."""
    last = len(units) - 1
    layers = [nn.Dense(m, "relu" if i < last else None) for i, m in enumerate(units)]
    return lambda: ml.Sequential([ml.Input((inputs,)), *layers], seed=0)


def classifier(units):
    layers = dense(784, *units)().layers
    return ml.Sequential([ml.Input((784,)), *layers, nn.Softmax()], seed=0)


def text_cnn(vocabulary=20_000, width=128, length=128, classes=5):
    return ml.Sequential(
        [ml.Input((length,)), nn.Embedding(vocabulary, width),
         nn.Conv1D(width, 5, activation="relu"), nn.GlobalMaxPooling1D(),
         nn.Dense(classes, "softmax")], seed=0)  # fmt: skip


def lstm(vocabulary=10_000, width=32, length=100, units=32, head=(1, "sigmoid")):
    return ml.Sequential(
        [ml.Input((length,)), nn.Embedding(vocabulary, width), nn.LSTM(units),
         nn.Dense(*head)], seed=0)  # fmt: skip


def recommender(users=6_040, items=3_706, width=32):
    """Two tables a side, θ_u · Emb(i) + Emb(u) · θ_i, are one of twice the width."""
    model = DotRecommender(users, items, 2 * width, limits=(0, 1), seed=0)
    model.build((2,))
    return model


def bert(vocabulary=8_000, width=128, length=128, blocks=2):
    block = [nn.TransformerEncoderBlock(2, 4 * width) for _ in range(blocks)]
    return ml.Sequential(
        [ml.Input((length,)), nn.Embedding(vocabulary, width), nn.PositionEmbedding(length),
         nn.LayerNormalization(epsilon=1e-12), *block, nn.GlobalAveragePooling1D(),
         nn.Dense(1, "sigmoid")], seed=0)  # fmt: skip


def numbers(D, classes=None):
    """x (n, D) of normal numbers; y is a noisy sum of them, or a class."""

    def data(rng, n):
        x = rng.normal(size=(n, D)).astype("float32")
        if classes:
            return x, rng.integers(0, classes, n)
        return x, (x.sum(1, keepdims=True) + rng.normal(size=(n, 1))).astype("float32")

    return data


def tokens(vocabulary, length, classes):
    """Ids as often as words are, 1 / (rank + 10); y is a class, or 0 and 1 of two."""

    def data(rng, n):
        share = 1 / (np.arange(vocabulary) + 10)
        x = rng.choice(vocabulary, (n, length), p=share / share.sum())
        y = rng.integers(0, classes, n)
        return x, y if classes > 2 else y[:, None].astype("float32")

    return data


def pairs(rng, n):
    x = np.stack([rng.integers(0, 6_040, n), rng.integers(0, 3_706, n)], axis=1)
    return x, rng.integers(0, 2, (n, 1)).astype("float32")


MSE, BCE, SPARSE = "mse", "binary_crossentropy", "sparse_categorical_crossentropy"
ALL = [
    Workload("W1", "Dense(1), SGD", dense(1, 1), numbers(1), MSE, 100, "sgd", 64),
    Workload("W2", "10-64-64-1", dense(10, 64, 64, 1), numbers(10), MSE, 32, epoch=64),
    Workload("W2L", "784-512-512-10", lambda: classifier((512, 512, 10)), numbers(784, 10),
             SPARSE, 256),
    Workload("W3", "text CNN, 20,000 x 128", text_cnn, tokens(20_000, 128, 5), SPARSE, 32,
             epoch=16),
    Workload("W4", "LSTM 32, 100 steps", lstm, tokens(10_000, 100, 2), BCE, 32),
    Workload("W4L", "LSTM 128, 200 steps",
             lambda: lstm(10_000, 128, 200, 128, (5, "softmax")), tokens(10_000, 200, 5),
             SPARSE, 64),
    Workload("W5", "recommender, 6,040 x 3,706", recommender, pairs, BCE, 1024),
    Workload("W6", "BERT mini, 2 blocks", bert, tokens(8_000, 128, 2), BCE, 16, epoch=16),
]  # fmt: skip
WORKLOADS = {w.name: w for w in ALL}


def workload_of(name, epoch=None):
    """The workload of that name, with so many batches in its epoch, or as many as it has."""
    workload = WORKLOADS[name]
    return workload if epoch is None else replace(workload, epoch=epoch)
