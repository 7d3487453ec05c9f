# %% [markdown]
# # The LSTM: a memory with gates  长短期记忆网络
#
# **The question.** A text comes one step at a time. How does a network carry what it has read
# to the end, and how does a gradient get back to the beginning?
#
# D1 §5.2 and D3 §5.2 classify by Embedding (嵌入层), LSTM and a fully connected layer
# (全连接层). Neither prints the LSTM's equations:
#
# $$i, f, o = \sigma(x_t W + h_{t-1} U + b), \quad \tilde c = \tanh(x_t W + h_{t-1} U + b)$$
# $$c_t = f\, c_{t-1} + i\, \tilde c, \qquad h_t = o \tanh c_t, \qquad h_0 = c_0 = 0$$
#
# with columns of $W$ (D, 4U), $U$ (U, 4U), $b$ (4U,) for each of $i, f, \tilde c, o$. $c$ is
# the memory (记忆); gates (门) in (0, 1) let in ($i$, 输入门), keep ($f$, 遗忘门), show ($o$).

# %%
import math

import numpy as np

from minidl import Sequential, gradcheck, plots
from minidl.layers import LSTM, Embedding
from minidl.layers.lstm_gates import lstm_gates
from minidl.lesson import Lesson

lesson = Lesson("The LSTM: a memory with gates  长短期记忆网络", __file__)

system = lesson.item(
    "Y-lstm", source="D1 §4.3, D3 §5.2", verdict="partial",
    formula=r"c_t = f \odot c_{t-1} + i \odot \tilde c, \quad h_t = o \odot \tanh c_t",
    printed="a classifier with an LSTM; no equations, no data, no test",
    true="the cell by its equations, its gradient through time, and padding passed over",
)  # fmt: skip

# %% [markdown]
# ## The equations, literally: one sequence, one unit, one number at a time


# %%
def literal_lstm(x, W, U, b):
    """(i, f, o, c, h) of every step and unit, (T, U, 5), for one sequence x (T, D)."""
    n, path = len(U), []
    h, c = [0.0] * n, [0.0] * n
    for x_t in x:
        z = [b[k] + sum(x_t[d] * W[d][k] for d in range(len(W)))
             + sum(h[v] * U[v][k] for v in range(n)) for k in range(4 * n)]  # fmt: skip
        path.append([])
        for u in range(n):
            i, f, o = (1 / (1 + math.exp(-z[k])) for k in (u, n + u, 3 * n + u))
            c[u] = f * c[u] + i * math.tanh(z[2 * n + u])
            h[u] = o * math.tanh(c[u])
            path[-1].append((i, f, o, c[u], h[u]))
    return np.array(path)


def built(layer):
    """The layer with random weights, so large that every gate matters."""
    layer.build((None, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=a.shape) for a in layer.get_weights()])
    return layer


x = np.random.default_rng(1).normal(size=(2, 7, 3))  # (N, T, D)
last = built(LSTM(4, dtype="float64"))
reader = built(LSTM(4, return_sequences=True, return_state=True, dtype="float64"))
paths = np.array([literal_lstm(row, *reader.get_weights()) for row in x])  # (N, T, U, 5)
system.check("every h_t, (2, 7, 4), is the loops'", paths[..., 4], reader(x)[0])
gates = lstm_gates(reader, x)  # {"i", "f", "o", "c", "h"}: (2, 7, 4) each
system.check("so are the gates", paths, np.stack([*gates.values()], axis=-1))
system.check("so are the last h and c", paths[:, -1, :, [4, 3]], [last(x), reader(x)[2]])

# %% [markdown]
# ## The way back: backpropagation through time (随时间反向传播)
#
# The same weights serve at every step, so their gradient is a sum over steps. On the way back
# the memory's own gradient is multiplied by $f$ alone, $dc_{t-1} = f\, dc_t + \ldots$: gates
# near 1 let it through. **Padding** (填充): zeros in front make all sequences of a batch
# equally long. With `mask_zero` the LSTM passes them over: $h$, $c$ and their gradients stay.

