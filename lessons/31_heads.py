# %% [markdown]
# # Heads, masks, and who looks at whom  多头注意力与掩码
#
# **The question.** What may a word look at, and how does it know where that stands?
#
# D4 §4.3 puts attention to use (注意力机制): from weights 0.9, 0.8, 0.1 of three words it makes
# "a new text". A layer needs more: matrices that make queries, keys and values, masks for what
# must not be seen, and positions.

# %%
import math

import numpy as np

from minidl import Sequential, plots
from minidl.layers import Dense, Embedding, MultiHeadAttention, PositionalEncoding, dot_product
from minidl.lesson import Lesson
from minidl.optimizers import Adam
from minidl.testing import gradcheck

attention = dot_product.scaled_dot_product_attention  # (Q, K, V) -> (out, weights)
attention_backward = dot_product.scaled_dot_product_attention_backward
lesson = Lesson("Heads, masks, and who looks at whom  多头注意力与掩码", __file__)

reorder = lesson.item(
    "W-D4-weights", source="D4 §4.3", verdict="wrong",
    printed="weights 0.9, 0.8, 0.1; from them the new text 天气今天很好",
    true="the weights of one query sum to 1; to sort words by weight generates nothing",
)  # fmt: skip


# %% [markdown]
# ## Heads and masks (多头, 掩码)
#
# Attention is $\mathrm{softmax}(Q K^T / \sqrt{d_k})\, V$, row by row a mean of values. To make
# Q, K and V from $x$, `MultiHeadAttention` has three trained matrices a head; every head looks
# in its own way, and $W_o$ sums up. A **padding mask** hides what is no word, a **causal mask**
# what comes later, so that a text can be written from left to right.

# %%
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 5, 6))  # (N, T, D)
layer = MultiHeadAttention(2, 3, dtype="float64")
layer.build((5, 6))
layer.set_weights([rng.normal(size=array.shape) for array in layer.get_weights()])
p, y = layer.params, np.zeros(x.shape)
for n, h in np.ndindex(2, 2):
    q, k, v = (x[n] @ p[f"W{a}"][:, h] + p[f"b{a}"][h] for a in "qkv")  # (5, 6) @ (6, 3)
    e = np.exp(q @ k.T / math.sqrt(3))  # (5, 5)
    y[n] += (e / e.sum(axis=1, keepdims=True)) @ v @ p["Wo"][h]  # (5, 3) @ (3, 6)
reorder.check("two heads, literally", y + p["bo"], layer(x))
keep = np.array([[True, True, True, False, False]] * 2)
reorder.check("padding: as if cut off", layer(x[:, :3]), layer(x, mask=keep)[:, :3])
alone = np.stack([layer(x[:, : t + 1])[:, t] for t in range(5)], axis=1)
reorder.check("causal: each y_t as if x ended at t", alone, layer(x, use_causal_mask=True))
for kwargs in ({}, {"mask": keep}, {"use_causal_mask": True}):
    reorder.check_gradient(gradcheck(layer, x, kwargs=kwargs), f"gradient check {list(kwargs)}")

# %% [markdown]
# ## A set, not a sequence
#
# Nothing in the formula knows where a word stands: exchange words, and the outputs move along.
# The order must be in $x$. Two models learn to say at each place *the character
# before*, on random strings. Then one reads a sentence that begins as D4's does.

# %%
reorder.check("x read backwards: the same y, backwards", layer(x)[:, ::-1], layer(x[:, ::-1]))
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
    reorder.check(f"with{'' if code else 'out'} positions: accuracy", bound, right, op=op)
coded = model.layers[1](model.layers[0]([[chars.index(c) for c in SENTENCE]]))  # (1, 12, 32)
(_, w), _ = model.layers[2].forward(coded, return_attention_scores=True)  # w: (1, 1, 12, 12)
reorder.check("mean weight on the character before", 0.5, np.diag(w[0, 0], -1).mean(), op=">=")
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
unit = np.eye(3)
_, w = attention(unit, unit, unit)
own = math.exp(3**-0.5) / (math.exp(3**-0.5) + 2)
reorder.check("the printed weights sum to", 1.8, weights.sum())
reorder.check("true rows sum to 1", [1, 1, 1], w.sum(axis=1))
reorder.check("row of 今天: itself, the others", [own, (1 - own) / 2, (1 - own) / 2], w[0])
reorder.check("by falling weight", "今天天气很好", "".join(words[np.argsort(-weights)]))

# %% [markdown]
# ## A bug, and what catches it
#
# A mask that comes too late: the softmax runs over all words, and then the weights of padding
# become 0. The rest no longer sums to 1, as in D4's print. Its gradient is right, for what it
# computes; that padding must not move the output, no gradient check knows.


# %%
hidden = keep[0].astype(float)  # multiplied with the weights, where a dropout would stand


def late(Q, K, V):
    out, w = attention(Q, K, V, drop=hidden)
    return out, (Q, K, V, w)


def late_backward(dout, cache):
    return attention_backward(dout, *cache, drop=hidden)


q, k, v = rng.normal(size=(3, 5, 4))  # (T, D) each
out, (*_, w) = late(q, k, v)
reorder.check_gradient(gradcheck((late, late_backward), (q, k, v)), "the bug's gradient check")
reorder.check("largest sum of a row's weights", 1, (w * hidden).sum(axis=1).max(), op="<")
moved = abs(out - attention(q, k[:3], v[:3])[0]).max()
reorder.check("output moved by padding", 0.1, moved, op=">=")
right = attention(q, k, v, mask=keep[0])[0]
reorder.check("mask before the softmax", attention(q, k[:3], v[:3])[0], right)

# %% [markdown]
# ## Exercises
#
# 1. The plainest causal layer: `RunningMean` is $y_t = (x_1 + \ldots + x_t) / t$, (N, T, D) to
#    (N, T, D). For x = 4, 2, 3 it is 4, 3, 3. Which y have a share in $dx_t$? Put
#    `CHECKS = [(RunningMean(), x)]` below it, and run `minidl check answers.py`.
# 2. Look near: in `NearWords` the weight of word j for word i is the softmax over j of
#    $-a\, |i - j|$, whatever the words are; a, of shape (1,), is trained. For a = ln 2 and
#    x = 7, 0, 0 it is 4, 1.75, 1. Derive da, through the softmax.

# %%
lesson.finish()
