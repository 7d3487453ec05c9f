# %% [markdown]
# # Linear regression  线性回归
#
# **The question.** Gradient descent looks for the best line. How near is it after 100 steps?
#
# D2 §5.2 draws 100 points of $y = 2x + 1 + \varepsilon$, $\varepsilon \sim N(0, 1)$, and fits
# $\hat{y} = a x + b$, a `Dense(1)`, by the MSE (均方误差, D2 §4.1.1) and the update (梯度下降,
# D2 §4.1.2) $\theta_{t+1} = \theta_t - \alpha \nabla_\theta L(\theta)$ with $\theta = (a, b)$,
# $\alpha = 0.01$. It calls that "随机梯度下降", stochastic, and prints a test loss.

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minidl as tf
from minidl import gradcheck
from minidl.datasets import make_linear
from minidl.lesson import Lesson
from minidl.plots import INK, loss_surface_paths, new_axes, style

lesson = Lesson("Linear regression  线性回归", __file__)

snippet = lesson.item(
    "S-D2-linreg", source="D2 §5.2", verdict="wrong",
    formula=r"q_i \cdot (\theta_t - \theta^*) = (1 - \alpha \lambda_i)^t \, "
            r"q_i \cdot (\theta_0 - \theta^*)",
    printed="stochastic gradient descent, 100 steps, test loss",
    true="full batch; one mode keeps about 87 % of its error; the loss is on the training data",
)  # fmt: skip
system = lesson.item(
    "Y-linreg", source="D2 §5.2", verdict="partial",
    formula=r"\hat{y}(x) \pm t_{n-2} \, s \sqrt{(x, 1) (A^T A)^{-1} (x, 1)^T}",
    printed="a line through the points, after 100 steps",
    true="the least-squares line, with its confidence band, judged on held-out data",
)  # fmt: skip

# %% [markdown]
# ## The formulas, literally
#
# $\partial L / \partial a = \frac{2}{n} \sum (a x_i + b - y_i)\, x_i$ and
# $\partial L / \partial b = \frac{2}{n} \sum (a x_i + b - y_i)$, and a step against both.

# %%
flat = partial(np.concatenate, axis=None)  # [W (1, 1), b (1,)] -> (a, b)


def literal_step(a, b, points, alpha):
    da = sum(2 * (a * x + b - y) * x for x, y in points) / len(points)
    db = sum(2 * (a * x + b - y) for x, y in points) / len(points)
    return a - alpha * da, b - alpha * db


def line(a, b, rate=0.01):
    """A Dense(1) that starts at (a, b)."""
    model = tf.Sequential([tf.layers.Dense(1, input_shape=(1,))], dtype="float64")
    model.set_weights([[[a]], [b]])
    model.compile(tf.optimizers.SGD(rate), loss="mse")
    return model


def descend(model, x, y, steps):
    """(a, b) at the start and after each full-batch step: (steps + 1, 2)."""
    path = [flat(model.get_weights())]
    for _ in range(steps):
        model.train_on_batch(x, y)
        path.append(flat(model.get_weights()))
    return np.array(path)


x, t = make_linear(n=12, seed=1)  # (12, 1), (12, 1)
points = list(zip(x[:, 0].tolist(), t[:, 0].tolist()))
mse = sum((0.5 * x - 1 - y) ** 2 for x, y in points) / len(points)
snippet.check("the MSE at (0.5, -1)", mse, line(0.5, -1.0).evaluate(x, t, verbose=0))
literal = [(0.5, -1.0)]
for _ in range(20):
    literal.append(literal_step(*literal[-1], points, alpha=0.3))
snippet.check("20 steps", literal, descend(line(0.5, -1.0, 0.3), x, t, 20))
model = line(0.5, -1.0)
snippet.check_gradient(gradcheck(model, x), "the gradient check of Dense(1)")
snippet.check_gradient(gradcheck(tf.losses.get("mse"), model(x), y_true=t), "and of the MSE")

# %% [markdown]
# ## The snippet
#
# As printed, `loss_and_grads` in place of the tape; one added line keeps the start.

# %% S-D2-linreg as printed
np.random.seed(0), tf.set_seed(0)

# 生成模拟数据
X = np.random.rand(100, 1)
y = 2 * X + 1 + np.random.randn(100, 1)

