# %% [markdown]
# # Backpropagation  反向传播
#
# **The question.** How does each of a network's weights learn what it did to the one loss?
#
# D3 §4.1.4 (反向传播算法) prints two lines for this,
#
# $$\delta_l = \partial L / \partial z_l, \quad \partial L/\partial w_{li} = \delta_l x_i$$
#
# with "δ_l the error gradient (误差梯度) of layer l, x_i the input features". D0 §4.2
# (后向传播) prints $\delta_L = \partial L / \partial Z$, with "L the loss function"; its Z is
# "the model's input". Neither says how δ gets from one layer to the one below.

# %%
import numpy as np

from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.losses import HalfSquaredError
from minidl.models import Sequential
from minidl.plots import heat_map, new_axes, style
from minidl.testing import gradcheck

lesson = Lesson("Backpropagation  反向传播", __file__)

delta = lesson.item(
    "F-D0-delta", source="D0 §4.2", verdict="partial",
    formula=r"\delta_l = (W_{l+1}\, \delta_{l+1}) \odot \sigma'(z_l)",
    printed="δ_L = ∂L/∂Z; L names the loss, and the last layer too",
    true="that is where the walk starts; the recursion takes it down, layer by layer",
)  # fmt: skip
backprop = lesson.item(
    "F-D3-backprop", source="D3 §4.1.4", verdict="partial",
    formula=r"\frac{\partial J}{\partial W_l} = y_{l-1}\, \delta_l^T, \quad y_0 = x",
    printed="∂L/∂w_li = δ_l x_i", true="so in layer 1; layer l takes its own input, y_{l-1}",
)  # fmt: skip

# %% [markdown]
# ## The chain rule, one step (链式法则)
#
# D0's L is the loss, and below δ the last layer. Here the loss is $J$. Neuron $k$ of a layer
# takes $z_k = b_k + \sum_i y_i w_{ik}$, where $y_i = \sigma(z_i)$ comes from neuron $i$ of the
# layer below. So $z_i$ acts on $J$ through $y_i$, and $y_i$ through every $z_k$. Added up:
#
# $$\delta_i = \frac{\partial J}{\partial z_i} = \sigma'(z_i) \sum_k w_{ik}\, \delta_k,
# \quad \delta_l = (W_{l+1}\, \delta_{l+1}) \odot \sigma'(z_l)$$
#
# (⊙: entry by entry). On top, with $J = \frac{1}{2} \sum_k (y_k - t_k)^2$ (D3 §4.1.3), targets
# $t$, $\delta_L = (y_L - t) \odot \sigma'(z_L)$. And $w_{ik}$ stands beside $y_i$: its slope is
# $y_i \delta_k$. Literally, for 3 inputs and layers of 2, 3 and 2 neurons:

# %%
rng = np.random.default_rng(0)
W = [rng.normal(size=shape) for shape in ((3, 2), (2, 3), (3, 2))]  # W[l][i, k]: from i to k
b = [rng.normal(size=units) for units in (2, 3, 2)]
x, t = np.array([1.0, -0.5, 2.0]), np.array([1.0, 0.0])


def literal(x, t):
    """J, then y_0 ... y_3 and δ_1 ... δ_3, of one sample x with its targets t."""
    y, slope = [x], []
    for w, bias in zip(W, b):
        z = bias.copy()
        for i in range(len(w)):
            for k in range(len(z)):
                z[k] += y[-1][i] * w[i, k]
        y.append(1 / (1 + np.exp(-z)))
        slope.append(np.exp(-z) / (1 + np.exp(-z)) ** 2)  # σ'(z), by the quotient rule
    d3 = (y[3] - t) * slope[2]
    d2 = (W[2] @ d3) * slope[1]  # (3, 2) @ (2,) -> (3,)
    d1 = (W[1] @ d2) * slope[0]  # (2, 3) @ (3,) -> (2,)
    return 0.5 * np.sum((y[3] - t) ** 2), y, [d1, d2, d3]


