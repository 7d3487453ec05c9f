# ruff: noqa: RUF059
"""Wrong backwards of Conv1D and of pooling over time."""

import numpy as np

from minidl.layers import Conv1D
from tests.testing.mutants.bank import Layers, Pairs


def forward(x, W, b):
    """y[n, t] = Σ_k x[n, t + k] W[k] + b           x: (N, T, C)   W: (K, C, M)"""
    K, steps = len(W), x.shape[1] - len(W) + 1
    y = sum(x[:, k : k + steps] @ W[k] for k in range(K)) + b
    return y, (x, W)


def backward(dy, cache):
    x, W = cache
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for k in range(len(W)):
        window = slice(k, k + dy.shape[1])
        dx[:, window] += dy @ W[k].T
        dW[k] = np.einsum("ntc,ntm->cm", x[:, window], dy)
    return dx, dW, dy.sum((0, 1))


def sizes(N, T, C, M, K=3):
    normal = lambda rng, *s: rng.standard_normal(s)  # noqa: E731
    return lambda rng: (normal(rng, N, T, C), normal(rng, K, C, M), normal(rng, M))


pairs = Pairs("conv1d", forward, sizes(2, 6, 3, 4))
square = sizes(2, 6, 3, 3)


@pairs.mutant("kernel flipped")
def dx_kernel_flipped(dy, cache):
    x, W = cache
    return backward(dy, (x, W[::-1]))[0], *backward(dy, cache)[1:]


@pairs.mutant("kernel flipped")
def dW_flipped(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW[::-1], db


@pairs.mutant("weight not transposed", x=square)
def dx_weight_untransposed(dy, cache):
    x, W = cache
    return backward(dy, (x, W.swapaxes(1, 2)))[0], *backward(dy, cache)[1:]


@pairs.mutant("transposed", x=square)
def dW_transposed(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW.swapaxes(1, 2), db


@pairs.mutant("kernel tap missing")
def last_tap_missing(dy, cache):
    x, W = cache
    W = np.concatenate([W[:-1], 0 * W[-1:]])
    return backward(dy, (x, W))[0], *backward(dy, cache)[1:]


@pairs.mutant("last entry dropped")
def dW_last_tap_missing(dy, cache):
    dx, dW, db = backward(dy, cache)
    dW[-1] = 0
    return dx, dW, db


@pairs.mutant("overwritten instead of added")
def overlaps_overwritten(dy, cache):
    x, W = cache
    dx = np.zeros_like(x)
    for t in range(dy.shape[1]):
        dx[:, t : t + len(W)] = np.einsum("nm,kcm->nkc", dy[:, t], W)
    return dx, *backward(dy, cache)[1:]


@pairs.mutant("shifted by one")
def dx_one_late(dy, cache):
    dx, dW, db = backward(dy, cache)
    return np.roll(dx, 1, axis=1), dW, db


@pairs.mutant("shifted by one")
def dW_x_one_late(dy, cache):
    x, W = cache
    late = np.zeros_like(x)
    late[:, 1:] = x[:, :-1]
    return backward(dy, cache)[0], *backward(dy, (late, W))[1:]


@pairs.mutant("last time step dropped")
def last_window_missing(dy, cache):
    dy = dy.copy()
    dy[:, -1] = 0
    return backward(dy, cache)


@pairs.mutant("time average")
def b_averaged_over_time(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW, dy.sum(0).sum(0) / cache[0].shape[1]


@pairs.mutant("batch average")
def dW_averaged(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW / len(dy), db


@pairs.mutant("wrong shape")
def b_over_batch_only(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW, dy.sum(0)


@pairs.mutant("last time step only", "overwritten instead of added")
def b_of_last_step(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW, dy[:, -1].sum(0)


@pairs.mutant("first row only")
def dW_first_sample(dy, cache):
    x, W = cache
    dx, _, db = backward(dy, cache)
    return dx, backward(dy[:1], (x[:1], W))[1], db


@pairs.mutant("last time step only", "overwritten instead of added")
def dW_last_window(dy, cache):
    dx, _, db = backward(dy, cache)
    x, W = cache
    last = np.zeros_like(dy)
    last[:, -1] = dy[:, -1]
    return dx, backward(last, cache)[1], db


@pairs.mutant("time reversed")
def dy_time_reversed(dy, cache):
    return backward(dy[:, ::-1], cache)


@pairs.mutant("weight penalty included")
def dW_with_decay(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW + 1e-4 * 2 * cache[1], db


@pairs.mutant("axis reversed")
def dx_channels_reversed(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx[..., ::-1], dW, db


@pairs.mutant("constant factor")
def dW_over_K(dy, cache):
    dx, dW, db = backward(dy, cache)
    return dx, dW * 0.7, db


layers = Layers(
    "Conv1D", lambda: Conv1D(4, 3, activation="relu"), lambda r: r.standard_normal((2, 6, 3))
)


@layers.mutant("derivative missing")
def relu_forgotten(layer, dy, cache):
    x, mask = cache
    return layer.right(dy, (x, np.ones_like(mask)))


@layers.mutant("sign")
def conv_negative(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return -dx, grads


@layers.mutant("missing gradient")
def conv_bias_missing(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {"W": grads["W"]}


@layers.mutant("wrong shape")
def conv_as_torch(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "W": grads["W"].transpose(2, 1, 0)}


@layers.mutant("factor 2")
def conv_bias_twice(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "b": 2 * grads["b"]}


CASES = [*pairs.cases, *layers.cases]
