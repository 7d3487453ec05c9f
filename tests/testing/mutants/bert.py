"""Wrong backwards of BERT's embeddings, pooler and word head, and of GPT."""

import numpy as np

from minidl import layers
from minidl.applications.bert_pretraining import MaskedWordHead
from minidl.applications.gpt import GPT
from minidl.applications.pooler import Pooler
from minidl.composite import Composite
from tests.testing.mutants.bank import Layers
from tests.testing.mutants.sequences import SAMPLED, away_from_start, ids, sequences

# ---- BERT's parts ----


class BERTEmbeddings(Composite):
    """norm(word + position + segment) of a tuple (ids, segments)."""

    def __init__(self):
        super().__init__()
        self.word, self.segment = layers.Embedding(4, 4), layers.Embedding(2, 4)
        self.position, self.norm = layers.PositionEmbedding(3), layers.LayerNormalization()

    def forward(self, x, training=False):
        words, segments = self.word.forward(x[0])[0], self.segment.forward(x[1])[0]
        y, cache = self.norm.forward(self.position.forward(words)[0] + segments)
        return y, (x, cache)

    def backward(self, dy, cache):
        dh, norm = self.norm.backward(dy, cache[1])
        return (None, None), self.tables(dh, cache[0], norm)

    def tables(self, dh, x, norm):
        words, segments = np.zeros((4, 4)), np.zeros((2, 4))
        np.add.at(words, x[0], dh)
        np.add.at(segments, x[1], dh)
        position = {"W": dh.sum(0)}
        return self.collect(
            word={"W": words}, segment={"W": segments}, position=position, norm=norm
        )


def ids_and_segments(rng):
    return ids(rng), np.array([[0, 0, 1], [0, 1, 1]])


embeddings = Layers("BERT embeddings", away_from_start(BERTEmbeddings, (3,), (3,)),
                    ids_and_segments)  # fmt: skip


@embeddings.mutant("overwritten instead of added")
def segment_rows_overwritten(layer, dy, cache):
    dh = layer.norm.backward(dy, cache[1])[0]
    dx, grads = layer.right(dy, cache)
    dW = np.zeros((2, 4))
    dW[cache[0][1]] = dh
    return dx, {**grads, "segment.W": dW}


@embeddings.mutant()
def embedding_norm_skipped(layer, dy, cache):
    norm = layer.norm.backward(dy, cache[1])[1]
    return (None, None), layer.tables(dy, cache[0], norm)


@embeddings.mutant("batch average")
def positions_averaged_over_texts(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "position.W": grads["position.W"] / len(dy)}


@embeddings.mutant("row left out", "first part only", "last entry dropped", "last part only",
                   "first entry dropped")  # fmt: skip
def only_the_second_segment(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    grads["segment.W"][0] = 0
    return dx, grads


@embeddings.mutant()
def segments_indexed_by_ids(layer, dy, cache):
    (words, _), norm_cache = cache
    return layer.right(dy, ((words, (words > 0) * 1), norm_cache))


pooler = Layers("Pooler", away_from_start(lambda: Pooler(4)), sequences)


@pooler.mutant("time reversed", "last time step only", "shifted by one")
def pooler_uses_the_last_position(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx[:, ::-1].copy(), grads


@pooler.mutant("overwritten instead of added", "nonzero where it must be zero")
def pooler_gives_all_positions(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return np.repeat(dx[:, :1], 3, axis=1), grads


@pooler.mutant()
def pooler_spread_as_a_mean(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return np.repeat(dx[:, :1] / 3, 3, axis=1), grads


@pooler.mutant("derivative missing")
def pooler_tanh_forgotten(layer, dy, cache):
    (x, _), shape = cache
    dx = np.zeros(shape)
    dx[:, 0] = dy @ layer.params["W"].T
    return dx, {"W": x.T @ dy, "b": dy.sum(0)}


def word_head():
    return MaskedWordHead(layers.Embedding(5, 4), layers.GELU(), 1e-6, "glorot_uniform")


masked_words = Layers("masked word head", away_from_start(word_head, 4),
                      lambda rng: rng.standard_normal((3, 4)))  # fmt: skip


@masked_words.mutant()
def head_norm_skipped(layer, dy, cache):
    transform_cache, norm_cache, decoder_cache = cache
    dh, decoded = layer.decoder.backward(dy, decoder_cache)
    _, norm = layer.norm.backward(dh, norm_cache)
    dx, transform = layer.transform.backward(dh, transform_cache)
    return dx, layer.collect(transform=transform, norm=norm, decoder=decoded)


@masked_words.mutant()
def head_gelu_slope_at_h(layer, dy, cache):
    (x, _), *rest = cache
    return layer.right(dy, ((x, layer.transform.activation.forward(x)[1]), *rest))


@masked_words.mutant("batch average")
def head_bias_averaged(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    return dx, {**grads, "decoder.b": grads["decoder.b"] / len(dy)}


@masked_words.mutant()
def table_takes_h_before_the_norm(layer, dy, cache):
    dx, grads = layer.right(dy, cache)
    h = layer.transform.forward(cache[0][0])[0]
    return dx, {**grads, "decoder.embedding.W": dy.T @ h}


# ---- GPT ----


def gpt_model():
    return GPT(4, dim=4, layers=1, heads=2, ffn=2, max_length=3, dropout=0.0)


gpt = Layers("GPT", away_from_start(gpt_model, 3), ids, SAMPLED)


def gpt_backward(model, dy, cache):
    """(dh below the blocks, the table's gradient as it scores)."""
    _, _, caches, norm_cache, decoder_cache = cache
    dh, decoded = model.decoder.backward(dy, decoder_cache)
    dh, _ = model.norm.backward(dh, norm_cache)
    dh, _ = model.blocks[0].backward(dh, caches[0])
    return dh, decoded["embedding.W"]


@gpt.mutant()
def gpt_table_as_it_scores_only(model, dy, cache):
    _, scored = gpt_backward(model, dy, cache)
    return None, {**model.right(dy, cache)[1], "word.W": scored}


@gpt.mutant()
def gpt_table_as_it_reads_only(model, dy, cache):
    dh, _ = gpt_backward(model, dy, cache)
    read = model.word.backward(dh, cache[0])[1]["W"]
    return None, {**model.right(dy, cache)[1], "word.W": read}


@gpt.mutant("batch average", "factor ½")
def gpt_positions_averaged(model, dy, cache):
    grads = model.right(dy, cache)[1]
    return None, {**grads, "position.W": grads["position.W"] / len(dy)}


@gpt.mutant()
def gpt_last_norm_skipped(model, dy, cache):
    *rest, norm_cache, decoder_cache = cache
    dh, _ = model.decoder.backward(dy, decoder_cache)
    norm = {f"norm.{n}": g for n, g in model.norm.backward(dh, norm_cache)[1].items()}
    dh, block = model.blocks[0].backward(dh, rest[2][0])
    word, position = model.word.backward(dh, rest[0])[1], model.position.backward(dh, None)[1]
    block = {f"blocks.0.{n}": g for n, g in block.items()}
    grads = model.right(dy, cache)[1]
    table = word["W"].to_dense() + model.decoder.backward(dy, decoder_cache)[1]["embedding.W"]
    return None, {**grads, **norm, **block, "position.W": position["W"], "word.W": table}


@gpt.mutant()
def gpt_logits_shifted_by_one(model, dy, cache):
    return model.right(np.roll(dy, 1, axis=1), cache)


CASES = [
    case
    for family in (
        embeddings,
        pooler,
        masked_words,
        gpt,
    )
    for case in family.cases
]
