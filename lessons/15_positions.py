# %% [markdown]
# # Positions: a code for "where"  位置编码
#
# **The question.** A network that takes words as a set cannot tell 狗咬人 (dog bites man) from
# 人咬狗 (man bites dog). Which numbers, added to a word's vector, say where it stands?
#
# D4 §4.1.2 and §4.2.2 (位置编码): "BERT uses sinusoidal position codes", with the formula
#
# $$PE_{(pos, dim)} = \sin\left(\frac{pos}{10000^{2i/d}}\right) \text{ if } dim \geq 2i+1,
# \quad PE_{(pos, dim)} = \cos\left(\frac{pos}{10000^{2i/d}}\right) \text{ if } dim \leq 2i$$
#
# with pos the position, dim the dimension, "i the index" (索引) and d dimensions. Then comes a
# table for positions 1, 2, 3 and d = 5, with dim from 1 to 5.

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl import Sequential, plots
from minidl.layers import Dense, Embedding, GlobalAveragePooling1D
from minidl.layers.position import PositionalEncoding, PositionEmbedding, sinusoidal
from minidl.lesson import Lesson
from minidl.testing import gradcheck

lesson = Lesson('Positions: a code for "where"  位置编码', __file__)

formula = lesson.item(
    "F-D4-position", source="D4 §4.1.2, §4.2.2", verdict="wrong",
    formula=r"PE_{(pos, 2i)} = \sin\frac{pos}{10000^{2i/d}}, \quad "
            r"PE_{(pos, 2i+1)} = \cos\frac{pos}{10000^{2i/d}}",
    printed="sin(pos/10000^{2i/d}) if dim ≥ 2i+1; cos(…) if dim ≤ 2i; BERT uses it",
    true="column 2i is the sine, column 2i+1 the cosine, from 0; BERT's positions are learned",
)  # fmt: skip
example = lesson.item(
    "W-D4-position", source="D4 §4.2.2", verdict="wrong",
    printed=[[1, 0.9933, 0.9808, 0.9692, 0.9556], [0.9933, 1, 0.9808, 0.9686, 0.9550],
             [0.9808, 0.9808, 1, 0.9692, 0.9554]],
    true=[[0.841471, 0.540302, 0.025116, 0.999685, 0.000631],
          [0.909297, -0.416147, 0.050217, 0.998738, 0.001262],
          [0.141120, -0.989992, 0.075285, 0.997162, 0.001893]],
)  # fmt: skip

# %% [markdown]
# ## The printed formula, literally
#
# Nothing ties i to dim. Of $dim \geq 2i+1$ and $dim \leq 2i$ exactly one holds, for *every* i:
# an entry has as many values as there are i.
#
# The natural i is the number of the pair: columns 2i and 2i+1 share a frequency. Counting dim
# from 0, the printed conditions give the cosine to 2i and the sine to 2i+1: exchanged. Counting
# from 1, as the table does, the pair is $2i+1, 2i+2$, and both get the sine: the pair says one
# thing twice. The true code (Vaswani et al. 2017, §3.5) has the sine first, then the cosine.


# %%
def printed(pos, dim, i, d):
    angle = pos / 10000 ** (2 * i / d)
    return math.sin(angle) if dim >= 2 * i + 1 else math.cos(angle)


