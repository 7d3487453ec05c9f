"""Wrong backwards of heads, positions, residuals, blocks, BERT's parts and GPT."""

import numpy as np

from minidl import layers
from minidl.applications.bert_pretraining import MaskedWordHead
from minidl.applications.gpt import GPT
from minidl.applications.pooler import Pooler
from minidl.composite import Composite
from tests.testing.mutants.bank import Layers

SEQUENCE = (2, 3, 4)  # N, T, D
SAMPLED = {"max_entries": 2}  # and directions through all: fast, but little is named
ALL = {"max_entries": None}


def sequences(rng):
    return rng.standard_normal(SEQUENCE)


def two_sequences(rng):
    """A target and what it reads, of equal lengths: so mistakes keep their shape."""
    return sequences(rng), sequences(rng)


def ids(rng):
    """Some repeat."""
    return rng.permuted([[0, 2, 2], [1, 2, 3]], axis=1)


def away_from_start(make, *shape):
    """make, for built layers whose parameters are no longer all 0 or 1."""

    def made():
        layer, rng = make(), np.random.default_rng(5)
        layer.build(shape or SEQUENCE[1:], rng)
        for array in layer.params.values():
            array += 0.3 * rng.standard_normal(array.shape)
        return layer

    return made


def summed(*grads):
    """Several dicts of gradients as one."""
    return {name: sum(g[name] for g in grads if name in g) for d in grads for name in d}


# ---- MultiHeadAttention ----


def heads_backward(layer, dy, cache, core=None):
    """The whole backward in einsum; core(dout, Q, K, V, w) -> dQ, dK, dV may be another."""
    (q, v, k), width, QKV, w, _, heads, _ = cache
    Wo = layer.params["Wo"]
    dout = np.einsum("nqm,hvm->nhqv", dy, Wo)
    heads = heads.reshape(*heads.shape[:2], *Wo.shape[:2])
    grads = {"Wo": np.einsum("nqhv,nqm->hvm", heads, dy), "bo": dy.sum((0, 1))}
    dxs = []
    for x, dz, part in zip((q, v, k), reordered((core or scores)(dout, *QKV, w)), "qvk"):
        grads[f"W{part}"] = np.einsum("ntd,nhtk->dhk", x, dz)
        grads[f"b{part}"] = dz.sum((0, 2))
        dxs.append(np.einsum("nhtk,dhk->ntd", dz, layer.params[f"W{part}"]))
    grads["bk"] = 0 * grads["bk"]
    dq, dv, dk = dxs
    return (dq + dv + dk if width == 1 else (dq, dv + dk)), grads


def reordered(gradients):
    dQ, dK, dV = gradients
    return dQ, dV, dK


def softmax_rows(w, dw):
    return w * (dw - (dw * w).sum(-1, keepdims=True))


def scores(dout, Q, K, V, w, softmax=softmax_rows, scale_Q=None, scale_K=None):
    right = 1 / np.sqrt(Q.shape[-1])
    dS = softmax(w, dout @ V.swapaxes(2, 3))
    dQ = dS @ K * (scale_Q or right)
    return dQ, dS.swapaxes(2, 3) @ Q * (scale_K or right), w.swapaxes(2, 3) @ dout


def weights_of(Q, K, mask=None):
    """softmax(Q Kᵀ / √d), as a forward without the mask, or with another, has it."""
    S = Q @ K.swapaxes(2, 3) / np.sqrt(Q.shape[-1])
    S = S if mask is None else np.where(mask, S, -1e30)
    w = np.exp(S - S.max(-1, keepdims=True))
    return w / w.sum(-1, keepdims=True)


make_heads = away_from_start(lambda: layers.MultiHeadAttention(2, 2))
heads = Layers("attention heads", make_heads, sequences, SAMPLED)


@heads.mutant("factor √d")
def scale_forgotten(layer, dy, cache):
    return heads_backward(layer, dy, cache, lambda *a: scores(*a, scale_Q=1.0, scale_K=1.0))


@heads.mutant("factor √d")
def scale_on_queries_only(layer, dy, cache):
    return heads_backward(layer, dy, cache, lambda *a: scores(*a, scale_K=1.0))


@heads.mutant()
def softmax_diagonal(layer, dy, cache):
    core = lambda *a: scores(*a, softmax=lambda w, dw: w * (1 - w) * dw)  # noqa: E731
    return heads_backward(layer, dy, cache, core)


