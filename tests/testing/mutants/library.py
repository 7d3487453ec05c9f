"""Wrong backwards of the library's larger layers."""

import numpy as np

from minidl import layers
from tests.testing.mutants.bank import Layers


def sequences(rng):
    return rng.standard_normal((2, 4, 3))


lstm = Layers("LSTM", lambda: layers.LSTM(2, return_sequences=True), sequences)
both = Layers("Bidirectional", lambda: layers.Bidirectional(layers.LSTM(2)), sequences)
batch = Layers(
    "BatchNormalization",
    layers.BatchNormalization,
    lambda rng: rng.standard_normal((6, 4)),
    {"training": True},
)
norm = Layers(
    "LayerNormalization", layers.LayerNormalization, lambda rng: rng.standard_normal((4, 5))
)
heads = Layers("MultiHeadAttention", lambda: layers.MultiHeadAttention(2, 2), sequences)


def blocks(array, order):
    parts = np.split(array, len(order), axis=-1)
    return np.concatenate([parts[k] for k in order], axis=-1)


@lstm.mutant("gates permuted")
def input_and_forget_swapped(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {name: blocks(grad, (1, 0, 2, 3)) for name, grad in grads.items()}


@lstm.mutant("last time step only")
def dx_of_last_step(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    dx[:, :-1] = 0
    return dx, grads


@lstm.mutant("last time step only", "truncated in time")
def only_last_dy(layer, dy, cache):
    last = np.zeros_like(dy)
    last[:, -1] = dy[:, -1]
    return layer.right(last, cache)


@lstm.mutant("time reversed")
def dy_from_the_end(layer, dy, cache):
    return layer.right(dy[:, ::-1], cache)


@lstm.mutant("batch average")
def bias_averaged(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "b": grads["b"] / len(dy)}


@lstm.mutant("missing gradient")
def recurrent_weights_forgotten(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {"W": grads["W"], "b": grads["b"]}


@lstm.mutant("one gate wrong")
def output_gate_doubled(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    grads["b"][6:] *= 2
    return dx, grads


@both.mutant("two gradients swapped")
def directions_swapped(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    other = {"forward_layer": "backward_layer", "backward_layer": "forward_layer"}
    return dx, {name: grads[swap(name, other)] for name in grads}


def swap(name, other):
    first, last = name.split(".")
    return f"{other[first]}.{last}"


@both.mutant("one branch only")
def forward_direction_only(layer, dy, cache):
    dx = layer.right(np.concatenate([dy[:, :2], 0 * dy[:, 2:]], axis=1), cache)[0]
    return dx, layer.right(dy, cache)[1]


@both.mutant("zero gradient", "one branch only")
def backward_weights_zero(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {n: 0 * g if n.startswith("backward") else g for n, g in grads.items()}


@batch.mutant("running statistics used in training", "stale cache")
def running_statistics(layer, dy, cache):
    spread = np.sqrt(layer.state["moving_variance"] + layer.epsilon)
    return dy * layer.params["gamma"] / spread, layer.right(dy, cache)[1]


@batch.mutant("two gradients swapped")
def gamma_and_beta_swapped(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {"gamma": grads["beta"], "beta": grads["gamma"]}


@batch.mutant("batch average")
def gamma_averaged(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "gamma": grads["gamma"] / len(dy)}


@norm.mutant("zero gradient")
def dx_zero(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return np.zeros_like(dx), grads


@norm.mutant("wrong shape")
def beta_not_summed(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "beta": dy}


@norm.mutant("sign")
def gamma_negative(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "gamma": -grads["gamma"]}


@heads.mutant("two gradients swapped")
def query_and_key_swapped(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "Wq": grads["Wk"], "Wk": grads["Wq"]}


@heads.mutant("batch average")
def output_bias_averaged(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "bo": grads["bo"] / len(dy)}


@heads.mutant("factor ½")
def values_halved(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "Wv": grads["Wv"] / 2}


@heads.mutant("dy squared")
def squares_dy(layer, dy, cache):
    return layer.right(dy * dy, cache)


CASES = [case for family in (lstm, both, batch, norm, heads) for case in family.cases]