# 模型构建
model = tf.keras.Sequential([
    tf.keras.layers.Dense(units=1, input_shape=(1,))
])  # fmt: skip
start = flat(model.get_weights())  # the added line

# 模型编译
model.compile(optimizer='sgd', loss='mse')  # fmt: skip

# 模型训练
for epoch in range(100):
    loss, gradients = model.loss_and_grads(X, y)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    if epoch % 10 == 0:
        print("Epoch {:03d}: Loss: {:.3f}".format(epoch, loss.numpy()))  # noqa: UP032

# 模型评估
test_loss = model.evaluate(X, y)
print("测试集损失：", test_loss)

# 模型预测
predictions = model.predict(X)

# 绘图
plt.scatter(X, y, color='blue')  # fmt: skip
plt.plot(X, predictions, color='red')  # fmt: skip
plt.show()

# %% [markdown]
# ## Fault 1: it stops on the way
#
# The loss looks settled, but the best line is known without descent (最小二乘). The MSE is a
# bowl: its Hessian (海森矩阵) $H = \frac{2}{n} A^T A$, A's rows being (x, 1), is the same at
# every θ. The gradient is $H (\theta - \theta^*)$: a step multiplies the error along H's
# eigenvector $q_i$ by $1 - \alpha \lambda_i$. Of many x from [0, 1] the mean square is ⅓, the
# mean ½:
# $H = 2 \begin{pmatrix} 1/3 & 1/2 \\ 1/2 & 1 \end{pmatrix}$, $\lambda = (4 \pm \sqrt{13})/3$.

# %%
A = np.hstack([X, np.ones_like(X)])  # (100, 2)
best = np.linalg.lstsq(A, y, rcond=None)[0][:, 0]
after = flat(model.get_weights())
for name, (a, b) in {"start": start, "100 steps": after, "least squares": best}.items():
    print(f"{name:14} a = {a:.3f}   b = {b:.3f}")
H = 2 / len(X) * A.T @ A  # (2, n) @ (n, 2) -> (2, 2)
(low, high), modes = np.linalg.eigh(H)  # modes[:, i] is q_i, the slow one first
kept = (1 - 0.01 * np.array([low, high])) ** 100
measured = (modes.T @ (after - best)) / (modes.T @ (start - best))
snippet.check("(1 - αλ)^100 of both modes, measured", kept, measured, atol=1e-4)
slow = (1 - 0.01 * (4 - np.sqrt(13)) / 3) ** 100
snippet.check("the slow mode of many points keeps about 87 %", 0.87, slow, atol=0.01)

# %% [markdown]
# ## Fault 2: nothing is stochastic (随机)
#
# Each step uses all 100 rows. With small batches (小批量) a gradient is noisy, right on
# average, and 100 epochs of tens are 1000 steps.

# %%
full, mini = line(*start), line(*start)
full.fit(X, y, batch_size=100, epochs=100, verbose=0)
mini.fit(X, y, batch_size=10, epochs=100, verbose=0)
full, mini = flat(full.get_weights()), flat(mini.get_weights())
snippet.check("fit with one batch of 100 does the same", after, full, atol=1e-4)
ten = [line(*start).loss_and_grads(X[i::10], y[i::10])[1].values() for i in range(10)]
mean = np.mean([flat([*gradients]) for gradients in ten], axis=0)
snippet.check("the mean of ten batches' gradients is the full one", H @ (start - best), mean)
left = modes[:, 0] @ (mini - best) / (modes[:, 0] @ (start - best))
snippet.check("small batches leave less of the slow mode", measured[0] - 0.3, left, op="<")

# %% [markdown]
# ## Fault 3: the "test loss" has seen the data
#
# A line bends its two numbers towards its n points: its mean loss on them is $1 - 2/n$ of the
# noise's variance 1, on new y of the same x $1 + 2/n$. 4000 worlds of n = 10 show it, and that
# the 95 % confidence band (置信带) with $s^2 = \sum (y - \hat{y})^2 / (n - 2)$ holds the line.

