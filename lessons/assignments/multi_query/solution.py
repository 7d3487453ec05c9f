"""Multi-query attention: many heads ask, one key and one value answer them all.

Write the two functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in multi_query.md.
"""

import numpy as np

ASSIGNMENT = "multi_query"


def multi_query(x, Wq, Wk, Wv, Wo, mask, causal):
    """Self-attention with H heads for the queries, and one key and value for all of them.

    q_h = x Wq[:, h]     k = x Wk     v = x Wv     w_h = softmax(q_h kᵀ / √K)     o_h = w_h v
    y = Σ_h o_h Wo[h]

    x: (N, T, D)   Wq: (D, H, K)   Wk: (D, K)   Wv: (D, V)   Wo: (H, V, D)   y: (N, T, D)
    mask: (N, T) booleans, False hides a step from every query; None hides nothing
    causal: True hides from each query the steps after its own
    A query that sees no step at all has w = 0, and so y = 0.

    Returns y, cache with cache = (x, Wq, Wk, Wv, Wo, q, k, v, w, o),
    q: (N, H, T, K)   k: (N, T, K)   v: (N, T, V)   w: (N, H, T, T)   o: (N, H, T, V)
    """
    ### BEGIN SOLUTION
    T, K = x.shape[1], Wk.shape[1]
    q = np.einsum("ntd,dhk->nhtk", x, Wq)
    k, v = x @ Wk, x @ Wv
    s = q @ k[:, None].swapaxes(2, 3) / np.sqrt(K)  # (N, H, T, K) @ (N, 1, K, T)
    keep = np.ones((T, T), dtype=bool)
    if causal:
        keep = np.tri(T, dtype=bool)  # key ≤ query
    if mask is not None:
        keep = keep & mask[:, None, None, :]
    top = s.max(axis=-1, keepdims=True, where=keep, initial=-1e300)
    e = np.where(keep, np.exp(np.minimum(s - top, 0)), 0)
    w = e / np.maximum(e.sum(axis=-1, keepdims=True), 1)  # the best has e = 1: 0 / 1 or a mean
    o = w @ v[:, None]  # (N, H, T, T) @ (N, 1, T, V)
    y = np.einsum("nhtv,hvd->ntd", o, Wo)
    return y, (x, Wq, Wk, Wv, Wo, q, k, v, w, o)
    ### END SOLUTION


def multi_query_backward(dy, cache):
    """The gradients for an upstream gradient dy: (N, T, D).

    cache: (x, Wq, Wk, Wv, Wo, q, k, v, w, o) as multi_query returns it

    Returns dx, dWq, dWk, dWv, dWo with the shapes of x, Wq, Wk, Wv, Wo.
    """
    ### BEGIN SOLUTION
    x, Wq, Wk, Wv, Wo, q, k, v, w, o = cache
    do = np.einsum("ntd,hvd->nhtv", dy, Wo)
    dWo = np.einsum("nhtv,ntd->hvd", o, dy)
    dw = do @ v[:, None].swapaxes(2, 3)  # (N, H, T, V) @ (N, 1, V, T)
    dv = (w.swapaxes(2, 3) @ do).sum(axis=1)  # every head looks at the one v
    ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True))  # 0 where w is 0: at what is hidden
    ds = ds / np.sqrt(k.shape[-1])
    dq = ds @ k[:, None]  # (N, H, T, T) @ (N, 1, T, K)
    dk = (ds.swapaxes(2, 3) @ q).sum(axis=1)  # and at the one k
    dWq = np.einsum("ntd,nhtk->dhk", x, dq)
    dWk = np.einsum("ntd,ntk->dk", x, dk)
    dWv = np.einsum("ntd,ntv->dv", x, dv)
    dx = np.einsum("nhtk,dhk->ntd", dq, Wq) + dk @ Wk.T + dv @ Wv.T
    return dx, dWq, dWk, dWv, dWo
    ### END SOLUTION


class MultiQuery:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    def __init__(self, D, H, K, V, rng, keep=None, causal=False):
        shapes = {"Wq": (D, H, K), "Wk": (D, K), "Wv": (D, V), "Wo": (H, V, D)}
        self.params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
        self.keep, self.causal = keep, causal

    def forward(self, x):
        mask = None if self.keep is None else np.array([self.keep] * len(x))  # (T,) -> (N, T)
        return multi_query(x, **self.params, mask=mask, causal=self.causal)

    def backward(self, dy, cache):
        dx, dWq, dWk, dWv, dWo = multi_query_backward(dy, cache)
        return dx, {"Wq": dWq, "Wk": dWk, "Wv": dWv, "Wo": dWo}


rng = np.random.default_rng(0)
KEEP = [True, False, True, True]
CHECKS = [
    (MultiQuery(4, 3, 2, 2, rng), rng.standard_normal((2, 4, 4))),
    (MultiQuery(4, 3, 2, 5, rng, KEEP, causal=True), rng.standard_normal((2, 4, 4))),
]
