"""Optimizers against Keras 3's numbers, literal formulas, and hand computation."""

import json
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minidl import optimizers
from minidl.blocks import BLOCK
from minidl.gradients import RowGradient
from minidl.optimizers import SGD, Adam, AdamW, RMSprop

KERAS = np.load(pathlib.Path(__file__).parent / "fixtures" / "optimizers.npz")
OPTIONS = json.loads(str(KERAS["options"]))
DTYPES = ("float32", "float64")


def assert_equals_keras(actual, expected, case, dtype):
    """float32 to a few roundings (Keras's β₂ᵗ is rounded too: 1 − β₂ᵗ by up to 6e-5 at t = 1).

    float64 to the last digits, but where Keras rounds a norm to float32: by 3e-8 of it, in
    12 steps of at most 0.2."""
    exact = dtype == "float64" and "norm" not in case and case != "adamw_all"
    tolerance = 1e-12 if exact else 1e-6 if dtype == "float32" else 1e-7
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
    assert actual.dtype == dtype


def make(name, options):
    return getattr(optimizers, name)(**options)


def some(shape=(3, 4), dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


ALL = [
    SGD(0.1), SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9, nesterov=True), RMSprop(0.1),
    RMSprop(0.1, momentum=0.9, centered=True), Adam(0.1), Adam(0.1, amsgrad=True), AdamW(0.1),
]  # fmt: skip


# ---- Keras's numbers ----


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", OPTIONS["cases"])
def test_steps_equal_keras(case, dtype):
    optimizer = make(*OPTIONS["cases"][case])
    params = {"W": KERAS["W"].astype(dtype), "b": KERAS["b"].astype(dtype)}
    for step, (dW, db) in enumerate(zip(KERAS["dW"], KERAS["db"])):
        optimizer.step(params, {"W": dW.astype(dtype), "b": db.astype(dtype)})
        for name, w in params.items():
            assert_equals_keras(w, KERAS[f"{case}/{dtype}/{name}"][step], case, dtype)


@pytest.mark.parametrize("case", OPTIONS["schedules"])
def test_a_schedule_as_learning_rate_equals_keras(case):
    name, options = OPTIONS["schedules"][case]
    optimizer = Adam(getattr(optimizers.schedules, name)(0.1, **options))
    params = {"W": KERAS["W"].copy()}
    for dW, expected in zip(KERAS["dW"], KERAS[f"adam_{case}/float64/W"]):
        optimizer.step(params, {"W": dW})
        np.testing.assert_allclose(params["W"], expected, rtol=0, atol=1e-12)


def embedding_steps(dtype):
    """The RowGradients of the fixture's 60 batches."""
    ends = np.cumsum(KERAS["counts"])
    for start, end in zip(ends - KERAS["counts"], ends):
        values = KERAS["values"][start:end].astype(dtype)
        yield RowGradient(KERAS["rows"][start:end], values, KERAS["E"].shape)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", OPTIONS["embedding"])
def test_a_table_equals_keras(case, dtype, sparse):
    optimizer = make(*OPTIONS["embedding"][case])
    params = {"E": KERAS["E"].astype(dtype)}
    for step, g in enumerate(embedding_steps(dtype)):
        optimizer.step(params, {"E": g if sparse else g.to_dense()})
        if step % 10 == 9:
            expected = KERAS[f"embedding/{case}/{dtype}"][step // 10]
            assert_equals_keras(params["E"], expected, case, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [c for c in OPTIONS["embedding"] if "norm" not in c])
def test_row_gradients_equal_dense_gradients(case, dtype):
    """To the last bit; where moments fade together, within rounding."""
    by_rows, by_table = (make(*OPTIONS["embedding"][case]) for _ in range(2))
    tolerance = {"float32": 1e-6, "float64": 1e-14}[dtype] if by_rows.fades else 0

    def same(found, expected):
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)

    rows, table = ({"E": KERAS["E"].astype(dtype)} for _ in range(2))
    for g in embedding_steps(dtype):
        by_rows.step(rows, {"E": g})
        by_table.step(table, {"E": g.to_dense()})
        same(rows["E"], table["E"])
    for slot, a in by_table.state["E"].items():
        same(by_rows.state["E"][slot], a)


# ---- literal formulas ----


def literal_sgd(w, gs, rate, momentum, nesterov):
    m = np.zeros_like(w)
    for g in gs:
        m = momentum * m - rate * g
        w = w + (momentum * m - rate * g if nesterov else m)
    return w


def literal_rmsprop(w, gs, rate, rho, momentum, epsilon, centered):
    v, a, m = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for g in gs:
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        m = momentum * m + rate * g / np.sqrt(v - (a**2 if centered else 0) + epsilon)
        w = w - m
    return w


def literal_adam(w, gs, rate, beta_1, beta_2, epsilon, amsgrad, decay=0.0):
    m, v, top = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(gs, start=1):
        w = w - rate * decay * w
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        top = np.maximum(top, v) if amsgrad else v
        alpha = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        w = w - alpha * m / (np.sqrt(top) + epsilon)
    return w


