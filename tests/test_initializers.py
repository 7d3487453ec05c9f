"""Initializers: limits, variances and fans by hand (the same formulas as Keras 3's)."""

import inspect
import math

import numpy as np
import pytest

import minidl
from minidl import initializers
from minidl.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    fans,
)

CUT = 0.87962566103423978  # standard deviation of a standard normal number cut at ±2


def test_the_cut_normals_deviation():
    """1 − 2·2·φ(2) / (Φ(2) − Φ(−2)), the variance of the normal number cut at ±2."""
    phi, mass = math.exp(-2) / math.sqrt(2 * math.pi), math.erf(math.sqrt(2))
    assert math.sqrt(1 - 4 * phi / mass) == pytest.approx(CUT, rel=1e-14)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((3, 5), (3, 5)),
        ((4, 3, 5), (12, 20)),  # Conv1D: K = 4
        ((2, 3, 10, 20), (60, 120)),  # Conv2D: 2 × 3
    ],
)
def test_fans(shape, expected):
    assert fans(shape) == expected


SHAPES = [(60, 800), (5, 60, 80)]  # fans (60, 800) and, × 5, (300, 400)
SPREADS = [
    # initializer, variance and largest size as functions of the fans
    (GlorotUniform(), lambda i, o: 2 / (i + o), lambda i, o: math.sqrt(6 / (i + o))),
    (GlorotNormal(), lambda i, o: 2 / (i + o), lambda i, o: 2 * math.sqrt(2 / (i + o)) / CUT),
    (HeUniform(), lambda i, o: 2 / i, lambda i, o: math.sqrt(6 / i)),
    (HeNormal(), lambda i, o: 2 / i, lambda i, o: 2 * math.sqrt(2 / i) / CUT),
    (VarianceScaling(), lambda i, o: 1 / i, lambda i, o: 2 / math.sqrt(i) / CUT),
    (VarianceScaling(3.0, "fan_out", "uniform"), lambda i, o: 3 / o, lambda i, o: 3 / o**0.5),
    (VarianceScaling(1.0, "fan_in", "untruncated_normal"), lambda i, o: 1 / i, None),
    (RandomUniform(), lambda i, o: 0.1**2 / 12, lambda i, o: 0.05),
    (RandomNormal(), lambda i, o: 0.05**2, None),
    (TruncatedNormal(), lambda i, o: (0.05 * CUT) ** 2, lambda i, o: 0.1),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("initializer", "variance", "limit"), SPREADS)
def test_variance_and_limit(initializer, variance, limit, shape):
    fan = {(60, 800): (60, 800), (5, 60, 80): (300, 400)}[shape]
    W = initializer(shape, np.random.default_rng(0))
    assert W.shape == shape
    # 24,000 numbers or more: the sample variance is off by √(2/n) = 0.9 %, the mean by
    # σ/√n; five times that is allowed.
    assert W.var() == pytest.approx(variance(*fan), rel=0.045)
    assert abs(W.mean()) < 5 * math.sqrt(variance(*fan) / W.size)
    if limit is None:
        assert np.abs(W).max() > 3 * W.std()  # no cut
    else:
        assert 0.98 * limit(*fan) < np.abs(W).max() <= limit(*fan) * (1 + 1e-12)


def test_means_and_intervals():
    rng = np.random.default_rng(0)
    W = RandomUniform(2.0, 3.0)((10_000,), rng)
    assert W.min() >= 2
    assert W.max() < 3
    assert RandomNormal(5.0, 0.1)((10_000,), rng).mean() == pytest.approx(5, abs=0.005)
    W = TruncatedNormal(5.0, 0.1)((10_000,), rng)
    assert W.min() >= 4.8
    assert W.max() <= 5.2


