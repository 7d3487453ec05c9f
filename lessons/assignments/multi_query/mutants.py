"""Mistakes planted in solution.py, and the items that each must lose."""

from minidl.grading.assignment import Mutant

LATE = ("dx", "dWq", "dWk")  # what comes back through the softmax


def ask(*names):
    return tuple(f"multi_query.{name}" for name in names)


def back(*names):
    return tuple(f"multi_query_backward.{name}" for name in names)


MUTANTS = [
    # ---- multi_query ----
    Mutant(
        "the scores are not scaled",
        "swapaxes(2, 3) / np.sqrt(K)  #", "swapaxes(2, 3)  #",
        loses=(*ask("value", "cache"), "stack"),
    ),
    Mutant(
        "scaled by the width of the values",
        "swapaxes(2, 3) / np.sqrt(K)  #", "swapaxes(2, 3) / np.sqrt(v.shape[-1])  #",
        loses=(*ask("value", "cache"), "stack"),
    ),
    Mutant(
        "scaled by K, not its root",
        "swapaxes(2, 3) / np.sqrt(K)  #", "swapaxes(2, 3) / K  #",
        loses=(*ask("value", "cache"), "stack"),
    ),
    Mutant(
        "the mask hides queries",
        "mask[:, None, None, :]", "mask[:, None, :, None]",
        loses=(*ask("value", "cache", "hidden_steps"), "stack"),
    ),
    Mutant(
        "the mask hides queries as well",
        "mask[:, None, None, :]", "mask[:, None, None, :] & mask[:, None, :, None]",
        loses=(*ask("value", "cache"), "stack"),
    ),
    Mutant(
        "the mask is the wrong way round",
        "mask[:, None, None, :]", "~mask[:, None, None, :]",
        loses=(*ask("value", "cache", "hidden_steps", "nothing_to_see"), "stack"),
    ),
    Mutant(
        "causal looks forward",
        "np.tri(T, dtype=bool)", "np.tri(T, dtype=bool).T",
        loses=(*ask("value", "cache", "later_steps", "nothing_to_see"), "stack"),
    ),
    Mutant(
        "a causal query does not see itself",
        "np.tri(T, dtype=bool)", "np.tri(T, k=-1, dtype=bool)",
        loses=(*ask("value", "cache"), "stack"),
    ),
    Mutant(
        "the mask replaces causal",
        "keep = keep & mask", "keep = mask",
        loses=(*ask("value", "cache", "nothing_to_see"), "stack"),
    ),
    Mutant(
        "who sees nothing gets the mean of all values",
        "np.where(keep, np.exp(np.minimum(s - top, 0)), 0)",
        "np.exp(np.where(keep, s, -1e9) - np.where(keep, s, -1e9).max(axis=-1, keepdims=True))",
        loses=ask("nothing_to_see"),
    ),
    Mutant(
        "who sees nothing gets 0 / 0",
        "np.maximum(e.sum(axis=-1, keepdims=True), 1)", "e.sum(axis=-1, keepdims=True)",
        loses=ask("nothing_to_see"),
    ),
    Mutant(
        "exp overflows",
        "np.exp(np.minimum(s - top, 0))", "np.exp(s)",
        loses=(*ask("value", "cache", "large_scores"), "stack"),
    ),
    Mutant(
        "exp overflows, though the weights are right",
        "w = e / np.maximum(e.sum(axis=-1, keepdims=True), 1)",
        "e = np.where(keep, np.exp(s), 0); w = e / np.maximum(e.sum(-1, keepdims=True), 1e-99)",
        loses=ask("large_scores"),
    ),
    Mutant(
        "the weights sum to 1 over the queries",
        "np.maximum(e.sum(axis=-1, keepdims=True), 1)",
        "np.maximum(e.sum(axis=-2, keepdims=True), 1e-9)",
        loses=(*ask("value", "cache", "hidden_steps", "later_steps"), "stack"),
    ),
    Mutant(
        "the mean over heads",
        'y = np.einsum("nhtv,hvd->ntd", o, Wo)',
        'y = np.einsum("nhtv,hvd->ntd", o, Wo) / len(Wo)',
        loses=(*ask("value", "heads_add_up"), "stack"),
    ),
    Mutant(
        "only the first head is read",
        'y = np.einsum("nhtv,hvd->ntd", o, Wo)',
        'y = np.einsum("nhtv,hvd->ntd", o[:, :1], Wo[:1])',
        loses=(*ask("value", "heads_add_up"), "stack"),
    ),
    Mutant(
        "the cache holds the scores",
        "q, k, v, w, o)\n    ### END", "q, k, v, s, o)\n    ### END",
        loses=(*ask("cache"), "stack"),
    ),
    Mutant(
        "q in the cache is already scaled",
        "q, k, v, w, o)\n    ### END", "q / np.sqrt(K), k, v, w, o)\n    ### END",
        loses=(*ask("cache"), "stack"),
    ),
    Mutant(
        "y by heads, not added up",
        'y = np.einsum("nhtv,hvd->ntd", o, Wo)',
        'y = np.einsum("nhtv,hvd->nhtd", o, Wo)',
        loses=(*ask("shape", "value", "hidden_steps", "later_steps", "nothing_to_see",
                    "heads_add_up"), "stack"),
    ),
    # ---- multi_query_backward ----
    Mutant(
        "dv is the mean of the heads",
        "@ do).sum(axis=1)", "@ do).mean(axis=1)",
        loses=(*back("dx", "dWv", "heads_add_up"), "stack"),
    ),
    Mutant(
        "dk is the mean of the heads",
        "@ q).sum(axis=1)", "@ q).mean(axis=1)",
        loses=(*back("dx", "dWk", "heads_add_up"), "stack"),
    ),
    Mutant(
        "dk is the first head's",
        "@ q).sum(axis=1)", "@ q)[:, 0]",
        loses=(*back("dx", "dWk", "heads_add_up"), "stack"),
    ),
    Mutant(
        "the gradient of the scores is not scaled",
        "ds = ds / np.sqrt(k.shape[-1])", "ds = ds * 1",
        loses=(*back(*LATE), "stack"),
    ),
    Mutant(
        "the softmax's slope without the sum",
        "ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True))", "ds = w * dw",
        loses=(*back(*LATE), "stack"),
    ),
    Mutant(
        "the softmax's slope taken for a sigmoid's",
        "ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True))", "ds = w * (1 - w) * dw",
        loses=(*back(*LATE), "stack"),
    ),
    Mutant(
        "hidden steps get a gradient",
        "ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True))",
        "ds = dw - (w * dw).sum(axis=-1, keepdims=True)",
        loses=(*back(*LATE, "hidden_gradient"), "stack"),
    ),
    Mutant(
        "the weights are not turned round in dk",
        "dk = (ds.swapaxes(2, 3) @ q)", "dk = (ds @ q)",
        loses=(*back("dx", "dWk"), "stack"),
    ),
    Mutant(
        "the weights are not turned round in dv",
        "dv = (w.swapaxes(2, 3) @ do)", "dv = (w @ do)",
        loses=(*back("dx", "dWv", "hidden_gradient"), "stack"),
    ),
    Mutant(
        "dx without the way through k",
        " + dk @ Wk.T", "",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "dx without the way through v",
        " + dv @ Wv.T", "",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "dx without the way through q",
        'dx = np.einsum("nhtk,dhk->ntd", dq, Wq) +', "dx =",
        loses=(*back("dx"), "stack"),
    ),
    Mutant(
        "dWo from the values, not the heads",
        'dWo = np.einsum("nhtv,ntd->hvd", o, dy)',
        'dWo = np.einsum("nhtv,ntd->hvd", np.broadcast_to(v[:, None], o.shape), dy)',
        loses=(*back("dWo"), "stack"),
    ),
    Mutant(
        "dWq with heads first",
        '"ntd,nhtk->dhk"', '"ntd,nhtk->hdk"',
        loses=(*back("shape", "dWq"), "stack"),
    ),
    Mutant(
        "dWk is the mean over the batch",
        'dWk = np.einsum("ntd,ntk->dk", x, dk)',
        'dWk = np.einsum("ntd,ntk->dk", x, dk) / len(x)',
        loses=(*back("dWk"), "stack"),
    ),
    Mutant(
        "dWv keeps an axis for the heads",
        'dWv = np.einsum("ntd,ntv->dv", x, dv)',
        'dWv = np.einsum("ntd,ntv->dv", x, dv)[:, None]',
        loses=back("shape"),
    ),
    Mutant(
        "w in the cache is overwritten",
        "ds = w * (dw -", "w *= 1; ds = w * (dw -",
        loses=back("contract"),
    ),
]  # fmt: skip
