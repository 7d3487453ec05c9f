"""Wrong backwards of MultiHeadAttention: itself, with masks, across two sequences."""

import numpy as np

from minidl import layers
from tests.testing.mutants.bank import Layers
from tests.testing.mutants.sequences import (
    ALL,
    SAMPLED,
    SEQUENCE,
    away_from_start,
    sequences,
    two_sequences,
)

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


CASES = [
    case
    for family in (
        heads,
        dropping,
        causal,
        padded,
        cross,
    )
    for case in family.cases
]
