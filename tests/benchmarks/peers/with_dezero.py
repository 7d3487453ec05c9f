"""DeZero: its layers, functions and optimizers, on the CPU."""

from itertools import cycle

import numpy as np

from tests.benchmarks.workloads import EPSILON, RATE

np.int = int  # noqa: NPY001 - NumPy's old name, which it uses
import dezero  # noqa: E402
import dezero.functions as F  # noqa: E402
import dezero.layers as L  # noqa: E402
from dezero import optimizers  # noqa: E402


class Dense(dezero.Model):
    def __init__(self, w):
        super().__init__()
        arrays = list(w.values())
        self.count = len(arrays) // 2
        for i, (W, b) in enumerate(zip(arrays[::2], arrays[1::2])):
            setattr(self, f"l{i}", linear(W, b))

    def forward(self, x):
        for i in range(self.count - 1):
            x = F.relu(getattr(self, f"l{i}")(x))
        return getattr(self, f"l{self.count - 1}")(x)


class TextCNN(dezero.Model):
    """A one-dimensional convolution is a two-dimensional one of width 1."""

    def __init__(self, w):
        super().__init__()
        self.table, (K, C, M) = table(w["0.W"]), w["1.W"].shape
        self.conv = L.Conv2d(M, (K, 1), in_channels=C)
        self.conv.W.data = np.ascontiguousarray(w["1.W"].transpose(2, 1, 0)[..., None])
        self.conv.b.data = w["1.b"].copy()
        self.head = linear(w["3.W"], w["3.b"])

    def forward(self, x):
        h = self.table(x).transpose(0, 2, 1)  # (N, C, T)
        h = F.relu(self.conv(F.reshape(h, (*h.shape, 1))))
        return self.head(F.max(F.reshape(h, h.shape[:3]), axis=2))


class LSTM(dezero.Model):
    def __init__(self, w):
        super().__init__()
        self.table, U = table(w["0.W"]), w["1.U"].shape[0]
        self.lstm = L.LSTM(U, w["1.W"].shape[0])
        for k, gate in enumerate("ifuo"):
            at = slice(k * U, (k + 1) * U)
            x2, h2 = getattr(self.lstm, f"x2{gate}"), getattr(self.lstm, f"h2{gate}")
            x2.W.data, x2.b.data = w["1.W"][:, at].copy(), w["1.b"][at].copy()
            h2.W.data = w["1.U"][:, at].copy()
        self.head = linear(w["2.W"], w["2.b"])

    def forward(self, x):
        self.lstm.reset_state()
        h = self.table(x)
        for t in range(x.shape[1]):
            last = self.lstm(h[:, t])
        return self.head(last)


class Recommender(dezero.Model):
    def __init__(self, w):
        super().__init__()
        self.user, self.item = table(w["user.W"]), table(w["item.W"])

    def forward(self, x):
        return F.sum(self.user(x[:, 0]) * self.item(x[:, 1]), axis=1, keepdims=True)


MODELS = {"W1": Dense, "W2": Dense, "W2L": Dense, "W3": TextCNN, "W4": LSTM, "W4L": LSTM,
          "W5": Recommender}  # fmt: skip
LOSSES = {
    "mse": F.mean_squared_error,
    "binary_crossentropy": lambda z, y: F.binary_cross_entropy(F.sigmoid(z), y),
    "sparse_categorical_crossentropy": F.softmax_cross_entropy,
}
HEADS = {"mse": lambda z: z, "binary_crossentropy": F.sigmoid,
         "sparse_categorical_crossentropy": F.softmax}  # fmt: skip


def make(workload, weights, batches, variant=None):
    turns = cycle(batches)
    model, loss = MODELS[workload.name](weights), LOSSES[workload.loss]
    if workload.optimizer == "sgd":
        optimizer = optimizers.SGD(1e-2)
    else:
        optimizer = optimizers.Adam(RATE, eps=EPSILON)
    optimizer.setup(model)

    def train():
        x, y = next(turns)
        value = loss(model(x), y)
        model.cleargrads()
        value.backward()
        optimizer.update()
        return float(value.data)

    def predict():
        with dezero.no_grad():
            return HEADS[workload.loss](model(batches[0][0])).data

    return {"train": train, "predict": predict}


def linear(W, b):
    made = L.Linear(W.shape[1], in_size=W.shape[0])
    made.W.data, made.b.data = W.copy(), b.copy()
    return made


def table(W):
    made = L.EmbedID(*W.shape)
    made.W.data = W.copy()
    return made
