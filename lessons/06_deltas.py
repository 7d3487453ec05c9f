# %% [markdown]
# # The error of each layer  误差梯度
#
# **The question.** How does the error get from the last layer down to the first?
#
# D0 §4.2 (后向传播) prints $\delta_L = \partial L / \partial Z$, with "L the loss function";
# its Z is "the model's input". D3 §4.1.4 prints $\delta_l = \partial L / \partial z_l$, the
# error gradient (误差梯度) of layer l. Neither says how δ gets from one layer to the one below.

# %%
import numpy as np

from minidl import Sequential, gradcheck
from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.losses import HalfSquaredError
from minidl.plots import new_axes, style

lesson = Lesson("The error of each layer  误差梯度", __file__)

delta = lesson.item(
    "F-D0-delta", source="D0 §4.2", verdict="partial",
    formula=r"\delta_l = (W_{l+1}\, \delta_{l+1}) \odot \sigma'(z_l)",
    printed="δ_L = ∂L/∂Z; L names the loss, and the last layer too",
    true="that is where the walk starts; the recursion takes it down, layer by layer",
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
# (⊙: entry by entry). On top, for targets $t$ and $J = \frac{1}{2} \sum_k (y_k - t_k)^2$, it is
# $(y_L - t) \odot \sigma'(z_L)$. Literally, for 3 inputs and layers of 2, 3 and 2 neurons:

# %%
rng = np.random.default_rng(0)
W = [rng.normal(size=shape) for shape in ((3, 2), (2, 3), (3, 2))]  # W[l][i, k]: from i to k
b = [rng.normal(size=units) for units in (2, 3, 2)]
x, t = np.array([1.0, -0.5, 2.0]), np.array([1.0, 0.0])


def literal(x, t):
    """J, and δ_1 ... δ_3, of one sample x with its targets t."""
    y, slope = x, []
    for w, bias in zip(W, b):
        z = [sum(y[i] * w[i, k] for i in range(len(w))) for k in range(len(bias))] + bias
        y = 1 / (1 + np.exp(-z))
        slope.append(np.exp(-z) / (1 + np.exp(-z)) ** 2)  # σ'(z), by the quotient rule
    d3 = (y - t) * slope[2]
    d2 = (W[2] @ d3) * slope[1]  # (3, 2) @ (2,) -> (3,)
    d1 = (W[1] @ d2) * slope[0]  # (2, 3) @ (3,) -> (2,)
    return 0.5 * np.sum((y - t) ** 2), [d1, d2, d3]


# %% [markdown]
# ## Is it so? Finite differences (有限差分)
#
# Move one number up and down a little, and see what the loss does: that knows no chain rule. To
# move $b_k$ is to move $z_k$, so the slope for $b_k$ is $\delta_k$ itself.


# %%
def measured(array, h=1e-5):
    slopes = np.zeros_like(array)
    for k in range(len(array)):
        for step in (h, -h):
            array[k] += step
            slopes[k] += literal(x, t)[0] / (2 * step)  # (J up - J down) / 2h
            array[k] -= step
    return slopes


close = {"rtol": 1e-6, "atol": 1e-9}  # with h = 1e-5 about ten decimals are right
deltas = literal(x, t)[1]
for n, d in enumerate(deltas):
    delta.check(f"δ_{n + 1}, measured and by recursion", measured(b[n]), d, **close)
delta.check("D0's ∂L/∂Z, Z the input, is W_1 δ_1", measured(x), W[0] @ deltas[0], **close)

# %% [markdown]
# With "Z the model's input" D0's $\partial L / \partial Z$ has a number an input, three here.
# That is the *end* of the walk, $W_1 \delta_1$; its start, in the last layer, has two.
#
# ## minidl
#
# A Dense makes one step of the walk. It takes $dy = \partial J / \partial y$ from above, makes
# $dz = dy \odot \sigma'(z)$, which is δ, and hands $dz\,W^T$ down; `Sequential` asks its layers
# in reverse. In a batch each sample has its δ, and db is their sum.

# %%
model = Sequential([Dense(units, "sigmoid") for units in (2, 3, 2)], dtype="float64")
model.build((3,))
model.set_weights([array for pair in zip(W, b) for array in pair])
X, T = np.vstack([x, rng.normal(size=(3, 3))]), np.vstack([t, rng.random((3, 2))])  # N = 4
outputs, cache = model.forward(X)  # (4, 3) -> (4, 2)
loss = HalfSquaredError()
J, loss_cache = loss.forward(T, outputs)
dx, grads = model.backward(loss.backward(loss_cache), cache)
Js, walks = zip(*(literal(*row) for row in zip(X, T)))
delta.check("J is the sum of ½ Σ (y - t)²", sum(Js), J, **close)
delta.check("dx, a row a sample", [W[0] @ walk[0] for walk in walks], dx, **close)
for n in range(3):
    delta.check(f"db of {n + 1}", sum(walk[n] for walk in walks), grads[f"{n}.b"], **close)
delta.check_gradient(gradcheck(model, X), "gradient check of the model")
delta.check_gradient(gradcheck(loss, outputs, y_true=T), "gradient check of the loss")

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
    axes.legend()
most = [np.linalg.norm(layer.params["W"], 2) / 4 for layer in net.layers[1:]]  # the sigmoids
delta.check("|δ_l| / |δ_l+1| is within ¼ |W|", most, size[:-1] / size[1:], op="<=")
lesson.figure(axes.figure, "vanishing", "Right to left: sigmoid passes on a fifth, ReLU all.")

# %% [markdown]
# ## A bug, and what catches it
#
# Forget σ' on the way down: hand on $dy\,W^T$ in place of $dz\,W^T$. The layer's own dW and db
# stay right: the last layer of a model is right, and all below it is wrong.


# %%
class NoSlope(Dense):
    def backward(self, dy, cache):
        return dy @ self.params["W"].T, super().backward(dy, cache)[1]  # should be dz @ W.T


bug = Sequential([NoSlope(units, "sigmoid") for units in (2, 3, 2)], seed=0)
passed = [entry.passed for entry in gradcheck(bug, X).entries if entry.name.endswith("W")]
delta.check("does dW of layers 1, 2, 3 pass?", [False, False, True], passed)

# %% [markdown]
# ## Exercises
#
# 1. Write two layers as one, `TwoLayers`: $y = \tanh(\tanh(x A)\, B)$, A (D, 3), B (3, 1), with
#    one backward that walks down by δ. A = (1, ½, -1), a row, B = (1, 2, 1), a column, and
#    x = 1 give 0.7279. Put the class in a file and run `minidl check answers.py`.
# 2. `StretchedSigmoid` is $4 \sigma(z) - 2$: 0.9242 at 1. What would ten at z = 0 leave of δ?

# %%
lesson.finish()