# %%
system.check_gradient(gradcheck(reader, x), "gradient check: y, h, c and every weight")
ids, padded = np.array([[3, 1, 4, 1]]), np.array([[0, 0, 3, 1, 4, 1]])
masked = Sequential([built(Embedding(6, 3, mask_zero=True)), last], dtype="float64")
printed = Sequential([built(Embedding(6, 3)), last], dtype="float64")
system.check("padded, masked: the h of the unpadded", masked(ids), masked(padded))
system.check("padded, no mask: off by", 0.01, abs(printed(padded) - masked(ids)).max(), op=">")
system.check_gradient(gradcheck(masked, np.array([[0, 3, 1, 0, 0, 4]])), "with padding")

# %% [markdown]
# ## How far back?
#
# Below: how much of dy at the last step reaches each $x_t$, in new layers of 32 units, for
# three biases of the forget gate. A new layer has 1, so $f = \sigma(1) = 0.73$ where x and h
# say nothing. Beside the memory there is a second way back, through $h$, U and all gates.

# %%
steps = np.random.default_rng(2).normal(size=(20, 50, 8))
reach = {}
for bias in (0.0, 1.0, 4.0):
    long = LSTM(32, dtype="float64")
    long.build((None, 8), np.random.default_rng(3))
    long.params["b"][32:64] = bias
    y, cache = long.forward(0.1 * steps)
    dx, _ = long.backward(np.ones_like(y), cache)
    reach[bias] = np.linalg.norm(dx, axis=2).mean(axis=0)  # (N, T, D) -> (T,)
kept = [(size[9] / size[39]) ** (1 / 30) for size in reach.values()]
print("left of dx after a step back, bias 0, 1, 4:", np.round(kept, 2))
system.check("bias 0: left after a step", 0.75, kept[0], op="<=")
system.check("bias 4: left after a step", 0.95, kept[2], op=">=")
with plots.style():
    axes = plots.new_axes("step t of 50", "length of dx at t", "Reach  梯度传播")
    for bias, size in reach.items():
        axes.semilogy(range(1, 51), size, label=f"bias of f: {bias:g}")
    axes.legend()
lesson.figure(axes.figure, "reach", "The larger f, the further back a gradient reaches.")

# %% [markdown]
# ## A bug, and what catches it
#
# Long sequences are often read in parts, each from the state that the last one reached. Forward
# that is right. Backward, who lets the gradient end where a part begins has truncated
# backpropagation (截断反向传播): it trains, and never learns what lies further back.


# %%
def in_two_parts(x):
    _, h, c = reader(x[:, :-3])
    return last.forward(x[:, -3:], initial_state=(h, c))


def truncated(dy, cache):
    (dx, *_), _ = last.backward(dy, cache)  # what reaches h and c ends here
    return np.pad(dx, ((0, 0), (4, 0), (0, 0)))


system.check("forward is right", last(x), in_two_parts(x)[0])
report = gradcheck((in_two_parts, truncated), x)
print(report.headline)
system.check("the check's diagnosis", "truncated in time", report.causes[0].name)

# %% [markdown]
# ## Exercises
#
# 1. A memory without gates: `Fading` is $c_t = f c_{t-1} + x_t$ with $c_0 = 0$ and one trained
#    number f, shape (1,), made in `build`; (N, T, D) to the last c (N, D). With f = 1/2 and x =
#    1 and nine zeros after it 0.001953 is left. Derive df, a sum over steps. Put
#    `CHECKS = [(Fading(), x)]` below it, with an x of your own, and run
#    `minidl check answers.py`.
# 2. Coupled gates: what is not kept is let in. `OneGate` has a weight w (D,) and is, number for
#    number, $c_t = f c_{t-1} + (1 - f)\, x_t$ with $f = \sigma(w x_t)$. For w = 1, D = 1 and
#    x = 1, -1 it ends in -0.6587.

# %%
lesson.finish()
