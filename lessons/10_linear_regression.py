# %% [markdown]
# # Linear regression  线性回归
#
# **The question.** Gradient descent looks for the best line. How near is it after 100 steps?
#
# D2 §5.2 draws 100 points of $y = 2x + 1 + N(0, 1)$ and fits $\hat{y} = a x + b$, a `Dense(1)`,
# by the MSE (D2 §4.1.1) and $\theta_{t+1} = \theta_t - \alpha \nabla_\theta L(\theta)$
# (§4.1.2), θ = (a, b), α = 0.01. It calls that "随机梯度下降", stochastic; a test loss ends it.

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import minidl as tf
from minidl import gradcheck
from minidl.datasets import make_linear
from minidl.lesson import Lesson
from minidl.plots import regression_line

lesson = Lesson("Linear regression  线性回归", __file__)

snippet = lesson.item(
    "S-D2-linreg", source="D2 §5.2", verdict="wrong",
    formula=r"q_i \cdot e_t = (1 - \alpha \lambda_i)^t q_i \cdot e_0, \; e = \theta - \theta^*",
    printed="stochastic gradient descent, 100 steps, test loss",
    true="full batch; one mode keeps about 87 % of its error; the loss is on the training data",
)  # fmt: skip

# %% [markdown]
# ## The formulas, literally
#
# With $e_i = a x_i + b - y_i$: $\partial L / \partial a = \frac{2}{n} \sum e_i x_i$ and
# $\partial L / \partial b = \frac{2}{n} \sum e_i$, and a step against both.

# %%
flat = partial(np.concatenate, axis=None)  # [W (1, 1), b (1,)] -> (a, b)


def line(a, b, rate=0.01):
    """A Dense(1) that starts at (a, b)."""
    model = tf.Sequential([tf.layers.Dense(1, input_shape=(1,))], dtype="float64")
    model.set_weights([[[a]], [b]])
    model.compile(tf.optimizers.SGD(rate), loss="mse")
    return model


x, t = make_linear(n=12, seed=1)  # (12, 1), (12, 1)
points = list(zip(x[:, 0].tolist(), t[:, 0].tolist()))
model, (a, b) = line(0.5, -1.0, rate=0.3), (0.5, -1.0)
for _ in range(20):
    da = sum(2 * (a * x + b - y) * x for x, y in points) / len(points)
    db = sum(2 * (a * x + b - y) for x, y in points) / len(points)
    a, b = a - 0.3 * da, b - 0.3 * db
    model.train_on_batch(x, t)
snippet.check("20 steps", [a, b], flat(model.get_weights()))
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
# ## It stops on the way
#
# The loss looks settled, but the best line is known without descent (最小二乘). The MSE is a
# bowl: its Hessian (海森矩阵) $H = \frac{2}{n} A^T A$, A's rows being (x, 1), is the same at
# every θ, and a step multiplies the error along its eigenvector $q_i$ by $1 - \alpha\lambda_i$.
# Of many x from [0, 1] the mean square is ⅓, the mean ½, and $\lambda = (4 \pm \sqrt{13})/3$.
# Nor is anything stochastic (随机): each step uses all rows, as does the "test loss".

# %%
A = np.hstack([X, np.ones_like(X)])  # (100, 2)
best = np.linalg.lstsq(A, y, rcond=None)[0][:, 0]
after = flat(model.get_weights())
H = 2 / len(X) * A.T @ A  # (2, n) @ (n, 2) -> (2, 2)
eigenvalues, modes = np.linalg.eigh(H)  # modes[:, i] is q_i, the slow one first
kept = (1 - 0.01 * eigenvalues) ** 100
measured = (modes.T @ (after - best)) / (modes.T @ (start - best))
snippet.check("(1 - αλ)^100 of both modes, measured", kept, measured, atol=1e-4)
slow = (1 - 0.01 * (4 - np.sqrt(13)) / 3) ** 100
snippet.check("the slow mode of many points keeps about 87 %", 0.87, slow, atol=0.01)
full = line(*start)
full.fit(X, y, batch_size=100, epochs=100, verbose=0)
snippet.check("one batch of 100", after, flat(full.get_weights()), atol=1e-4)
snippet.check("the test loss", np.mean((A @ after - y[:, 0]) ** 2), test_loss, rtol=1e-4)
lines = {"100 steps": np.poly1d(after), "least squares": np.poly1d(best)}
picture = regression_line(X, y, lines, None, "The line  回归直线", "x (no unit)", "y (no unit)")
lesson.figure(picture, "line", "100 steps at 0.01 stop short of the least-squares line.")

# %% [markdown]
# ## A bug, and what catches it
#
# A column may have shape (100,): NumPy subtracts it from predictions (100, 1) each from each.
# The gradient check passes: it is the right slope of a wrong loss. A known answer catches it:
# this loss prefers the flat line at y's mean. minidl reads (100,) as (100, 1).


# %%
def broadcast_loss(y_pred):
    error = y_pred - y[:, 0]  # (100, 1) - (100,) -> (100, 100)
    return (error * error).mean(), error


pair = broadcast_loss, lambda error: 2 * error.sum(axis=1, keepdims=True) / error.size
good, level = A @ best[:, None], np.full((100, 1), y.mean())  # (100, 1) each
snippet.check("the gradient check passes the bug", True, gradcheck(pair, good).passed)
losses = [broadcast_loss(y_pred)[0] for y_pred in (good, level)]
snippet.check("its loss of the flat line is smaller", losses[0], losses[1], op="<")
snippet.check("minidl's", np.mean((good - y) ** 2), tf.losses.get("mse")(y[:, 0], good))

# %% [markdown]
# ## Exercises
#
# 1. `CenteredLine` is $\hat{y} = a (x - \frac{1}{2}) + b$, entry by entry, a and b of shape
#    (1,): a = 2, b = 1 and x = 1 give 2. Write it, run `minidl check answers.py`, and find H.
# 2. `Parabola` is $w_0 + w_1 x + w_2 x^2$, entry by entry, w of shape (3,): w = (3, 2, 1) and
#    x = 2 give 11. How slow is the slowest of its three modes?

# %%
lesson.finish()
