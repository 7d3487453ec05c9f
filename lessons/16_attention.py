# %% [markdown]
# # Attention: every word looks at all others  注意力机制
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

from minidl import Sequential, plots
from minidl.layers import Dense, Embedding, MultiHeadAttention, PositionalEncoding
from minidl.layers.dot_product import scaled_dot_product_attention
from minidl.layers.dot_product import (
    scaled_dot_product_attention_backward as attention_backward,
)
from minidl.lesson import Lesson
from minidl.optimizers import Adam
from minidl.testing import gradcheck

lesson = Lesson("Attention: every word looks at all others  注意力机制", __file__)

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
reorder = lesson.item(
    "W-D4-weights", source="D4 §4.3", verdict="wrong",
    printed="weights 0.9, 0.8, 0.1; from them the new text 天气今天很好",
    true="the weights of one query sum to 1; to sort words by weight generates nothing",
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


attention = scaled_dot_product_attention  # (Q, K, V) -> (out, weights)
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
# ## Heads and masks (多头, 掩码)
#
# `MultiHeadAttention` makes Q, K and V from $x$ by three trained matrices a head; every head
# looks in its own way, and $W_o$ sums up. A **padding mask** hides what is no word, a **causal
# mask** what comes later, so that a text can be written from left to right.

# %%
x = rng.normal(size=(2, 5, 6))  # (N, T, D)
layer = MultiHeadAttention(2, 3, dtype="float64")
layer.build((5, 6))
layer.set_weights([rng.normal(size=array.shape) for array in layer.get_weights()])
p, y = layer.params, np.zeros(x.shape)
for n, h in np.ndindex(2, 2):
    q, k, v = (x[n] @ p[f"W{a}"][:, h] + p[f"b{a}"][h] for a in "qkv")  # (5, 6) @ (6, 3)
    y[n] += literal_attention(q, k, v)[0] @ p["Wo"][h]  # (5, 3) @ (3, 6)
formula.check("two heads, literally", y + p["bo"], layer(x))
keep = np.array([[True, True, True, False, False]] * 2)
formula.check("padding: as if cut off", layer(x[:, :3]), layer(x, mask=keep)[:, :3])
alone = np.stack([layer(x[:, : t + 1])[:, t] for t in range(5)], axis=1)
formula.check("causal: each y_t as if x ended at t", alone, layer(x, use_causal_mask=True))
for kwargs in ({}, {"mask": keep}, {"use_causal_mask": True}):
    formula.check_gradient(gradcheck(layer, x, kwargs=kwargs), f"gradient check {list(kwargs)}")

# %% [markdown]
# ## A set, not a sequence
#
# Nothing in the formula knows where a word stands: exchange words, and the outputs move along.
# The order must be in $x$ (lesson 15). Two models learn to say at each place *the character
# before*, on random strings. Then one reads a sentence that begins as D4's does.

# %%
formula.check("x read backwards: the same y, backwards", layer(x)[:, ::-1], layer(x[:, ::-1]))
SENTENCE = "今天天气很好我们去公园走"
chars = sorted(set(SENTENCE + "一二三人大小上下不是有在他她你看书来年月日水火山风雨花"))
strings = rng.integers(0, len(chars), size=(1800, 12))
before = strings[:, [0, *range(11)]]  # the first says itself
for code, bound, op in (([], 0.3, "<="), ([PositionalEncoding()], 0.95, ">=")):
    layers = [Embedding(len(chars), 32), *code, MultiHeadAttention(1, 32)]
    model = Sequential([*layers, Dense(len(chars), activation="softmax")], seed=0)
    model.compile(Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(strings[:1500], before[:1500], batch_size=32, epochs=8, verbose=0)
    right = model.evaluate(strings[1500:], before[1500:], verbose=0)[1]
    formula.check(f"with{'' if code else 'out'} positions: accuracy", bound, right, op=op)
coded = model.layers[1](model.layers[0]([[chars.index(c) for c in SENTENCE]]))  # (1, 12, 32)
(_, w), _ = model.layers[2].forward(coded, return_attention_scores=True)  # w: (1, 1, 12, 12)
formula.check("mean weight on the character before", 0.5, np.diag(w[0, 0], -1).mean(), op=">=")
fig = plots.heat_map(w[0, 0], SENTENCE, SENTENCE, "Who looks at whom  注意力权重",
                     "weight (rows sum to 1)", "looked at (key)", "looks (query)")  # fmt: skip
lesson.figure(fig, "map", "Each looks at the one before; two 天 differ by their places alone.")

# %% [markdown]
# ## Weights that are none (D4 §4.3)
#
# For 今天, 天气, 很好 D4 prints similarities, 0.9 and 0.8, then a weight a word, 0.9, 0.8, 0.1,
# and from these "a new text", 天气今天很好. But weights belong to a *query*: three words have
# three rows, each with sum 1; and D4's word vectors, unit vectors, are all equally unlike. By
# weight the words keep their order. And no order brings a new word: to generate is to choose.

# %%
words, weights = np.array(["今天", "天气", "很好"]), np.array([0.9, 0.8, 0.1])
_, w = attention(unit, unit, unit)
own = math.exp(3**-0.5) / (math.exp(3**-0.5) + 2)
reorder.check("the printed weights sum to", 1.8, weights.sum())
reorder.check("true rows sum to 1", [1, 1, 1], w.sum(axis=1))
reorder.check("row of 今天: itself, the others", [own, (1 - own) / 2, (1 - own) / 2], w[0])
reorder.check("by falling weight", "今天天气很好", "".join(words[np.argsort(-weights)]))

# %% [markdown]
# ## Exercises
#
# 1. Let the model say the character *two* places before. Draw the map.
# 2. Add the same vector to every key. Why does no weight change, and what is then dbk?

# %%
lesson.finish()
