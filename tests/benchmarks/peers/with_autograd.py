"""autograd: NumPy functions differentiated by a tape; Adam in place."""

from itertools import cycle

import autograd.numpy as xp
import numpy as np
from autograd import value_and_grad

from tests.benchmarks.peers import functional
from tests.benchmarks.workloads import EPSILON, RATE


def over_time(cell, state, xW):
    for t in range(xW.shape[1]):
        state = cell(state, xW[:, t])
    return state[0]


def make(workload, weights, batches, variant=None):
    turns = cycle(batches)
    forward, w = functional.MODELS[workload.name], {n: a.copy() for n, a in weights.items()}
    moments, t = {n: (np.zeros_like(a), np.zeros_like(a)) for n, a in w.items()}, 0

    def loss(w, x, y):
        return functional.loss(xp, workload.loss, forward(xp, w, x, over_time), y)

    gradient = value_and_grad(loss)

    def train():
        nonlocal t
        value, grads = gradient(w, *next(turns))
        t += 1
        for name, g in grads.items():
            if workload.optimizer == "sgd":
                w[name] -= 1e-2 * g
            else:
                adam(w[name], g, *moments[name], t)
        return float(value)

    def predict():
        return functional.head(np, workload.loss, forward(np, w, batches[0][0], over_time))

    return {"train": train, "predict": predict}


def adam(w, g, m, v, t):
    m += 0.1 * (g - m)
    v += 0.001 * (g * g - v)
    w -= RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + EPSILON)
