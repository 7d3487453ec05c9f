# %% [markdown]
# # How sure is the line?  最小二乘与置信带
#
# **The question.** Where does descent end, and how much is that line worth on new points?
#
# D2 §5.2 fits $\hat{y} = a x + b$ to 100 points of $y = 2x + 1 + N(0, 1)$ by 100 steps of
# gradient descent, draws it through them, and is content. The MSE's lowest point has a formula,
# least squares (最小二乘): $a = \sum (x - \bar{x})(y - \bar{y}) / \sum (x - \bar{x})^2$,
# $b = \bar{y} - a \bar{x}$.

# %%
import numpy as np

from minidl import Sequential, gradcheck
from minidl.datasets import make_linear
from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.optimizers import SGD
from minidl.plots import INK, loss_surface_paths, new_axes, style

lesson = Lesson("How sure is the line?  最小二乘与置信带", __file__)

system = lesson.item(
    "Y-linreg", source="D2 §5.2", verdict="partial",
    formula=r"\hat{y}(x) \pm t_{n-2} \, s \sqrt{(x, 1) (A^T A)^{-1} (x, 1)^T}",
    printed="a line through the points, after 100 steps",
    true="the least-squares line, with its confidence band, judged on held-out data",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally, and the rate that gets there
#
# A's rows are (x, 1). Each step multiplies the error along an eigenvector of
# $H = \frac{2}{n} A^T A$ by $1 - \alpha \lambda_i$. At 0.01 the slow mode needs
# $\ln 0.01 / \ln(1 - \alpha \lambda_1)$ steps to lose 99 % of its error. The best constant rate
# is $2 / (\lambda_1 + \lambda_2)$: each step then leaves $(\kappa - 1) / (\kappa + 1)$ of both,
# $\kappa = \lambda_2 / \lambda_1$.


# %%
def literal_line(x, y):
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    a = sum((u - x_mean) * (v - y_mean) for u, v in zip(x, y))
    a /= sum((u - x_mean) ** 2 for u in x)
    return a, y_mean - a * x_mean


def descend(rate, batch_size=100, epochs=100):
    """(a, b) of a Dense(1) at 0 and after each epoch: (epochs + 1, 2)."""
    model = Sequential([Dense(1, kernel_initializer="zeros")], seed=0, dtype="float64")
    model.build((1,))
    model.compile(SGD(rate), loss="mse")
    path = [[0.0, 0.0]]
    for _ in range(epochs):
        model.fit(X, y, batch_size=batch_size, verbose=0)
        path.append([model.params["0.W"].item(), model.params["0.b"].item()])
    return np.array(path)


X, y = (array.astype(float) for array in make_linear(n=100, seed=0))  # (100, 1) each
A = np.hstack([X, np.ones_like(X)])  # (100, 2)
best = np.array(literal_line(X[:, 0].tolist(), y[:, 0].tolist()))
H = 2 / 100 * A.T @ A  # (2, n) @ (n, 2) -> (2, 2)
(low, high), modes = np.linalg.eigh(H)
print(f"kappa = {high / low:.1f}; 99 %: {np.log(0.01) / np.log(1 - 0.01 * low):.0f} steps")
paths = {f"α = {rate:.2g}": descend(rate) for rate in (0.01, 0.1, 2 / (low + high))}
*_, (rate, path) = paths.items()
system.check(f"100 steps at the best rate, {rate}", best, path[-1], atol=1e-3)
line = Dense(1, dtype="float64")
line.build((1,))
line.set_weights([best[:1, None], best[1:]])
system.check_gradient(gradcheck(line, X[:9]))

# %% [markdown]
# With small batches (小批量) a gradient is noisy and right on average, and 100 epochs of tens
# are 1000 steps: *that* is stochastic (随机).

# %%
tens = [2 / 10 * A[i::10].T @ (A[i::10] @ (0, 0) - y[i::10, 0]) for i in range(10)]
system.check("the mean of ten batches' gradients: H (θ - θ*)", -H @ best, np.mean(tens, axis=0))
left = [modes[:, 0] @ (descend(0.01, size)[-1] - best) for size in (10, 100)]
system.check(
    "batches of 10 leave less of the slow mode", abs(left[1]) / 2, abs(left[0]), op="<"
)

# %%
picture = loss_surface_paths(
    lambda a, b: ((a[..., None] * X[:, 0] + b[..., None] - y[:, 0]) ** 2).mean(axis=-1),
    paths, "The valley  梯度下降", "slope a", "intercept b",
    levels=np.mean((A @ best - y[:, 0]) ** 2) + np.geomspace(0.01, 8, 12),
)  # fmt: skip
lesson.figure(picture, "paths", "At 0.01 the path drops into the valley and hardly moves on.")

# %% [markdown]
# ## The points that were fitted are no test
#
# A line bends its two numbers towards its n points: its mean loss on them is $1 - 2/n$ of the
# noise's variance 1, on new y of the same x $1 + 2/n$. 4000 worlds of n = 10 show it, and that
# the 95 % confidence band (置信带) with $s^2 = \sum (y - \hat{y})^2 / (n - 2)$ and Student's t
# (for n - 2 = 8 it is 2.306) holds the line.

# %%
A10 = np.column_stack([np.arange(10) / 9, np.ones(10)])
seen, new = (A10 @ (2, 1))[:, None] + np.random.default_rng(0).normal(size=(2, 10, 4000))
lines = np.linalg.lstsq(A10, seen, rcond=None)[0]  # (2, 4000)
train, test = (((A10 @ lines - t) ** 2).mean(axis=0) for t in (seen, new))  # (4000,) each
losses = [train.mean(), test.mean()]
system.check("mean loss on training and on new points", [0.8, 1.2], losses, atol=0.04)
width = np.sqrt(np.linalg.inv(A10.T @ A10).sum())  # at x = 1
inside = abs(lines.sum(axis=0) - 3) < 2.306 * np.sqrt(train * 10 / 8) * width  # t of 8
system.check("bands that hold y = 3 at x = 1", 0.95, inside.mean(), atol=0.015)
X_new, y_new = make_linear(40_000, seed=2)
held_out = np.mean((line(X_new) - y_new) ** 2)
system.check("held-out loss: the noise's 1 and a little", 1.02, held_out, atol=0.04)

# %%
grid = np.column_stack([np.linspace(0, 1, 200), np.ones(200)])
s = np.sqrt(((A @ best - y[:, 0]) ** 2).sum() / 98)
half = 1.984 * s * np.sqrt((grid @ np.linalg.inv(A.T @ A) * grid).sum(axis=1))  # t of 98
with style():
    axes = new_axes("x (no unit)", "y (no unit)", "The line and its band  置信带")
    axes.scatter(X, y, s=16, color=INK, alpha=0.5)
    axes.plot(grid[:, 0], grid @ best, label="least squares, 95 % band")
    axes.plot(grid[:, 0], grid @ (2, 1), label="2x + 1")
    axes.fill_between(grid[:, 0], grid @ best - half, grid @ best + half, alpha=0.15)
    axes.legend(fontsize=10)
lesson.figure(axes.figure, "band", "100 points leave the line this much room.")

# %% [markdown]
# ## A bug, and what catches it
#
# Divide by n in s², as a mean does, in place of n - 2: nothing looks wrong in one picture. But
# in many worlds the band holds the line too rarely.

# %%
inside = abs(lines.sum(axis=0) - 3) < 2.306 * np.sqrt(train) * width
system.check("bands with the bug", 0.935, inside.mean(), op="<")

# %% [markdown]
# ## Exercises
#
# 1. A model may say how sure it is, row by row: y_pred is (N, 2), the mean μ and $v = \log
#    s^2$. `GaussianLoss` is the mean of $\frac{1}{2} (v + (y - \mu)^2 e^{-v})$: y = 3, μ = 1, v
#    = 2 give 1.2707. Write it, give it rows by `CHECKS = [(GaussianLoss(), y_true, y_pred)]`,
#    y_true being (N, 1), and run `minidl check answers.py`. For which v is it smallest?
# 2. `Pinball` is the mean of $\max(0.9\, e, -0.1\, e)$, $e = y - \hat{y}$: the errors 1 and -2
#    give 0.55. Its best constant has nine tenths of the y below it. Why?

# %%
lesson.finish()