_, y, deltas = literal(x, t)

# %% [markdown]
# ## Is it so? Finite differences (有限差分)
#
# Move one number up a little, down a little, and see what the loss does: that knows of no chain
# rule. To move $b_k$ is to move $z_k$, so the slope for $b_k$ is $\delta_k$ itself.


# %%
def measured(array, h=1e-5):
    slopes = np.zeros_like(array)
    for at in np.ndindex(array.shape):
        for step in (h, -h):
            array[at] += step
            slopes[at] += literal(x, t)[0] / (2 * step)  # (J up - J down) / 2h
            array[at] -= step
    return slopes


close = {"rtol": 1e-6, "atol": 1e-9}  # with h = 1e-5 about ten decimals are right
true_dW = [measured(w) for w in W]
for n, d in enumerate(deltas):
    delta.check(f"δ_{n + 1}, measured and by recursion", measured(b[n]), d, **close)
    backprop.check(f"y_{n} δ_{n + 1}, the same", true_dW[n], np.outer(y[n], d), **close)

# %% [markdown]
# **D0's Z.** With "Z the model's input" $\partial L / \partial Z$ has a number an input, three
# here. That is the *end* of the walk, $W_1 \delta_1$; its start, in the last layer, has two.
#
# **D3's x.** Layer 1 is right: x is what comes into it. In layer 2 the shape is wrong. In layer
# 3 it fits by chance, and row i is off by the factor $x_i / y_{2,i}$. The second factor is
# negative, as $x_2 = -0.5$ is and a σ never is: descent by that row goes uphill.

# %%
delta.check("D0's ∂L/∂Z, Z the input, is W_1 δ_1", measured(x), W[0] @ deltas[0], **close)
printed = [np.outer(x, d) for d in deltas]
backprop.check("printed, layer 1, against measured", true_dW[0], printed[0], **close)
backprop.check("printed, layer 2: its shape, where W_2 has (2, 3)", [3, 3], printed[1].shape)
backprop.check("layer 3, printed / true", np.outer(x / y[2], [1, 1]), printed[2] / true_dW[2])
both = heat_map(np.hstack([true_dW[2], printed[2]]), ["y δ1", "y δ2", "x δ1", "x δ2"],
                ["1", "2", "3"], "∂J/∂W_3  梯度", "slope (no unit)", ylabel="i")  # fmt: skip
lesson.figure(both, "gradients", "A cell is a weight of layer 3. Left true, right as printed.")

# %% [markdown]
# ## minidl
#
# A Dense makes one step of the walk. It takes $dy = \partial J / \partial y$ from above, makes
# $dz = dy \odot \sigma'(z)$, which is δ, and hands $dz\,W^T$ down; `Sequential` asks its layers
# in reverse. In a batch each sample adds its share: the loss is a sum.

# %%
model = Sequential([Dense(units, "sigmoid") for units in (2, 3, 2)], dtype="float64")
model.build((3,))
model.set_weights([array for pair in zip(W, b) for array in pair])
X, T = np.vstack([x, rng.normal(size=(3, 3))]), np.vstack([t, rng.random((3, 2))])  # N = 4
outputs, cache = model.forward(X)  # (4, 3) -> (4, 2)
loss = HalfSquaredError()
J, loss_cache = loss.forward(T, outputs)
dy = loss.backward(loss_cache)
_, grads = model.backward(dy, cache)

Js, ys, walks = zip(*(literal(*row) for row in zip(X, T)))
backprop.check("forward is the loops", [y[3] for y in ys], outputs, **close)
backprop.check("J is the sum of ½ Σ (y - t)²", sum(Js), J, **close)
for n in range(3):
    dW = sum(np.outer(y[n], walk[n]) for y, walk in zip(ys, walks))
    delta.check(f"db of layer {n + 1}", sum(w[n] for w in walks), grads[f"{n}.b"], **close)
    backprop.check(f"dW of layer {n + 1}", dW, grads[f"{n}.W"], **close)
