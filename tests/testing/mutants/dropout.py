# ruff: noqa: RUF059
"""Wrong backwards of Dropout, and of what works with a mask."""

import numpy as np

from minidl.layers import Dropout
from tests.testing.mutants.bank import Layers, Pairs


def table(rng):
    return rng.standard_normal((4, 6))


class Masked(Dropout):
    """Dropout whose cache is the mask times its scale; random in training only."""

    def __init__(self, rate=0.4):
        super().__init__(rate)

    def forward(self, x, training=False):
        if not training:
            return x.copy(), None
        scaled = (self.rng.random(x.shape) >= self.rate) / (1 - self.rate)
        return x * scaled, scaled

    def backward(self, dy, cache):
        return (dy if cache is None else dy * cache), {}


layers = Layers("Dropout", Masked, table, {"training": True})


@layers.mutant("mask not applied")
def no_mask(layer, dy, cache):
    return dy.copy(), {}


@layers.mutant("mask not applied")
def scale_without_mask(layer, dy, cache):
    return dy / (1 - layer.rate), {}


@layers.mutant("dropout scale")
def mask_without_scale(layer, dy, cache):
    return dy * (cache > 0), {}


@layers.mutant("dropout scale")
def scale_twice(layer, dy, cache):
    return dy * cache / (1 - layer.rate), {}


@layers.mutant()
def another_mask(layer, dy, cache):
    mask = np.random.default_rng(12345).random(dy.shape) >= layer.rate
    return dy * mask / (1 - layer.rate), {}


@layers.mutant("changes from call to call")
def a_new_mask_each_time(layer, dy, cache):
    return dy * (layer.rng.random(dy.shape) >= layer.rate) / (1 - layer.rate), {}


@layers.mutant("mask inverted")
def inverted_mask(layer, dy, cache):
    return dy * (cache == 0) / (1 - layer.rate), {}


def pooled(x, mask):
    """The mean over the steps that the mask keeps."""
    count = mask.sum(axis=1, keepdims=True)
    return (x * mask[:, :, None]).sum(axis=1) / count, (mask, count)


def sequences(rng):
    return rng.standard_normal((3, 4, 2)), np.array(
        [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    ) > 0


pool = Pairs("masked mean", pooled, sequences)


@pool.mutant("mask not applied")
def averages_padding_too(dy, cache):
    mask, count = cache
    return np.repeat(dy[:, None] / mask.shape[1], mask.shape[1], axis=1)


@pool.mutant("nonzero where it must be zero")
def count_without_mask(dy, cache):
    mask, count = cache
    return dy[:, None] / count[:, :, None] * np.ones((*mask.shape, 1))


@pool.mutant("sign")
def pool_negative(dy, cache):
    mask, count = cache
    return -(dy / count)[:, None] * mask[:, :, None]


CASES = [*layers.cases, *pool.cases]
