"""numpy-ml: its layers' forward, backward and update. Its Adam keeps a state a layer.

Left out: W4, as the second backward of its LSTM fails (flush_gradients turns an accumulator
into a list), and W5, W6, of which it has no layers.
"""

import collections
import collections.abc
import warnings
from itertools import cycle

import numpy as np

from tests.benchmarks.peers import functional
from tests.benchmarks.workloads import RATE, hatted

collections.Hashable = collections.abc.Hashable  # which it imports from where it was long ago
warnings.simplefilter("ignore")
from numpy_ml.neural_nets import layers as L  # noqa: E402
from numpy_ml.neural_nets.optimizers import SGD, Adam  # noqa: E402


class MaxOverTime:
    """The one layer that it does not have."""

    def forward(self, x):
        self.first, self.shape = x.argmax(axis=1)[:, None], x.shape
        return np.take_along_axis(x, self.first, axis=1)[:, 0]

    def backward(self, dy):
        dx = np.zeros(self.shape, dy.dtype)
        np.put_along_axis(dx, self.first, dy[:, None], axis=1)
        return dx


def layer(kind, arrays, *sizes, **options):
    made = kind(*sizes, **options)
    made.forward(np.zeros((1, 9, arrays["W"].shape[1])) if kind is L.Conv1D
                 else np.zeros((1, len(arrays["W"])), int))  # fmt: skip
    for name, a in arrays.items():
        made.parameters[name] = a.reshape(made.parameters[name].shape).copy()
    made.flush_gradients()
    made.gradients = {n: np.zeros_like(a) for n, a in made.parameters.items()}
    return made


def build(workload, w, optimizer):
    def dense(at, act):
        arrays = {"W": w[f"{at}.W"], "b": w[f"{at}.b"]}
        M = len(arrays["b"])
        return layer(L.FullyConnected, arrays, M, act_fn=act, optimizer=optimizer())

    if workload.name == "W3":
        K, _, M = w["1.W"].shape
        conv = {"W": w["1.W"], "b": w["1.b"]}
        V, D = w["0.W"].shape
        table = layer(L.Embedding, {"W": w["0.W"]}, D, V, optimizer=optimizer())
        conv = layer(L.Conv1D, conv, M, K, act_fn="ReLU", optimizer=optimizer())
        return [table, conv, MaxOverTime(), dense(3, None)]
    places = list(dict.fromkeys(name.split(".")[0] for name in w))
    return [dense(at, None if at == places[-1] else "ReLU") for at in places]


def make(workload, weights, batches, variant=None):
    if workload.name not in ("W1", "W2", "W2L", "W3"):
        raise KeyError(workload.name)
    sgd = workload.optimizer == "sgd"
    layers = build(workload, weights, lambda: SGD(lr=1e-2) if sgd else Adam(lr=RATE))
    trained, t = [each for each in layers if not isinstance(each, MaxOverTime)], 0
    turns = cycle(batches)

    def outputs(h):
        for each in layers:
            h = each.forward(h)
        return h

    def train():
        nonlocal t
        x, y = next(turns)
        z = outputs(x)
        dy = functional.head(np, workload.loss, z)  # σ(z), softmax(z) or z: minus y, over n
        if workload.loss == "mse":
            dy = 2 * (dy - y) / y.size
        else:
            dy[np.arange(len(y)), y] -= 1
            dy /= len(y)
        for each in reversed(layers):
            dy = each.backward(dy)
        t += 1
        for each in trained:
            each.optimizer.hyperparameters["eps"] = hatted(t)
            each.update()
        return float(functional.loss(np, workload.loss, z, y))

    def predict():
        out = functional.head(np, workload.loss, outputs(batches[0][0]))
        for each in trained:
            each.flush_gradients()
        return out

    return {"train": train, "predict": predict}
