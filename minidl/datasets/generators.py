"""Data made to order: what a model should find in them is planted, and so is known.

The same arguments give the same arrays. Floats are float32, class numbers int64.
"""

from typing import NamedTuple

import numpy as np


def make_linear(n=100, coefficients=(2.0,), intercept=1.0, noise=1.0, seed=0):
    """X (n, D) uniform in [0, 1) and y (n, 1) = X c + intercept + noise · N(0, 1).

    The defaults are D2's data, y = 2x + 1 + N(0, 1). With those few rows and that much noise
    even least squares misses 2 and 1: compare a fit with `np.linalg.lstsq`, not with them.

    Source:   D2 §5.2; D1 §4.2 V = aT + bD + cM + dS (four coefficients, intercept 0)
    """
    rng = _generator(n, seed)
    c = np.atleast_1d(np.asarray(coefficients, dtype=float))[:, None]  # (D, 1)
    X = rng.random((n, len(c)))
    y = X @ c + intercept + noise * rng.normal(size=(n, 1))  # (n, D) @ (D, 1) -> (n, 1)
    return X.astype("float32"), y.astype("float32")


def make_noise_regression(n=100, features=10, seed=0):
    """X (n, features) and y (n, 1), uniform in [0, 1) and independent: nothing can be learned.

    The best prediction of a new row is the mean, ½, with MAE ¼ and MSE 1/12. A smaller error
    on the training rows is memory.

    Source:   D2 §3.2
    """
    rng = _generator(n, seed)
    X, y = rng.random((n, features)), rng.random((n, 1))
    return X.astype("float32"), y.astype("float32")


class Ratings(NamedTuple):
    users: np.ndarray  # (n,)
    items: np.ndarray  # (n,)
    ratings: np.ndarray  # (n,) from 1 to 5, with noise
    clean: np.ndarray  # (n,) the same without noise


def make_ratings(users=200, items=100, rank=3, n=5000, noise=0.5, seed=0):
    """n ratings of different (user, item) pairs: clean = 1 + 4 σ(p_u · q_i), rank numbers each.

    ratings = clean + noise · N(0, 1), cut to 1–5. No model can do better on new pairs than
    the RMSE between the two.

    Source:   D3 §4.2.1 r̂ = σ(θ_u · Emb(i) + …), mapped to the scale 1–5
    """
    rng = _generator(n, seed)
    if n > users * items:
        raise ValueError(
            f"make_ratings: n must be at most users × items = {users * items}, got {n}"
        )
    p, q = rng.normal(size=(users, rank)), rng.normal(size=(items, rank))
    u, i = np.divmod(rng.choice(users * items, n, replace=False), items)
    logits = (p[u] * q[i]).sum(axis=1) * 2 / np.sqrt(rank)  # (n, rank) -> (n,), deviation 2
    clean = 1 + 4 / (1 + np.exp(-logits))
    ratings = np.clip(clean + noise * rng.normal(size=n), 1, 5)
    return Ratings(u, i, ratings.astype("float32"), clean.astype("float32"))


class Diagnosis(NamedTuple):
    X: np.ndarray  # (n, symptoms) grades: 0 absent, 1 mild, …
    y: np.ndarray  # (n,) the disease
    probs: np.ndarray  # (n, diseases) the planted probabilities; y is drawn from them
    W: np.ndarray  # (symptoms, diseases)
    b: np.ndarray  # (diseases,)


def make_diagnosis(n=1000, symptoms=12, diseases=4, seed=0, grades=2):
    """Patients with graded symptoms, and a disease drawn from softmax(x W + b).

    grades   how strong a symptom can be: 2 is absent or present, 4 is 0 to 3

    The best accuracy to be had is about `probs.max(axis=1).mean()`, below 1: the same
    symptoms can have two causes.

    Source:   D3 §4.2.2 D̂ = softmax(θ · Emb(x))
    """
    rng = _generator(n, seed)
    if grades < 2:
        raise ValueError(f"make_diagnosis: grades must be at least 2, got {grades}")
    X = rng.integers(0, grades, size=(n, symptoms))
    W = rng.normal(size=(symptoms, diseases)) * 2 / (grades - 1)  # any grade: logits alike
    b = (1 - grades) / 2 * W.sum(axis=0)  # the average patient has logits 0
    logits = X @ W + b  # (n, symptoms) @ (symptoms, diseases) -> (n, diseases)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs = odds / odds.sum(axis=1, keepdims=True)
    below = probs.cumsum(axis=1) < rng.random((n, 1))  # a draw passes over these diseases
    y = np.minimum(below.sum(axis=1), diseases - 1)
    return Diagnosis(X.astype("float32"), y, *(a.astype("float32") for a in (probs, W, b)))


class Value(NamedTuple):
    X: np.ndarray  # (n, 3) technology T, data D, market M, each from 0 to 1
    scenario: np.ndarray  # (n,) S, a category
    V: np.ndarray  # (n, 1) the value, with noise
    clean: np.ndarray  # (n, 1) the same without noise
    coefficients: np.ndarray  # (3,) a, b, c
    effects: np.ndarray  # (scenarios,) d of each scenario


def make_value(n=1000, scenarios=3, seed=0, interaction=4.0, noise=0.1):
    """V = a T + b D + c M + d[S] + interaction · (T − ½)(D − ½) · s[S] + noise · N(0, 1).

    s[S] is +1 in even scenarios and −1 in odd ones: technology without data is worth little in
    one and much in another, so no linear formula fits. With interaction=0 a linear formula
    does, once S is one-hot; its number alone means nothing, the d[S] are in no order.

    Source:   D1 §4.1 V = f(T, D, M, S); D1 §4.2 V = aT + bD + cM + dS
    """
    rng = _generator(n, seed)
    coefficients = rng.uniform(0.5, 1.5, size=3)
    effects = rng.permutation(np.linspace(-1, 1, scenarios))
    X, S = rng.random((n, 3)), rng.integers(0, scenarios, size=n)
    T, D, _ = X.T
    sign = np.where(S % 2 == 0, 1, -1)
    clean = X @ coefficients + effects[S] + interaction * (T - 0.5) * (D - 0.5) * sign
    V = clean + noise * rng.normal(size=n)
    X, V, clean, coefficients, effects = (
        a.astype("float32") for a in (X, V[:, None], clean[:, None], coefficients, effects)
    )
    return Value(X, S, V, clean, coefficients, effects)


def _generator(n, seed):
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise ValueError(f"n must be a number of rows, an integer ≥ 0, got {n!r}")
    return np.random.default_rng(seed)
