# %% [markdown]
# # Where a word stands: fixed or learned  位置编码与位置嵌入
#
# **The question.** A network that takes words as a set cannot tell 狗咬人 (dog bites man) from
# 人咬狗 (man bites dog). Which layer tells it, and does it matter which numbers it adds?
#
# D4 §4.2.2 has a table of position codes for positions 1, 2, 3 and d = 5. The sinusoidal code
# (正弦位置编码) gives column 2i $\sin(pos / 10000^{2i/d})$ and column 2i+1 the cosine of the
# same.

# %%
import math

import numpy as np

from minidl import Sequential, plots
from minidl.layers import Dense, Embedding, GlobalAveragePooling1D
from minidl.layers.position import PositionalEncoding, PositionEmbedding, sinusoidal
from minidl.lesson import Lesson
from minidl.testing import gradcheck

lesson = Lesson("Where a word stands: fixed or learned  位置编码与位置嵌入", __file__)

example = lesson.item(
    "W-D4-position", source="D4 §4.2.2", verdict="wrong",
    printed=[[1, 0.9933, 0.9808, 0.9692, 0.9556], [0.9933, 1, 0.9808, 0.9686, 0.9550],
             [0.9808, 0.9808, 1, 0.9692, 0.9554]],
    true=[[0.841471, 0.540302, 0.025116, 0.999685, 0.000631],
          [0.909297, -0.416147, 0.050217, 0.998738, 0.001262],
          [0.141120, -0.989992, 0.075285, 0.997162, 0.001893]],
)  # fmt: skip

# %% [markdown]
# ## The printed table
#
# The true rows for positions 1, 2, 3 have signs: cos 2 and cos 3 are negative. All that is
# printed lies between 0.95 and 1. We allow every reading, sine or cosine of any i: only the
# three ones can be had, as the cosine of a tiny angle. The left block is symmetric with ones on
# the diagonal: similarities? Those of true codes, $PE(p) \cdot PE(q) = \sum_i \cos((p - q)
# a_i)$ with $a_i = 1 / 10000^{2i/d}$, depend on the distance alone. 1 and 2 are as near as 2
# and 3.

# %%
rows = [[(math.cos if column % 2 else math.sin)(pos / 10000 ** (2 * (column // 2) / 5))
         for column in range(5)] for pos in (1, 2, 3)]  # fmt: skip
example.check("true rows for pos 1, 2, 3, d = 5", example.true, rows)
example.check("minidl's", example.true, sinusoidal([1, 2, 3], 5))
frequencies = 10000 ** (-2 * np.arange(10) / 5)
possible = [
    [abs(np.r_[np.sin(pos * frequencies), np.cos(pos * frequencies)] - value).min() < 0.5e-4
     for value in row] for pos, row in enumerate(example.printed, start=1)
]  # fmt: skip
example.check("printed numbers that some reading gives", np.eye(3, 5) == 1, possible)
PE = sinusoidal(np.arange(40), 16)
gaps = np.subtract.outer(np.arange(40), np.arange(40))
waves = np.cos(gaps[..., None] * 10000 ** (-np.arange(0, 16, 2) / 16)).sum(axis=-1)
example.check("PE(p) · PE(q) depends on p - q alone", waves, PE @ PE.T)
left = np.array(example.printed)
example.check("printed: 2 to 3 less 1 to 2, as similarities", -0.0125, left[1, 2] - left[0, 1])
ticks = [pos if pos % 5 == 0 else "" for pos in range(40)]
fig = plots.heat_map(PE @ PE.T, ticks, ticks, "PE(p) · PE(q)  相似度", "no unit",
                     "position q", "position p")  # fmt: skip
lesson.figure(fig, "similar", "The same on each diagonal: codes know distances, not places.")

# %% [markdown]
# ## The layers: fixed or learned
#
# `PositionalEncoding` adds PE, positions from 0; nothing is trained, and $dx = dy$.
# `PositionEmbedding` adds row $t$ of a trained table $W$ (L, D), so $dW_t$ is the sum of $dy_t$
# over the batch. **BERT does the second**, whatever D4 says of it, with L = 512 (Devlin et al.
# 2019). The price: a position without a row cannot be had.

# %%
rng = np.random.default_rng(0)
x, dy = rng.normal(size=(2, 3, 4, 8))  # both (N, T, D)
fixed, learned = PositionalEncoding(dtype="float64"), PositionEmbedding(6, dtype="float64")
for layer in (fixed, learned):
    layer.build((4, 8))
W = learned.params["W"] = rng.normal(size=(6, 8))
sums, dW = np.zeros(x.shape), np.zeros(W.shape)
for n, t, column in np.ndindex(x.shape):
    sums[n, t, column] = x[n, t, column] + W[t, column]
    dW[t, column] += dy[n, t, column]
example.check(
    "PositionalEncoding adds PE(t), t from 0", x + sinusoidal(np.arange(4), 8), fixed(x)
)
example.check("PositionEmbedding adds W[t]", sums, learned(x))
grads = learned.backward(dy, learned.forward(x)[1])[1]
example.check("dW: sums over the batch, 0 for rows 4 and 5", dW, grads["W"])
example.check_gradient(gradcheck(fixed, x), "gradient check of PositionalEncoding")
example.check_gradient(gradcheck(learned, x), "gradient check of PositionEmbedding")
try:
    outcome = learned(np.zeros((1, 7, 8)))
except ValueError as error:
    outcome = "at most 6 positions" in str(error)
example.check("7 words for 6 rows: an error that says so", True, outcome)

# %% [markdown]
# ## Does it tell dog from man?
#
# A mean over words is the same for both sentences, as long as nothing says where each stands.

# %%
bag = [Embedding(3, 8), Dense(8, "relu"), GlobalAveragePooling1D()]
coded = [bag[0], PositionalEncoding(), *bag[1:]]
for name, layers, bound, op in (("without", bag, 1e-6, "<"), ("with", coded, 1e-4, ">")):
    first, second = Sequential(layers, seed=0)([[0, 1, 2], [2, 1, 0]])  # 狗咬人, 人咬狗
    far = abs(first - second).max()
    example.check(f"狗咬人 less 人咬狗, {name} positions", bound, far, op=op)

# %% [markdown]
# ## A bug, and what catches it
#
# $dW_t$ adds over the batch: row t served every text. A mean instead is a plausible slip, and
# is right for a batch of one, so that a check with one text passes. The check on two does not.


# %%
class MeanOverTexts(PositionEmbedding):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {"W": grads["W"] / len(dy)}


bug = MeanOverTexts(6)
bug.build((4, 8))
passed = [gradcheck(bug, x[:texts]).passed for texts in (1, 2)]
example.check("one text, two texts: the bug passes", [True, False], passed)

# %% [markdown]
# ## Exercises
#
# 1. A position from the end: `FromTheEnd` adds row $T - 1 - t$ of a trained table W (6, D) to
#    step t, so the last word always has row 0. For x = 0, T = 3 and W whose row v holds v, the
#    steps get 2, 1, 0. Make W in `build`, put `CHECKS = [(FromTheEnd(), x)]` below it, with x
#    (N, T, D), and run `minidl check answers.py`.
# 2. Distances in place of positions: to a table of scores s (N, T, T) `ByDistance` adds
#    $b_{j - i + 2}$ at (i, j), the distance j - i cut off at -2 and 2, b (5,). For s = 0, T = 4
#    and b = (0, 1, 2, 3, 4) row 0 is 2, 3, 4, 4. What does each b collect?

# %%
lesson.finish()
