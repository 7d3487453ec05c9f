"""Wrong gradients of losses."""

import numpy as np

from tests.testing.mutants.bank import Losses


def numbers(rng):
    return rng.standard_normal((4, 3)), rng.standard_normal((4, 3))


def probabilities(rng):
    e = np.exp(rng.standard_normal((4, 3)))
    return np.eye(3)[rng.integers(0, 3, 4)], e / e.sum(1, keepdims=True)


def two_classes(rng):
    return rng.permutation([0.0, 1.0, 1.0, 0.0])[:, None], rng.uniform(0.1, 0.9, (4, 1))


def classes(rng):
    return rng.integers(0, 3, 5), rng.standard_normal((5, 3))


mse = Losses("mse", lambda t, p: np.mean((p - t) ** 2), numbers)


@mse.mutant("factor ½")
def two_forgotten(t, p):
    return (p - t) / p.size


@mse.mutant("factor 2")
def four_for_two(t, p):
    return 4 * (p - t) / p.size


@mse.mutant("sign")
def t_minus_p(t, p):
    return 2 * (t - p) / p.size


@mse.mutant("size missing")
def not_divided(t, p):
    return 2 * (p - t)


@mse.mutant("last axis missing")
def divided_by_N(t, p):
    return 2 * (p - t) / len(p)


@mse.mutant("batch size missing")
def divided_by_D(t, p):
    return 2 * (p - t) / p.shape[1]


@mse.mutant("sign only")
def sign_for_difference(t, p):
    return 2 * np.sign(p - t) / p.size


@mse.mutant("sum of both signs")
def plus_for_minus(t, p):
    return 2 * (p + t) / p.size


@mse.mutant("error squared")
def value_for_slope(t, p):
    return (p - t) ** 2 / p.size


@mse.mutant("wrong shape")
def one_number(t, p):
    return (2 * (p - t) / p.size).sum(axis=1)


@mse.mutant("wrong dtype")
def in_float32(t, p):
    return (2 * (p - t) / p.size).astype(np.float32)


@mse.mutant("batch average")
def divided_once_more(t, p):
    return 2 * (p - t) / p.size / len(p)


@mse.mutant("softmax forgotten", "y_true missing")
def target_forgotten(t, p):
    return 2 * p / p.size


@mse.mutant("in-place damage")
def writes_into_y_pred(t, p):
    p -= t
    return 2 * p / p.size


@mse.mutant("missing gradient")
def returns_nothing(t, p):
    return None


mae = Losses("mae", lambda t, p: np.mean(np.abs(p - t)), numbers)


@mae.mutant("gradient of the logits")
def difference_for_sign(t, p):
    return (p - t) / p.size


@mae.mutant("sign")
def mae_negative(t, p):
    return np.sign(t - p) / p.size


@mae.mutant("last axis missing")
def mae_over_N(t, p):
    return np.sign(p - t) / len(p)


cce = Losses("cross-entropy", lambda t, p: -np.sum(t * np.log(p)) / len(p), probabilities)


@cce.mutant("gradient of the logits")
def of_logits(t, p):
    return (p - t) / len(p)


@cce.mutant("batch size missing")
def cce_not_divided(t, p):
    return -t / p


@cce.mutant("sign")
def cce_positive(t, p):
    return t / p / len(p)


@cce.mutant("factor too many", "y_pred missing")
def p_forgotten(t, p):
    return -t / len(p)


@cce.mutant("last axis average")
def cce_over_classes(t, p):
    return -t / p / p.size


@cce.mutant("log not derived")
def still_a_log(t, p):
    return -t * np.log(p) / len(p)


@cce.mutant("factor missing")
def p_squared(t, p):
    return -t / p**2 / len(p)


bce = Losses(
    "binary cross-entropy",
    lambda t, p: -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p)),
    two_classes,
)


@bce.mutant("other class's term missing", "zero where it must not be")
def second_term_missing(t, p):
    return -t / p / p.size


@bce.mutant("own class's term missing", "zero where it must not be")
def first_term_missing(t, p):
    return (1 - t) / (1 - p) / p.size


@bce.mutant("gradient of the logits")
def bce_of_logits(t, p):
    return (p - t) / p.size


@bce.mutant()
def sign_of_one_term(t, p):
    return (-t / p - (1 - t) / (1 - p)) / p.size


@bce.mutant("batch size missing")
def bce_not_divided(t, p):
    return -t / p + (1 - t) / (1 - p)


def log_softmax_loss(t, z):
    z = z - z.max(1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(t)), t])


def soft(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


sparse = Losses("sparse cross-entropy of logits", log_softmax_loss, classes)


@sparse.mutant("softmax of the error")
def target_not_subtracted(t, z):
    return soft(z) / len(t)


@sparse.mutant("true class only")
def only_the_true_class(t, z):
    return (soft(z) - 1) * np.eye(3)[t] / len(t)


@sparse.mutant("batch size missing")
def sparse_not_divided(t, z):
    return soft(z) - np.eye(3)[t]


@sparse.mutant("gradient of the logits")
def softmax_not_applied(t, z):
    return (z - np.eye(3)[t]) / len(t)


@sparse.mutant("true class left out")
def other_classes_only(t, z):
    return soft(z) * (1 - np.eye(3)[t]) / len(t)


weighted = Losses("weighted mse", lambda t, p, w: np.mean(w[:, None] * (p - t) ** 2), numbers)
W = np.array([0.5, 1.0, 2.0, 3.0])


@weighted.mutant("sample weight ignored", kwargs={"w": W})
def weight_ignored(t, p, w):
    return 2 * (p - t) / p.size


@weighted.mutant("sample weight twice", kwargs={"w": W})
def weight_twice(t, p, w):
    return 2 * w[:, None] ** 2 * (p - t) / p.size


@weighted.mutant("factor ½", kwargs={"w": W})
def weighted_half(t, p, w):
    return w[:, None] * (p - t) / p.size


CASES = [
    case
    for family in (mse, mae, cce, bce, sparse, weighted)
    for case in family.cases
]  # fmt: skip
