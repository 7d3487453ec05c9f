"""Wrong backwards of Embedding."""

import numpy as np

from minidl.gradients import RowGradient
from minidl.layers import Embedding
from tests.testing.mutants.bank import Layers, Pairs


def ids(rng):
    """Six words, three of them more than once."""
    return np.array([[0, 1, 2], [1, 4, 1], [4, 0, 3]])[rng.permutation(3)]


def different(rng):
    return rng.permutation(6).reshape(2, 3)


layers = Layers("Embedding", lambda: Embedding(6, 4), ids)


@layers.mutant("overwritten instead of added")
def repeats_lost(layer, dy, cache):
    dW = np.zeros(layer.params["W"].shape)
    dW[ids_of(layer, cache)] += dy
    return None, {"W": dW}


@layers.mutant("overwritten instead of added", x=different)
def repeats_lost_where_none_repeat(layer, dy, cache):
    dW = np.zeros(layer.params["W"].shape)
    dW[ids_of(layer, cache)] += dy
    return None, {"W": dW}


@layers.mutant("overwritten instead of added")
def repeats_overwritten(layer, dy, cache):
    dW = np.zeros(layer.params["W"].shape)
    for i, g in zip(ids_of(layer, cache).ravel(), dy.reshape(-1, dy.shape[-1])):
        dW[i] = g
    return None, {"W": dW}


@layers.mutant("averaged over repeats")
def repeats_averaged(layer, dy, cache):
    dW = dense(layer, dy, cache)
    count = np.maximum(np.bincount(ids_of(layer, cache).ravel(), minlength=len(dW)), 1)
    return None, {"W": dW / count[:, None]}


@layers.mutant("row left out")
def row_zero_left_out(layer, dy, cache):
    dW = dense(layer, dy, cache)
    dW[0] = 0
    return None, {"W": dW}


@layers.mutant("shifted by one")
def ids_from_one(layer, dy, cache):
    return None, {"W": np.roll(dense(layer, dy, cache), 1, axis=0)}


@layers.mutant("batch average")
def embedding_averaged(layer, dy, cache):
    return None, {"W": dense(layer, dy, cache) / len(dy)}


@layers.mutant("sign")
def embedding_negative(layer, dy, cache):
    return None, {"W": -dense(layer, dy, cache)}


@layers.mutant("gradient of integers")
def gives_ids_a_gradient(layer, dy, cache):
    return dy, {"W": dense(layer, dy, cache)}


@layers.mutant("last time step only")
def last_word_only(layer, dy, cache):
    dy = dy * (np.arange(dy.shape[1]) == dy.shape[1] - 1)[:, None]
    return None, {"W": dense(layer, dy, cache)}


@layers.mutant("first row only")
def first_sentence_only(layer, dy, cache):
    return None, {"W": dense(layer, dy * (np.arange(len(dy)) == 0)[:, None, None], cache)}


@layers.mutant("wrong shape")
def rows_without_table(layer, dy, cache):
    return None, {"W": dy.reshape(-1, dy.shape[-1])}


@layers.mutant("overwritten instead of added")
def rows_deduplicated_badly(layer, dy, cache):
    rows, where = np.unique(ids_of(layer, cache).ravel(), return_index=True)
    values = dy.reshape(-1, dy.shape[-1])[where]
    return None, {"W": RowGradient(rows, values, layer.params["W"].shape)}


@layers.mutant("dy ignored")
def counts_only(layer, dy, cache):
    return None, {"W": dense(layer, np.ones_like(dy), cache)}


@layers.mutant("channels reversed", "axis reversed")
def features_reversed(layer, dy, cache):
    return None, {"W": dense(layer, dy[..., ::-1], cache)}


@layers.mutant("reshaped, not transposed", x=lambda r: np.array([[0, 1, 2], [1, 5, 1]]))
def table_scrambled(layer, dy, cache):
    dW = dense(layer, dy, cache)
    return None, {"W": dW.T.reshape(dW.shape)}


def dense(layer, dy, cache):
    return np.asarray(layer.right(dy, cache)[1]["W"])


def ids_of(layer, cache):
    """The ids in a cache that is the ids, or holds them first."""
    return np.asarray(cache[0] if isinstance(cache, tuple) else cache)


def lookup(ids, W):
    return W[ids], (ids, W.shape)


pairs = Pairs("lookup", lookup, lambda rng: (ids(rng), rng.standard_normal((6, 2))))


@pairs.mutant("overwritten instead of added")
def lookup_overwrites(dy, cache):
    ids, shape = cache
    dW = np.zeros(shape)
    dW[ids] = dy
    return {"dW": dW}


@pairs.mutant("multiplied by repeats")
def lookup_counts_twice(dy, cache):
    ids, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, ids, dy)
    return {"dW": dW * np.bincount(ids.ravel(), minlength=len(dW))[:, None]}


CASES = [*layers.cases, *pairs.cases]
