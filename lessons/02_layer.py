# %% [markdown]
# # A layer of neurons  神经网络层
#
# **The question.** What does a layer of neurons compute, and why does it need a bias?
#
# D3 §4.1.2 (神经网络模型) prints
#
# $$z_l = \sum_{i=1}^{n} w_{li} \cdot x_i, \quad y_l = \sigma(z_l)$$
#
# with "$z_l$ the input of layer l, $y_l$ its output, $w_{li}$ the weights, $x_i$ the input
# features, n the number of neurons". As printed a layer has a single number. Read $l$ as
# "neuron $l$ of one layer": each neuron has its row of weights, and $n$ counts its *inputs*.

# %%
import math

import numpy as np

from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.models import Sequential
from minidl.plots import regression_line
from minidl.testing import gradcheck

lesson = Lesson("A layer of neurons  神经网络层", __file__)

layer = lesson.item(
    "F-D3-layer", source="D3 §4.1.2", verdict="partial",
    formula=r"z_l = W_l\, y_{l-1} + b_l, \quad y_l = \sigma(z_l), \quad y_0 = x",
    printed="z_l = Σ w_li x_i, y_l = σ(z_l), for every layer l",
    true="true of a neuron of layer 1 without bias; layer l takes y_{l-1}, and adds b",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# minidl keeps W as (D inputs, M neurons), a column a neuron: transposed, as we write it here.


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


def dense(weights, bias=None):
    """A Dense of sigmoids with these numbers."""
    made = Dense(len(weights), "sigmoid", use_bias=bias is not None, dtype="float64")
    made.build((len(weights[0]),))
    W = np.transpose(weights)  # (M, D) -> (D, M)
    made.set_weights([W] if bias is None else [W, bias])
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

# %%
layer.check("all outputs at x = 0", [0.5, 0.5, 0.5], dense(w)(np.zeros((1, 2)))[0])
x_line = np.array([[0.0], [1.0], [2.0], [3.0]])
y_line = 2 * x_line + 3  # 3, 5, 7, 9
line = Sequential([Dense(1, use_bias=False)], dtype="float64", seed=0)
line.compile("sgd", loss="mse")
line.fit(x_line, y_line, epochs=400, verbose=0)
layer.check("best w without a bias: 46/14", [[46 / 14]], line.get_weights()[0])
layer.check("its mean squared error: 45/14", 45 / 14, line.evaluate(x_line, y_line, verbose=0))
lines = {"without a bias": lambda x: line(x[:, None]), "with one": lambda x: 2 * x + 3}
picture = regression_line(x_line, y_line, lines, title="Why a bias  偏置")
picture.axes[0].set(xlabel="x (no unit)", ylabel="y (no unit)")
lesson.figure(picture, "bias", "Through the origin no line fits these four points.")

# %% [markdown]
# Still, the printed form is complete if every sample gets one more feature that is always 1:
# its weight *is* the bias. minidl adds `b` instead: $y = \sigma(x W + b)$, with x (N, D),
# W (D, M), b (M,), y (N, M). Backwards, with $dy = \partial L / \partial y$ in hand:
#
# $$dz = \sigma'(z) \odot dy, \quad dW = x^T dz, \quad db = \sum_n dz_n, \quad dx = dz\, W^T$$

# %%
w_and_b = [[0.5, -1.0, 0.25], [2.0, 1.0, -2.0], [-1.5, 0.25, 1.0]]
loops = [literal_layer(w_and_b, [*x, 1]) for x in X]
with_bias = dense(w, [0.25, -2.0, 1.0])
layer.check("b is the weight of a feature 1", loops, with_bias(X))
layer.check_gradient(gradcheck(dense(w), X), "gradient check, as printed")
layer.check_gradient(gradcheck(with_bias, X), "gradient check, with a bias")

# %% [markdown]
# ## The second layer takes the first one's output
#
# D3 writes $x_i$ at every layer. A second layer behind these three neurons has three weights a
# neuron, and $x$ has two entries: Dense refuses. What comes in there is $y_1$.

# %%
second = dense([[1.0, -1.0, 2.0]])
try:
    outcome = second(X)
except ValueError as error:
    outcome = str(error).partition(", got")[0]
layer.check("layer 2 of x", "Dense: x must have shape (N, 3)", outcome)
behind = [literal_layer([[1.0, -1.0, 2.0]], y) for y in loops]
layer.check("layer 2 of y_1", behind, second(with_bias(X)))

# %% [markdown]
# ## A bug, and what catches it
#
# b is added to every row, so every row has its share in db: a sum. A mean seems tidier, is N
# times too small, and trains: b only learns slowly. The gradient check names it.


# %%
class MeanOverRows(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "b": grads["b"] / len(dy)}


report = gradcheck(MeanOverRows(3, "sigmoid"), X)
print(report.headline)
layer.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. In `Gains` neuron i sees input i only: $y_i = w_i x_i + b_i$, w and b of shape (D,). With
#    w = (3, -1) and b = (0.25, 1), x = (2, 0.5) gives 6.25, 0.5. A subclass of `Layer` makes w
#    in `build(self, input_shape, rng=None)`, after `super().build(input_shape, rng)`, by
#    `self.add_param("w", input_shape, GlorotUniform(), self.rng)`. Run `minidl check
#    answers.py`.
# 2. `Quadratic` is one neuron of products: $y = \sum_{ij} x_i W_{ij} x_j$, (N, D) to (N, 1). It
#    is 27 for W = [[1, 2], [3, 4]] and x = (1, 2). Derive dW and dx; W need not be symmetric.

# %%
lesson.finish()
