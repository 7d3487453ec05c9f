"""DotRecommender: hand-computed ratings, frozen torch gradients, and what it must reach."""

from pathlib import Path

import numpy as np
import pytest

from minidl import gradcheck
from minidl.applications.recommender import DotRecommender
from minidl.callbacks import EarlyStopping
from minidl.datasets import load_movielens_100k, make_ratings
from minidl.gradients import RowGradient
from minidl.optimizers import Adam
from minidl.regularizers import L2

PAIRS = np.array([[0, 1], [2, 0], [0, 0], [2, 1]])  # user 0 and 2 twice, user 1 never


def tables(model, x=PAIRS):
    """The model with small hand-made tables: 3 users, 2 items, D = 2."""
    model(x)
    found = {
        "user.W": [[1, 2], [3, 4], [-1, 0.5]], "item.W": [[0.5, 0], [-0.5, 1]],
        "user_bias.W": [[0.1], [0.2], [0.3]], "item_bias.W": [[-0.2], [0.4]],
    }  # fmt: skip
    for name in model.params:
        model.params[name] = np.array(found[name])
    return model


def small(**options):
    return tables(DotRecommender(3, 2, 2, dtype="float64", **options))


# s of PAIRS by hand: (1, 2)·(-0.5, 1) = 1.5; (-1, .5)·(.5, 0) = -.5; (1, 2)·(.5, 0) = .5;
# (-1, .5)·(-.5, 1) = 1
S = np.array([[1.5], [-0.5], [0.5], [1.0]])
BIASES = np.array([[0.1 + 0.4], [0.3 - 0.2], [0.1 - 0.2], [0.3 + 0.4]])


def test_the_dot_product_by_hand():
    np.testing.assert_allclose(small()(PAIRS), S, rtol=0, atol=1e-15)


def test_biases_and_mean_are_added():
    y = small(biases=True, mean=3.5)(PAIRS)
    np.testing.assert_allclose(y, S + BIASES + 3.5, rtol=0, atol=1e-15)


def test_limits_map_by_sigma():
    y = small(limits=(1, 5))(PAIRS)
    np.testing.assert_allclose(y, 1 + 4 / (1 + np.exp(-S)), rtol=1e-14)
    assert small(limits=(1, 5)).output_shape((2,)) == (1,)


@pytest.mark.parametrize(("limits", "mean"), [(None, 3.2), ((1, 5), 3.2), ((0, 1), 0.25)])
def test_tables_of_zeros_answer_the_mean(limits, mean):
    model = DotRecommender(3, 2, 4, mean=mean, limits=limits, initializer="zeros")
    np.testing.assert_allclose(model(PAIRS), np.full((4, 1), mean), rtol=1e-6)


def test_the_worked_example_of_d3():
    model = DotRecommender(1, 1, 6, limits=(1, 5), dtype="float64")
    model([[0, 0]])
    model.set_weights(
        [[[0.1, 0.2, 0.3, 0.1, 0.2, 0.3]], [[0.7, 0.8, 0.9, 0.4, 0.5, 0.6]]]
    )  # [θ_u, Emb(u)], [Emb(i), θ_i]
    assert model([[0, 0]]).item() == pytest.approx(3.776945, abs=5e-7)


def test_gradients_by_hand():
    """Without limits ds = dy: user 0 gets dy₀ q₁ + dy₂ q₀, and so on."""
    model = small(biases=True)
    _, cache = model.forward(PAIRS)
    dx, grads = model.backward(np.array([[1.0], [2.0], [3.0], [4.0]]), cache)
    assert dx is None
    q0, q1, p0, p2 = (np.array(v) for v in ([0.5, 0], [-0.5, 1], [1, 2], [-1, 0.5]))
    expected = {
        "user.W": [q1 + 3 * q0, [0, 0], 2 * q0 + 4 * q1],
        "item.W": [2 * p2 + 3 * p0, p0 + 4 * p2],
        "user_bias.W": [[4], [0], [6]],
        "item_bias.W": [[5], [5]],
    }
    assert grads.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(np.asarray(grads[name]), value, rtol=0, atol=1e-14)


def test_only_the_rows_of_the_batch_have_a_gradient():
    model = small(limits=(1, 5))
    _, grads = model.loss_and_grads(PAIRS, np.ones(4), "mse")
    assert isinstance(grads["user.W"], RowGradient)
    assert grads["user.W"].rows.tolist() == [0, 2]


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("limits", [None, (0, 1), (1, 5)])
def test_gradient_check(biases, limits):
    mean = 0.6 if limits == (0, 1) else 3
    model = DotRecommender(3, 2, 4, biases=biases, mean=mean, limits=limits)
    report = gradcheck(model, PAIRS)
    assert report.passed, str(report)


@pytest.mark.parametrize("limits", [(0, 1), (1, 5), None])
def test_against_frozen_torch(limits):
    """Loss and gradients of 6 pairs under MSE: fixtures/make_recommender.py."""
    path = Path(__file__).parents[1] / "fixtures" / "recommender.npz"
    frozen = np.load(path)
    model = DotRecommender(4, 5, 3, biases=True, mean=0.7 if limits == (0, 1) else 3.3,
                           limits=limits, dtype="float64")  # fmt: skip
    model(frozen["x"])
    for name in model.params:
        model.params[name] = frozen[name]
    loss, grads = model.loss_and_grads(frozen["x"], frozen["y"], "mse")
    np.testing.assert_allclose(loss, frozen[f"{limits}/loss"], rtol=1e-12)
    for name in model.params:
        expected = frozen[f"{limits}/{name}"]
        np.testing.assert_allclose(np.asarray(grads[name]), expected, rtol=1e-10, atol=1e-14)