# %%
A10 = np.column_stack([np.arange(10) / 9, np.ones(10)])
seen, new = (A10 @ (2, 1))[:, None] + np.random.default_rng(0).normal(size=(2, 10, 4000))
lines = np.linalg.lstsq(A10, seen, rcond=None)[0]  # (2, 4000)
train, test = (((A10 @ lines - t) ** 2).mean(axis=0) for t in (seen, new))  # (4000,) each
losses = [train.mean(), test.mean()]
snippet.check("mean loss on training and on new points", [0.8, 1.2], losses, atol=0.04)
half = 2.306 * np.sqrt(train * 10 / 8 * np.linalg.inv(A10.T @ A10).sum())  # x = 1; t of 8
inside = abs(lines.sum(axis=0) - 3) < half
system.check("bands that hold y = 3 at x = 1", 0.95, inside.mean(), atol=0.015)

# %% [markdown]
# ## Corrected
#
# At 0.01 the slow mode needs $\ln 0.01 / \ln(1 - \alpha \lambda_1)$ steps to lose 99 % of its
# error. The best constant rate is $2 / (\lambda_1 + \lambda_2)$: each step then leaves
# $(\kappa - 1) / (\kappa + 1)$, $\kappa = \lambda_2 / \lambda_1$. New points judge the line.

# %%
print(f"kappa = {high / low:.1f}; 99 %: {np.log(0.01) / np.log(1 - 0.01 * low):.0f} steps")
rates = 0.01, 0.1, 2 / (low + high)
paths = {f"α = {rate:.2g}": descend(line(*start, rate), X, y, 100) for rate in rates}
end = [*paths.values()][-1][-1]
system.check("100 steps at the best rate: least squares", best, end, atol=1e-3)
held_out = line(*end).evaluate(*make_linear(40_000, seed=2), verbose=0)
system.check("held-out loss: the noise's 1 and a little", 1.05, held_out, atol=0.06)

# %%
grid = np.linspace(X.min(), X.max(), 200)
rows, s = np.column_stack([grid, np.ones(200)]), np.sqrt(((A @ best - y[:, 0]) ** 2).sum() / 98)
half = 1.984 * s * np.sqrt((rows @ np.linalg.inv(A.T @ A) * rows).sum(axis=1))  # t of 98
lines = {"least squares, 95 % band": best, "after 100 steps": after, "2x + 1": (2, 1)}
with style():
    axes = new_axes("x (no unit)", "y (no unit)", "The line  回归直线")
    axes.scatter(X, y, s=16, color=INK, alpha=0.5)
    for label, (a, b) in lines.items():
        axes.plot(grid, a * grid + b, label=label)
    axes.fill_between(grid, rows @ best - half, rows @ best + half, alpha=0.15)
    axes.legend(fontsize=10)
lesson.figure(axes.figure, "line", "100 steps at 0.01 stop short of the least-squares line.")
picture = loss_surface_paths(
    lambda a, b: ((a[..., None] * X[:, 0] + b[..., None] - y[:, 0]) ** 2).mean(axis=-1),
    paths, "The valley  梯度下降", "slope a", "intercept b",
    levels=s**2 * 98 / 100 + np.geomspace(0.01, 8, 12),
)  # fmt: skip
lesson.figure(picture, "paths", "At 0.01 the path drops into the valley and hardly moves on.")

# %% [markdown]
# ## A bug, and what catches it
#
# A table's column has shape (100,). From predictions (100, 1) NumPy and TensorFlow subtract it
# each from each. The gradient check passes: it is the right slope of a wrong loss. A known
# answer catches it: this loss prefers the flat line at y's mean to least squares.


# %%
def broadcast_loss(y_pred):
    error = y_pred - y[:, 0]  # (100, 1) - (100,) -> (100, 100)
    return (error * error).mean(), error


pair = broadcast_loss, lambda error: 2 * error.sum(axis=1, keepdims=True) / error.size
good, level = A @ best[:, None], np.full((100, 1), y.mean())  # (100, 1) each
snippet.check("the gradient check passes the bug", True, gradcheck(pair, good).passed)
losses = [broadcast_loss(y_pred)[0] for y_pred in (good, level)]
snippet.check("its loss of the flat line is smaller", losses[0], losses[1], op="<")
mse = tf.losses.get("mse")(y[:, 0], good)
snippet.check("minidl's MSE reads (100,) as (100, 1)", s**2 * 98 / 100, mse)

# %% [markdown]
# ## Exercises
#
# 1. Subtract the mean from x. What do H, κ and the number of steps become?
# 2. Where does α = 0.81 lead? Compute $2 / \lambda_2$ first.
# 3. Let α fall as 1/t with batches of 10. Does (a, b) still jump about at the end?

# %%
lesson.finish()