SHAPES = st.sampled_from([(), (1,), (1, 1), (7,), (3, 2), (0, 4), (2, 3, 2)])
ENTRIES = st.one_of(st.sampled_from([0.0, 1e-8, -1e-8, 1e4, -1e4]), st.floats(-10, 10))
FRACTIONS = st.sampled_from([0.0, 0.3, 0.9, 0.999])


@st.composite
def paths(draw):
    """(w, gradients of some steps)"""
    shape = draw(SHAPES)
    entries = arrays(float, shape, elements=ENTRIES)
    return draw(entries), draw(st.lists(entries, min_size=1, max_size=5))


def run(optimizer, w, gs):
    params = {"w": w.copy()}
    for g in gs:
        optimizer.step(params, {"w": g})
    assert optimizer.iterations == len(gs)
    return params["w"]


def assert_same(actual, expected, longest):
    """Equal to rounding in float64, beside the largest number that was added."""
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13 * longest)


@settings(max_examples=60, deadline=None)
@given(paths(), FRACTIONS, st.booleans())
def test_sgd_is_its_formula(path, momentum, nesterov):
    w, gs = path
    optimizer = SGD(0.1, momentum=momentum, nesterov=nesterov)
    expected = literal_sgd(w, gs, 0.1, momentum, nesterov)
    assert_same(run(optimizer, w, gs), expected, 1e4)


