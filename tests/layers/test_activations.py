"""Activation functions: by hand, against math, at the ends, and their gradients."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minidl.layers import GELU, Activation, Linear, ReLU, Sigmoid, Softmax, Tanh
from minidl.layers.activations import Function, get, sigmoid, softmax
from minidl.testing import assert_gradients, assert_layer

ALL = [Linear, ReLU, Sigmoid, Tanh, Softmax, GELU, lambda: GELU(approximate=True)]
IDS = ["linear", "relu", "sigmoid", "tanh", "softmax", "gelu", "gelu_tanh"]
every = pytest.mark.parametrize("make", ALL, ids=IDS)

LITERAL = {
    ReLU: lambda x: x if x > 0 else 0.0,
    Sigmoid: lambda x: 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x)),
    Tanh: math.tanh,
    GELU: lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
}


def literal_softmax(row):
    e = [math.exp(v - max(row)) for v in row]
    return [v / sum(e) for v in e]


# ---- values ----


def test_by_hand():
    x = np.array([[-2.0, 0, 3]])
    assert Linear()(x) is x
    assert ReLU()(x).tolist() == [[0, 0, 3]]
    np.testing.assert_allclose(Sigmoid()(np.array([0, math.log(3)])), [1 / 2, 3 / 4])
    np.testing.assert_allclose(Tanh()(np.array([0, math.log(2)])), [0, 3 / 5])
    np.testing.assert_allclose(Softmax()(np.log([[1, 2, 5.0]])), [[1 / 8, 2 / 8, 5 / 8]])
    # Φ(1) from a table of the normal distribution
    np.testing.assert_allclose(GELU()(np.array([1.0])), [0.8413447460685429], rtol=1e-14)


@pytest.mark.parametrize("kind", LITERAL)
@given(x=st.lists(st.floats(-700, 700, allow_subnormal=False), min_size=1, max_size=5))
def test_every_entry_against_math(kind, x):
    want = [LITERAL[kind](v) for v in x]
    # GELU on the far left is x times 1 + erf, which cancels: 40 · 2⁻⁵³ absolute at worst
    atol = 1e-14 if kind is GELU else 0
    np.testing.assert_allclose(kind()(np.array(x)), want, rtol=1e-14, atol=atol)


def test_gelu_tanh_form_against_math():
    c = math.sqrt(2 / math.pi)
    x = np.linspace(-6, 6, 101)
    want = [v / 2 * (1 + math.tanh(c * (v + 0.044715 * v**3))) for v in x]
    y = GELU(approximate=True)(x)
    np.testing.assert_allclose(y, want, rtol=1e-12, atol=1e-15)
    assert 1e-4 < np.abs(y - GELU()(x)).max() < 1e-3  # two forms, close but not the same


def test_sigmoid_is_exact_where_it_is_nearly_zero():
    want = math.exp(-40) / (1 + math.exp(-40))
    assert float(sigmoid(np.array(-40.0))) == pytest.approx(want, rel=1e-15, abs=0)
    in_float32 = sigmoid(np.array([-20], "float32"))
    assert float(in_float32[0]) == pytest.approx(math.exp(-20), rel=1e-6, abs=0)


@given(hnp.arrays(float, (3, 4), elements=st.floats(-1e4, 1e4)))
def test_softmax_rows(x):
    want = [literal_softmax(row) for row in x.tolist()]
    np.testing.assert_allclose(Softmax()(x), want, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(Softmax(axis=0)(x), Softmax()(x.T).T, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(Softmax()(x + 500).sum(axis=-1), 1, rtol=1e-12)


def test_softmax_over_one_unit_is_refused():
    with pytest.raises(ValueError, match=r"Softmax: .* always 1 .* use 'sigmoid'"):
        Softmax()(np.ones((4, 1)))


# ---- the ends: warnings are errors here ----


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_numbers(make, dtype):
    x = np.array([[-1000, 1000], [1e18, -1e18], [-1e30, 1e30], [0, -88]], dtype)
    layer = make()
    y, cache = layer.forward(x)
    dx, _ = layer.backward(np.ones_like(x), cache)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    assert y.dtype == dx.dtype == dtype


def test_infinity_gives_the_limit():
    x = np.array([-np.inf, np.inf])
    for layer, y_want, slope in [
        (ReLU(), [0, np.inf], [0, 1]),
        (Sigmoid(), [0, 1], [0, 0]),
        (Tanh(), [-1, 1], [0, 0]),
        (GELU(), [0, np.inf], [0, 1]),
        (GELU(approximate=True), [0, np.inf], [0, 1]),
    ]:
        y, cache = layer.forward(x)
        np.testing.assert_array_equal(y, y_want)
        np.testing.assert_array_equal(layer.backward(np.ones(2), cache)[0], slope)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_of_infinities(dtype):
    inf = np.inf
    x = np.array([[0, -inf, 0], [inf, 0, 1], [inf, inf, -inf], [-inf, -inf, -inf]], dtype)
    want = [[1 / 2, 0, 1 / 2], [1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]]
    y = softmax(x)
    np.testing.assert_allclose(y, want, rtol=1e-6)
    assert y.dtype == dtype
    assert np.isnan(softmax(np.array([[np.nan, inf, 1]], dtype))).all()


@every
def test_nan_stays_nan(make):
    y = make()(np.array([[np.nan, 1.0], [0, 1]]))
    assert np.isnan(y[0, 0])
    assert np.isfinite(y[1]).all()


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_slope_is_0_and_1_far_out(approximate):
    layer = GELU(approximate=approximate)
    x = np.array([-1e4, -41, 41, 1e4])
    dx, _ = layer.backward(np.ones(4), layer.forward(x)[1])
    np.testing.assert_array_equal(dx, [0, 0, 1, 1])


# ---- any input ----


@every
def test_integers_lists_and_empty_arrays(make):
    layer = make()
    want = layer(np.array([[-2.0, 0, 3]]))
    np.testing.assert_allclose(layer(np.array([[-2, 0, 3]])), want)
    np.testing.assert_allclose(layer([[-2, 0, 3]]), want)
    y, cache = layer.forward(np.zeros((0, 3), "float32"))
    assert y.shape == layer.backward(y, cache)[0].shape == (0, 3)


@every
def test_contract(make):
    rng = np.random.default_rng(0)
    assert_layer(make(), rng.normal(size=(3, 4)).astype("float32"))
    assert_layer(make(), rng.normal(size=(1, 1, 2)))


# ---- gradients ----


TIES_AND_HUGE = st.sampled_from([0.0, 1.0, -1.0, 0.3, -2.5, 1e4, -1e4])


@every
@given(
    x=hnp.arrays(
        float,
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=3),
        elements=TIES_AND_HUGE | st.integers(-5000, 5000).map(lambda n: n / 1000),
    )
)
@settings(max_examples=15, deadline=None)
def test_gradients(make, x):
    assert_gradients(make(), x)


def test_softmax_backward_is_the_whole_jacobian():
    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    y, cache = Softmax().forward(x)
    want = np.zeros((2, 4))
    for n in range(2):
        for k in range(4):
            for j in range(4):
                want[n, k] += y[n, j] * ((j == k) - y[n, k]) * dy[n, j]
    np.testing.assert_allclose(Softmax().backward(dy, cache)[0], want, rtol=1e-12)


def test_relu_slope_at_zero_is_zero():
    layer = ReLU()
    _, cache = layer.forward(np.array([-1.0, 0.0, 2.0]))
    assert layer.backward(np.array([5.0, 5.0, 5.0]), cache)[0].tolist() == [0, 0, 5]


@every
def test_backward_leaves_dy_and_cache_alone(make):
    rng = np.random.default_rng(1)
    layer, x, dy = make(), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    before = x.copy(), dy.copy()
    _, cache = layer.forward(x)
    first = layer.backward(dy, copy.deepcopy(cache))[0]
    np.testing.assert_array_equal(layer.backward(dy, cache)[0], first)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(dy, before[1])


# ---- by name ----


@pytest.mark.parametrize(
    ("name", "kind"), [("relu", ReLU), ("gelu", GELU), ("softmax", Softmax)]
)
def test_activation_by_name(name, kind):
    rng = np.random.default_rng(2)
    x, dy = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    named, plain = Activation(name, name="last"), kind()
    y, cache = named.forward(x)
    np.testing.assert_array_equal(y, plain(x))
    want = plain.backward(dy, plain.forward(x)[1])[0]
    np.testing.assert_array_equal(named.backward(dy, cache)[0], want)
    assert named.name == "last"
    assert isinstance(named, Function)
    assert isinstance(plain, Function)


def test_get():
    assert isinstance(get(None), Linear)
    assert isinstance(get("tanh"), Tanh)
    assert isinstance(get(ReLU), ReLU)
    same = Softmax(axis=1)
    assert get(same) is same
    assert Activation("relu").name == "activation"


def test_what_cannot_be_an_activation():
    with pytest.raises(ValueError, match="Could not interpret activation identifier 'rleu'"):
        get("rleu")
    with pytest.raises(ValueError, match="has no backward: write a Layer"):
        Activation(lambda x: 2 * x)
    with pytest.raises(ValueError, match="use one of linear, relu"):
        get(3)


def test_activation_in_a_sequential():
    from minidl.models import Sequential

    model = Sequential([Activation("tanh"), Activation("relu")])
    x = np.array([[-1.0, 2.0]])
    np.testing.assert_allclose(model(x), [[0, math.tanh(2)]], rtol=1e-6)
