# %% [markdown]
# # Squared errors  均方误差
#
# **The question.** What number says how wrong a model is, and which slope does it send back?
#
# D2 and D3 print three formulas for numbers: $y_i$ the target, $\hat{y}_i$ the model's output,
# "n the number of samples" (样本数量). Two share a name and give different numbers.
#
# | source | printed | called |
# |---|---|---|
# | D2 §4.1.1 | $\frac{1}{n} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2$ | MSE, 均方误差 |
# | D2 §4.1.1 | $\sqrt{MSE}$ | RMSE, 均方根误差 |
# | D3 §4.1.3 | $\frac{1}{2} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2$ | MSE too |

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl import gradcheck, losses
from minidl.lesson import Lesson
from minidl.plots import style

lesson = Lesson("Squared errors  均方误差", __file__)

mse = lesson.item(
    "F-D2-mse", source="D2 §4.1.1", verdict="holds", formula=r"\sum_i (y_i - \hat{y}_i)^2 / n",
    printed="MSE = (1/n) Σ (y − ŷ)²", true="the same; its slope is 2 (ŷ − y) / n",
)  # fmt: skip
rmse = lesson.item(
    "F-D2-rmse", source="D2 §4.1.1", verdict="holds", formula=r"\sqrt{MSE}",
    printed="RMSE = √MSE", true="the same; its slope is the MSE's / (2 RMSE), undefined at 0",
)  # fmt: skip
half = lesson.item(
    "F-D3-halfsse", source="D3 §4.1.3", verdict="partial", formula=r"L = (n / 2)\, MSE",
    printed="MSE: L = ½ Σ (y − ŷ)²", true="half the sum: n/2 times the MSE, value and slope",
)  # fmt: skip

# %% [markdown]
# ## The formulas, literally
#
# Five samples with errors 1, 0, -2, 1, 0: the squares add up to 6. D2 says 6/5, D3 says 6/2.
# A loss goes back through its slopes, one for each $\hat{y}_i$.


# %%
def sum_of_squares(y, y_hat):
    return sum((y_i - y_hat_i) ** 2 for y_i, y_hat_i in zip(y, y_hat))


def slopes(loss, y, y_hat):
    """What a loss sends back to y_hat."""
    return loss.backward(loss.forward(y, y_hat)[1])


y, y_hat = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2.0, 2.0, 1.0, 5.0, 5.0])
error, squares = y_hat - y, sum_of_squares(y, y_hat)
MSE, RMSE, HALF = losses.get("mse"), losses.get("rmse"), losses.HalfSquaredError()
mse.check("MSE = 6/5", squares / 5, MSE(y, y_hat))
mse.check("slopes 2 error / n", [0.4, 0, -0.8, 0.4, 0], slopes(MSE, y, y_hat))
half.check("half the sum = 3", squares / 2, HALF(y, y_hat))
half.check("slopes: the errors", [1, 0, -2, 1, 0], slopes(HALF, y, y_hat))
half.check("over the MSE: n/2", 5 / 2, HALF(y, y_hat) / MSE(y, y_hat))
rmse.check("RMSE = root of 6/5", math.sqrt(squares / 5), RMSE(y, y_hat))
rmse.check("slopes: MSE's / (2 RMSE)", 0.4 * error / 2 / 1.2**0.5, slopes(RMSE, y, y_hat))
for item, loss in ((mse, MSE), (half, HALF), (rmse, RMSE)):
    item.check_gradient(gradcheck(loss, y_hat, y_true=y), f"gradient check: {loss.where}")

# %% [markdown]
# ## What the root does
#
# If y is in yuan, MSE is in yuan², RMSE in yuan. RMSE's slopes have the length $1/\sqrt{n}$ for
# huge and tiny errors alike: they do not fade near the goal. At the goal the formula is 0/0
# (with one sample: -1 on the left, 1 on the right). minidl takes 0 there.

# %%
lengths = [np.linalg.norm(slopes(RMSE, y, y + size * error)) for size in (1e-6, 1e6)]
rmse.check("length of the slopes, tiny and huge errors", [1 / math.sqrt(5)] * 2, lengths)
sides = [slopes(RMSE, [0.0], np.array([e]))[0] for e in (-1e-9, 0.0, 1e-9)]
rmse.check("one sample, slope left of 0, at 0, right of 0", [-1, 0, 1], sides)

# %% [markdown]
# ## The same learning rate (学习率), two fates
#
# The model is one weight, $\hat{y}_i = w$, and 100 samples all say 1. Gradient descent goes to
# $w - \alpha \, \partial L / \partial w$. That multiplies $w - 1$ by $1 - 2\alpha$ under D2's
# MSE, by $1 - n\alpha$ under D3's. At $\alpha = 0.1$: 0.8 closes in, -9 flies apart.


# %%
def distances(loss, rate):
    w, found = 0.0, []  # w - 1 after each of five steps
    for _ in range(5):
        w -= rate * slopes(loss, np.ones(100), np.full(100, w)).sum()
        found.append(w - 1)
    return found


closing_in = [-(0.8**step) for step in range(1, 6)]
mse.check("D2's MSE at 0.1", closing_in, distances(MSE, 0.1))
half.check("D3's at 0.1", [9, -81, 729, -6561, 59049], distances(HALF, 0.1))
half.check("D3's at 0.1 * 2/n: D2's path", closing_in, distances(HALF, 0.1 * 2 / 100))

# %%
e = np.linspace(-2, 2, 201)
with style():
    fig = Figure(figsize=(9.6, 3.8))
    left, right = fig.subplots(1, 2)
    for name, loss in (("D2: MSE", MSE), ("D3: half the sum", HALF), ("D2: RMSE", RMSE)):
        left.plot(e, [loss(np.zeros(5), np.full(5, v)) for v in e], label=name)
        right.plot(e, [slopes(loss, np.zeros(5), np.full(5, v)).sum() for v in e])
    fig.suptitle("Squared errors  均方误差", x=0.02, ha="left")
    left.set(xlabel="error of all five samples (yuan)", ylabel="loss (yuan²; RMSE: yuan)")
    right.set(xlabel="error of all five samples (yuan)", ylabel="slope (yuan; RMSE: no unit)")
    left.legend()
lesson.figure(fig, "losses", "D3's MSE is 5/2 as steep as D2's, RMSE equally steep everywhere.")

# %% [markdown]
# ## A bug, and what catches it
#
# The value is a mean, the slope that of a sum. Training still works, at n times the rate.

# %%
bug = losses.MeanSquaredError()
bug.gradient = lambda kept, scale: 2 * kept  # without the 1/n in `scale`
report = gradcheck(bug, y_hat, y_true=y)
print(report)
mse.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. The mean of fourth powers, $\frac{1}{n} \sum (\hat{y}_i - y_i)^4$, is 18/5 for the errors
#    above: 3.6. Write it as a class `FourthPower`, with `forward(y_true, y_pred)` returning
#    (value, cache) and `backward(cache)` returning the slopes, n being the number of all
#    entries. `minidl check answers.py` finds it in your file.
# 2. `LogCosh` is the mean of $\log \cosh(\hat{y}_i - y_i)$: for the errors above 0.4385. What
#    is its slope for large errors, and whose slope is it for tiny ones? Try an error of 1000.

# %%
lesson.finish()