@heads.mutant()
def softmax_over_queries(layer, dy, cache):
    over = lambda w, dw: w * (dw - (dw * w).sum(-2, keepdims=True))  # noqa: E731
    return heads_backward(layer, dy, cache, lambda *a: scores(*a, softmax=over))


@heads.mutant()
def dQ_and_dK_exchanged(layer, dy, cache):
    def core(*arrays):
        dQ, dK, dV = scores(*arrays)
        return dK, dQ, dV

    return heads_backward(layer, dy, cache, core)


@heads.mutant()
def weights_not_transposed_for_V(layer, dy, cache):
    def core(dout, Q, K, V, w):
        return *scores(dout, Q, K, V, w)[:2], w @ dout

    return heads_backward(layer, dy, cache, core)


@heads.mutant()
def scores_not_transposed_for_K(layer, dy, cache):
    def core(dout, Q, K, V, w):
        dQ, _, dV = scores(dout, Q, K, V, w)
        dS = softmax_rows(w, dout @ V.swapaxes(2, 3))
        return dQ, dS @ Q / np.sqrt(Q.shape[-1]), dV

    return heads_backward(layer, dy, cache, core)


@heads.mutant("last part only", "zero gradient")
def last_head_only(layer, dy, cache):
    def core(dout, *arrays):
        return scores(dout * np.array([0.0, 1.0])[:, None, None], *arrays)

    return heads_backward(layer, dy, cache, core)


@heads.mutant()
def heads_reshaped_not_transposed(layer, dy, cache):
    def core(dout, *arrays):
        N, H, T, V = dout.shape
        return scores(dout.transpose(0, 2, 1, 3).reshape(N, H, T, V), *arrays)

    return heads_backward(layer, dy, cache, core)


@heads.mutant()
def dx_of_queries_alone(layer, dy, cache):
    (q, v, k), _, *rest = cache
    (dq, _), grads = heads_backward(layer, dy, ((q, v, k), 2, *rest))
    return dq, grads


@heads.mutant("nonzero where it must be zero", "across time", **ALL)
def key_bias_as_query_bias(layer, dy, cache):
    dx, grads = heads_backward(layer, dy, cache)
    return dx, {**grads, "bk": grads["bq"]}


@heads.mutant("across time", **ALL)
def output_weights_from_values(layer, dy, cache):
    dx, grads = heads_backward(layer, dy, cache)
    return dx, {**grads, "Wo": np.einsum("nhtv,ntm->hvm", cache[2][2], dy)}


@heads.mutant("time average", **ALL)
def value_bias_averaged_over_time(layer, dy, cache):
    dx, grads = heads_backward(layer, dy, cache)
    return dx, {**grads, "bv": grads["bv"] / dy.shape[1]}


dropping = Layers(
    "attention dropout",
    away_from_start(lambda: layers.MultiHeadAttention(2, 2, dropout=0.4)),
    sequences,
    {"training": True, **SAMPLED},
)


@dropping.mutant()
def dropped_weights_not_dropped(layer, dy, cache):
    return heads_backward(layer, dy, cache)


causal = Layers(
    "causal heads", make_heads, sequences, {"kwargs": {"use_causal_mask": True}, **SAMPLED}
)


@causal.mutant()
def causal_mask_not_in_backward(layer, dy, cache):
    core = lambda dout, Q, K, V, w: scores(dout, Q, K, V, weights_of(Q, K))  # noqa: E731
    return heads_backward(layer, dy, cache, core)


@causal.mutant()
def causal_mask_transposed(layer, dy, cache):
    def core(dout, Q, K, V, w):
        return scores(dout, Q, K, V, weights_of(Q, K, np.tri(Q.shape[2]).T > 0))

    return heads_backward(layer, dy, cache, core)


@causal.mutant()
def causal_mask_without_diagonal(layer, dy, cache):
    def core(dout, Q, K, V, w):
        T = Q.shape[2]
        return scores(dout, Q, K, V, weights_of(Q, K, np.tri(T, k=-1) + np.eye(T, 1)[0] > 0))

    return heads_backward(layer, dy, cache, core)


KEEP = np.array([[True, True, False], [True, False, False]])
padded = Layers("padded heads", make_heads, sequences, {"kwargs": {"mask": KEEP}, **SAMPLED})


