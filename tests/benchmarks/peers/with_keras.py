"""Keras 3: train_on_batch, predict_on_batch and fit, on the torch or the jax backend.

The backend is the variant; the worker sets KERAS_BACKEND before this is imported.
"""

from itertools import cycle

import keras
import numpy as np
from keras import layers as nn

from tests.benchmarks.workloads import EPSILON, RATE


def text_cnn(x, w):
    h = nn.Conv1D(w["1.W"].shape[2], 5, activation="relu")(nn.Embedding(*w["0.W"].shape)(x))
    return nn.Dense(w["3.W"].shape[1], "softmax")(nn.GlobalMaxPooling1D()(h))


def lstm(x, w):
    h = nn.LSTM(w["1.U"].shape[0])(nn.Embedding(*w["0.W"].shape)(x))
    M = w["2.W"].shape[1]
    return nn.Dense(M, "sigmoid" if M == 1 else "softmax")(h)


def recommender(x, w):
    p, q = nn.Embedding(*w["user.W"].shape)(x[:, 0]), nn.Embedding(*w["item.W"].shape)(x[:, 1])
    return nn.Activation("sigmoid")(keras.ops.sum(p * q, axis=1, keepdims=True))


class Position(nn.Layer):
    def build(self, shape):
        self.W = self.add_weight(shape=shape[1:], name="W")

    def call(self, x):
        return x + self.W


def bert(x, w):
    D = w["0.W"].shape[1]
    h = Position()(nn.Embedding(*w["0.W"].shape)(x))
    h = nn.LayerNormalization(epsilon=1e-12)(h)
    for _ in {name.split(".")[0] for name in w if "attention" in name}:
        h = nn.LayerNormalization(epsilon=1e-12)(h + nn.MultiHeadAttention(2, D // 2)(h, h))
        f = nn.Dense(D)(nn.Dense(4 * D, "gelu")(h))
        h = nn.LayerNormalization(epsilon=1e-12)(h + f)
    return nn.Dense(1, "sigmoid")(nn.GlobalAveragePooling1D()(h))


def dense(x, w):
    kernels = [a for name, a in w.items() if name.endswith("W")]
    for W in kernels[:-1]:
        x = nn.Dense(W.shape[1], "relu")(x)
    return nn.Dense(kernels[-1].shape[1], "softmax" if len(kernels[0]) == 784 else None)(x)


MODELS = {"W3": text_cnn, "W4": lstm, "W4L": lstm, "W5": recommender, "W6": bert}


def in_their_order(name, weights):
    """Keras keeps a block's norm before its feed-forward, minidl's in another order."""
    if name != "W6":
        return list(weights.values())
    parts = ["attention", "norm1", "ffn1", "ffn2", "norm2"]

    def place(name):
        number, part, *_ = name.split(".")
        return int(number), parts.index(part) if part in parts else 0

    return [weights[name] for name in sorted(weights, key=place)]


def make(workload, weights, batches, variant=None):
    turns, x = cycle(batches), batches[0][0]
    inputs = keras.Input(x.shape[1:], dtype="float32" if x.dtype.kind == "f" else "int32")
    model = keras.Model(inputs, MODELS.get(workload.name, dense)(inputs, weights))
    model.set_weights(in_their_order(workload.name, weights))
    rate = keras.optimizers.SGD(1e-2)
    if workload.optimizer == "adam":
        rate = keras.optimizers.Adam(RATE, epsilon=EPSILON)
    model.compile(rate, workload.loss)
    many = workload.arrays(whole_epoch=True)
    return {
        "train": lambda: float(model.train_on_batch(*next(turns))),
        "predict": lambda: np.asarray(model.predict_on_batch(x)),
        "fit": lambda: model.fit(*many, batch_size=workload.batch, verbose=0),
    }
