"""Generators: what is planted must be found, by least squares or by counting."""

import numpy as np
import pytest

from minidl.datasets import (
    make_diagnosis,
    make_linear,
    make_noise_regression,
    make_ratings,
    make_value,
)

GENERATORS = [make_linear, make_noise_regression, make_ratings, make_diagnosis, make_value]


def least_squares(A, y):
    return np.linalg.lstsq(A.astype(float), y.astype(float), rcond=None)[0]


@pytest.mark.parametrize("make", GENERATORS)
def test_same_seed_same_bits(make):
    first, again, other = make(n=50, seed=1), make(n=50, seed=1), make(n=50, seed=2)
    for a, b in zip(first, again):
        assert a.tobytes() == b.tobytes()
    assert first[0].tobytes() != other[0].tobytes()


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_rows(make, n):
    for a in make(n=n)[:2]:
        assert len(a) == n


@pytest.mark.parametrize("make", GENERATORS)
def test_types(make):
    for a in make(n=7):
        assert a.dtype in (np.float32, np.int64)
    for n in (-1, 2.5, True, "9"):
        with pytest.raises(ValueError, match="n must be a number of rows"):
            make(n=n)


def test_linear_coefficients_are_found():
    X, y = make_linear(200, coefficients=(1.5, -2, 0.5, 3), intercept=0.25, noise=0)
    found = least_squares(np.hstack([X, np.ones((200, 1))]), y)
    # 1e-5: X and y are rounded to float32, eps 6e-8, sums of a few units.
    np.testing.assert_allclose(found.ravel(), [1.5, -2, 0.5, 3, 0.25], atol=1e-5)


def test_linear_noise_is_that_asked_for():
    X, y = make_linear(20_000)
    assert (X.shape, y.shape) == ((20_000, 1), (20_000, 1))
    residual = y - (2 * X + 1)
    # five standard errors: 5 / √20000 = 0.035 of the mean, 5 / √40000 = 0.025 of the deviation
    assert abs(residual.mean()) < 0.036
    assert abs(residual.std() - 1) < 0.026


def test_noise_regression_has_nothing_to_learn():
    X, y = make_noise_regression(20_000, features=4)
    assert (X.shape, y.shape) == ((20_000, 4), (20_000, 1))
    correlations = np.corrcoef(np.hstack([X, y]).T)[-1, :-1]
    assert np.abs(correlations).max() < 5 / np.sqrt(20_000)
    assert abs(np.abs(y - 0.5).mean() - 0.25) < 0.006  # deviation 0.144, five errors 0.0051


def test_ratings_are_low_rank_below_the_sigmoid():
    data = make_ratings(users=12, items=9, rank=2, n=108, noise=0)
    np.testing.assert_array_equal(data.ratings, data.clean)
    table = np.zeros((12, 9))
    table[data.users, data.items] = np.log((data.clean - 1) / (5.0 - data.clean))
    singular = np.linalg.svd(table, compute_uv=False)
    assert singular[1] > 1
    # 1e-3: near 1 and 5 the logit enlarges the rounding of a float32.
    assert singular[2] < 1e-3 * singular[0]


def test_ratings_lie_on_the_scale_and_pairs_differ():
    data = make_ratings(noise=1.0)
    assert data.ratings.min() == 1
    assert data.ratings.max() == 5
    assert len(set(zip(data.users.tolist(), data.items.tolist()))) == 5000
    assert data.users.max() == 199
    assert data.items.max() == 99
    rmse = np.sqrt(((data.ratings - data.clean) ** 2).mean())
    assert 0.5 < rmse < 1.0  # the cut to 1–5 only takes away
    with pytest.raises(ValueError, match="at most users × items = 6, got 7"):
        make_ratings(users=2, items=3, n=7)


@pytest.mark.parametrize("grades", [2, 4])
def test_diagnosis_follows_its_softmax(grades):
    data = make_diagnosis(20_000, symptoms=6, diseases=3, grades=grades)
    assert sorted(set(data.X.ravel().tolist())) == list(range(grades))
    for row in range(5):  # softmax, one disease at a time
        weights = [np.exp(data.X[row] @ data.W[:, k] + data.b[k]) for k in range(3)]
        np.testing.assert_allclose(data.probs[row], weights / np.sum(weights), rtol=2e-5)
    # The labels are draws: frequencies of the classes and of the likeliest one agree with
    # the probabilities within five standard errors, 5 · ½ / √20000 = 0.018.
    np.testing.assert_allclose(
        np.bincount(data.y) / 20_000, data.probs.mean(axis=0), atol=0.018
    )
    hits = (data.probs.argmax(axis=1) == data.y).mean()
    assert abs(hits - data.probs.max(axis=1).mean()) < 0.018
    assert hits < 0.98
    with pytest.raises(ValueError, match="grades must be at least 2"):
        make_diagnosis(grades=1)


def one_hot(data):
    return np.hstack([data.X, np.eye(3)[data.scenario]])


def test_value_without_interaction_is_linear():
    data = make_value(500, interaction=0, noise=0)
    found = least_squares(one_hot(data), data.V).ravel()
    np.testing.assert_allclose(found, [*data.coefficients, *data.effects], atol=1e-5)
    np.testing.assert_array_equal(data.V, data.clean)
    assert not np.array_equal(np.sort(data.effects), data.effects)  # S is no quantity


def test_value_with_interaction_is_not_linear_and_the_formula_is():
    data = make_value(5000)
    A = one_hot(data)
    residual = data.V - A @ least_squares(A, data.V)
    # interaction 4: deviation of 4 (T − ½)(D − ½) is 4 / 12 = 0.333, with noise 0.1 0.348
    assert abs(residual.std() - 0.348) < 0.02
    T, D, _ = data.X.T
    B = np.column_stack([A, (T - 0.5) * (D - 0.5) * np.where(data.scenario % 2, -1, 1)])
    found = least_squares(B, data.V).ravel()
    assert abs(found[-1] - 4) < 0.1  # five errors: 5 · 0.1 / (0.0833 √5000) = 0.085
    assert abs((data.V - B @ found[:, None]).std() - 0.1) < 0.006
    noise = data.V - data.clean
    assert abs(noise.std() - 0.1) < 0.006
