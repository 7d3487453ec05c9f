# %% [markdown]
# # One neuron and its activations  神经元与激活函数
#
# **The question.** What does one neuron compute, and how steep is it?
#
# D3 §4.1.1 (神经元模型) prints one line, $y = \sigma(z)$: "y the output, z the input, σ the
# activation function (激活函数), commonly ReLU, Sigmoid, Tanh". D2 §4.1.3 prints ReLU and names
# the other two. No document gives a slope, and training needs nothing else.

# %%
import math

import numpy as np

from minidl.layers import ReLU, Sigmoid, Tanh
from minidl.lesson import Lesson
from minidl.plots import activation_curves
from minidl.testing import gradcheck

lesson = Lesson("One neuron and its activations  神经元与激活函数", __file__)

neuron = lesson.item(
    "F-D3-neuron", source="D3 §4.1.1", verdict="holds", formula=r"y = \sigma(z)",
    printed="y = σ(z), z the input", true="the same; z is the weighted sum of what comes in",
)  # fmt: skip
relu = lesson.item(
    "F-D2-relu", source="D2 §4.1.3", verdict="holds",
    formula=r"\mathrm{ReLU}(x) = \begin{cases} 0, & x < 0 \\ x, & x \geq 0 \end{cases}",
    printed="0 for x < 0, x for x ≥ 0", true="the same; at 0 any slope in [0, 1] is right",
)  # fmt: skip
sigmoid = lesson.item(
    "F-D2-sigmoid", source="D2 §4.1.3, D3 §4.1.1", verdict="partial",
    formula=r"\sigma(z) = \frac{1}{1 + e^{-z}}, \quad \sigma'(z) = \sigma(z)\,(1 - \sigma(z))",
    printed="only the name", true="formula and slope, computed so that no z overflows",
)  # fmt: skip
tanh = lesson.item(
    "F-D2-tanh", source="D2 §4.1.3, D3 §4.1.1", verdict="partial",
    formula=r"\tanh x = 2\,\sigma(2x) - 1, \quad \tanh' x = 1 - \tanh^2 x",
    printed="only the name", true="formula and slope: a sigmoid, stretched and moved",
)  # fmt: skip

# %% [markdown]
# ## The formulas, literally


# %%
def literal_relu(x):
    return 0.0 if x < 0 else x


def literal_sigmoid(z):
    return 1 / (1 + math.exp(-z))


def literal_tanh(x):
    return (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x))


z = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
relu.check("ReLU is the printed formula", [literal_relu(v) for v in z], ReLU()(z))
sigmoid.check("Sigmoid is 1 / (1 + exp(-z))", [literal_sigmoid(v) for v in z], Sigmoid()(z))
tanh.check("Tanh is the quotient", [literal_tanh(v) for v in z], Tanh()(z))
tanh.check("tanh x = 2 sigma(2x) - 1", [2 * literal_sigmoid(2 * v) - 1 for v in z], Tanh()(z))

# One neuron: w = (0.5, -1), b = 0.25 at x = (2, 0.5) gives z = 1 - 0.5 + 0.25.
pre = np.array([2.0, 0.5]) @ np.array([0.5, -1.0]) + 0.25
neuron.check("z by hand", 0.75, pre)
neuron.check("y = sigma(0.75)", literal_sigmoid(0.75), Sigmoid()(pre))

# %% [markdown]
# ## The slopes
#
# $\sigma'(z) = s(1-s)$ and $\tanh'(z) = 1 - t^2$ need only the output, so that is all `forward`
# keeps. The gradient check (梯度检验) compares `backward` with differences of `forward`.

# %%
ds, _ = Sigmoid().backward(np.ones_like(z), Sigmoid().forward(z)[1])
dt, _ = Tanh().backward(np.ones_like(z), Tanh().forward(z)[1])
e = np.exp(-z)
sigmoid.check("s(1 - s) is the quotient rule's e / (1 + e)^2", e / (1 + e) ** 2, ds)
sigmoid.check("it is largest at 0: one quarter", 0.25, ds.max())
tanh.check("1 - t^2 is 1 / cosh^2", 1 / np.cosh(z) ** 2, dt)
sigmoid.check_gradient(gradcheck(Sigmoid(), z[:, None]))
tanh.check_gradient(gradcheck(Tanh(), z[:, None]))

# %% [markdown]
# ## The kink (折点)
#
# Left of 0 ReLU's slope is 0, right of it 1. **At** 0 any number between is as right, and a
# central difference says ½. minidl takes 0. `z` holds a 0 on purpose: the check sees that left
# and right differ there, lists a kink, and accepts what lies between.

# %%
report = gradcheck(ReLU(), z[:, None])
relu.check_gradient(report)
relu.check("one kink is listed: entry 3, where z = 0", [(3, 0)], report.entries[0].kinks)

# %% [markdown]
# ## What the formula does not say
#
# $e^{1000}$ is too large for a float, and the literal sigmoid stops at z = -1000. The same
# number from exponentials that never exceed 1: $\sigma(z) = e^{\min(z, 0)} / (1 + e^{-|z|})$.

# %%
try:
    outcome = literal_sigmoid(-1000.0)
except OverflowError as error:
    outcome = type(error).__name__
sigmoid.check("the literal formula at -1000", "OverflowError", outcome)
with np.errstate(over="raise", divide="raise", invalid="raise"):  # no warning either
    far = Sigmoid()(np.array([-1000.0, 1000.0]))
sigmoid.check("minidl's at -1000 and 1000, without a warning", [0, 1], far)

# %%
curves = {
    "ReLU": (ReLU(), lambda z: (z > 0) * 1.0),
    "sigmoid": (Sigmoid(), lambda z: Sigmoid()(z) * (1 - Sigmoid()(z))),
    "tanh": (Tanh(), lambda z: 1 - Tanh()(z) ** 2),
}
picture = activation_curves(curves, title="Activations and their slopes  激活函数及其导数")
lesson.figure(picture, "activations", "The sigmoid's slope is never above 1/4.")

# %% [markdown]
# ## A bug, and what catches it
#
# The slope is $s(1-s)$ of the *output*. Writing it of the input is an easy slip, and a network
# with it may still train a little. The gradient check does not let it pass.


# %%
class SlopeOfTheInput(Sigmoid):
    def forward(self, x, training=False):
        return super().forward(x)[0], x  # the cache should be y


report = gradcheck(SlopeOfTheInput(), z[:, None])
print(report)
sigmoid.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. Softplus is $\log(1 + e^z)$; at 0 it is 0.6931. Derive its slope: which function of this
#    lesson is it? Write the layer `Softplus` into a file, with `forward(x, training=False)`
#    returning (y, cache) and `backward(dy, cache)` returning (dx, {}), and let
#    `minidl check answers.py` judge. Then try z = 1000.
# 2. Softsign is $z / (1 + |z|)$, 0.75 at 3. Write `Softsign`. Has it a kink at 0?
# 3. Write `ThreeSigmoids`, $\sigma(\sigma(\sigma(z)))$, which is 0.6508 at 0, and print its dx
#    there for dy = 1. Each further σ divides by four or more: what reaches the first of ten?

# %%
lesson.finish()
