# %% [markdown]
# # Backpropagation  反向传播
#
# **The question.** How does each of a network's weights learn what it did to the one loss?
#
# D3 §4.1.4 (反向传播算法) prints $\delta_l = \partial L / \partial z_l$, "the error gradient
# (误差梯度)", and $\partial L/\partial w_{li} = \delta_l x_i$, x_i "the input features".

# %%
import numpy as np

from minidl import Sequential, gradcheck
from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.losses import HalfSquaredError
from minidl.plots import heat_map

lesson = Lesson("Backpropagation  反向传播", __file__)

backprop = lesson.item(
    "F-D3-backprop", source="D3 §4.1.4", verdict="partial",
    formula=r"\frac{\partial J}{\partial W_l} = y_{l-1}\, \delta_l^T, \quad y_0 = x",
    printed="∂L/∂w_li = δ_l x_i", true="so in layer 1; layer l takes its own input, y_{l-1}",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# Neuron $k$ of a layer takes $z_k = b_k + \sum_i y_i w_{ik}$. The weight $w_{ik}$ stands beside
# $y_i$, so its slope in the loss $J$ is $y_i \delta_k$: a table (外积) of what comes in and the
# errors $\delta_k = \partial J / \partial z_k$. $b_k$ stands beside a 1, so its slope is
# $\delta_k$: we read δ there. For 3 inputs, layers of 2, 3 and 2 sigmoids, and half the squared
# error as the loss:

# %%
model = Sequential([Dense(n, "sigmoid") for n in (2, 3, 2)], dtype="float64", seed=1)
model.build((3,))
loss = HalfSquaredError()


def walk(x, t):
    """minidl's y_0 … y_2, δ_1 … δ_3 and dW_1 … dW_3 of one sample."""
    y, cache = model.forward(x[None])
    _, grads = model.backward(loss.backward(loss.forward(t[None], y)[1]), cache)
    inputs = [layer_cache[0][0] for layer_cache in cache]  # a Dense keeps what came in
    return inputs, [grads[f"{n}.b"] for n in range(3)], [grads[f"{n}.W"] for n in range(3)]


x, t = np.array([1.0, -0.5, 2.0]), np.array([1.0, 0.0])
y, delta, dW = walk(x, t)
for n in range(3):
    literal = [[y_i * delta_k for delta_k in delta[n]] for y_i in y[n]]
    backprop.check(f"dW of layer {n + 1}", literal, dW[n])

# %% [markdown]
# Is it so? Move one weight up and down a little, and see what the loss does (有限差分). That
# asks `forward` only, and needs two passes a weight.


# %%
def measured(name, h=1e-5):
    array, slopes = model.params[name], np.zeros_like(model.params[name])
    for at in np.ndindex(array.shape):
        for step in (h, -h):
            array[at] += step
            slopes[at] += loss(t[None], model(x[None])) / (2 * step)  # (J up - J down) / 2h
            array[at] -= step
    return slopes


close = {"rtol": 1e-6, "atol": 1e-9}  # with h = 1e-5 about ten decimals are right
for n in range(3):
    backprop.check(f"dW of layer {n + 1}, measured", measured(f"{n}.W"), dW[n], **close)

# %% [markdown]
# ## D3's x
#
# Layer 1 is right: x is what comes into it. In layer 2 the shape is wrong. In layer 3 it fits
# by chance, and row i is off by the factor $x_i / y_{2,i}$. The second factor is negative, as
# $x_2 = -0.5$ is and a σ never is: descent by that row goes uphill.

# %%
printed = [np.outer(x, d) for d in delta]
backprop.check("printed, layer 1, against measured", measured("0.W"), printed[0], **close)
backprop.check("printed, layer 2: its shape, where W_2 has (2, 3)", [3, 3], printed[1].shape)
backprop.check("layer 3, printed / true", np.outer(x / y[2], [1, 1]), printed[2] / dW[2])
both = heat_map(np.hstack([dW[2], printed[2]]), ["y δ1", "y δ2", "x δ1", "x δ2"],
                ["1", "2", "3"], "∂J/∂W_3  梯度", "slope (no unit)", ylabel="i")  # fmt: skip
lesson.figure(both, "gradients", "A cell is a weight of layer 3. Left true, right as printed.")

# %% [markdown]
# ## A batch (批次)
#
# Each sample adds its share, as the loss is a sum. Row n of Y holds sample n's $y_{l-1}$, row n
# of Δ its $\delta_l$, and $dW = Y^T \Delta$ is the sum of all tables.

# %%
rng = np.random.default_rng(0)
X, T = rng.normal(size=(4, 3)), rng.random((4, 2))
outputs, cache = model.forward(X)  # (4, 3) -> (4, 2)
dy = loss.backward(loss.forward(T, outputs)[1])
_, grads = model.backward(dy, cache)
walks = [walk(*row) for row in zip(X, T)]
for n in range(3):
    tables = sum(np.outer(y[n], delta[n]) for y, delta, _ in walks)
    backprop.check(f"dW of layer {n + 1}, four samples", tables, grads[f"{n}.W"], **close)
backprop.check_gradient(gradcheck(model, X), "gradient check of the model")

# %% [markdown]
# Backward needs $y_{l-1}$ and σ' of *its* forward, whatever came between: they are in the cache
# (缓存). In another form forward returns a *function*, which remembers (闭包, a closure). It is
# as right; but a cache is plain data, which one can print, keep and check.

# %%
model.forward(3 * X[::-1])
backprop.check("dW, later", grads["0.W"], model.backward(dy, cache)[1]["0.W"], **close)


def dense(x, W, b):
    y = 1 / (1 + np.exp(-(x @ W + b)))  # (N, D) @ (D, M) -> (N, M)

    def backward(dy):
        dz = dy * y * (1 - y)
        return dz @ W.T, x.T @ dz, dz.sum(axis=0)

    return y, backward


_, closed, _ = dense(cache[2][0], model.params["2.W"], model.params["2.b"])[1](dy)
backprop.check("closure, layer 3: dW", grads["2.W"], closed, **close)

# %% [markdown]
# ## A bug, and what catches it
#
# Forget σ' in dW alone: $y^T dy$ in place of $y^T dz$. What goes down is right, and so is db.


# %%
class NoSlopeInW(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "W": cache[0].T @ dy}  # should be cache[0].T @ dz


report = gradcheck(NoSlopeInW(2, "sigmoid"), X)
passed = [entry.passed for entry in report.entries]
backprop.check("which pass: dx, dW, db", [True, False, True], passed)

# %% [markdown]
# ## Exercises
#
# 1. One W stands in a model twice: `Twice` is $y = f(f(x))$ with $f(x) = \tanh(x W)$, W (D, D).
#    W = 0.5 and x = 2 give 0.3634. What must happen to its two gradients? Write the layer, and
#    run `minidl check answers.py`.
# 2. In `Neighbours` two weights stand at every place: $y_i = a\, x_i + b\, x_{i+1}$, (N, D) to
#    (N, D - 1), w = (a, b) of shape (2,). w = (1, -1) and x = (1, 2, 4) give -1, -2.

# %%
lesson.finish()
