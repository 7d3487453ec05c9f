# ruff: noqa: RUF059
"""Wrong backwards of Dense, as a pair of functions and as the library's layer."""

import numpy as np

from minidl.layers import Dense
from tests.testing.mutants.bank import Layers, Pairs


def forward(x, W, b):
    return x @ W + b, (x, W)


def tanh_forward(x, W, b):
    y = np.tanh(x @ W + b)
    return y, (x, W, y)


def sizes(N, D, M):
    normal = lambda rng, *s: rng.standard_normal(s)  # noqa: E731
    return lambda rng: (normal(rng, N, D), normal(rng, D, M), normal(rng, M))


usual, square, cube = sizes(4, 5, 3), sizes(5, 3, 3), sizes(3, 3, 3)
pairs = Pairs("dense", forward, usual)
tanh = Pairs("dense tanh", tanh_forward, usual)


@pairs.mutant("sign")
def dx_negative(dy, cache):
    x, W = cache
    return -dy @ W.T, x.T @ dy, dy.sum(0)


@pairs.mutant("sign")
def all_negative(dy, cache):
    x, W = cache
    return -dy @ W.T, -x.T @ dy, -dy.sum(0)


@pairs.mutant("batch average")
def b_averaged(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.mean(0)


@pairs.mutant("batch average")
def W_averaged(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy / len(x), dy.sum(0)


@pairs.mutant("batch average")
def all_averaged(dy, cache):
    x, W = cache
    return dy @ W.T / len(x), x.T @ dy / len(x), dy.mean(0)


@pairs.mutant("batch average", x=sizes(2, 5, 3))
def averaged_over_two(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy / 2 * (2 / len(x)), dy.sum(0)


@pairs.mutant("times N")
def b_times_N(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(0) * len(x)


@pairs.mutant("transposed", x=cube)
def W_transposed(dy, cache):
    x, W = cache
    return dy @ W.T, dy.T @ x, dy.sum(0)


@pairs.mutant("weight not transposed", x=square)
def dx_without_transpose(dy, cache):
    x, W = cache
    return dy @ W, x.T @ dy, dy.sum(0)


@pairs.mutant("x not transposed", x=cube)
def x_without_transpose(dy, cache):
    x, W = cache
    return dy @ W.T, x @ dy, dy.sum(0)


@pairs.mutant("summed over the wrong axis", x=cube)
def b_over_features(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(1)


@pairs.mutant("wrong shape")
def b_keepdims(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(0, keepdims=True)


@pairs.mutant("wrong shape")
def b_not_summed(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy


@pairs.mutant("wrong shape")
def b_summed_to_a_number(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum()


@pairs.mutant("wrong shape")
def W_as_out_in(dy, cache):
    x, W = cache
    return dy @ W.T, dy.T @ x, dy.sum(0)


@pairs.mutant("wrong shape", x=sizes(3, 4, 1))
def b_as_column(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(0).reshape(1, 1)


@pairs.mutant("first row only")
def b_of_first_row(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy[0]


@pairs.mutant("last row only", "overwritten instead of added")
def W_overwritten(dy, cache):
    x, W = cache
    for x_n, dy_n in zip(x, dy):
        dW = np.outer(x_n, dy_n)
    return dy @ W.T, dW, dy.sum(0)


@pairs.mutant("last row dropped")
def loop_stops_early(dy, cache):
    x, W = cache
    dW = sum(np.outer(x[n], dy[n]) for n in range(len(x) - 1))
    return dy @ W.T, dW, dy.sum(0)


@pairs.mutant("factor 2")
def b_twice(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(0) + dy.sum(0)


@pairs.mutant("factor ½")
def W_half(dy, cache):
    x, W = cache
    return dy @ W.T, 0.5 * x.T @ dy, dy.sum(0)


@pairs.mutant("constant factor")
def dx_damped(dy, cache):
    x, W = cache
    return 0.99 * dy @ W.T, x.T @ dy, dy.sum(0)


@pairs.mutant("zero gradient")
def b_zero(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, np.zeros(W.shape[1])


@pairs.mutant("dy ignored")
def b_ignores_dy(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, np.ones_like(dy).sum(0)


@pairs.mutant("dy ignored")
def all_ignore_dy(dy, cache):
    x, W = cache
    dy = np.ones_like(dy)
    return dy @ W.T, x.T @ dy, dy.sum(0)


@pairs.mutant("weight penalty included")
def W_with_penalty(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy + 0.01 * W, dy.sum(0)


@pairs.mutant("constant offset")
def b_with_offset(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(0) + 0.1


@pairs.mutant("clipped")
def dy_clipped(dy, cache):
    x, W = cache
    dy = np.clip(dy, -0.5, 0.5)
    return dy @ W.T, x.T @ dy, dy.sum(0)


@pairs.mutant("clipped")
def W_clipped(dy, cache):
    x, W = cache
    return dy @ W.T, np.clip(x.T @ dy, -1, 1), dy.sum(0)


@pairs.mutant("not linear in dy", "clipped")
def W_clipped_by_norm(dy, cache):
    x, W = cache
    dW = x.T @ dy
    return dy @ W.T, dW / max(1, np.linalg.norm(dW)), dy.sum(0)


@pairs.mutant("absolute value of dy")
def b_of_absolute(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, np.abs(dy).sum(0)


@pairs.mutant("dy squared")
def b_of_squares(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, (dy * dy).sum(0)


@pairs.mutant("missing gradient")
def b_forgotten(dy, cache):
    x, W = cache
    return {"dx": dy @ W.T, "dW": x.T @ dy}


@pairs.mutant("wrong return value")
def too_few(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy


@pairs.mutant("extra key")
def an_unknown_key(dy, cache):
    x, W = cache
    return {"dx": dy @ W.T, "dW": x.T @ dy, "db": dy.sum(0), "dV": dy}


@pairs.mutant("wrong dtype")
def W_float32(dy, cache):
    x, W = cache
    return dy @ W.T, (x.T @ dy).astype(np.float32), dy.sum(0)


@pairs.mutant("float32 inside")
def W_through_float32(dy, cache):
    x, W = cache
    return dy @ W.T, (x.T @ dy).astype(np.float32).astype(float), dy.sum(0)


@pairs.mutant("wrong type")
def b_is_a_list(dy, cache):
    x, W = cache
    return dy @ W.T, x.T @ dy, list(dy.sum(0))


@pairs.mutant("NaN")
def W_divided_by_zero(dy, cache):
    x, W = cache
    with np.errstate(all="ignore"):
        return dy @ W.T, x.T @ dy / np.zeros(W.shape), dy.sum(0)


@pairs.mutant("backward raises")
def raises(dy, cache):
    x, W = cache
    return dy @ W, x.T @ dy, dy.sum(0)


@pairs.mutant("two gradients swapped", x=sizes(3, 3, 3))
def x_and_W_swapped(dy, cache):
    x, W = cache
    return x.T @ dy, dy @ W.T, dy.sum(0)


@pairs.mutant("dy averaged over the batch")
def dx_of_mean(dy, cache):
    x, W = cache
    return np.tile(dy.mean(0) @ W.T, (len(x), 1)), x.T @ dy, dy.sum(0)


@pairs.mutant()
def noise(dy, cache):
    x, W = cache
    return dy @ W.T + 1e-3 * np.cos(np.arange(5)) * dy[:, :1], x.T @ dy, dy.sum(0)


@tanh.mutant("derivative missing")
def no_derivative(dy, cache):
    x, W, y = cache
    return dy @ W.T, x.T @ dy, dy.sum(0)


@tanh.mutant("derivative missing")
def b_without_derivative(dy, cache):
    x, W, y = cache
    dz = dy * (1 - y * y)
    return dz @ W.T, x.T @ dz, dy.sum(0)


@tanh.mutant("derivative missing")
def dx_without_derivative(dy, cache):
    x, W, y = cache
    dz = dy * (1 - y * y)
    return dy @ W.T, x.T @ dz, dz.sum(0)


@tanh.mutant("weight not transposed", x=square)
def dx_untransposed(dy, cache):
    x, W, y = cache
    dz = dy * (1 - y * y)
    return dz @ W, x.T @ dz, dz.sum(0)


@tanh.mutant("transposed", x=cube)
def W_turned(dy, cache):
    x, W, y = cache
    dz = dy * (1 - y * y)
    return dz @ W.T, dz.T @ x, dz.sum(0)


@tanh.mutant("wrong derivative")
def of_sigmoid(dy, cache):
    x, W, y = cache
    dz = dy * y * (1 - y)
    return dz @ W.T, x.T @ dz, dz.sum(0)


layers = Layers(
    "Dense", lambda: Dense(3, activation="sigmoid"), lambda r: r.standard_normal((4, 5))
)
relu = Layers(
    "Dense relu", lambda: Dense(3, activation="relu"), lambda r: r.standard_normal((4, 5))
)


@layers.mutant("sign")
def negative_bias(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "b": -grads["b"]}


@layers.mutant("derivative missing")
def without_activation(layer, dy, cache):
    x, _ = cache
    return dy @ layer.params["W"].T, {"W": x.T @ dy, "b": dy.sum(0)}


@layers.mutant("wrong derivative")
def of_tanh(layer, dy, cache):
    x, y = cache
    dz = dy * (1 - y * y)
    return dz @ layer.params["W"].T, {"W": x.T @ dz, "b": dz.sum(0)}


@layers.mutant("missing gradient")
def key_missing(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {"W": grads["W"]}


@layers.mutant("missing gradient")
def no_dx(layer, dy, cache):
    return None, layer.right(dy, cache)[1]


@layers.mutant("extra key")
def key_misspelt(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "bias": grads["b"]}


@layers.mutant("wrong return value")
def grads_forgotten(layer, dy, cache):
    return layer.right(dy, cache)[0]


@layers.mutant("accumulates over calls")
def accumulates(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    for name, grad in grads.items():
        layer.state[name] = layer.state.get(name, 0) + grad
    return dx, dict(layer.state)


@relu.mutant("derivative missing")
def without_relu(layer, dy, cache):
    x, _ = cache
    return dy @ layer.params["W"].T, {"W": x.T @ dy, "b": dy.sum(0)}


@relu.mutant("dy cut at 0")
def cut_by_dy(layer, dy, cache):
    return layer.right(np.maximum(dy, 0), cache)


CASES = [*pairs.cases, *tanh.cases, *layers.cases, *relu.cases]
