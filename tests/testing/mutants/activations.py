"""Wrong backwards of activations and of softmax."""

import numpy as np

from minidl.layers import GELU, ReLU, Sigmoid, Softmax, Tanh
from tests.testing.mutants.bank import Layers, Pairs


def table(rng):
    return rng.standard_normal((4, 5))


sigmoid = Layers("Sigmoid", Sigmoid, table)
tanh = Layers("Tanh", Tanh, table)
relu = Layers("ReLU", ReLU, table)
gelu = Layers("GELU", lambda: GELU(approximate=True), table)
softmax = Layers("Softmax", Softmax, table)


@sigmoid.mutant("derivative missing")
def passes_dy_on(layer, dy, cache):
    return dy.copy(), {}


@sigmoid.mutant("wrong derivative")
def forgets_one_minus_y(layer, dy, cache):
    return dy * cache, {}


@sigmoid.mutant("wrong derivative")
def forgets_y(layer, dy, cache):
    return dy * (1 - cache), {}


@sigmoid.mutant("wrong derivative")
def of_tanh(layer, dy, cache):
    return dy * (1 - cache**2), {}


@sigmoid.mutant("sign")
def y_minus_one(layer, dy, cache):
    return dy * cache * (cache - 1), {}


@sigmoid.mutant("derivative at the wrong point")
def sigma_prime_of_y(layer, dy, cache):
    s = 1 / (1 + np.exp(-cache))
    return dy * s * (1 - s), {}


@sigmoid.mutant("derivative squared")
def derivative_twice(layer, dy, cache):
    d = cache * (1 - cache)
    return dy * d * d, {}


@sigmoid.mutant("divided by the derivative")
def divides(layer, dy, cache):
    return dy / (cache * (1 - cache)), {}


@sigmoid.mutant("derivative's complement")
def one_minus_derivative(layer, dy, cache):
    return dy * (1 - cache * (1 - cache)), {}


@tanh.mutant("wrong derivative")
def of_sigmoid(layer, dy, cache):
    return dy * cache * (1 - cache), {}


@tanh.mutant("wrong derivative")
def square_forgotten(layer, dy, cache):
    return dy * (1 - cache), {}


@tanh.mutant("wrong derivative")
def plus_for_minus(layer, dy, cache):
    return dy * (1 + cache * cache), {}


@tanh.mutant("derivative missing")
def tanh_passes_dy_on(layer, dy, cache):
    return dy.copy(), {}


@tanh.mutant("derivative at the wrong point")
def tanh_of_tanh(layer, dy, cache):
    return dy * (1 - np.tanh(cache) ** 2), {}


@tanh.mutant("dy squared")
def tanh_dy_squared(layer, dy, cache):
    return dy * dy * (1 - cache * cache), {}


@tanh.mutant("clipped")
def tanh_clipped(layer, dy, cache):
    return np.clip(dy, -1, 1) * (1 - cache * cache), {}


@relu.mutant("wrong derivative", "derivative of the mirror image", "derivative's complement")
def the_other_side(layer, dy, cache):
    return dy * (cache <= 0), {}


@relu.mutant("derivative missing", "mask not applied")
def relu_passes_dy_on(layer, dy, cache):
    return dy.copy(), {}


@relu.mutant("derivative at dy")
def mask_of_dy(layer, dy, cache):
    return np.maximum(dy, 0), {}


@relu.mutant("wrong derivative")
def sign_for_step(layer, dy, cache):
    return dy * np.where(cache > 0, 1.0, -1.0), {}


@relu.mutant("dy ignored")
def mask_alone(layer, dy, cache):
    return (cache > 0) * 1.0, {}


@relu.mutant("absolute value of dy")
def absolute_dy(layer, dy, cache):
    return np.abs(dy) * (cache > 0), {}


@relu.mutant("in-place damage")
def writes_into_dy(layer, dy, cache):
    dy[cache <= 0] = 0
    return dy, {}


@relu.mutant("wrong dtype")
def returns_float32(layer, dy, cache):
    return (dy * (cache > 0)).astype(np.float32), {}


@relu.mutant("first row only", "first rows only")
def relu_first_row(layer, dy, cache):
    dx = np.zeros_like(dy)
    dx[0] = dy[0] * (cache[0] > 0)
    return dx, {}


@gelu.mutant()
def second_term_missing(layer, dy, cache):
    _, Phi = cache
    return dy * Phi, {}


@gelu.mutant()
def old_constant(layer, dy, cache):
    x, Phi = cache
    du = np.sqrt(2 / np.pi) * (1 + 0.044715 * x * x)
    return dy * (Phi + x * 2 * Phi * (1 - Phi) * du), {}


@gelu.mutant("derivative missing")
def gelu_passes_dy_on(layer, dy, cache):
    return dy * 1, {}


@softmax.mutant("off-diagonal missing", "softmax seen as sigmoid")
def diagonal_only(layer, dy, cache):
    return dy * cache * (1 - cache), {}


@softmax.mutant("softmax centred by the plain mean")
def plain_mean(layer, dy, cache):
    return cache * (dy - dy.mean(-1, keepdims=True)), {}


@softmax.mutant("softmax centred by the sum")
def plain_sum(layer, dy, cache):
    return cache * (dy - dy.sum(-1, keepdims=True)), {}


@softmax.mutant("softmax's factor y missing")
def factor_missing(layer, dy, cache):
    return dy - (dy * cache).sum(-1, keepdims=True), {}


@softmax.mutant("zero gradient")
def softmax_zero(layer, dy, cache):
    return np.zeros_like(dy), {}


@softmax.mutant("softmax centred over the batch")
def wrong_axis(layer, dy, cache):
    return cache * (dy - (dy * cache).sum(0, keepdims=True)), {}


@softmax.mutant("skip branch missing", "main branch missing")
def softmax_passes_dy_on(layer, dy, cache):
    return dy.copy(), {}


@softmax.mutant("sign")
def softmax_negative(layer, dy, cache):
    return -layer.right(dy, cache)[0], {}


@softmax.mutant("batch average")
def softmax_averaged(layer, dy, cache):
    return layer.right(dy, cache)[0] / len(dy), {}


@softmax.mutant("wrong shape", x=lambda r: r.standard_normal((4, 5)))
def softmax_summed(layer, dy, cache):
    return layer.right(dy, cache)[0].sum(0), {}


def cumsum_forward(x):
    return np.cumsum(x, axis=1), None


cumsum = Pairs("cumsum", cumsum_forward, table)


@cumsum.mutant("Jacobian not transposed")
def not_reversed(dy, cache):
    return np.cumsum(dy, axis=1)


@cumsum.mutant("off-diagonal missing", "main branch missing")
def cumsum_diagonal(dy, cache):
    return dy.copy()


CASES = [
    case
    for family in (sigmoid, tanh, relu, gelu, softmax, cumsum)
    for case in family.cases
]  # fmt: skip
