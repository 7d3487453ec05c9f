# ruff: noqa: RUF059
"""Wrong backwards of BatchNorm and LayerNorm, written as course-style pairs."""

import numpy as np

from tests.testing.mutants.bank import Pairs

EPS = 1e-5


def batchnorm(x, gamma, beta, mode="train", running=(0.1, 2.0)):
    """Statistics over the batch in training, the running ones otherwise."""
    mu, var = (x.mean(0), x.var(0)) if mode == "train" else running
    s = 1 / np.sqrt(var + EPS)
    xhat = (x - mu) * s
    return gamma * xhat + beta, (x, xhat, s, gamma, mode)


def layernorm(x, gamma, beta):
    s = 1 / np.sqrt(x.var(-1, keepdims=True) + EPS)
    xhat = (x - x.mean(-1, keepdims=True)) * s
    return gamma * xhat + beta, (xhat, s, gamma)


def rows(rng):
    return rng.standard_normal((6, 4)) * 2 + 1, rng.uniform(0.5, 2, 4), rng.standard_normal(4)


batch = Pairs("batchnorm", batchnorm, lambda r: (*rows(r), "train"))
layer = Pairs("layernorm", layernorm, rows)


def affine(dy, xhat):
    return (dy * xhat).sum(0), dy.sum(0)


def full(dz, xhat, s, axis):
    mean = dz.mean(axis, keepdims=True)
    return s * (dz - mean - xhat * (dz * xhat).mean(axis, keepdims=True))


@batch.mutant("statistics taken as constants")
def constants(dy, cache):
    x, xhat, s, gamma, _ = cache
    return dy * gamma * s, *affine(dy, xhat)


@batch.mutant("variance term missing")
def no_variance(dy, cache):
    x, xhat, s, gamma, _ = cache
    dz = dy * gamma
    return s * (dz - dz.mean(0)), *affine(dy, xhat)


@batch.mutant("mean term missing")
def no_mean(dy, cache):
    x, xhat, s, gamma, _ = cache
    dz = dy * gamma
    return s * (dz - xhat * (dz * xhat).mean(0)), *affine(dy, xhat)


@batch.mutant("mean term is a sum")
def mean_as_sum(dy, cache):
    x, xhat, s, gamma, _ = cache
    dz = dy * gamma
    return s * (dz - dz.sum(0) - xhat * (dz * xhat).mean(0)), *affine(dy, xhat)


@batch.mutant("variance term is a sum")
def variance_as_sum(dy, cache):
    x, xhat, s, gamma, _ = cache
    dz = dy * gamma
    return s * (dz - dz.mean(0) - xhat * (dz * xhat).sum(0)), *affine(dy, xhat)


@batch.mutant("variance term's sign")
def variance_added(dy, cache):
    x, xhat, s, gamma, _ = cache
    dz = dy * gamma
    return s * (dz - dz.mean(0) + xhat * (dz * xhat).mean(0)), *affine(dy, xhat)


@batch.mutant("variance term halved")
def half_variance(dy, cache):
    x, xhat, s, gamma, _ = cache
    dz = dy * gamma
    return s * (dz - dz.mean(0) - 0.5 * xhat * (dz * xhat).mean(0)), *affine(dy, xhat)


@batch.mutant("factor missing")
def gamma_forgotten(dy, cache):
    x, xhat, s, gamma, _ = cache
    return full(dy, xhat, s, 0), *affine(dy, xhat)


@batch.mutant("running statistics used in training")
def running(dy, cache):
    x, xhat, s, gamma, _ = cache
    return dy * gamma / np.sqrt(2.0 + EPS), *affine(dy, xhat)


@batch.mutant("two gradients swapped")
def gamma_beta_swapped(dy, cache):
    x, xhat, s, gamma, _ = cache
    dgamma, dbeta = affine(dy, xhat)
    return full(dy * gamma, xhat, s, 0), dbeta, dgamma


@batch.mutant("batch average")
def beta_averaged(dy, cache):
    x, xhat, s, gamma, _ = cache
    return full(dy * gamma, xhat, s, 0), (dy * xhat).sum(0), dy.mean(0)


@batch.mutant()
def gamma_with_x(dy, cache):
    x, xhat, s, gamma, _ = cache
    return full(dy * gamma, xhat, s, 0), (dy * x).sum(0), dy.sum(0)


@batch.mutant("wrong shape")
def norm_keepdims(dy, cache):
    x, xhat, s, gamma, _ = cache
    return full(dy * gamma, xhat, s, 0), (dy * xhat).sum(0, keepdims=True), dy.sum(0)


@batch.mutant("zero gradient")
def zero_dx(dy, cache):
    x, xhat, s, gamma, _ = cache
    return np.zeros_like(dy), *affine(dy, xhat)


@batch.mutant("factor 1/σ missing")
def s_forgotten(dy, cache):
    x, xhat, s, gamma, _ = cache
    return full(dy * gamma, xhat, 1.0, 0), *affine(dy, xhat)


@batch.mutant("off-diagonal missing")
def own_row_only(dy, cache):
    x, xhat, s, gamma, _ = cache
    n = len(x)
    return dy * gamma * s * (1 - 1 / n - xhat**2 / n), *affine(dy, xhat)


@layer.mutant("statistics taken as constants")
def layer_constants(dy, cache):
    xhat, s, gamma = cache
    return dy * gamma * s, *affine(dy, xhat)


@layer.mutant("variance term missing")
def layer_no_variance(dy, cache):
    xhat, s, gamma = cache
    dz = dy * gamma
    return s * (dz - dz.mean(-1, keepdims=True)), *affine(dy, xhat)


@layer.mutant("mean term missing")
def layer_no_mean(dy, cache):
    xhat, s, gamma = cache
    dz = dy * gamma
    return s * (dz - xhat * (dz * xhat).mean(-1, keepdims=True)), *affine(dy, xhat)


@layer.mutant()
def mean_over_batch(dy, cache):
    xhat, s, gamma = cache
    return full(dy * gamma, xhat, s, 0), *affine(dy, xhat)


@layer.mutant("factor missing")
def layer_gamma_forgotten(dy, cache):
    xhat, s, gamma = cache
    return full(dy, xhat, s, -1), *affine(dy, xhat)


@layer.mutant("summed over the wrong axis", x=lambda r: tuple(a[:4] for a in rows(r)))
def beta_over_features(dy, cache):
    xhat, s, gamma = cache
    return full(dy * gamma, xhat, s, -1), (dy * xhat).sum(0), dy.sum(1)


@layer.mutant("two gradients swapped")
def layer_swapped(dy, cache):
    xhat, s, gamma = cache
    return full(dy * gamma, xhat, s, -1), *affine(dy, xhat)[::-1]


@layer.mutant("both terms are sums")
def sums_for_means(dy, cache):
    xhat, s, gamma = cache
    dz = dy * gamma
    total = dz.sum(-1, keepdims=True) + xhat * (dz * xhat).sum(-1, keepdims=True)
    return s * (dz - total), *affine(dy, xhat)


CASES = [*batch.cases, *layer.cases]
