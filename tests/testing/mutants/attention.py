# ruff: noqa: RUF059
"""Wrong backwards of scaled dot-product attention."""

import numpy as np

from tests.testing.mutants.bank import Pairs


def forward(Q, K, V):
    """softmax(Q Kᵀ / √d) V            Q, K, V: (N, T, d)"""
    S = Q @ K.swapaxes(1, 2) / np.sqrt(Q.shape[-1])
    A = np.exp(S - S.max(-1, keepdims=True))
    A /= A.sum(-1, keepdims=True)
    return A @ V, (Q, K, V, A)


def backward(dy, cache, scale=None, softmax=None):
    Q, K, V, A = cache
    dA = dy @ V.swapaxes(1, 2)
    dS = A * (dA - (dA * A).sum(-1, keepdims=True)) if softmax is None else softmax(A, dA)
    dS = dS * (1 / np.sqrt(Q.shape[-1]) if scale is None else scale)
    return dS @ K, dS.swapaxes(1, 2) @ Q, A.swapaxes(1, 2) @ dy


def tensors(rng):
    return tuple(rng.standard_normal((2, 3, 5)) for _ in range(3))


pairs = Pairs("attention", forward, tensors)


@pairs.mutant("factor √d")
def scale_forgotten(dy, cache):
    return backward(dy, cache, scale=1.0)


@pairs.mutant("factor 1/√d")
def scale_twice(dy, cache):
    return backward(dy, cache, scale=1 / cache[0].shape[-1])


@pairs.mutant("across time")
def softmax_diagonal(dy, cache):
    return backward(dy, cache, softmax=lambda A, dA: A * (1 - A) * dA)


@pairs.mutant()
def softmax_skipped(dy, cache):
    return backward(dy, cache, softmax=lambda A, dA: dA)


@pairs.mutant("two gradients swapped")
def Q_and_K_swapped(dy, cache):
    dQ, dK, dV = backward(dy, cache)
    return dK, dQ, dV


@pairs.mutant("two gradients swapped")
def K_and_V_swapped(dy, cache):
    dQ, dK, dV = backward(dy, cache)
    return dQ, dV, dK


@pairs.mutant("sign")
def K_negative(dy, cache):
    dQ, dK, dV = backward(dy, cache)
    return dQ, -dK, dV


@pairs.mutant("Jacobian not transposed")
def A_not_transposed(dy, cache):
    dQ, dK, dV = backward(dy, cache)
    return dQ, dK, cache[3] @ dy


@pairs.mutant("zero gradient")
def Q_zero(dy, cache):
    dQ, dK, dV = backward(dy, cache)
    return 0 * dQ, dK, dV


def causal(Q, K, V):
    S = Q @ K.swapaxes(1, 2) / np.sqrt(Q.shape[-1])
    S = np.where(np.tri(Q.shape[1]) > 0, S, -1e30)
    A = np.exp(S - S.max(-1, keepdims=True))
    A /= A.sum(-1, keepdims=True)
    return A @ V, (Q, K, V, A)


masked = Pairs("causal attention", causal, tensors)


@masked.mutant("factor √d")
def causal_scale_forgotten(dy, cache):
    return backward(dy, cache, scale=1.0)


@masked.mutant("across time")
def plain_attention_weights(dy, cache):
    Q, K, V, A = cache
    return backward(dy, (Q, K, V, forward(Q, K, V)[1][3]))


CASES = [*pairs.cases, *masked.cases]
