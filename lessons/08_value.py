# %% [markdown]
# # The value of a model  商业价值模型
#
# **The question.** When is a weighted sum enough, and what do its weights mean?
#
# D1 §4.1 (数学模型构建): an application is worth $V = f(T, D, M, S)$, technology, data, market
# and scenario (技术优势, 数据优势, 市场优势, 应用场景), f non-linear (非线性). D1 §4.2 makes it
# linear (线性): $V = aT + bD + cM + dS$. Three things to settle first. M also names the model
# itself, $M_\theta$, a line above; here it is the market. A scenario is a name and no number:
# what is d times "finance"? And there is no intercept (截距): nothing in, nothing out.

# %%
import math
from functools import partial
from itertools import permutations

import numpy as np
from matplotlib.figure import Figure

from minidl import Model, Sequential, gradcheck
from minidl.callbacks import EarlyStopping
from minidl.datasets import make_linear, make_value
from minidl.layers import Dense, Embedding
from minidl.lesson import Lesson
from minidl.optimizers import Adam
from minidl.plots import BLUE, INK, RED, style
from minidl.schedules import CosineDecay

lesson = Lesson("The value of a model  商业价值模型", __file__)

linear = lesson.item(
    "F-D1-linear", source="D1 §4.2", verdict="partial",
    formula=r"V = aT + bD + cM + d_S, \quad d_S \text{ one number for each scenario}",
    printed="V = aT + bD + cM + dS",
    true="a Dense(1) without bias; S as a number has no meaning, one number a scenario has",
)  # fmt: skip
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
# ## The linear formula, literally
#
# $aT + bD + cM + dS$ is `Dense(1, use_bias=False)` (线性层). Its gradient for the MSE is
# $\partial L / \partial a = \frac{2}{n} \sum (\hat{V} - V)\, T$, and so on.


# %%
def literal_value(row, weights):
    T, D, M, S = row
    a, b, c, d = weights
    return a * T + b * D + c * M + d * S


planted = (1.5, 0.8, -0.6, 2.0)  # a, b, c, d
X, V = make_linear(n=400, coefficients=planted, intercept=0.0, noise=0.1, seed=3)  # (400, 4)
model = Sequential([Dense(1, use_bias=False, input_shape=(4,))], seed=0, dtype="float64")
model.set_weights([np.reshape(planted, (4, 1))])
by_hand = [literal_value(row, planted) for row in X.tolist()]
linear.check("the formula is Dense(1, use_bias=False)", by_hand, model(X)[:, 0])
model.set_weights([np.zeros((4, 1))])
_, grads = model.loss_and_grads(X, V, "mse")
slopes = [sum(2 * (0 - v) * x for x, v in zip(X[:, j], V[:, 0])) / 400 for j in range(4)]
linear.check("its gradient at 0", slopes, grads["0.W"][:, 0], rtol=1e-5)
linear.check_gradient(gradcheck(model, X[:20]))

# %% [markdown]
# ## Recovering the coefficients
#
# The data are made by the formula with a = 1.5, b = 0.8, c = -0.6, d = 2, and noise 0.1.
# Descent ends at least squares (最小二乘), near the truth but not on it: of n rows in [0, 1] a
# coefficient is off by about $0.1 / \sqrt{n / 12}$, here 0.02. An intercept in the data, which
# the formula lacks, goes into all four.


# %%
def fit(model, X, V):
    model.compile(Adam(CosineDecay(0.05, decay_steps=800)), loss="mse")
    model.fit(X, V, batch_size=50, epochs=100, verbose=0)  # 8 steps each
    return flat(model.get_weights())


def least_squares(A, V):
    return flat(np.linalg.lstsq(A, V, rcond=None)[0])


flat = partial(np.concatenate, axis=None)  # a list of arrays as one row of numbers
exact, found = least_squares(X, V), fit(model, X, V)
linear.check("training finds least squares", exact, found, atol=2e-3)
linear.check("which is near the planted a, b, c, d", planted, found, atol=0.08)
X1, V1 = make_linear(n=400, coefficients=planted, intercept=1.0, noise=0.1, seed=3)
tilted, with_b = least_squares(X1, V1), fit(Sequential([Dense(1)], seed=0), X1, V1)
print("an intercept of 1 in the data: without b", tilted.round(2), "with b", with_b.round(2))
linear.check("without b each coefficient is too large", 0.2, min(tilted - planted), op=">")
linear.check("with b all are right, and b is 1", [*planted, 1], with_b, atol=0.1)