@padded.mutant()
def padding_seen_in_backward(layer, dy, cache):
    core = lambda dout, Q, K, V, w: scores(dout, Q, K, V, weights_of(Q, K))  # noqa: E731
    return heads_backward(layer, dy, cache, core)


@padded.mutant()
def dy_of_padding_dropped(layer, dy, cache):
    return heads_backward(layer, dy * cache[3].any((1, 3))[..., None], cache)


cross = Layers(
    "cross heads",
    away_from_start(lambda: layers.MultiHeadAttention(2, 2), SEQUENCE[1:], SEQUENCE[1:]),
    two_sequences,
    SAMPLED,
)


@cross.mutant()
def values_without_keys_share(layer, dy, cache):
    (dq, _), grads = heads_backward(layer, dy, cache)
    dV = cache[3].swapaxes(2, 3) @ np.einsum("nqm,hvm->nhqv", dy, layer.params["Wo"])
    return (dq, np.einsum("nhtk,dhk->ntd", dV, layer.params["Wv"])), grads


@cross.mutant("two gradients swapped", **ALL)
def query_and_value_exchanged(layer, dy, cache):
    (dq, dv), grads = layer.right(dy, cache)
    return (dv, dq), grads


@cross.mutant()
def keys_taken_from_the_query(layer, dy, cache):
    (q, v, _), *rest = cache
    dx, _ = layer.right(dy, cache)
    return dx, layer.right(dy, ((q, v, q), *rest))[1]


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


# ---- blocks ----


def around_back(self, dy, cache, norm, sublayer, wrong=""):
    """The block's around_back without dropout, with one mistake."""
    norm_cache, cache, _ = cache
    dy_of_y, post = dy, self.norm == "post"
    if post:
        dy, norm_grads = norm.backward(dy, norm_cache)
        dy = dy_of_y.copy() if wrong == "norm" else dy
    ds, *rest = sublayer(dy, cache)
    if wrong == "sum before norm":
        ds = ds + dy
    if not post:
        dz, norm_grads = norm.backward(ds, norm_cache)
        ds = ds if wrong == "norm" else dz
    kept = {"residual": 0.0, "sum before norm": 0.0, "dy of y": dy_of_y}.get(wrong, dy)
    return ds + kept, norm_grads, *rest


def encoder_backward(self, dy, cache, first="", second=""):
    """The block's backward with a mistake in its first or second half."""
    dh, norm2, ffn1, ffn2 = around_back(self, dy, cache[1], self.norm2, self.ffn_back, second)
    attention_back = self.attention.backward
    dx, norm1, heads = around_back(self, dh, cache[0], self.norm1, attention_back, first)
    return dx, self.collect(attention=heads, norm1=norm1, ffn1=ffn1, ffn2=ffn2, norm2=norm2)


def encoder(**options):
    return away_from_start(lambda: layers.TransformerEncoderBlock(2, 3, **options))


post = Layers("post-norm encoder", encoder(), sequences, SAMPLED)
pre = Layers("pre-norm encoder", encoder(norm="pre"), sequences, SAMPLED)


@post.mutant()
def post_attention_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, first="residual")


@post.mutant()
def post_ffn_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, second="residual")


@post.mutant()
def post_first_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, first="norm")


@post.mutant()
def post_second_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, second="norm")


@post.mutant()
def residual_around_the_norm(block, dy, cache):
    return encoder_backward(block, dy, cache, first="dy of y", second="dy of y")


@post.mutant()
def first_norm_with_the_seconds_cache(block, dy, cache):
    (_, *attention), ffn = cache
    return encoder_backward(block, dy, ((ffn[0], *attention), ffn))


@post.mutant()
def norms_exchanged(block, dy, cache):
    dx, grads = block.right(dy, cache)
    new = {n: grads[n.replace("norm1", "norm2")] for n in grads if n.startswith("norm1")}
    new |= {n: grads[n.replace("norm2", "norm1")] for n in grads if n.startswith("norm2")}
    return dx, {**grads, **new}


@post.mutant()
def gelu_slope_at_its_output(block, dy, cache):
    attention, (norm, ((x, gelu), second), drop) = cache
    y, _ = block.ffn1.activation.forward(gelu[0])
    wrong = block.ffn1.activation.forward(y)[1]
    return block.right(dy, (attention, (norm, ((x, wrong), second), drop)))


