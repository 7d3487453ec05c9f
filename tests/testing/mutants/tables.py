"""Wrong backwards of positions, of residuals, and of a table that reads and scores."""

import numpy as np

from minidl import layers
from minidl.composite import Composite
from tests.testing.mutants.bank import Layers
from tests.testing.mutants.sequences import away_from_start, ids, sequences, summed

# ---- positions, residual ----

position = Layers("PositionEmbedding", lambda: layers.PositionEmbedding(3), sequences)
longer = Layers("long PositionEmbedding", away_from_start(lambda: layers.PositionEmbedding(5)),
                sequences)  # fmt: skip
encoding = Layers("PositionalEncoding", layers.PositionalEncoding, sequences)


@position.mutant("batch average")
def positions_averaged(layer, dy, cache):
    return dy, {"W": dy.mean(0)}


@position.mutant("first row only", "overwritten instead of added")
def positions_of_first_row(layer, dy, cache):
    return dy, {"W": dy[0].copy()}


@position.mutant("overwritten instead of added", "last row only")
def positions_overwritten(layer, dy, cache):
    dW = np.zeros_like(layer.params["W"])
    for row in dy:
        dW[:] = row
    return dy, {"W": dW}


@position.mutant()
def positions_share_one_row(layer, dy, cache):
    return dy, {"W": np.zeros_like(layer.params["W"]) + dy.sum((0, 1))}


@position.mutant("zero gradient")
def x_gets_nothing(layer, dy, cache):
    return np.zeros_like(dy), layer.right(dy, cache)[1]


@longer.mutant("shifted by one")
def positions_from_one(layer, dy, cache):
    return dy, {"W": np.roll(layer.right(dy, cache)[1]["W"], 1, axis=0)}


@longer.mutant("wrong shape")
def unused_positions_cut_off(layer, dy, cache):
    return dy, {"W": dy.sum(0)}


@longer.mutant()
def positions_at_the_end(layer, dy, cache):
    return dy, {"W": layer.right(dy, cache)[1]["W"][[3, 4, 0, 1, 2]]}


@encoding.mutant("not linear in dy", "constant offset")
def code_added_to_dx(layer, dy, cache):
    return layer.forward(dy)[0], {}


@encoding.mutant()
def dx_times_code(layer, dy, cache):
    return dy * layer.forward(0 * dy)[0], {}


make_residual = away_from_start(lambda: layers.Residual(layers.Dense(4, "tanh")))
residual = Layers("Residual", make_residual, sequences)


@residual.mutant("skip branch missing")
def skip_forgotten(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx - dy, grads


@residual.mutant("main branch missing")
def main_forgotten(layer, dy, cache):
    return dy, layer.right(dy, cache)[1]


@residual.mutant("skip branch twice")
def skip_twice(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx + dy, grads


@residual.mutant("factor ½")
def shared_between_branches(layer, dy, cache):
    return layer.right(dy / 2, cache)


@residual.mutant("not linear in dy")
def branches_multiplied(layer, dy, cache):
    dx, grads = layer.layer.backward(dy, cache)
    return dy * dx, layer.collect(layer=grads)


# ---- one table, two uses ----


class TiedWords(Composite):
    """ids -> their rows -> tanh -> a score for each word, by the same table."""

    def __init__(self):
        super().__init__()
        self.word = layers.Embedding(4, 4)
        self.decoder = layers.TiedDense(self.word)

    def forward(self, x, training=False):
        rows, word_cache = self.word.forward(x)
        h = np.tanh(rows)
        y, cache = self.decoder.forward(h)
        return y, (word_cache, h, cache)

    def backward(self, dy, cache):
        return None, summed(*two_gradients(self, dy, cache))


def two_gradients(layer, dy, cache):
    """(the table's gradient as it reads, that as it scores and the bias's)."""
    read, h, cache = cache
    dh, scored = layer.decoder.backward(dy, cache)
    dW = np.zeros_like(layer.word.params["W"])
    np.add.at(dW, read, dh * (1 - h * h))
    return {"word.W": dW}, {"word.W": scored["embedding.W"], "decoder.b": scored["b"]}


tied = Layers("tied table", away_from_start(TiedWords, 3), ids)


@tied.mutant()
def table_as_it_scores_only(layer, dy, cache):
    return None, two_gradients(layer, dy, cache)[1]


@tied.mutant()
def table_as_it_reads_only(layer, dy, cache):
    first, last = two_gradients(layer, dy, cache)
    return None, {**last, **first}


@tied.mutant("factor ½")
def both_uses_averaged(layer, dy, cache):
    first, last = two_gradients(layer, dy, cache)
    return None, {**last, "word.W": (first["word.W"] + last["word.W"]) / 2}


@tied.mutant()
def reads_overwrite_scores(layer, dy, cache):
    first, last = two_gradients(layer, dy, cache)
    last["word.W"][cache[0]] = first["word.W"][cache[0]]
    return None, last


@tied.mutant("wrong shape")
def table_not_summed_over_batch(layer, dy, cache):
    grads = summed(*two_gradients(layer, dy, cache))
    return None, {**grads, "word.W": dy.swapaxes(1, 2) @ cache[1]}


def tied_dense():
    return layers.TiedDense(layers.Embedding(4, 4))


dense = Layers("TiedDense", away_from_start(tied_dense), sequences)


@dense.mutant("transposed")
def table_gradient_transposed(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "embedding.W": grads["embedding.W"].T.copy()}


@dense.mutant("weight not transposed", "Jacobian not transposed")
def table_transposed_on_the_way_back(layer, dy, cache):
    return dy @ layer.params["embedding.W"].T, layer.right(dy, cache)[1]


CASES = [
    case
    for family in (
        position,
        longer,
        encoding,
        residual,
        tied,
        dense,
    )
    for case in family.cases
]
