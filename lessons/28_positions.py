# %% [markdown]
# # Positions: a code for "where"  正弦位置编码
#
# **The question.** Which numbers, added to a word's vector, say where it stands?
#
# D4 §4.1.2 and §4.2.2 (位置编码): "BERT uses sinusoidal position codes", with the formula
#
# $$PE_{(pos, dim)} = \sin\left(\frac{pos}{10000^{2i/d}}\right) \text{ if } dim \geq 2i+1,
# \quad PE_{(pos, dim)} = \cos\left(\frac{pos}{10000^{2i/d}}\right) \text{ if } dim \leq 2i$$
#
# with pos the position, dim the dimension, "i the index" (索引) and d dimensions.

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl import plots
from minidl.layers.position import PositionalEncoding, sinusoidal
from minidl.lesson import Lesson
from minidl.testing import gradcheck

lesson = Lesson('Positions: a code for "where"  正弦位置编码', __file__)

formula = lesson.item(
    "F-D4-position", source="D4 §4.1.2, §4.2.2", verdict="wrong",
    formula=r"PE_{(pos, 2i)} = \sin\frac{pos}{10000^{2i/d}}, \quad "
            r"PE_{(pos, 2i+1)} = \cos\frac{pos}{10000^{2i/d}}",
    printed="sin(pos/10000^{2i/d}) if dim ≥ 2i+1; cos(…) if dim ≤ 2i; BERT uses it",
    true="column 2i is the sine, column 2i+1 the cosine, from 0; BERT's positions are learned",
)  # fmt: skip

# %% [markdown]
# ## The printed formula, literally
#
# Nothing ties i to dim. Of $dim \geq 2i+1$ and $dim \leq 2i$ exactly one holds, for *every* i:
# an entry has as many values as there are i. If i numbers the pairs, columns 2i and 2i+1, and
# dim counts from 0, sine and cosine are exchanged; from 1, as in D4's table, both of a pair get
# the sine. The true code (Vaswani et al. 2017, §3.5) has the sine first, then the cosine.


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
formula.check("dim from 0: each pair exchanged", true[:, [1, 0, 3, 2, 5, 4, 7, 6]], from_0)
formula.check("dim from 1: each sine twice", true[:, [0, 0, 2, 2, 4, 4, 6, 6]], from_1)

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
# network can learn it. Least squares finds it from the codes.

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
# ## A bug, and what does not catch it
#
# `PositionalEncoding` adds PE to x: $dx = dy$. Here each column has a frequency of its own,
# $10000^{column/d}$, so that no pair turns as one. The gradient check passes: backward is the
# derivative of this forward. That it is the wrong formula the literal code and the rotation
# know.


# %%
class OwnFrequencies(PositionalEncoding):
    def forward(self, x, training=False):
        column = np.arange(x.shape[2])
        angles = np.arange(x.shape[1])[:, None] / 10000 ** (column / len(column))
        return x + np.where(column % 2, np.cos(angles), np.sin(angles)), None


bug = OwnFrequencies()
bug.build((4, 8))
x = np.random.default_rng(0).normal(size=(2, 4, 8))  # (N, T, D)
formula.check_gradient(
    gradcheck(PositionalEncoding(), x), "gradient check of PositionalEncoding"
)
formula.check("does the bug pass it too?", True, gradcheck(bug, x).passed)
codes = bug(np.zeros((1, P + k, 8)))[0]
formula.check("off from the literal code by", 0.1, abs(codes[:50] - true).max(), op=">")
formula.check("a shift by 3 is off a linear map by", 0.1, shift(codes)[1].max(), op=">")

# %% [markdown]
# ## Exercises
#
# 1. Turn the words themselves (rotary positions, Su et al. 2021): in `Turned` the pair (x_0,
#    x_1) at position t, from 0, becomes $(x_0 \cos t - x_1 \sin t,\; x_0 \sin t + x_1 \cos t)$,
#    D = 2. A word (1, 0) at t = 1 is 0.5403, 0.8415. Put `CHECKS = [(Turned(), x)]` below it,
#    with x (N, T, 2), and run `minidl check answers.py`. Backward turns back.
# 2. How loud should the code be? `ScaledCode` gives $x + s \cdot PE(t)$ with one trained number
#    s of shape (1,); use `sinusoidal(np.arange(T), D)`. With s = 0.5, x = 0 and D = 2 position
#    1 gets 0.4207, 0.2702. Derive ds.

# %%
lesson.finish()
