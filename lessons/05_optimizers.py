# %% [markdown]
# # Optimizers  优化算法
#
# **The question.** The gradient says which way the loss falls. How far should a weight go?
#
# D2 §4.1.2 (优化算法) prints gradient descent (梯度下降),
#
# $$\theta_{t+1} = \theta_t - \alpha \nabla_\theta L(\theta)$$
#
# with "θ the parameters, L(θ) the loss, α the learning rate (学习率)", and names Adam. So do D3
# §3.1.2, beside RMSprop, and D4 §3.2. No document has the formula of either.

# %%
import numpy as np

from minidl.layers import Dense
from minidl.lesson import Lesson
from minidl.losses import MeanSquaredError
from minidl.models import Sequential
from minidl.optimizers import SGD, Adam, RMSprop
from minidl.plots import loss_surface_paths
from minidl.testing import gradcheck

lesson = Lesson("Optimizers  优化算法", __file__)

descent = lesson.item(
    "F-D2-gd", source="D2 §4.1.2", verdict="partial",
    formula=r"\theta_{t+1} = \theta_t - \alpha\, \nabla L(\theta_t)",
    printed="θ_{t+1} = θ_t - α ∇L(θ)",
    true="the gradient is that at θ_t; on a quadratic a step multiplies an error by 1 - αλ",
)  # fmt: skip
adam = lesson.item(
    "F-D2-adam", source="D2 §4.1.2, D3 §3.1.2, D4 §3.2", verdict="partial",
    formula=r"w \leftarrow w - \alpha \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}"
            r" \frac{m}{\sqrt{v} + \epsilon}",
    printed="only the name", true="update, bias correction and ε; the first step is α long",
)  # fmt: skip
rmsprop = lesson.item(
    "F-D3-rmsprop", source="D3 §3.1.2", verdict="partial",
    formula=r"v \leftarrow \rho v + (1-\rho)g^2, \; w \leftarrow w-\alpha g/\sqrt{v+\epsilon}",
    printed="only the name", true="the gradient is divided by its own recent size",
)  # fmt: skip

# %% [markdown]
# ## The gradient where? (在哪里求梯度)
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
LEANING = np.array([[1.0, 1.0], [3.0, 3.0], [1.0, -1.0], [0.0, 0.0]])  # (n, D) = (4, 2)


def descend(optimizer, steps, X=LEANING):
    """The path of w from (0, 0) under minidl: (steps + 1, 2)."""
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros")], dtype="float64")
    model.build((2,))
    path = [np.zeros(2)]
    for _ in range(steps):
        _, grads = model.loss_and_grads(X, X @ BEST, "mse")
        optimizer.step(model.params, grads)
        path.append(model.params["0.W"].ravel().copy())
    return np.array(path)


eigenvalues, directions = np.linalg.eigh(2 / 4 * LEANING.T @ LEANING)  # (2, 4) @ (4, 2)
descent.check("λ by hand", [1, 10], eigenvalues)
for rate in (0.05, 0.15, 0.21):
    error = (descend(SGD(rate), 10) - BEST) @ directions  # (11, 2) @ (2, 2): along each
    wanted = [[1 - rate, 1 - 10 * rate]] * 10
    descent.check(f"α = {rate}: 1 - αλ, ten steps", wanted, error[1:] / error[:-1])
last = [np.abs(descend(SGD(rate), 200)[-1] - BEST).max() for rate in (0.19, 0.21)]
descent.check("error after 200 steps, α = 0.19: gone", 1e-6, last[0], op="<")
descent.check("α = 0.21: diverged", 1e6, last[1], op=">")
descent.check_gradient(gradcheck(MeanSquaredError(), LEANING, y_true=LEANING**2))

# %% [markdown]
# ## Three other updates
#
# The steepest direction bounds α, and along the flat ones that is slow. So remember something
# of earlier gradients g, for each weight on its own. All start at 0, and t = 1, 2, …
#
# - Momentum (动量): $m \leftarrow \mu m - \alpha g, \quad w \leftarrow w + m$
# - RMSprop: $v \leftarrow \rho v + (1-\rho) g^2$, $w \leftarrow w - \alpha g/\sqrt{v+\epsilon}$
# - Adam: $m \leftarrow \beta_1 m + (1-\beta_1) g$, $v \leftarrow \beta_2 v + (1-\beta_2) g^2$,
#   $w \leftarrow w - \alpha_t m / (\sqrt{v}+\epsilon)$ with
#   $\alpha_t = \alpha \sqrt{1-\beta_2^t} / (1-\beta_1^t)$
#
# Here μ = ρ = β₁ = 0.9, β₂ = 0.999, ε = 1e-7. Literally, for one weight with its memory `s`:

# %%
MADE = {  # the item, α, minidl's optimizer
    "SGD": (descent, 0.072, SGD),
    "momentum": (descent, 0.016, lambda rate: SGD(rate, momentum=0.9)),
    "RMSprop": (rmsprop, 0.05, RMSprop),
    "Adam": (adam, 0.15, Adam),
}