backprop.check_gradient(gradcheck(model, X), "gradient check of the model")
delta.check_gradient(gradcheck(loss, outputs, y_true=T), "gradient check of the loss")

# %% [markdown]
# **Why `forward` returns a cache (缓存).** Backward needs $y_{l-1}$ and σ' of *its* forward.
# Kept on the layer they would be those of its latest call, here a validation batch's. Another
# answer takes eight lines: forward returns a *function*, which remembers (闭包, a closure). It
# is as right; but a cache is plain data, which one can print, keep and check.

# %%
model.forward(3 * X[::-1])
delta.check("dx, later", [W[0] @ w[0] for w in walks], model.backward(dy, cache)[0], **close)


def dense(x, W, b):
    y = 1 / (1 + np.exp(-(x @ W + b)))  # (N, D) @ (D, M) -> (N, M)

    def backward(dy):
        dz = dy * y * (1 - y)
        return dz @ W.T, x.T @ dz, dz.sum(axis=0)

    return y, backward


_, dW, _ = dense(np.array([y[2] for y in ys]), W[2], b[2])[1](dy)
backprop.check("closure, layer 3: dW", grads["2.W"], dW, **close)

# %% [markdown]
# ## In a deep network
#
# Each step down multiplies by W and by σ', which is never above a quarter: $|\delta_l| \leq
# \frac{1}{4} |W_{l+1}|\,|\delta_{l+1}|$, |W| the most that W stretches. It vanishes (梯度消失).

# %%
with style():
    axes = new_axes("layer l (10 is the last)", "|δ_l| / |δ_10|", "The size of δ  梯度消失")
    for kind, start, op in (("relu", "he_normal", ">"), ("sigmoid", "glorot_normal", "<")):
        net = Sequential([Dense(32, kind, kernel_initializer=start) for _ in range(10)], seed=0)
        net.build((32,))
        y, cache = net.forward(np.linspace(-1, 1, 32)[None])  # one sample: db is δ
        grads = net.backward(np.ones_like(y), cache)[1]
        size = np.array([np.linalg.norm(grads[f"{n}.b"]) for n in range(10)])
        axes.semilogy(range(1, 11), size / size[-1], label=kind)
        delta.check(f"{kind}: |δ_1| / |δ_10|", 1e-3, size[0] / size[-1], op=op)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend()
most = [np.linalg.norm(layer.params["W"], 2) / 4 for layer in net.layers[1:]]  # the sigmoids
delta.check("|δ_l| / |δ_l+1| is within ¼ |W|", most, size[:-1] / size[1:], op="<=")
lesson.figure(axes.figure, "vanishing", "Right to left: sigmoid passes on a fifth, ReLU all.")

# %% [markdown]
# ## A bug, and what catches it
#
# Forget σ' on the way down: hand on $dy\,W^T$ in place of $dz\,W^T$. The layer's own dW and db
# stay right, and so the last layer of a model is right too. All below it is wrong.


# %%
class NoSlope(Dense):
    def backward(self, dy, cache):
        return dy @ self.params["W"].T, super().backward(dy, cache)[1]  # should be dz @ W.T


bug = Sequential([NoSlope(units, "sigmoid") for units in (2, 3, 2)], seed=0)
bug.build((3,))
passed = [entry.passed for entry in gradcheck(bug, X).entries if entry.name.endswith("W")]
delta.check("does dW of layers 1, 2, 3 pass?", [False, False, True], passed)
print(gradcheck(bug.layers[0], X).headline)  # one layer alone: the cause is named

# %% [markdown]
# ## Exercises
#
# 1. Take the mean squared error for the loss. Which factor do all δ get?
# 2. One Dense object stands twice in a model. What must happen to its two gradients?

# %%
lesson.finish()
