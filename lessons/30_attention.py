# %% [markdown]
# # Attention: a mean that the words choose  缩放点积注意力
#
# **The question.** How does a word fetch what it needs from the other words of its text?
#
# D4 §4.1.3, §4.2.3 (注意力机制): a word's similarity (相似度) to the others gives weights, by
#
# $$Attention(Q, K, V) = \frac{softmax(\frac{QK^T}{\sqrt{d_k}})}{V}$$
#
# with Q, K and V "the query, key and value vectors" (查询, 键, 值), $d_k$ the keys' dimension.

# %%
import math

import numpy as np

from minidl import plots
from minidl.layers import dot_product
from minidl.lesson import Lesson
from minidl.testing import gradcheck

lesson = Lesson("Attention: a mean that the words choose  缩放点积注意力", __file__)

formula = lesson.item(
    "F-D4-attention", source="D4 §4.1.3, §4.2.3", verdict="wrong",
    formula=r"\mathrm{softmax}\Big(\frac{Q K^T}{\sqrt{d_k}}\Big) \cdot V",
    printed="softmax(QKᵀ/√d_k) / V", true="softmax(QKᵀ/√d_k) · V: a mean of the values",
)  # fmt: skip
example = lesson.item(
    "W-D4-attention", source="D4 §4.2.3", verdict="wrong",
    printed="Q = [1, 1, 1], K = V = I₃: [1, 0, 0] / [0, 0, 1] = [1, 0, 0], with √1",
    true="d_k = 3, the three scores are equal: weights and output [1/3, 1/3, 1/3]",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# A query $q$ asks; word $j$ answers with its key: the score $q \cdot k_j / \sqrt{d_k}$ says how
# well it fits. The softmax makes weights $w_j > 0$ with sum 1 of the scores, and out comes the
# mean of the values with these weights, $\sum_j w_j v_j$: a product with V, no quotient.


# %%
def literal_attention(Q, K, V):
    """(Tq, d_k), (Tk, d_k), (Tk, d_v) -> out (Tq, d_v), weights (Tq, Tk)."""
    out, w = np.zeros((len(Q), V.shape[1])), np.zeros((len(Q), len(K)))
    for i, j in np.ndindex(w.shape):
        w[i, j] = math.exp(sum(q * k for q, k in zip(Q[i], K[j])) / math.sqrt(K.shape[1]))
    for i, j in np.ndindex(w.shape):
        out[i] += w[i, j] / sum(w[i]) * V[j]
    return out, w / w.sum(axis=1, keepdims=True)


attention = dot_product.scaled_dot_product_attention  # (Q, K, V) -> (out, weights)
attention_backward = dot_product.scaled_dot_product_attention_backward
rng = np.random.default_rng(0)
Q, K, V = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
true_out, true_w = literal_attention(Q, K, V)
formula.check("output: minidl's is the loops'", true_out, attention(Q, K, V)[0])
formula.check("weights: the same", true_w, attention(Q, K, V)[1])

# %% [markdown]
# ## The worked example (D4 §4.2.3)
#
# $Q = [1, 1, 1]$; K and V are the unit vectors. The print takes the first key and the last
# value alone, has $\sqrt 1$ for $\sqrt{d_k}$ though keys are three long, makes $[1, 0, 0]$ of
# the one score 1, and "divides" by $[0, 0, 1]$, with $[1, 0, 0]$ again. In truth each key fits
# equally well; Q does *not* "attend mainly to the first word" (主要关注第一个单词).

# %%
q, unit = np.ones((1, 3)), np.eye(3)
out, w = attention(q, unit, unit)
example.check("weights", [[1 / 3, 1 / 3, 1 / 3]], w)
example.check("output", [[1 / 3, 1 / 3, 1 / 3]], out)
with np.errstate(divide="ignore", invalid="ignore"):
    divided, last = w / unit, np.array([1.0, 0, 0]) / np.array([0.0, 0, 1])
formula.check("softmax / V as printed: infinite entries of 9", 6, np.isinf(divided).sum())
example.check("[1, 0, 0] / [0, 0, 1]", "[inf nan 0.]", " ".join(str(last).split()))

# %% [markdown]
# ## Why the root of d_k
#
# If q and k have independent entries of mean 0 and variance 1, then $q \cdot k$ is a sum of
# $d_k$ products of variance 1: it has variance $d_k$. Scores in the tens make of the softmax a
# hard choice: one weight is 1, the slope $w(1 - w)$ is gone, and with it the gradient.

# %%
widths, slopes = (4, 16, 64, 256), {"with the root": [], "without": []}
for d_k in widths:
    q, k = rng.normal(size=(4000, 1, d_k)), rng.normal(size=(4000, 2, d_k))
    formula.check(f"variance of q · k, d_k = {d_k}", d_k, (q * k).sum(axis=2).var(), rtol=0.15)
    w = attention(q, k, k)[1][:, 0]  # (4000, 2): ln w_1 - ln w_2 is the scores' difference
    formula.check("of minidl's scores", 1, np.log(w[:, 0] / w[:, 1]).var() / 2, rtol=0.15)
    for name, factor in (("with the root", 1), ("without", math.sqrt(d_k))):
        _, w = attention(factor * q[:500, 0], k[:16, 0], k[:16, 0])  # (500, 16)
        slopes[name].append((w * (1 - w)).sum(axis=1).mean())
formula.check("slope at 256: with / without", 3.0, np.divide(*slopes.values())[-1], op=">=")
with plots.style():
    axes = plots.new_axes("width of the keys, d_k", "Σ w (1 − w) over 16 keys", "Slope  缩放")
    for name, values in slopes.items():
        axes.semilogx(widths, values, marker="o", label=name, base=2)
    axes.legend()
lesson.figure(axes.figure, "scale", "Without the root the slope dies as keys get wider.")

# %% [markdown]
# ## The way back
#
# With $g_i$ the gradient at output $i$: $dv_j = \sum_i w_{ij}\, g_i$ and $dw_{ij} = g_i \cdot
# v_j$. Through the softmax of row $i$: $ds_{ij} = w_{ij} (dw_{ij} - \sum_m w_{im}\, dw_{im})$.
# Then $dq_i = \sum_j ds_{ij}\, k_j / \sqrt{d_k}$, $dk_j = \sum_i ds_{ij}\, q_i / \sqrt{d_k}$.
#
# **A bug:** $ds = w\, dw$, without the sum. Forward is as before. The gradient check passes dV,
# which lies above the softmax, and rejects dQ and dK below it.


# %%
def forward(Q, K, V):
    out, w = attention(Q, K, V)
    return out, (Q, K, V, w)


def by_formula(g, cache, rest=1):
    Q, K, V, w = cache
    dw = g @ V.T  # (Tq, d_v) @ (d_v, Tk) -> (Tq, Tk)
    ds = w * (dw - rest * (w * dw).sum(axis=1, keepdims=True)) / math.sqrt(Q.shape[1])
    return ds @ K, ds.T @ Q, w.T @ g


g, cache = rng.normal(size=(3, 2)), (Q, K, V, true_w)
for name, expected, got in zip("QKV", by_formula(g, cache), attention_backward(g, *cache)):
    formula.check(f"d{name} is the formula's", expected, got)
formula.check_gradient(gradcheck((forward, lambda g, c: attention_backward(g, *c)), (Q, K, V)))
bug = gradcheck((forward, lambda g, c: by_formula(g, c, rest=0)), (Q, K, V))
formula.check("the bug: dQ, dK, dV pass", [False, False, True], [e.passed for e in bug.entries])

# %% [markdown]
# ## Exercises
#
# 1. Leave the softmax out, and let x be query, key and value: `Softless` is $y = x x^T x / T$,
#    (N, T, D) to (N, T, D). For the words (1, 0) and (1, 1) it is 1, 0.5, 1.5, 1. x is there
#    three times: dx has three terms. Put `CHECKS = [(Softless(), x)]` below it, and run
#    `minidl check answers.py`.
# 2. `Lookup` has one trained query q (D,): $y = \sum_t w_t x_t$ with w the softmax over t of $q
#    \cdot x_t / \sqrt D$, (N, T, D) to (N, D). For q = (1, 1) and the words (1, 0), (1, 1) it
#    is 1, 0.6698. Derive dq and dx.

# %%
lesson.finish()
