"""Scaled dot-product attention, as plain functions of Q, K and V."""

import math

import numpy as np

from minidl.layers.masks import fits
from minidl.layers.rows import row_sums

LARGE = 40.0  # exp(±40) and the sum of any number of such are far from the ends of float32


def scaled_dot_product_attention(Q, K, V, mask=None, drop=None):
    """Every query takes the mean of the values, weighted by how well their keys fit it.

    Forward   weights = softmax(Q Kᵀ / √d_k)     out = weights V
              Q: (…, Tq, d_k)   K: (…, Tk, d_k)   V: (…, Tk, d_v)
              weights: (…, Tq, Tk), rows sum to 1     out: (…, Tq, d_v)
    Returns   (out, weights)
    Backward  scaled_dot_product_attention_backward

    The dot product of two vectors of d_k independent numbers of variance 1 has variance d_k:
    √d_k brings the scores back to variance 1, where the softmax still has a slope.

    mask   booleans (…, Tq, Tk), True where a query may look; one that may look nowhere gets
           weights 0 and out 0
    drop   (…, Tq, Tk) factors on the weights before V: dropout's 0 or 1 / (1 − p)

    Raises    ValueError: sizes that do not go together
    Source:   D4 §4.1.3, §4.2.3 (printed there as a division by V); Vaswani et al. 2017, eq. 1
    """
    Q, K, V = np.asarray(Q), np.asarray(K), np.asarray(V)
    check_sizes(Q, K, V)
    weights = attention_weights(Q, K, mask)
    return (weights if drop is None else weights * drop) @ V, weights


def attention_weights(Q, K, mask=None):
    """softmax(Q Kᵀ / √d_k) over the keys; the softmax is done in place."""
    scores = (Q * (1 / math.sqrt(Q.shape[-1]))) @ K.swapaxes(-1, -2)  # -> (…, Tq, Tk)
    # A softmax may be shifted by any number. Where no score could overflow none is needed, and
    # to find that out is six times as fast as the maximum of every row.
    small = scores.size and scores.min() > -LARGE and scores.max() < LARGE
    if mask is not None:
        np.copyto(scores, -np.inf, where=np.logical_not(checked_mask(mask, scores.shape)))
    if not small:  # the initial value is for queries that see no key: their maximum is −∞
        scores -= scores.max(axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    np.exp(scores, out=scores)
    total = row_sums(scores)  # (…, Tq, 1)
    total[total == 0] = 1  # of a query that sees no key: 0 / 1
    scores /= total
    return scores


def scaled_dot_product_attention_backward(dout, Q, K, V, weights, drop=None, dweights=None):
    """(dQ, dK, dV) of scaled_dot_product_attention, with A = weights (⊙ drop):

    dV = Aᵀ dout     dA = dout Vᵀ     dw = dA (⊙ drop) + dweights
    dscores = w ⊙ (dw − Σₖ wₖ dwₖ)                      the softmax's Jacobian, row by row
    dQ = dscores K / √d_k     dK = dscoresᵀ Q / √d_k

    dweights   ∂L/∂weights, where the weights are an output as well
    """
    A = weights if drop is None else weights * drop
    dV = A.swapaxes(-1, -2) @ dout  # (…, Tk, Tq) @ (…, Tq, d_v) -> (…, Tk, d_v)
    dscores = dout @ V.swapaxes(-1, -2)  # (…, Tq, d_v) @ (…, d_v, Tk) -> (…, Tq, Tk)
    if drop is not None:
        dscores *= drop
    if dweights is not None:
        dscores += dweights
    dscores -= np.einsum("...qk,...qk->...q", dscores, weights)[..., None]
    dscores *= weights
    scale = 1 / math.sqrt(Q.shape[-1])  # on dQ and dK, which are smaller than dscores
    dQ = dscores @ K  # (…, Tq, Tk) @ (…, Tk, d_k) -> (…, Tq, d_k)
    dQ *= scale
    dK = dscores.swapaxes(-1, -2) @ Q  # (…, Tk, Tq) @ (…, Tq, d_k) -> (…, Tk, d_k)
    dK *= scale
    return dQ, dK, dV


def check_sizes(Q, K, V):
    """A sentence where Q, K and V do not go together."""
    fit = K.ndim > 1 and V.ndim > 1 and K.shape[-2] == V.shape[-2]
    if Q.ndim < 1 or not fit or Q.shape[-1] != K.shape[-1]:
        raise ValueError(
            "scaled_dot_product_attention: Q must be (…, Tq, d_k), K (…, Tk, d_k) and V "
            f"(…, Tk, d_v), got {Q.shape}, {K.shape} and {V.shape}: Q and K share their last "
            "axis, K and V the one before it"
        )


def checked_mask(mask, shape):
    """The mask as booleans, or a sentence where it does not go with the scores."""
    mask = np.asarray(mask, dtype=bool)
    if not fits(mask.shape, shape):
        raise ValueError(
            f"scaled_dot_product_attention: mask must fit the scores {shape}, (…, queries, "
            f"keys), got {mask.shape}: True where a query may look at a key"
        )
    return mask
