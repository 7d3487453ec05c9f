# %% [markdown]
# # Value as a weighted sum  线性价值模型
#
# **The question.** When is a weighted sum enough, and what do its weights mean?
#
# D1 §4.2 prices an application of a model by a linear (线性) formula, $V = aT + bD + cM + dS$:
# technology, data, market and scenario (技术优势, 数据优势, 市场优势, 应用场景). Two things to
# settle first. A scenario is a name and no number: what is d times "finance"? And there is no
# intercept (截距): nothing in, nothing out.

# %%
from functools import partial
from itertools import permutations

import numpy as np

from minidl import Sequential, gradcheck
from minidl.datasets import make_linear, make_value
from minidl.layers import Dense, Embedding
from minidl.lesson import Lesson
from minidl.optimizers import Adam
from minidl.plots import bars
from minidl.schedules import CosineDecay

lesson = Lesson("Value as a weighted sum  线性价值模型", __file__)

linear = lesson.item(
    "F-D1-linear", source="D1 §4.2", verdict="partial",
    formula=r"V = aT + bD + cM + d_S, \quad d_S \text{ one number for each scenario}",
    printed="V = aT + bD + cM + dS",
    true="a Dense(1) without bias; S as a number has no meaning, one number a scenario has",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
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
train, test = slice(0, 1200), slice(1600, 2000)
data = make_value(n=2000, seed=0, interaction=0.0)
S, one_hot = data.scenario, np.eye(3)[data.scenario]  # (2000,) of 0, 1, 2; (2000, 3)


def linear_rmse(columns):
    """Held-out RMSE of least squares on T, D, M and these columns."""
    A = np.hstack([data.X, columns])
    guess = A[test] @ least_squares(A[train], data.V[train])
    return float(np.sqrt(np.mean((guess - data.V[test, 0]) ** 2)))


errors = [linear_rmse(np.array(order)[S][:, None]) for order in permutations(range(3))]
linear.check("numbered: the best order leaves twice the noise", 0.2, min(errors), op=">")
linear.check("and the order matters", 0.05, np.ptp(errors), op=">")
linear.check("one-hot: the noise is all that is left", 0.1, linear_rmse(one_hot), atol=0.015)
effects = least_squares(np.hstack([data.X, one_hot])[train], data.V[train])
truth = [*data.coefficients, *data.effects]
linear.check("a, b, c, and a d for each scenario", truth, effects, atol=0.06)
table = Embedding(3, 1, weights=data.effects[:, None])
linear.check("the Embedding is one-hot @ W", one_hot @ data.effects, table(S)[:, 0])
found = {"S numbered, six orders": errors, "a d for each": linear_rmse(one_hot), "noise": 0.1}
picture = bars(found, "held-out RMSE (no unit)", "A scenario is no number  类别")
lesson.figure(picture, "scenarios", "With a d for each scenario only the noise is left.")

# %% [markdown]
# ## A bug, and what catches it
#
# The names are numbered anew in the test rows. Where "finance" does not occur, every later name
# moves down by one, and takes another's d. Rows must be worth alone what they are together.

# %%
names = np.array(["finance", "health", "retail"])[S[test]]
rest = names != "finance"
anew = np.unique(names[rest], return_inverse=True)[1]  # should be S of the training's list
off = abs(table(anew) - table(S[test][rest])).min()
linear.check("every row is off by a d's difference", 0.5, off, op=">")

# %% [markdown]
# ## Exercises
#
# 1. `ScenarioSum` takes rows (T, D, M, S), S = 0, 1 or 2, to $w \cdot (T, D, M) + d_S$, (N, 1),
#    w and d of shape (3,). w = (1.5, 0.8, -0.6) and d = (2, 0, -1) give 0.7 for (1, 1, 1, 2).
#    Say `CHECKS = [(ScenarioSum(), x)]`, and run `minidl check answers.py`. S gets the slope 0.
# 2. `WithProduct` adds one term to the sum: $w \cdot (T, D, M) + v\, T D$, v of shape (1,).
#    With w as above and v = 4, (0.5, 0.2, 1) gives 0.71. Which worth has T now, and where?

# %%
lesson.finish()