def test_glorot_keeps_a_signals_variance():
    """Ten square layers without activation: a signal of variance 1 stays near 1.

    Half the limit would leave 4⁻¹⁰ of it, twice the limit 4¹⁰."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 400))
    for _ in range(10):
        x = x @ GlorotUniform()((400, 400), rng)
    assert 0.7 < x.var() < 1.4  # a layer scatters by √(2/400) = 7 %, ten by 22 %


def test_he_keeps_a_relu_signals_power():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 400))
    for _ in range(10):
        x = np.maximum(x @ HeNormal()((400, 400), rng), 0)
    assert 0.5 < (x**2).mean() < 2  # Glorot's variance would leave 2⁻¹⁰


@pytest.mark.parametrize("shape", [(8, 32), (32, 8), (5, 5), (3, 4, 5), (2, 3, 20), (1, 1)])
def test_orthogonal(shape):
    """(U, 4U), an LSTM's, has orthonormal rows; all axes but the last count as rows."""
    W = Orthogonal()(shape, np.random.default_rng(0))
    assert W.shape == shape
    W = W.reshape(-1, shape[-1])
    product = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-14)
    doubled = Orthogonal(gain=2.0)(shape, np.random.default_rng(0)).reshape(W.shape)
    np.testing.assert_array_equal(doubled, 2 * W)


def test_orthogonal_is_uniformly_distributed():
    """Without the signs, LAPACK's Q has its diagonal mostly on one side of 0."""
    rng = np.random.default_rng(0)
    corner = [Orthogonal()((2, 2), rng)[0, 0] for _ in range(400)]
    assert abs(np.mean(corner)) < 5 * math.sqrt(0.5 / 400)  # mean 0, variance ½


def test_constants():
    np.testing.assert_array_equal(Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(Ones()((2,)), [1.0, 1.0])
    np.testing.assert_array_equal(Constant(2)((2,)), [2.0, 2.0])
    assert Constant(2)((2,)).dtype == float
    trained = np.arange(6.0).reshape(3, 2)
    W = Constant(trained)((3, 2))
    np.testing.assert_array_equal(W, trained)
    W += 1  # a copy
    assert trained[0, 0] == 0
    with pytest.raises(ValueError, match=r"must have shape \(4, 2\), got \(3, 2\)"):
        Constant(trained)((4, 2))


RANDOM = [
    RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, GlorotUniform, GlorotNormal,
    HeUniform, HeNormal, Orthogonal,
]  # fmt: skip


@pytest.mark.parametrize("kind", RANDOM)
def test_where_the_numbers_come_from(kind):
    shape = (4, 6)
    W = kind()(shape, np.random.default_rng(3))
    np.testing.assert_array_equal(W, kind()(shape, np.random.default_rng(3)))
    rng = np.random.default_rng(3)
    kind()(shape, rng)
    assert not np.array_equal(W, kind()(shape, rng))  # the generator moves on
    seeded = kind(seed=3)
    np.testing.assert_array_equal(seeded(shape), W)
    np.testing.assert_array_equal(seeded(shape, rng), W)  # its own seed wins, each time
    minidl.set_seed(3)
    first = kind()(shape)
    minidl.set_seed(3)
    np.testing.assert_array_equal(kind()(shape), first)
    minidl.set_seed(None)


@pytest.mark.parametrize("kind", [*RANDOM, Zeros, Ones, Constant])
def test_empty_shapes(kind):
    assert kind()((0, 3), np.random.default_rng(0)).shape == (0, 3)


def test_get():
    assert type(initializers.get("glorot_uniform")) is GlorotUniform
    assert type(initializers.get("HeNormal")) is HeNormal
    assert type(initializers.get("uniform")) is RandomUniform
    assert type(initializers.get("normal")) is RandomNormal
    assert type(initializers.get(Orthogonal)) is Orthogonal
    mine = RandomNormal(stddev=0.01)
    assert initializers.get(mine) is mine
    assert initializers.get(math.prod) is math.prod  # any function of (shape, rng)
    for unknown in ("glorot", None, 3, ["zeros"], {}):
        with pytest.raises(ValueError, match="Could not interpret initializer identifier"):
            initializers.get(unknown)


@pytest.mark.parametrize(
    "make",
    [
        lambda: VarianceScaling(0),
        lambda: VarianceScaling(mode="fan"),
        lambda: VarianceScaling(distribution="normal"),
    ],
)
def test_variance_scaling_says_what_it_takes(make):
    with pytest.raises(ValueError, match="needs a positive scale, a mode of fan_in, fan_out, "):
        make()


def test_orthogonal_needs_a_matrix():
    with pytest.raises(ValueError, match="two axes"):
        Orthogonal()((3,))


@pytest.mark.parametrize(
    "kind", sorted(set(initializers.NAMES.values()), key=lambda k: k.__name__)
)
def test_every_initializer_says_its_values_and_source(kind):
    text = inspect.getdoc(kind)
    assert "Values  " in text or "Variance  " in text
    assert "\nSource:" in text