@post.mutant()
def gelu_slope_forgotten(block, dy, cache):
    def ffn_back(dy, cache):
        (x, _), cache2 = cache
        dz, grads2 = block.ffn2.backward(dy, cache2)
        W = np.einsum("ntd,ntm->dm", x, dz)
        return dz @ block.ffn1.params["W"].T, {"W": W, "b": dz.sum((0, 1))}, grads2

    dh, norm2, ffn1, ffn2 = around_back(block, dy, cache[1], block.norm2, ffn_back)
    back = block.attention.backward
    dx, norm1, heads = around_back(block, dh, cache[0], block.norm1, back)
    return dx, block.collect(attention=heads, norm1=norm1, ffn1=ffn1, ffn2=ffn2, norm2=norm2)


@pre.mutant()
def pre_attention_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, first="residual")


@pre.mutant()
def pre_ffn_residual_forgotten(block, dy, cache):
    return encoder_backward(block, dy, cache, second="residual")


@pre.mutant()
def residual_through_the_norm(block, dy, cache):
    return encoder_backward(block, dy, cache, first="sum before norm")


@pre.mutant()
def pre_first_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, first="norm")


@pre.mutant()
def pre_second_norm_skipped(block, dy, cache):
    return encoder_backward(block, dy, cache, second="norm")


@pre.mutant()
def dx_by_the_residuals_alone(block, dy, cache):
    return dy.copy(), block.right(dy, cache)[1]


# ---- parameters as they start: γ is 1 and b is 0 ----

fresh_norm = Layers("fresh norm", layers.LayerNormalization, sequences)


@fresh_norm.mutant("factor missing")
def gamma_forgotten(layer, dy, cache):
    grads = layer.right(dy, cache)[1]
    return layer.right(dy / layer.params["gamma"], cache)[0], grads


# ---- decoder ----


def decoder(*shape):
    return away_from_start(lambda: layers.TransformerDecoderBlock(2, 3), *shape)


plain = Layers("decoder", decoder(), sequences, SAMPLED)
reading = Layers("reading decoder", decoder(SEQUENCE[1:], SEQUENCE[1:]), two_sequences, SAMPLED)


@plain.mutant()
def decoder_sees_the_future(block, dy, cache):
    (norm, heads, drop), *rest = cache
    inputs, width, (Q, K, V), _, *others = heads
    heads = inputs, width, (Q, K, V), weights_of(Q, K), *others
    return block.right(dy, ((norm, heads, drop), *rest))


@plain.mutant()
def second_norm_for_the_first(block, dy, cache):
    dx, grads = block.right(dy, cache)
    used = {n: grads[n.replace("norm1", "norm2")] for n in grads if n.startswith("norm1")}
    return dx, {**grads, **used}


@reading.mutant("zero gradient")
def encoder_learns_nothing(block, dy, cache):
    (dx, de), grads = block.right(dy, cache)
    return (dx, np.zeros_like(de)), grads


@reading.mutant()
def target_and_encoded_exchanged(block, dy, cache):
    (dx, de), grads = block.right(dy, cache)
    return (de, dx), grads


def decoder_backward(self, dy, cache, wrong):
    """The block's backward with a mistake around cross-attention."""
    dh, norm2, ffn1, ffn2 = around_back(self, dy, cache[2], self.norm2, self.ffn_back)
    dh, cross_norm, de, cross = around_back(
        self, dh, cache[1], self.cross_norm, self.cross_back, wrong
    )
    back = self.attention.backward
    dx, norm1, heads = around_back(self, dh, cache[0], self.norm1, back)
    grads = {"attention": heads, "norm1": norm1, "cross_attention": cross}
    grads |= {"cross_norm": cross_norm, "ffn1": ffn1, "ffn2": ffn2, "norm2": norm2}
    return (dx, de), self.collect(**grads)


@reading.mutant()
def cross_residual_forgotten(block, dy, cache):
    return decoder_backward(block, dy, cache, "residual")


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


FAMILIES = (
    heads, dropping, causal, padded, cross, position, longer, encoding, residual, tied, dense,
    post, pre, fresh_norm, plain, reading, embeddings, pooler, masked_words, gpt,
)  # fmt: skip
CASES = [case for family in FAMILIES for case in family.cases]