def literal_step(name, g, s, t, rate):
    if name == "SGD":
        return -rate * g
    if name == "momentum":
        s["m"] = 0.9 * s["m"] - rate * g
        return s["m"]
    if name == "RMSprop":
        s["v"] = 0.9 * s["v"] + 0.1 * g * g
        return -rate * g / np.sqrt(s["v"] + 1e-7)
    s["m"] = 0.9 * s["m"] + 0.1 * g
    s["v"] = 0.999 * s["v"] + 0.001 * g * g
    if name == "Algorithm 1":  # of Kingma and Ba 2015: ε beside the corrected root
        return -rate * s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)
    rate *= np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return -rate * s["m"] / (np.sqrt(s["v"]) + 1e-7)


for name, (item, rate, made) in MADE.items():
    w, memory, path = [0.0, 0.0], [{"m": 0.0, "v": 0.0}, {"m": 0.0, "v": 0.0}], [[0.0, 0.0]]
    for t in range(1, 51):
        a, b = w[0] - 2, w[1] + 1  # w - w*
        for i, g in enumerate((5.5 * a + 4.5 * b, 4.5 * a + 5.5 * b)):  # H (w - w*)
            w[i] += literal_step(name, g, memory[i], t, rate)
        path.append(list(w))
    item.check(f"{name}: 50 steps", path, descend(made(rate), 50), rtol=1e-9, atol=1e-12)

# %% [markdown]
# ## How long is a step?
#
# Let g stay at 1, then at 1000. Momentum grows to $1 / (1 - \mu)$ = 10 times SGD's step.
# RMSprop and Adam divide by the size of g, and it drops out. After t steps the weights in v add
# up to $1 - \rho^t$ and not to 1: RMSprop's first step is $\alpha / \sqrt{0.1}$ = 3.2 α. Adam
# divides by these sums (偏差修正, bias correction), and every step is α.
#
# ε matters where g is as small. Adam in Keras and minidl adds it to √v uncorrected, which is
# 32 times smaller at t = 1, the paper's Algorithm 1 to the corrected root; RMSprop, to v.

# %%
t, g = np.arange(1, 11)[:, None], np.array([1.0, 1000.0])  # (10, 1), (2,): a weight for each g
lengths = {"SGD": g + 0 * t, "momentum": g * (1 - 0.9**t) / 0.1,
           "RMSprop": 0 * g + 1 / np.sqrt(1 - 0.9**t), "Adam": np.ones((10, 2))}  # fmt: skip
for name, length in lengths.items():
    item, rate, made = MADE[name]
    optimizer, w, path = made(rate), np.zeros(2), [np.zeros(2)]
    for _ in t:
        optimizer.step({"w": w}, {"w": g})
        path.append(w.copy())
    item.check(f"{name}: ten steps / α", length, -np.diff(path, axis=0) / rate, rtol=1e-5)

pair, w, s, paper = (Adam(0.001), RMSprop(0.001)), np.zeros((2, 1)), {"m": 0.0, "v": 0.0}, 0.0
for n in (1, 2, 3):
    for optimizer, row in zip(pair, w):
        optimizer.step({"w": row}, {"w": np.array([1e-6])})
    paper += literal_step("Algorithm 1", 1e-6, s, n, 0.001)
adam.check("g = 1e-6, three steps: Keras and minidl", -9.0e-4, w[0, 0], rtol=0, atol=5e-6)
adam.check("the paper's Algorithm 1", -2.7e-3, paper, rtol=0, atol=5e-5)
rmsprop.check("RMSprop: -3 α g / √ε, v is nothing", -3e-9 / 1e-7**0.5, w[1, 0], atol=1e-9)

# %% [markdown]
# ## The picture: a feature five times as large, so λ = 1 and 25

# %%
LONG = np.array([[1.0, 0.0], [0.0, 5.0]])  # H = 2/2 XᵀX
fig = loss_surface_paths(
    lambda a, b: 0.5 * ((a - 2) ** 2 + 25 * (b + 1) ** 2),
    {name: descend(made(rate), 60, LONG) for name, (_, rate, made) in MADE.items()},
    "One valley, four optimizers  损失曲面", "w1 (no unit)", "w2 (no unit)",
)  # fmt: skip
lesson.figure(fig, "paths", "SGD zigzags, momentum swings; RMSprop and Adam start diagonally.")

# %% [markdown]
# ## A bug, and what catches it
#
# Adam without the bias correction still arrives: a falling loss shows nothing, and a gradient
# check sees no optimizer. The literal formula tells, at the first step.


# %%
class NoCorrection(Adam):
    def step_size(self):
        return self.learning_rate


bug = descend(NoCorrection(0.15), 300)
adam.check("the bug: error after 300 steps", 0.01, np.abs(bug[-1] - BEST).max(), op="<")
adam.check("its first step / α: 0.1 / √0.001", [3.16228] * 2, bug[1] / 0.15, rtol=1e-5)

# %% [markdown]
# ## Exercises
#
# 1. Which α makes $|1 - \alpha\lambda|$ equal for λ = 1 and λ = 10? Count the steps to 1e-6.
# 2. Multiply the loss by 1000. Which of the four paths stay as they are?
# 3. Nesterov's form moves w by $\mu m - \alpha g$. Add it, and hold `SGD(nesterov=True)` to it.

# %%
lesson.finish()
