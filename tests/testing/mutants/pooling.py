# ruff: noqa: RUF059
"""Wrong backwards of pooling, Flatten and residual branches."""

import numpy as np

from tests.testing.mutants.bank import Pairs


def sequences(rng):
    return rng.standard_normal((2, 6, 3))


def max_over_time(x):
    return x.max(axis=1), (x, x.argmax(axis=1))


def max_right(dy, cache):
    x, where = cache
    dx = np.zeros_like(x)
    np.put_along_axis(dx, where[:, None], dy[:, None], axis=1)
    return dx


top = Pairs("global max", max_over_time, sequences)


@top.mutant("nonzero where it must be zero")
def to_all_steps(dy, cache):
    return np.repeat(dy[:, None], cache[0].shape[1], axis=1)


@top.mutant("across time")
def as_average(dy, cache):
    T = cache[0].shape[1]
    return np.repeat(dy[:, None], T, axis=1) / T


@top.mutant("shifted by one")
def one_step_off(dy, cache):
    return np.roll(max_right(dy, cache), 1, axis=1)


@top.mutant("time reversed")
def from_the_end(dy, cache):
    return max_right(dy, cache)[:, ::-1].copy()


@top.mutant("across time")
def to_the_minimum(dy, cache):
    x, _ = cache
    return max_right(dy, (x, x.argmin(axis=1)))


@top.mutant("first row only", "first rows only", "zero where it must not be")
def first_sample_only(dy, cache):
    dx = max_right(dy, cache)
    dx[1:] = 0
    return dx


@top.mutant("factor 2")
def top_twice(dy, cache):
    return 2 * max_right(dy, cache)


@top.mutant("factor too many")
def times_x(dy, cache):
    return max_right(dy, cache) * cache[0]


def mean_over_time(x):
    return x.mean(axis=1), x.shape


mean = Pairs("global average", mean_over_time, sequences)


@mean.mutant("times T")
def not_divided(dy, shape):
    return np.broadcast_to(dy[:, None], shape).copy()


@mean.mutant("time average")
def divided_twice(dy, shape):
    return np.broadcast_to(dy[:, None], shape) / shape[1] ** 2


@mean.mutant("first time step only", "zero where it must not be")
def to_first_step(dy, shape):
    dx = np.zeros(shape)
    dx[:, 0] = dy / shape[1]
    return dx


@mean.mutant("wrong shape")
def not_repeated(dy, shape):
    return dy / shape[1]


@mean.mutant("last time step dropped")
def last_step_left_out(dy, shape):
    dx = np.broadcast_to(dy[:, None], shape) / shape[1]
    dx[:, -1] = 0
    return dx


@mean.mutant("batch average")
def mean_over_batch_too(dy, shape):
    return np.broadcast_to(dy[:, None], shape) / shape[1] / shape[0]


def windows(x):
    """Max over windows of 2 steps."""
    N, T, C = x.shape
    w = x.reshape(N, T // 2, 2, C)
    return w.max(axis=2), (x, w == w.max(axis=2, keepdims=True))


window = Pairs("max windows", windows, sequences)


@window.mutant("nonzero where it must be zero")
def to_both(dy, cache):
    x, mask = cache
    return np.repeat(dy, 2, axis=1)


@window.mutant()
def tiled_for_repeated(dy, cache):
    x, mask = cache
    return np.tile(dy, (1, 2, 1)) * mask.reshape(x.shape)


@window.mutant("sign")
def window_negative(dy, cache):
    x, mask = cache
    return -(dy[:, :, None] * mask).reshape(x.shape)


def flat(x):
    return x.reshape(len(x), -1), x.shape


flatten = Pairs("flatten", flat, lambda r: r.standard_normal((2, 3, 3)))


@flatten.mutant("transposed")
def other_order(dy, shape):
    return dy.reshape(shape).swapaxes(1, 2)


@flatten.mutant("wrong shape")
def stays_flat(dy, shape):
    return dy


@flatten.mutant("transposed")
def column_major(dy, shape):
    return dy.reshape(shape, order="F")


def residual(x, W):
    return x + np.tanh(x @ W), (x, W)


skip = Pairs(
    "residual", residual, lambda r: (r.standard_normal((4, 3)), r.standard_normal((3, 3)))
)


@skip.mutant("skip branch missing")
def no_skip(dy, cache):
    x, W = cache
    dz = dy * (1 - np.tanh(x @ W) ** 2)
    return dz @ W.T, x.T @ dz


@skip.mutant("main branch missing")
def skip_alone(dy, cache):
    x, W = cache
    dz = dy * (1 - np.tanh(x @ W) ** 2)
    return dy.copy(), x.T @ dz


@skip.mutant("skip branch twice")
def skip_twice(dy, cache):
    x, W = cache
    dz = dy * (1 - np.tanh(x @ W) ** 2)
    return 2 * dy + dz @ W.T, x.T @ dz


@skip.mutant("derivative missing")
def inner_derivative_missing(dy, cache):
    x, W = cache
    return dy + dy @ W.T, x.T @ dy


CASES = [
    case
    for family in (top, mean, window, flatten, skip)
    for case in family.cases
]  # fmt: skip