# %% [markdown]
# ## S is a category (类别)
#
# `make_value` plants $V = aT + bD + cM + d_S$ with three scenarios. Written as 0, 1, 2, S takes
# the step from 0 to 1 to be that from 1 to 2, and numbered in another order it gives another
# fit. As one-hot columns (独热) each scenario has a d of its own. An `Embedding` of one column
# is the same without the zeros.

# %%
train, check, test = slice(0, 1200), slice(1200, 1600), slice(1600, 2000)
data = make_value(n=2000, seed=0, interaction=0.0)
S, one_hot = data.scenario, np.eye(3)[data.scenario]  # (2000,) of 0, 1, 2; (2000, 3)


def rmse(guess):
    return float(np.sqrt(np.mean((guess - data.V[test, 0]) ** 2)))


def linear_rmse(columns):
    """Held-out RMSE of least squares on T, D, M and these columns."""
    A = np.hstack([data.X, columns])
    return rmse(A[test] @ least_squares(A[train], data.V[train]))


errors = [linear_rmse(np.array(order)[S][:, None]) for order in permutations(range(3))]
print(f"RMSE, S numbered: {min(errors):.3f} to {max(errors):.3f} in the six orders; one-hot: "
      f"{linear_rmse(one_hot):.3f}; the noise alone: 0.1")  # fmt: skip
linear.check("numbered: the best order leaves twice the noise", 0.2, min(errors), op=">")
linear.check("and the order matters", 0.05, np.ptp(errors), op=">")
linear.check("one-hot: the noise is all that is left", 0.1, linear_rmse(one_hot), atol=0.015)
effects = least_squares(np.hstack([data.X, one_hot])[train], data.V[train])
truth = [*data.coefficients, *data.effects]
linear.check("a, b, c, and a d for each scenario", truth, effects, atol=0.06)
table = Embedding(3, 1, weights=data.effects[:, None])
linear.check("the Embedding is one-hot @ W", one_hot @ data.effects, table(S)[:, 0])

# %% [markdown]
# ## The non-linear formula, literally
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


small = ValueModel(width=4, seed=1, dtype="float64")
guess = small((data.X[:9], S[:9]))
weights = small.get_weights()  # E (3, 2), W1 (5, 4), b1 (4,), W2 (4, 1), b2 (1,)
by_hand = [[literal_f(row, s, weights)] for row, s in zip(data.X[:9].tolist(), S[:9])]
value.check("the network, by loops", by_hand, guess, rtol=1e-5)
value.check_gradient(gradcheck(small, (data.X[:9], S[:9])))

# %% [markdown]
# ## Where the sum fails
#
# Now f bends: $V = aT + bD + cM + d_S \pm 4 (T - \frac{1}{2})(D - \frac{1}{2})$, plus in
# scenarios 0 and 2, minus in 1: technology without data is worth little there, and much here. A
# sum gives T one worth, a, everywhere, and misses the product, whose deviation is
# $4 \cdot \frac{1}{12} = \frac{1}{3}$: with the noise $\sqrt{1/9 + 1/100} = 0.348$ is left.

# %%
data = make_value(n=2000, seed=1)
S, one_hot = data.scenario, np.eye(3)[data.scenario]
network = ValueModel(seed=0)
network.compile(Adam(0.01), loss="mse")
history = network.fit(
    (data.X[train], S[train]), data.V[train], batch_size=50, epochs=150, verbose=0,
    validation_data=((data.X[check], S[check]), data.V[check]),
    callbacks=[EarlyStopping(patience=20, restore_best_weights=True)],
)  # fmt: skip
bent, straight = rmse(network((data.X[test], S[test]))[:, 0]), linear_rmse(one_hot)
print(f"RMSE: sum {straight:.3f}, network {bent:.3f}, noise 0.1 ({len(history.epoch)} epochs)")
system.check("the sum, one-hot: 0.348", 0.348, straight, atol=0.04)
system.check("the network is near the noise", 0.15, bent, op="<=")

# %%
weights = least_squares(np.hstack([data.X, one_hot])[train], data.V[train])
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
# 1. Give the sum a column TD, once for all, then one for each scenario. Which suffices?
# 2. Fit ValueModel where f is linear. Is it better than the sum? With 60 rows?
# 3. A fourth scenario comes with five rows. What do one-hot and Embedding say of it at first?

# %%
lesson.finish()
