# %% [markdown]
# # RMSprop and Adam  自适应学习率
#
# **The question.** One rate for all weights is too long here and too short there. Which then?
#
# D2 §4.1.2 (优化算法) names Adam beside gradient descent. So do D3 §3.1.2, beside RMSprop, and
# D4 §3.2. No document has the formula of either.

# %%
import numpy as np

from minidl import gradcheck
from minidl.lesson import Lesson
from minidl.optimizers import SGD, Adam, RMSprop
from minidl.plots import loss_surface_paths

lesson = Lesson("RMSprop and Adam  自适应学习率", __file__)

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
# ## The formulas, literally
#
# Remember for each weight how large its gradients g were: m and v start at 0, and t = 1, 2, …
#
# - RMSprop: $v \leftarrow \rho v + (1-\rho) g^2$, $w \leftarrow w - \alpha g/\sqrt{v+\epsilon}$
# - Adam: $m \leftarrow \beta_1 m + (1-\beta_1) g$, $v \leftarrow \beta_2 v + (1-\beta_2) g^2$,
#   $w \leftarrow w - \alpha_t m / (\sqrt{v}+\epsilon)$ with
#   $\alpha_t = \alpha \sqrt{1-\beta_2^t} / (1-\beta_1^t)$
#
# Here ρ = β₁ = 0.9, β₂ = 0.999, ε = 1e-7. For one weight with its memory `s`, and then for both
# weights of a bowl, $\frac{1}{2} (w - w^*)^T H (w - w^*)$, as a linear model's error is:

# %%
BEST, H = np.array([2.0, -1.0]), np.array([[5.5, 4.5], [4.5, 5.5]])  # w*, the bowl's shape


def literal_step(name, g, s, t, rate):
    if name == "RMSprop":
        s["v"] = 0.9 * s["v"] + 0.1 * g * g
        return -rate * g / np.sqrt(s["v"] + 1e-7)
    s["m"] = 0.9 * s["m"] + 0.1 * g
    s["v"] = 0.999 * s["v"] + 0.001 * g * g
    if name == "Algorithm 1":  # of Kingma and Ba 2015: ε beside the corrected root
        return -rate * s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)
    rate *= np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return -rate * s["m"] / (np.sqrt(s["v"]) + 1e-7)


def descend(optimizer, steps, H=H):
    """minidl's path of w from (0, 0) under ½ (w - w*) H (w - w*): (steps + 1, 2)."""
    w, path = np.zeros(2), [np.zeros(2)]
    for _ in range(steps):
        optimizer.step({"w": w}, {"w": H @ (w - BEST)})
        path.append(w.copy())
    return np.array(path)


MADE = {"RMSprop": (rmsprop, 0.05, RMSprop), "Adam": (adam, 0.15, Adam)}
for name, (item, rate, made) in MADE.items():
    w, memory, path = [0.0, 0.0], [{"m": 0.0, "v": 0.0}, {"m": 0.0, "v": 0.0}], [[0.0, 0.0]]
    for t in range(1, 51):
        a, b = w[0] - 2, w[1] + 1  # w - w*
        for i, g in enumerate((5.5 * a + 4.5 * b, 4.5 * a + 5.5 * b)):  # H (w - w*)
            w[i] += literal_step(name, g, memory[i], t, rate)
        path.append(list(w))
    item.check(f"{name}: 50 steps", path, descend(made(rate), 50), rtol=1e-9, atol=1e-12)
bowl = (lambda w: (0.5 * (w - BEST) @ H @ (w - BEST), w)), (lambda w: H @ (w - BEST))
adam.check_gradient(gradcheck(bowl, np.zeros(2)), "gradient check of the bowl")

# %% [markdown]
# ## How long is a step?
#
# Let g stay at 1, then at 1000: RMSprop and Adam divide by the size of g, and it drops out.
# After t steps the weights in v add up to $1 - \rho^t$ and not to 1: RMSprop's first step is
# $\alpha / \sqrt{0.1}$ = 3.2 α. Adam divides by these sums (偏差修正): every step is α.
#
# ε matters where g is as small. Adam in Keras and minidl adds it to √v uncorrected, which is
# 32 times smaller at t = 1, the paper's Algorithm 1 to the corrected root; RMSprop, to v.

# %%
t, g = np.arange(1, 11)[:, None], np.array([1.0, 1000.0])  # (10, 1), (2,): a weight for each g
lengths = {"RMSprop": 0 * g + 1 / np.sqrt(1 - 0.9**t), "Adam": np.ones((10, 2))}
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
# ## The picture: a valley, 25 times as steep across as along

# %%
MADE["SGD"] = None, 0.072, SGD
MADE["momentum"] = None, 0.016, lambda rate: SGD(rate, momentum=0.9)
fig = loss_surface_paths(
    lambda a, b: 0.5 * ((a - 2) ** 2 + 25 * (b + 1) ** 2),
    {name: descend(made(rate), 60, np.diag([1, 25])) for name, (_, rate, made) in MADE.items()},
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
# 1. `FirstStep` maps g to RMSprop's first step, for α = 1, ρ = 0.9 and ε = 0.01: g = 1 gives
#    -3.0151. Where is its slope in g largest, and what is left of it at g = 10? Write it as a
#    layer and run `minidl check answers.py`.
# 2. `SecondStep` maps rows (g1, g2) to Adam's step at t = 2, (N, 2) to (N, 1), for α = 1 and
#    ε = 1e-7: (1, 1) gives -1 and (1, -1) gives 0.0526. Why is it so short? The check needs
#    rows of two: `CHECKS = [(SecondStep(), x)]`.

# %%
lesson.finish()
