"""tabular_mlp and its trials: the layers, the split, and what a test row may not influence."""

from dataclasses import replace

import numpy as np
import pytest

import minidl
from minidl.applications.tables import (
    RECIPES,
    Recipe,
    deal,
    held_out_scores,
    one_trial,
    shifted,
    tabular_mlp,
)
from minidl.layers import Dense, Dropout

QUICK = Recipe("mse", "r2", (8,), dropout=0.0, learning_rate=0.05, epochs=40)


def test_the_layers_are_those_of_the_recipe():
    model = tabular_mlp(
        Recipe("sparse_categorical_crossentropy", "accuracy", (5, 4)), 3, seed=0
    )
    assert [type(layer) for layer in model.layers] == [Dense, Dropout, Dense, Dropout, Dense]
    y = model(np.random.default_rng(0).normal(size=(7, 6)))
    assert model.count_params() == (6 * 5 + 5) + (5 * 4 + 4) + (4 * 3 + 3)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)


def test_without_hidden_layers_it_is_linear():
    model = tabular_mlp(Recipe("mse", "r2", ()), seed=0)
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    y, (W, b) = model(x), model.get_weights()
    np.testing.assert_allclose(y, x @ W + b, rtol=1e-5, atol=1e-6)


def test_its_gradient_is_right():
    x = np.random.default_rng(0).normal(size=(5, 3))
    minidl.assert_gradients(tabular_mlp(Recipe("bce", "auc", (4,)), seed=0), x, training=True)


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match="loss must be one of mse, bce"):
        tabular_mlp(Recipe("mae", "r2"))


@pytest.mark.parametrize(("n", "hands"), [(3, 3), (10, 3), (101, 5), (7, 7)])
def test_deal_gives_each_row_to_one_hand(n, hands):
    dealt = deal(np.arange(n) % 2, hands, seed=1)
    assert len(dealt) == hands
    np.testing.assert_array_equal(np.sort(np.concatenate(dealt)), np.arange(n))
    assert np.ptp([len(rows) for rows in dealt]) <= 1


def test_deal_shares_classes_and_targets_evenly():
    y = np.repeat([0, 1, 2], [50, 25, 10])
    for rows in deal(y, 5, seed=2):
        np.testing.assert_array_equal(np.bincount(y[rows]), [10, 5, 2])
    y = np.random.default_rng(0).normal(size=200)
    means = [y[rows].mean() for rows in deal(y, 5, seed=2)]
    assert np.ptp(means) < 0.1  # of random hands it is about 2.3 · 1 / √40 = 0.37


def test_deal_depends_on_the_seed_and_only_on_it():
    y = np.arange(50) % 5
    np.testing.assert_array_equal(deal(y, 5, 3), deal(y, 5, 3))
    assert not np.array_equal(deal(y, 5, 3), deal(y, 5, 4))


@pytest.mark.parametrize("hands", [2, 0, 11])
def test_deal_refuses_too_few_and_too_many_hands(hands):
    with pytest.raises(ValueError, match="deal: hands must be from 3"):
        deal(np.zeros(10), hands)


def test_shifted_moves_the_image_by_one_pixel():
    image = np.zeros((1, 16))
    image[0, 5] = 1.0  # row 1, column 1 of 4 × 4
    X, y = shifted(image, np.array([7]))
    assert sorted(X.argmax(axis=1).tolist()) == [1, 4, 5, 6, 9]
    assert X[0, 5] == 1
    assert y.tolist() == [7] * 5


def line(n=60, noise=0.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2)) * (1, 1000)
    y = X @ (300.0, 0.1) + 5000 + noise * rng.normal(size=n)
    return X.astype("float32"), y.astype("float32")


def test_a_plain_relation_is_found_whatever_its_units():
    scores = held_out_scores(*line(), replace(QUICK, hidden=()), folds=3)
    assert np.array(scores).shape == (3, 2)
    assert np.min(scores) > 0.99


def test_tries_limits_the_models():
    assert len(held_out_scores(*line(), replace(QUICK, epochs=1), tries=2)) == 2


def test_test_rows_influence_neither_scaling_nor_training():
    X, y = line(noise=50.0)
    rows = np.split(np.arange(60), [30, 45])
    before = one_trial(X, y, QUICK, rows, seed=1)
    X, y = X.copy(), y.copy()
    X[45:], y[45:] = X[45:] * 100 - 7, y[45:] * -3
    after = one_trial(X, y, QUICK, rows, seed=1)
    assert after[0] == before[0]  # the validation score: same weights, same scaling, same bits
    assert after[1] != before[1]


def test_every_recipe_belongs_to_a_data_set():
    for name in RECIPES:
        assert callable(getattr(minidl.datasets, f"load_{name}"))