def literal(pos, d):
    """PE(pos), d numbers."""
    angles = [pos / 10000 ** (2 * (column // 2) / d) for column in range(d)]
    return [math.cos(a) if column % 2 else math.sin(a) for column, a in enumerate(angles)]


three = [printed(1, 2, i, 5) for i in range(3)]
formula.check("printed PE(1, 2) for i = 0, 1, 2", [0.841471, 0.999685, 1.0], three)
for d in (5, 8):
    true = np.array([literal(pos, d) for pos in range(50)])
    formula.check(f"minidl's sinusoidal, d = {d}", true, sinusoidal(np.arange(50), d))
from_0 = [[printed(pos, dim, dim // 2, 8) for dim in range(8)] for pos in range(50)]
from_1 = [[printed(pos, dim, (dim - 1) // 2, 8) for dim in range(1, 9)] for pos in range(50)]
swapped, twice = true.reshape(50, 4, 2)[:, :, ::-1], np.repeat(true[:, ::2], 2, axis=1)
formula.check("printed, dim from 0: each pair exchanged", swapped.reshape(50, 8), from_0)
formula.check("printed, dim from 1: each sine twice", twice, from_1)

# %% [markdown]
# ## The printed table
#
# The true rows for positions 1, 2, 3 have signs: cos 2 and cos 3 are negative. All that is
# printed lies between 0.95 and 1. We allow every reading, sine or cosine of any i: only the
# three ones can be had, as the cosine of a tiny angle. The left block is symmetric with ones on
# the diagonal: similarities of something, perhaps, but no codes.

# %%
example.check("true rows for pos 1, 2, 3, d = 5", example.true, sinusoidal([1, 2, 3], 5))
frequencies = 10000 ** (-2 * np.arange(10) / 5)
possible = [
    [abs(np.r_[np.sin(pos * frequencies), np.cos(pos * frequencies)] - value).min() < 0.5e-4
     for value in row] for pos, row in enumerate(example.printed, start=1)
]  # fmt: skip
example.check("printed numbers that some reading gives", np.eye(3, 5) == 1, possible)

# %% [markdown]
# ## Why sines and cosines: a shift is a rotation (旋转)
#
# Each pair is a hand of a clock (指针). It turns by $a = 1 / 10000^{2i/d}$ a step: one radian
# in the first pair, hardly at all in the last. To go $k$ steps on is to turn by $ka$:
#
# $$\begin{pmatrix} \sin(pos + k)a \\ \cos(pos + k)a \end{pmatrix} =
# \begin{pmatrix} \cos ka & \sin ka \\ -\sin ka & \cos ka \end{pmatrix}
# \begin{pmatrix} \sin pos\,a \\ \cos pos\,a \end{pmatrix}$$
#
# The matrix $R_k$ does not know pos: "three words on" is the same linear map everywhere, and a
# network can learn it. We need not believe it: least squares finds $R_k$ from the codes.

# %%
P, k, d = 500, 3, 8


def shift(PE):
    """The matrix that best takes PE(pos) to PE(pos + k), and how far off each column is."""
    found, *_ = np.linalg.lstsq(PE[:P], PE[k:], rcond=None)  # PE[:P] @ found = PE[k:]
    return found.T, abs(PE[:P] @ found - PE[k:]).max(axis=0)


PE = sinusoidal(np.arange(P + k), d)  # (P + k, d)
a = 10000 ** (-np.arange(0, d, 2) / d)  # one angle a pair
R = np.zeros((d, d))
for i, (c, s) in enumerate(zip(np.cos(k * a), np.sin(k * a))):
    R[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, s], [-s, c]]
found, off = shift(PE)
formula.check("R_3 by least squares is the formula's", R, found)
formula.check("it leaves no error at 500 positions", np.zeros(d), off)
gaps = np.subtract.outer(np.arange(P), np.arange(P))
waves = np.cos(gaps[..., None] * a).sum(axis=-1)
formula.check("PE(p) · PE(q) depends on p - q alone", waves, PE[:P] @ PE[:P].T)
_, off = shift(sinusoidal(np.arange(P + k), 5))  # D4's d = 5: the last sine has no cosine
formula.check("d = 5: the last column is off by", 1e-3, off[4], op=">")

# %%
PE = sinusoidal(np.arange(41), 12)
ticks = [pos if pos % 5 == 0 else "" for pos in range(41)]
fig = plots.heat_map(PE.T, ticks, range(12), "Position codes  位置编码", "PE (no unit)",
                     "position", "column")  # fmt: skip
lesson.figure(fig, "codes", "A column of the picture is a code; pairs of rows, ever slower.")
with plots.style():
    fig = Figure(figsize=(7, 3.7))
    fig.suptitle("Three steps on: the same turn from anywhere  旋转", x=0.02, ha="left")
    for i, axes in enumerate(fig.subplots(1, 2)):
        for pos in range(9):
            axes.text(*PE[pos, 2 * i : 2 * i + 2], pos, ha="center", va="center")
        for start, size, colour in ((1, 1.2, plots.BLUE), (5, 1.35, plots.RED)):
            turn = np.linspace(start, start + k) / 10000 ** (2 * i / 12)
            axes.plot(size * np.sin(turn), size * np.cos(turn), "-", color=colour)
        axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        axes.set(xlabel=f"column {2 * i} (sine)", ylabel=f"column {2 * i + 1} (cosine)")
lesson.figure(fig, "rotation", "Positions 0 to 8. Blue: from 1 to 4, red: from 5 to 8.")

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
formula.check("PositionalEncoding adds PE(t), t from 0", x + true[:4], fixed(x))
formula.check("PositionEmbedding adds W[t]", sums, learned(x))
grads = learned.backward(dy, learned.forward(x)[1])[1]
formula.check("dW: sums over the batch, 0 for rows 4 and 5", dW, grads["W"])
formula.check_gradient(gradcheck(fixed, x), "gradient check of PositionalEncoding")
formula.check_gradient(gradcheck(learned, x), "gradient check of PositionEmbedding")
try:
    outcome = learned(np.zeros((1, 7, 8)))
except ValueError as error:
    outcome = "at most 6 positions" in str(error)
formula.check("7 words for 6 rows: an error that says so", True, outcome)
bag = [Embedding(3, 8), Dense(8, "relu"), GlobalAveragePooling1D()]
coded = [bag[0], PositionalEncoding(), *bag[1:]]
for name, layers, bound, op in (("without", bag, 1e-6, "<"), ("with", coded, 1e-4, ">")):
    first, second = Sequential(layers, seed=0)([[0, 1, 2], [2, 1, 0]])  # 狗咬人, 人咬狗
    far = abs(first - second).max()
    formula.check(f"狗咬人 less 人咬狗, {name} positions", bound, far, op=op)

# %% [markdown]
# ## A bug, and what does not catch it
#
# Here each column has a frequency of its own, $10000^{column/d}$, so that no pair turns as one.
# The gradient check passes: backward is the derivative of this forward. That it is the wrong
# formula it cannot know; the literal code and the rotation do.


# %%
class OwnFrequencies(PositionalEncoding):
    def forward(self, x, training=False):
        column = np.arange(x.shape[2])
        angles = np.arange(x.shape[1])[:, None] / 10000 ** (column / len(column))
        return x + np.where(column % 2, np.cos(angles), np.sin(angles)), None


bug = OwnFrequencies()
bug.build((4, 8))
formula.check("does it pass the gradient check?", True, gradcheck(bug, x).passed)
codes = bug(np.zeros((1, P + k, 8)))[0]
formula.check("off from the literal code by", 0.1, abs(codes[:50] - true).max(), op=">")
formula.check("a shift by 3 is off a linear map by", 0.1, shift(codes)[1].max(), op=">")

# %% [markdown]
# ## Exercises
#
# 1. Show that $R_j R_k = R_{j+k}$, on paper and by number.
# 2. How long is PE(pos), for even d? Use the formula for PE(p) · PE(q).

# %%
lesson.finish()
