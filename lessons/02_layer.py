# %% [markdown]
# # A layer, and a stack of layers  神经网络层与前向传播
#
# **The question.** What does a layer of neurons compute, and what does a model of several?
#
# D3 §4.1.2 (神经网络模型) prints
#
# $$z_l = \sum_{i=1}^{n} w_{li} \cdot x_i, \quad y_l = \sigma(z_l)$$
#
# with "$z_l$ the input of layer l, $y_l$ its output, $w_{li}$ the weights, $x_i$ the input
# features, n the number of neurons". D0 §4.2 prints for the forward pass (前向传播) $Y = f(Z)$,
# with "Y the model's output, Z the model's input, f the activation function (激活函数)".

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl.layers import Activation, Dense
from minidl.lesson import Lesson
from minidl.models import Sequential
from minidl.plots import BLUE, DIVERGING, INK, RED, style
from minidl.testing import gradcheck

lesson = Lesson("A layer, and a stack of layers  神经网络层与前向传播", __file__)

layer = lesson.item(
    "F-D3-layer", source="D3 §4.1.2", verdict="partial",
    formula=r"z_l = W_l\, y_{l-1} + b_l, \quad y_l = \sigma(z_l), \quad y_0 = x",
    printed="z_l = Σ w_li x_i, y_l = σ(z_l), for every layer l",
    true="true of a neuron of layer 1 without bias; layer l takes y_{l-1}, and adds b",
)  # fmt: skip
forward = lesson.item(
    "F-D0-forward", source="D0 §4.2", verdict="partial",
    formula=r"Y = f_L(Z_L), \quad Z_L = Y_{L-1} W_L + b_L, \quad \ldots, \quad Y_0 = X",
    printed="Y = f(Z), Z the model's input",
    true="Z is a layer's weighted sum before f; a model is a chain of such steps",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# As printed a layer has a single number. Read $l$ as "neuron $l$ of one layer": each neuron has
# its row of weights, and $n$ counts its *inputs*.


# %%
def sigma(z):
    return 1 / (1 + math.exp(-z))


def literal_layer(w, x):
    y = []
    for l in range(len(w)):  # noqa: E741
        z = 0.0
        for i in range(len(w[l])):
            z += w[l][i] * x[i]
        y.append(sigma(z))
    return y


def dense(weights, bias=None, activation="sigmoid"):
    """A Dense with these numbers. It keeps W as (D inputs, M neurons): a column a neuron."""
    W = np.array(weights).T  # (M, D) -> (D, M)
    made = Dense(W.shape[1], activation, use_bias=bias is not None, dtype="float64")
    made.build(W.shape[:1])
    made.set_weights([W] if bias is None else [W, np.array(bias)])
    return made


w = [[0.5, -1.0], [2.0, 1.0], [-1.5, 0.25]]  # (3 neurons, 2 inputs)
X = np.array([[2.0, 0.5], [0.0, 0.0], [-1.0, 3.0], [0.3, -0.7]])  # (N, D) = (4, 2)
by_hand = [sigma(0.5), sigma(4.5), sigma(-2.875)]
layer.check("the first row by hand: z = 0.5, 4.5, -2.875", by_hand, literal_layer(w, X[0]))
loops = [literal_layer(w, x) for x in X]
layer.check("Dense, (4, 2) @ (2, 3) -> (4, 3), is the loops", loops, dense(w)(X))

# %% [markdown]
# ## Why a bias (偏置)
#
# At $x = 0$ the printed sum is 0, whatever the weights: each neuron says $\sigma(0) = 1/2$, and
# 0 without an activation. So $y = 2x + 3$ is out of reach: training finds the best line through
# the origin, $w = \sum x y / \sum x^2$, and that misses.
#
# Still, the printed form is complete if every sample gets one more feature that is always 1:
# its weight *is* the bias. minidl adds `b` instead: $y = \sigma(x W + b)$, with x (N, D),
# W (D, M), b (M,), y (N, M). Backwards, with $dy = \partial L / \partial y$ in hand:
#
# $$dz = \sigma'(z)\, dy, \quad dW = x^T dz, \quad db = \sum_n dz_n, \quad dx = dz\, W^T$$

# %%
layer.check("all outputs at x = 0", [0.5, 0.5, 0.5], dense(w)(np.zeros((1, 2)))[0])
x_line = np.array([[0.0], [1.0], [2.0], [3.0]])
y_line = 2 * x_line + 3  # 3, 5, 7, 9
line = Sequential([Dense(1, use_bias=False)], dtype="float64", seed=0)
line.compile("sgd", loss="mse")
line.fit(x_line, y_line, epochs=400, verbose=0)
layer.check("best w without a bias: 46/14", [[46 / 14]], line.get_weights()[0])
layer.check("its mean squared error: 45/14", 45 / 14, line.evaluate(x_line, y_line, verbose=0))

w_and_b = [[0.5, -1.0, 0.25], [2.0, 1.0, -2.0], [-1.5, 0.25, 1.0]]
loops = [literal_layer(w_and_b, [*x, 1]) for x in X]
with_bias = dense(w, [0.25, -2.0, 1.0])
layer.check("b is the weight of a feature 1", loops, with_bias(X))
layer.check_gradient(gradcheck(dense(w), X), "gradient check, as printed")
layer.check_gradient(gradcheck(with_bias, X), "gradient check, with a bias")

# %% [markdown]
# ## The second layer takes the first one's output
#
# D3 writes $x_i$ at every layer. A second layer behind three neurons has three weights a
# neuron, and $x$ has two entries: Dense refuses. Where the widths happen to agree nothing stops
# it, and the number is wrong. XOR (异或), "one of the two, not both", shows it: OR and NAND in
# layer 1, AND of these two in layer 2, all weights written by hand.
#
# In the printed form layer 1 has no say in the output: any number of layers is one layer. And
# one neuron cannot do XOR. It needs $b < 0$, $w_1 + b > 0$, $w_2 + b > 0$, $w_1 + w_2 + b < 0$;
# the first and last say $w_1 + w_2 + 2b < 0$, the two between say the same sum is above 0.

# %%
try:
    outcome = dense([[1.0, -1.0, 2.0]])(X)
except ValueError as error:
    outcome = str(error).partition(", got")[0]
layer.check("layer 2 of a 2-3-1 model on x", "Dense: x must have shape (N, 3)", outcome)

corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
w1, b1 = [[10.0, 10.0], [-10.0, -10.0]], [-5.0, 15.0]  # OR, NAND
w2, b2 = [[10.0, 10.0]], [-15.0]  # AND
first = [literal_layer([[10, 10, -5], [-10, -10, 15]], [*x, 1]) for x in corners]
second = [literal_layer([[10, 10, -15]], [*h, 1]) for h in first]  # takes y_1
model = Sequential([dense(w1, b1), dense(w2, b2)])
layer.check("layer 2 of y_1 is the model", second, model(corners))
layer.check("above 1/2: XOR", [0, 1, 1, 0], model(corners).ravel().round())
as_printed = dense(w2, b2)(corners)  # layer 2 takes x
layer.check("layer 2 of x, as printed: AND", [0, 0, 0, 1], as_printed.ravel().round())

# A Dense of 15,625 neurons, one for each (w1, w2, b) on a grid from -3 to 3.
grid = np.stack(np.meshgrid(*[np.linspace(-3, 3, 25)] * 3), axis=-1).reshape(-1, 3)
right = dense(grid[:, :2], grid[:, 2])(corners).round() == [[0], [1], [1], [0]]  # (4, 15625)
layer.check("corners right of 4, the best of 15,625", 3, right.sum(axis=0).max())

# %% [markdown]
# ## A model is a composition (复合函数)
#
# D0's $Y = f(Z)$ is the last half step of one layer. With the model's input as Z there are no
# weights, and two numbers in are two numbers out. With $Z = Y_1 W_2 + b_2$ it is right, and a
# model of two layers is $Y = f_2(f_1(X W_1 + b_1)\, W_2 + b_2)$. `Sequential` is this chain.
#
# **The cache (缓存).** `forward` returns the output and what `backward` will need: for each
# layer its input and what its activation keeps (for σ: its output). So layer 2's entry holds
# $y_1$, the very thing that D3's formula leaves out.

# %%
bare = Sequential([Activation("sigmoid")], dtype="float64")
forward.check("f of the model's input: its shape", [4, 2], bare(corners).shape)
forward.check("and its weights", 0, bare.count_params())
Z = np.array(first) @ [[10], [10]] - 15  # (4, 2) @ (2, 1) -> (4, 1)
forward.check("f of layer 2's Z is the model", [[sigma(z)] for z in Z[:, 0]], model(corners))
forward.check_gradient(gradcheck(model, X / 4), "gradient check of the chain")
y, cache = model.forward(corners)
forward.check("layer 2 keeps y_1", first, cache[1][0])

# %%
side, levels = np.linspace(-0.5, 1.5, 81), np.linspace(0, 1, 11)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (6561, 2)
panels = [
    ("One layer: 3 of 4", dense(w1[:1], b1[:1]), corners, "x"),
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


report = gradcheck(Remembers(3, "sigmoid"), X)
print(report)
layer.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. Count the parameters of a 784-100-10 model; compare with `count_params()`.
# 2. Write XOR with ReLU in layer 1 and one linear neuron behind it. Two hidden neurons do.
# 3. Leave σ out of both layers (`None` for `"sigmoid"`). Which single Dense is the model now?

# %%
lesson.finish()
