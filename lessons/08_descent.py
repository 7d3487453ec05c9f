# %% [markdown]
# # Gradient descent  梯度下降
#
# **The question.** The gradient says which way the loss falls. How far should a weight go?
#
# D2 §4.1.2 (优化算法) prints $\theta_{t+1} = \theta_t - \alpha \nabla_\theta L(\theta)$
# (梯度下降), with "θ the parameters, L(θ) the loss, α the learning rate (学习率)".

# %%
import numpy as np

from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.losses import MeanSquaredError
from minidl.models import Sequential
from minidl.optimizers import SGD
from minidl.plots import loss_surface_paths
from minidl.testing import gradcheck

lesson = Lesson("Gradient descent  梯度下降", __file__)

descent = lesson.item(
    "F-D2-gd", source="D2 §4.1.2", verdict="partial",
    formula=r"\theta_{t+1} = \theta_t - \alpha\, \nabla L(\theta_t)",
    printed="θ_{t+1} = θ_t - α ∇L(θ)",
    true="the gradient is that at θ_t; on a quadratic a step multiplies an error by 1 - αλ",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally: the gradient where? (在哪里求梯度)
#
# The printed $\nabla L(\theta)$ has no index. Take $L = \frac{1}{2} \lambda \theta^2$, whose
# gradient is λθ, with λ = 2, α = 1/4, and four steps from $\theta_0 = 1$.
#
# - At $\theta_t$, where one stands: each step multiplies θ by $1 - \alpha\lambda = 1/2$.
# - At $\theta_0$, once for all: θ walks on at one speed, past the minimum at 0.
# - At $\theta_{t+1}$, where one will be: $\theta_{t+1} (1 + \alpha\lambda) = \theta_t$. This
#   never overshoots, but each step is an equation to solve. Gradient descent means the first.

# %%
here, fixed, ahead, w, sgd = 1.0, 1.0, 1.0, np.ones(1), SGD(0.25)
for _ in range(4):
    here -= 0.25 * (2 * here)
    fixed -= 0.25 * (2 * 1.0)
    ahead /= 1 + 0.25 * 2
    sgd.step({"w": w}, {"w": 2 * w})
descent.check("at θ_t, θ_0, θ_t+1", [1 / 16, -1, 16 / 81], [here, fixed, ahead])
descent.check("minidl's SGD: at θ_t", here, w[0])

# %% [markdown]
# ## How fast, and how far is too far
#
# The mean squared error of a linear model is a quadratic, $\frac{1}{2} (w-w^*)^T H (w-w^*)$
# with $H = \frac{2}{n} X^T X$. The four samples below have H = [[5.5, 4.5], [4.5, 5.5]], with
# eigenvalues (特征值) 1 along (1, -1) and 10 along (1, 1). Along each of these directions it is
# the case above: a step multiplies the error by $1 - \alpha\lambda$. Beyond
# $\alpha = 2 / \lambda_{max}$, here 0.2, that is below -1, and the error grows (发散).

# %%
BEST = np.array([2.0, -1.0])  # w*
X = np.array([[1.0, 1.0], [3.0, 3.0], [1.0, -1.0], [0.0, 0.0]])  # (n, D) = (4, 2)


def descend(optimizer, steps):
    """The path of w from (0, 0) under minidl: (steps + 1, 2)."""
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros")], dtype="float64")
    model.build((2,))
    path = [np.zeros(2)]
    for _ in range(steps):
        _, grads = model.loss_and_grads(X, X @ BEST, "mse")
        optimizer.step(model.params, grads)
        path.append(model.params["0.W"].ravel().copy())
    return np.array(path)


H = 2 / 4 * X.T @ X  # (2, 4) @ (4, 2)
eigenvalues, directions = np.linalg.eigh(H)
descent.check("λ by hand", [1, 10], eigenvalues)
for rate in (0.05, 0.15, 0.21):
    error = (descend(SGD(rate), 10) - BEST) @ directions  # (11, 2) @ (2, 2): along each
    wanted = [[1 - rate, 1 - 10 * rate]] * 10
    descent.check(f"α = {rate}: 1 - αλ, ten steps", wanted, error[1:] / error[:-1])
last = [np.abs(descend(SGD(rate), 200)[-1] - BEST).max() for rate in (0.19, 0.21)]
descent.check("error after 200 steps, α = 0.19: gone", 1e-6, last[0], op="<")
descent.check("α = 0.21: diverged", 1e6, last[1], op=">")
descent.check_gradient(gradcheck(MeanSquaredError(), X, y_true=X**2))

# %% [markdown]
# ## Momentum (动量)
#
# The steepest direction bounds α, and along the flat ones that is slow. So remember the earlier
# gradients g: $m \leftarrow \mu m - \alpha g$, $w \leftarrow w + m$, with m = 0 at first and
# μ = 0.9. Under a g that stays, m grows to $1 / (1 - \mu)$ = 10 times SGD's step; a g that
# changes its sign takes back what it gave. Literally, weight by weight:


# %%
def literal_path(momentum, rate, steps):
    w, m, path = [0.0, 0.0], [0.0, 0.0], [[0.0, 0.0]]
    for _ in range(steps):
        a, b = w[0] - 2, w[1] + 1  # w - w*
        for i, g in enumerate((5.5 * a + 4.5 * b, 4.5 * a + 5.5 * b)):  # H (w - w*)
            m[i] = momentum * m[i] - rate * g
            w[i] += m[i]
        path.append(list(w))
    return path


close = {"rtol": 1e-9, "atol": 1e-12}
t, g = np.arange(1, 11)[:, None], np.array([1.0, 1000.0])  # (10, 1), (2,): a weight for each g
for momentum, rate in ((0.0, 0.18), (0.9, 0.04)):
    wanted, found = literal_path(momentum, rate, 50), descend(SGD(rate, momentum), 50)
    descent.check(f"μ = {momentum}: 50 steps", wanted, found, **close)
    optimizer, w, path = SGD(rate, momentum), np.zeros(2), [np.zeros(2)]
    for _ in t:
        optimizer.step({"w": w}, {"w": g})
        path.append(w.copy())
    lengths = g * (1 - momentum**t) / (1 - momentum)  # (2,) * (10, 1) -> (10, 2)
    descent.check("ten steps / α under one g", lengths, -np.diff(path, axis=0) / rate)

# %%
paths = {
    "α = 0.02": descend(SGD(0.02), 40),
    "α = 0.18": descend(SGD(0.18), 40),
    "α = 0.04, μ = 0.8": descend(SGD(0.04, 0.8), 40),
}
fig = loss_surface_paths(
    lambda a, b: 2.5 * (a + b - 1) ** 2 + 0.25 * (a - b - 3) ** 2,  # λ = 10 and λ = 1
    paths, "Forty steps  梯度下降", "w1 (no unit)", "w2 (no unit)",
)  # fmt: skip
lesson.figure(fig, "descent", "Small steps creep, large ones zigzag; momentum swings.")

# %% [markdown]
# ## A bug, and what catches it
#
# `w = w - step` makes a new array, and the model keeps the old one: nothing moves or complains.
# A loss that stays to the last digit tells, or one step of the literal path, to (0.975, 0.525).


# %%
class NewArray(SGD):
    def step(self, params, grads):
        for name, w in params.items():
            w = w - self.learning_rate * grads[name]  # should be w -= …


descent.check("the bug: w after a step", [0, 0], descend(NewArray(0.15), 1)[1])

# %% [markdown]
# ## Exercises
#
# 1. A step can be a layer: x is θ, y is θ after it. For $L = \frac{1}{4} \theta^4$ and α = 0.1,
#    `QuarticStep` makes 1.2 of θ = 2. Its slope is $1 - \alpha L''(\theta)$, which took the
#    place of 1 - αλ; from which θ on is it below -1? Run `minidl check answers.py`.
# 2. `MomentumStep` takes rows (w, m) to rows (w, m) for $L = w^2$, α = 0.1, μ = 0.9: (1, 0.2)
#    becomes 0.98, -0.02. The check needs rows of two: put `CHECKS = [(MomentumStep(), x)]`.

# %%
lesson.finish()
