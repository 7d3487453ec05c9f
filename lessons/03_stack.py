# %% [markdown]
# # A stack of layers  前向传播
#
# **The question.** What does a model of several layers compute that one layer cannot?
#
# D0 §4.2 prints for the forward pass (前向传播) $Y = f(Z)$, with "Y the model's output, Z the
# model's input, f the activation function (激活函数)". With the model's input as Z there are no
# weights, and two numbers in are two numbers out.

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl.layers import Activation, Dense
from minidl.lesson import Lesson
from minidl.models import Sequential
from minidl.plots import BLUE, DIVERGING, INK, RED, style
from minidl.testing import gradcheck

lesson = Lesson("A stack of layers  前向传播", __file__)

forward = lesson.item(
    "F-D0-forward", source="D0 §4.2", verdict="partial",
    formula=r"Y = f_L(Z_L), \quad Z_L = Y_{L-1} W_L + b_L, \quad \ldots, \quad Y_0 = X",
    printed="Y = f(Z), Z the model's input",
    true="Z is a layer's weighted sum before f; a model is a chain of such steps",
)  # fmt: skip

bare = Sequential([Activation("sigmoid")], dtype="float64")
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # (N, D) = (4, 2)
forward.check("f of the model's input: its shape", [4, 2], bare(corners).shape)
forward.check("and its weights", 0, bare.count_params())

# %% [markdown]
# ## The formula, literally
#
# $Y = f(Z)$ is right as the last half step of *one* layer, $Z = X W + b$. A second layer takes
# the first one's output: $Y = f_2(f_1(X W_1 + b_1)\, W_2 + b_2)$, a composition (复合函数).
#
# XOR (异或), "one of the two, not both", needs it. Layer 1 holds OR and NAND, layer 2 the AND
# of these two; all weights are written by hand.


# %%
def literal_layer(x, W, b):
    """One sample x through M sigmoid neurons; W[i][k] leads from input i to neuron k."""
    z = [sum(x[i] * W[i][k] for i in range(len(x))) + b[k] for k in range(len(b))]
    return [1 / (1 + math.exp(-z_k)) for z_k in z]


def dense(W, b):
    made = Dense(len(b), "sigmoid", dtype="float64")
    made.build((len(W),))
    made.set_weights([np.array(W), np.array(b)])
    return made


W1, b1 = [[10.0, -10.0], [10.0, -10.0]], [-5.0, 15.0]  # OR, NAND
W2, b2 = [[10.0], [10.0]], [-15.0]  # AND
first = [literal_layer(x, W1, b1) for x in corners]
second = [literal_layer(y, W2, b2) for y in first]
model = Sequential([dense(W1, b1), dense(W2, b2)])
forward.check("the chain is the model", second, model(corners))
forward.check("above 1/2: XOR", [0, 1, 1, 0], model(corners).ravel().round())
forward.check_gradient(gradcheck(model, corners / 4), "gradient check of the chain")

# %% [markdown]
# ## Every layer takes x?
#
# D3 §4.1.2 prints $\sum_i w_{li} x_i$ for every layer l, with x the input features. Here the
# widths agree, so nothing stops it. Layer 1 then has no say in the output.
#
# And one neuron cannot do XOR. It needs $b < 0$, $w_1 + b > 0$, $w_2 + b > 0$,
# $w_1 + w_2 + b < 0$; the first and last say $w_1 + w_2 + 2b < 0$, the two between say that the
# same sum is above 0. A Dense of 15,625 neurons tries all (w1, w2, b) on a grid.

# %%
as_printed = dense(W2, b2)(corners)
forward.check("layer 2 of x: AND, not XOR", [0, 0, 0, 1], as_printed.ravel().round())
grid = np.stack(np.meshgrid(*[np.linspace(-3, 3, 25)] * 3), axis=-1).reshape(-1, 3)
right = dense(grid[:, :2].T, grid[:, 2])(corners).round() == [[0], [1], [1], [0]]  # (4, 15625)
forward.check("corners right of 4, the best of 15,625", 3, right.sum(axis=0).max())

# %% [markdown]
# ## The cache (缓存)
#
# `forward` returns the output and what `backward` will need: for each layer its input and what
# its activation keeps (for σ: its output). Layer 2's entry holds $y_1$, the very thing that
# neither document has.

# %%
y, cache = model.forward(corners)
forward.check("layer 2 keeps y_1", first, cache[1][0])

# %%
side, levels = np.linspace(-0.5, 1.5, 81), np.linspace(0, 1, 11)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (6561, 2)
one = dense([row[:1] for row in W1], b1[:1])
panels = [
    ("One layer: 3 of 4", one, corners, "x"),
    ("Two layers: 4 of 4", model, corners, "x"),
    ("What layer 2 sees", model.layers[1], model.layers[0](corners), "y"),
]
with style():
    fig = Figure(figsize=(10.4, 4.1))
    fig.suptitle("XOR: one layer, two layers  一层与两层的决策区域", x=0.02, ha="left")
    for axes, (title, net, points, name) in zip(fig.subplots(1, 3), panels):
        output = net(plane).reshape(81, 81)
        shown = axes.contourf(side, side, output, levels, cmap=DIVERGING, alpha=0.45)
        axes.contour(side, side, output, [0.5], colors=INK)
        for n, (point, target) in enumerate(zip(points, (0, 1, 1, 0))):
            axes.plot(*point, "os"[target], color=(BLUE, RED)[target], mec="white", ms=11)
            place = (-8, 9) if n != 2 or name == "x" else (-8, -19)  # two labels on one spot
            axes.annotate(f"{n:02b}", point, place, textcoords="offset points")
        axes.set(title=title, xlabel=f"{name}1 (no unit)", ylabel=f"{name}2 (no unit)")
        axes.set(aspect="equal", xticks=(0, 1), yticks=(0, 1))
    fig.colorbar(shown, ax=fig.axes, label="output y (no unit)", shrink=0.75)
lesson.figure(fig, "regions", "XOR (square: 1, circle: 0). One neuron's border is a line and "
              "misses a corner; two layers make a band; to layer 2 the corners 01 and 10 are "
              "one place, and a line is enough.")  # fmt: skip

# %% [markdown]
# ## A bug, and what catches it
#
# Many first implementations keep the cache on the layer. Each pass is right, until a validation
# pass comes between a forward and its backward: then the gradient is that of the wrong batch.


# %%
class Remembers(Dense):
    def forward(self, x, training=False):
        y, self.kept = super().forward(x)
        return y, None

    def backward(self, dy, cache):
        return super().backward(dy, self.kept)


report = gradcheck(Remembers(3, "sigmoid"), corners)
print(report)
forward.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. With ReLU two hidden neurons do XOR: $y = r(s) - 2\, r(s - 1)$, $s = x_1 + x_2$
#    and $r(s) = \max(s, 0)$. Write it as one layer `XorUnit`, (N, 2) to (N, 1), with its
#    backward. The four corners give 0, 1, 1, 0, and (0.5, 0.75) gives 0.75. The guess at an
#    input is 5 wide: put `CHECKS = [(XorUnit(), x)]` with an x of yours into the file, and run
#    `minidl check answers.py`.
# 2. Leave σ and b out of both layers: `LowRank` is $y = (x A) B$ with A (D, 1) and B (1, 3).
#    A = (1, -1), B = (2, 3, 0) and x = (1, 2) give -2, -3, 0. Which single Dense is this model?

# %%
lesson.finish()
