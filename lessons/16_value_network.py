# %% [markdown]
# # Value that is no sum  非线性价值模型
#
# **The question.** What does a network know of value that no weighted sum can say?
#
# D1 §4.1 (数学模型构建): an application is worth $V = f(T, D, M, S)$, technology, data, market
# and scenario (技术优势, 数据优势, 市场优势, 应用场景), f non-linear (非线性). M also names the
# model itself, $M_\theta$, a line above; here it is the market. S is a name, and needs a code.

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl import Model, Sequential, gradcheck
from minidl.callbacks import EarlyStopping
from minidl.datasets import make_value
from minidl.layers import Dense, Embedding
from minidl.lesson import Lesson
from minidl.optimizers import Adam
from minidl.plots import BLUE, INK, RED, style

lesson = Lesson("Value that is no sum  非线性价值模型", __file__)

value = lesson.item(
    "F-D1-value", source="D1 §4.1", verdict="partial",
    formula=r"V = f_\theta(T, D, M, E_S), \quad E_S \text{ row } S \text{ of a trained table}",
    printed="V = f(T, D, M, S), f non-linear; M also in the model's name",
    true="a network over T, D, M and the scenario's row of an Embedding",
)  # fmt: skip
system = lesson.item(
    "Y-value", source="D1 §4.1-4.2", verdict="partial",
    printed="two formulas; no data, no fit",
    true="both fitted to planted data, judged on held-out rows: where f bends, the sum fails",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# f may be a small network (神经网络): (T, D, M) and the scenario's row, then tanh, then a sum.


# %%
def literal_f(numbers, S, weights):
    E, W1, b1, W2, b2 = weights
    x = [*numbers, *E[S]]
    h = [math.tanh(sum(v * w for v, w in zip(x, W1[:, j])) + b1[j]) for j in range(len(b1))]
    return sum(v * w for v, w in zip(h, W2[:, 0])) + b2[0]


class ValueModel(Model):
    """f(T, D, M, E_S); its input is the pair (numbers (N, 3), scenarios (N,))."""

    def __init__(self, scenarios=3, width=32, **options):
        super().__init__(**options)
        self.table = Embedding(scenarios, 2)
        self.net = Sequential([Dense(width, "tanh"), Dense(1)])

    def forward(self, x, training=False):
        numbers, S = x
        E, table_cache = self.table.forward(S)  # (N,) -> (N, 2)
        y, net_cache = self.net.forward(np.hstack([numbers, E]), training)  # (N, 5) -> (N, 1)
        return y, (table_cache, net_cache)

    def backward(self, dy, cache):
        dx, net_grads = self.net.backward(dy, cache[1])
        _, table_grads = self.table.backward(dx[:, 3:], cache[0])
        return (dx[:, :3], None), self.collect(table=table_grads, net=net_grads)


data = make_value(n=2000, seed=1)
S = data.scenario  # (2000,) of 0, 1, 2
small = ValueModel(width=4, seed=1, dtype="float64")
guess = small((data.X[:9], S[:9]))
weights = small.get_weights()  # E (3, 2), W1 (5, 4), b1 (4,), W2 (4, 1), b2 (1,)
by_hand = [[literal_f(row, s, weights)] for row, s in zip(data.X[:9].tolist(), S[:9])]
value.check("the network, by loops", by_hand, guess, rtol=1e-5)
value.check_gradient(gradcheck(small, (data.X[:9], S[:9])))

# %% [markdown]
# ## Where the sum fails
#
# D1 §4.2 has a sum too, $aT + bD + cM + dS$; its best reading gives each scenario a $d_S$. Here
# f bends: $V = aT + bD + cM + d_S \pm 4 (T - \frac{1}{2})(D - \frac{1}{2})$, plus in scenarios
# 0 and 2, minus in 1: technology without data is worth little there, and much here. The sum
# gives T one worth, a, everywhere, and misses the product, whose deviation is
# $4 \cdot \frac{1}{12} = \frac{1}{3}$: with the noise $\sqrt{1/9 + 1/100} = 0.348$ is left.

# %%
train, check, test = slice(0, 1200), slice(1200, 1600), slice(1600, 2000)
A = np.hstack([data.X, np.eye(3)[S]])  # T, D, M and one-hot columns: (2000, 6)
weights = np.linalg.lstsq(A[train], data.V[train], rcond=None)[0][:, 0]
network = ValueModel(seed=0)
network.compile(Adam(0.01), loss="mse")
history = network.fit(
    (data.X[train], S[train]), data.V[train], batch_size=50, epochs=150, verbose=0,
    validation_data=((data.X[check], S[check]), data.V[check]),
    callbacks=[EarlyStopping(patience=20, restore_best_weights=True)],
)  # fmt: skip
guesses = A[test] @ weights, network((data.X[test], S[test]))[:, 0]
straight, bent = (np.sqrt(np.mean((guess - data.V[test, 0]) ** 2)) for guess in guesses)
print(f"RMSE: sum {straight:.3f}, network {bent:.3f}, noise 0.1 ({len(history.epoch)} epochs)")
system.check("the sum, one-hot: 0.348", 0.348, straight, atol=0.04)
system.check("the network is near the noise", 0.15, bent, op="<=")

# %%
T = np.linspace(0, 1, 50)
with style():
    figure = Figure(figsize=(9, 4))
    for axes, s in zip(figure.subplots(1, 2, sharey=True), (0, 1)):
        for D, colour in ((0.1, BLUE), (0.9, RED)):
            x = np.column_stack([T, np.full(50, D), np.full(50, 0.5)])
            true = x @ data.coefficients + data.effects[s]
            axes.plot(T, true + (4, -4)[s] * (T - 0.5) * (D - 0.5), ":", color=INK)
            plane = x @ weights[:3] + weights[3 + s]
            axes.plot(T, plane, "--", color=colour, label=f"sum, D = {D}")
            axes.plot(T, network((x, np.full(50, s))), "-", color=colour, label=f"f, D = {D}")
        axes.set(xlabel="technology T (no unit)", title=f"scenario {s}  场景 {s}")
    axes.legend(fontsize=10)
    figure.axes[0].set_ylabel("value V (no unit)")
lesson.figure(figure, "worth", "The sum's lines are parallel; the true ones (dotted) cross.")

# %% [markdown]
# ## A bug, and what catches it
#
# Rows of one scenario add their shares to the same row of the table. `dW[S] = dE` keeps the
# last one only. The gradient check sees it: it makes ids repeat on purpose.


# %%
class LastOneWins(Embedding):
    def backward(self, dy, cache):
        dW = np.zeros_like(self.params["W"])
        dW[cache] = dy  # should be np.add.at(dW, cache, dy)
        return None, {"W": dW}


report = gradcheck(LastOneWins(3, 2), S[:9])
print(report)
value.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. Where nothing in is to give nothing out, economists multiply: `CobbDouglas` is
#    $y = x_1^a x_2^b$, (N, 2) to (N, 1), p = (a, b) of shape (2,); p = (½, ½) makes 6 of
#    (4, 9). Give `minidl check answers.py` an x above 0: `CHECKS = [(CobbDouglas(), x)]`.
# 2. `SoftMinimum` says "as good as the worse of the two": $y = -\log \sum_i e^{-x_i}$ of each
#    row, (N, D) to (N, 1). x = (1, 1) gives 0.3069. Which known function are its slopes?

# %%
lesson.finish()