@settings(max_examples=60, deadline=None)
@given(paths(), FRACTIONS, FRACTIONS, st.booleans())
def test_rmsprop_is_its_formula(path, rho, momentum, centered):
    w, gs = path
    # ε = 1: with a small one v − a² + ε is all rounding where both are 1e8.
    optimizer = RMSprop(0.1, rho, momentum, 1.0, centered)
    expected = literal_rmsprop(w, gs, 0.1, rho, momentum, 1.0, centered)
    np.testing.assert_allclose(run(optimizer, w, gs), expected, rtol=1e-7, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(paths(), FRACTIONS, FRACTIONS, st.booleans(), st.sampled_from([None, 0.0, 0.1]))
def test_adam_is_its_formula(path, beta_1, beta_2, amsgrad, decay):
    w, gs = path
    optimizer = Adam(0.1, beta_1, beta_2, 1e-7, amsgrad, weight_decay=decay)
    expected = literal_adam(w, gs, 0.1, beta_1, beta_2, 1e-7, amsgrad, decay or 0.0)
    assert_same(run(optimizer, w, gs), expected, 10.0)


# ---- by hand ----


def test_sgd_by_hand():
    w = np.array([1.0, -2.0])
    SGD(0.5).step({"w": w}, {"w": np.array([2.0, 4.0])})
    np.testing.assert_array_equal(w, [0.0, -4.0])


def test_adams_first_step_is_alpha_long_whatever_the_scale():
    w = np.zeros(4)
    Adam(0.1, epsilon=0.0).step({"w": w}, {"w": np.array([1e-3, -1.0, 1e5, -1e-9])})
    np.testing.assert_allclose(w, [-0.1, 0.1, -0.1, 0.1], rtol=1e-12)


def test_rmsprops_first_step_is_not_corrected():
    w = np.zeros(2)
    RMSprop(0.1, rho=0.9, epsilon=0.0).step({"w": w}, {"w": np.array([5.0, -1e-3])})
    np.testing.assert_allclose(w, [-0.1 / np.sqrt(0.1), 0.1 / np.sqrt(0.1)], rtol=1e-12)


def test_where_adam_puts_epsilon():
    """The docstring's numbers; the second is PyTorch's form of the update, written out."""
    w, optimizer = np.zeros(1), Adam()
    for _ in range(3):
        optimizer.step({"w": w}, {"w": np.array([1e-6])})
    assert w[0] == pytest.approx(-9.0e-4, rel=5e-3)
    paper = -sum(1e-3 * 1e-6 / (1e-6 + 1e-7) for _ in range(3))  # m̂ = g, √v̂ = g
    assert paper == pytest.approx(-2.7e-3, rel=2e-2)


def test_adamw_decays_the_weights_and_not_the_gradient():
    w = np.array([10.0])
    AdamW(0.1, weight_decay=0.5).step({"w": w}, {"w": np.zeros(1)})
    np.testing.assert_allclose(w, [10.0 * (1 - 0.1 * 0.5)], rtol=1e-15)


def test_flushing_changes_no_weight():
    """600 steps with a gradient in the first only, against the literal formula."""
    gs = [np.array([1e-3, 1.0])] + [np.zeros(2)] * 600
    w = np.array([0.5, -0.5])
    expected = literal_adam(w, gs, 1e-3, 0.9, 0.999, 1e-7, False)
    single = {"w": w.astype("float32")}
    optimizer = Adam()
    for g in gs:
        optimizer.step(single, {"w": g})
    # 600 roundings to 24 bits, but all but the first ~150 steps are below one.
    np.testing.assert_allclose(single["w"], expected, rtol=0, atol=150 * 2**-25)


def test_without_epsilon_nothing_is_flushed():
    """m = v = 0 beside ε = 0 would be 0 / 0; left alone, both stop above 0."""
    w, optimizer = np.zeros(1, "float32"), Adam(beta_2=0.9, epsilon=0.0)
    for g in [1.0] + [0.0] * 900:
        optimizer.step({"w": w}, {"w": np.array([g])})
    assert np.isfinite(w[0])
    assert optimizer.state["w"]["v"][0] > 0


# ---- names and arguments ----


def test_config_makes_the_same_optimizer_again():
    for optimizer in ALL:
        again = type(optimizer)(**optimizer.get_config())
        assert repr(again) == repr(optimizer)
    assert repr(SGD(0.5, clipnorm=1)) == (
        "SGD(learning_rate=0.5, clipnorm=1.0, momentum=0.0, nesterov=False)"
    )
    assert Adam(name="mine").get_config()["name"] == "mine"
    assert Adam().name == "adam"


def test_defaults_are_keras_defaults():
    assert (SGD().learning_rate, SGD().momentum, SGD().nesterov) == (0.01, 0.0, False)
    r = RMSprop()
    assert (r.learning_rate, r.rho, r.momentum, r.epsilon, r.centered) == (
        0.001, 0.9, 0.0, 1e-7, False,
    )  # fmt: skip
    a = Adam()
    assert (a.learning_rate, a.beta_1, a.beta_2, a.epsilon, a.amsgrad) == (
        0.001, 0.9, 0.999, 1e-7, False,
    )  # fmt: skip
    assert AdamW(0.1, 0.2).weight_decay == 0.2  # Keras's order: the decay comes second
    assert AdamW().weight_decay == 0.004
    for optimizer in (SGD(), RMSprop(), Adam()):
        limits = optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm
        assert (*limits, optimizer.weight_decay) == (None,) * 4


def test_get():
    assert type(optimizers.get("adam")) is Adam
    assert type(optimizers.get("AdamW")) is AdamW
    assert type(optimizers.get("RMSprop")) is RMSprop
    assert type(optimizers.get("SGD")) is SGD
    assert type(optimizers.get(SGD)) is SGD
    mine = SGD(0.3)
    assert optimizers.get(mine) is mine
    for unknown in ("adams", None, 3, dict, ["adam"]):
        with pytest.raises(ValueError, match="Could not interpret optimizer identifier"):
            optimizers.get(unknown)
    with pytest.raises(
        ValueError, match="identifier 'x': use one of sgd, rmsprop, adam, adamw"
    ):
        optimizers.get("x")


@pytest.mark.parametrize(
    ("make_it", "kind", "message"),
    [
        (lambda: SGD("fast"), TypeError, "SGD: learning_rate must be a number, got 'fast'"),
        (lambda: SGD(None), TypeError, "SGD: learning_rate must be a number, got None"),
        (lambda: SGD(-0.1), ValueError, "SGD: learning_rate must be ≥ 0 and < inf, got -0.1"),
        (lambda: SGD(float("nan")), ValueError, "learning_rate must be ≥ 0 and < inf, got nan"),
        (lambda: SGD(0.1, momentum=1.1), ValueError, "momentum must be ≥ 0 and ≤ 1, got 1.1"),
        (lambda: Adam(beta_1=1), ValueError, "Adam: beta_1 must be ≥ 0 and < 1, got 1"),
        (lambda: AdamW(beta_2=-1), ValueError, "AdamW: beta_2 must be ≥ 0 and < 1, got -1"),
        (lambda: RMSprop(epsilon=-1), ValueError, "RMSprop: epsilon must be ≥ 0 and < inf"),
        (lambda: AdamW(weight_decay=None), ValueError, "AdamW: weight_decay must be a number"),
        (lambda: Adam(clipnorm=-1), ValueError, "Adam: clipnorm must be ≥ 0 and < inf"),
        (lambda: Adam(clipnorm=1, clipvalue=1), ValueError, "pass only one of clipnorm"),
        (lambda: Adam(lr=0.1), TypeError, "Adam: unknown argument lr: .*learning_rate"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be(make_it, kind, message):
    with pytest.raises(kind, match=message):
        make_it()


def test_plain_sgd_of_small_and_large_arrays():
    """w - rate * g at every step, whatever way the array takes; all named in the state."""
    optimizer = SGD(0.5)
    w = {"small": np.ones((2, 3), "float32"), "large": np.ones(3 * BLOCK, "float32")}
    g = {name: np.full_like(a, 0.25) for name, a in w.items()}
    for step in (1, 2):
        optimizer.step(w, g)
        for a in w.values():
            np.testing.assert_array_equal(a, 1 - 0.125 * step)
    assert optimizer.state == {"small": {}, "large": {}}
    optimizer.momentum = 0.5  # from now on it remembers
    optimizer.step(w, g)
    for name, a in w.items():
        np.testing.assert_array_equal(a, 0.625)
        np.testing.assert_array_equal(optimizer.state[name]["m"], -0.125)