def test_under_a_cross_entropy_it_trains_on_s():
    """L(σ(s)) has ds = (σ(s) − t) / n also where σ is 1 to the last bit."""
    model = tables(DotRecommender(3, 2, 2, limits=(0, 1)))
    model.params["user.W"][0] = [0, 50]  # s = 50 for the pair (0, 1)
    before = model.params["item.W"].copy()
    model.compile("sgd", "bce")
    model.train_on_batch(np.array([[0, 1]]), np.array([[0.0]]))
    step = model.params["item.W"][1] - before[1]
    np.testing.assert_allclose(step, [0, -0.01 * 50], rtol=1e-6)  # α ds p, ds = 1
    np.testing.assert_allclose(model(PAIRS[:1]), 1 / (1 + np.exp(-25.0)), rtol=1e-6)


def test_one_to_five_stars_are_not_fused():
    model = small(limits=(1, 5))
    assert model.split_head() == (model, None)


def test_batch_of_one_and_empty_batch():
    model = small(biases=True, limits=(1, 5))
    assert model(PAIRS[:1]).shape == (1, 1)
    y, cache = model.forward(PAIRS[:0])
    assert y.shape == (0, 1)
    _, grads = model.backward(y, cache)
    assert not np.asarray(grads["user.W"]).any()


def test_saved_weights_are_loaded(tmp_path):
    model, other = small(biases=True), DotRecommender(3, 2, 2, biases=True, dtype="float64")
    model.save_weights(tmp_path / "w.npz")
    other(PAIRS)
    other.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(other(PAIRS), model(PAIRS))


def test_same_seed_same_bits():
    a, b = (DotRecommender(3, 2, 4, seed=7)(PAIRS) for _ in range(2))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("x", "words"), [
    (np.zeros((3, 3), int), "x must have shape (N, 2)"),
    (np.zeros(2, int), "np.stack([users, items], axis=1)"),
    (np.zeros((3, 2)), "table 'user': ids must be integers, got float32"),
    (np.array([[3, 0]]), "table 'user': id 3"),
    (np.array([[0, 2]]), "table 'item': id 2"),
    (np.array([[0, -1]]), "table 'item': id -1"),
])  # fmt: skip
def test_bad_input_is_named(x, words):
    model = DotRecommender(3, 2, 4)
    with pytest.raises((ValueError, TypeError)) as error:
        model(x)
    assert "DotRecommender" in str(error.value)
    assert words in str(error.value)


def test_fit_looks_at_all_ids_before_the_first_update():
    model = small()
    before = model.get_weights()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="table 'item': id 2"):
        model.fit(np.array([[0, 0]] * 40 + [[0, 2]]), np.ones(41), verbose=0)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("options", "words"), [
    ({"users": 0}, "users must be a positive integer, got 0"),
    ({"items": 2.5}, "items must be a positive integer, got 2.5"),
    ({"dim": 0}, "dim must be a positive integer, got 0"),
    ({"limits": (5, 1)}, "low < high"),
    ({"limits": (1, np.nan)}, "low < high"),
    ({"limits": 5}, "low < high"),
    ({"limits": (1, 5), "mean": 5}, "mean must be a number between 1 and 5"),
    ({"limits": (1, 5), "mean": np.nan}, "mean must be a number between 1 and 5"),
    ({"mean": np.inf}, "mean must be a number"),
])  # fmt: skip
def test_bad_arguments_are_named(options, words):
    with pytest.raises(ValueError) as error:
        DotRecommender(**{"users": 3, "items": 2, "dim": 4} | options)
    assert words in str(error.value)


def rmse(a, b):
    return float(np.sqrt(np.mean((np.ravel(a) - np.ravel(b)) ** 2)))


def trained(model, x, y, batch_size):
    """Fit on 80 %, stop by the next 10 %; the predictions and targets of the last 10 %."""
    a, b = len(y) * 8 // 10, len(y) * 9 // 10
    stop = EarlyStopping("val_rmse", patience=5, restore_best_weights=True)
    model.compile(Adam(0.02), "mse", metrics=["rmse"])
    model.fit(x[:a], y[:a], batch_size, epochs=100, verbose=0, callbacks=[stop],
              validation_data=(x[a:b], y[a:b]))  # fmt: skip
    return rmse(model.predict(x[b:], 4096, verbose=0), y[b:])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rank", [2, 3])
def test_planted_ratings_are_recovered_to_the_noise(rank, seed):
    data = make_ratings(users=200, items=100, rank=rank, n=10_000, noise=0.5, seed=seed)
    x = np.stack([data.users, data.items], axis=1)
    model = DotRecommender(200, 100, rank, limits=(1, 5), seed=seed)
    error = trained(model, x, data.ratings, 256)
    noise = rmse(data.clean[9000:], data.ratings[9000:])  # below 0.5: ratings are cut to 1–5
    assert error <= 1.1 * noise


@pytest.mark.slow
def test_movielens_100k():
    try:
        users, items, ratings, _ = load_movielens_100k()
    except ModuleNotFoundError as missing:
        pytest.skip(str(missing))
    order = np.random.default_rng(0).permutation(len(ratings))
    x, y = np.stack([users, items], axis=1)[order], ratings[order]
    model = DotRecommender(943, 1682, 16, biases=True, mean=y[:80_000].mean(), limits=(1, 5),
                           regularizer=L2(1e-4), seed=0)  # fmt: skip
    assert trained(model, x, y, 1024) <= 0.95
