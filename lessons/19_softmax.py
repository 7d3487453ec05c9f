# %% [markdown]
# # Softmax: scores become probabilities  柔性最大值
#
# **The question.** How do scores become the probabilities of several diseases, and how does a
# score learn from all of them?
#
# D3 §4.2.2: $\hat{D} = \text{softmax}(\theta \cdot \text{Embedding}(x))$, "$\hat{D}$ the
# probability distribution (概率分布) of the diseases, θ the model's parameters, Embedding(x)
# the embedding vector of the input". Its example has a *vector* θ. Does that work?

# %%
import math

import numpy as np

from minidl import plots
from minidl.layers import Dense, Embedding, Flatten, Softmax
from minidl.lesson import Lesson
from minidl.models import Sequential
from minidl.testing import gradcheck

lesson = Lesson("Softmax: scores become probabilities  柔性最大值", __file__)

formula = lesson.item(
    "F-D3-diagnose", source="D3 §4.2.2", verdict="partial",
    formula=r"\hat D_k = e^{z_k} / \sum_j e^{z_j}, \quad z_k = \theta_k \cdot E(x)",
    printed="D̂ = softmax(θ · Emb(x)), θ the parameters",
    true="θ is a matrix, a row for each disease; of a vector θ the softmax is always 1",
)  # fmt: skip
example = lesson.item(
    "W-D3-diagnose", source="D3 §4.3.2", verdict="wrong",
    printed="softmax([0.36, 0.42, 0.48, 0.54, 0.6]) ≈ [0.1, 0.1, 0.1, 0.1, 0.5]",
    true=[0.176747, 0.187677, 0.199282, 0.211605, 0.224690],
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# θ has K rows, one a disease, and D columns. In minidl the patient's five answers are ids, each
# picks its row of an `Embedding`, `Flatten` puts the rows end to end, and `Dense` holds θᵀ.


# %%
def literal_softmax(z):
    total = sum(math.exp(zj) for zj in z)
    return [math.exp(zk) / total for zk in z]


def literal_diagnosis(theta, e):
    return literal_softmax([sum(t * v for t, v in zip(row, e)) for row in theta])


def model_of(theta, table, activation="softmax"):
    """D3's model with these numbers: five answers, table[id] is an answer's vector."""
    K, D = np.shape(theta)
    model = Sequential([Embedding(len(table), D // 5), Flatten(),
                        Dense(K, activation, use_bias=False)], dtype="float64")  # fmt: skip
    model.build((5,))
    model.set_weights([table, np.transpose(theta)])
    return model


rng = np.random.default_rng(0)
theta, table = rng.normal(size=(3, 10)), rng.normal(size=(6, 2))  # K = 3, D = 5 answers of 2
patients = np.array([[1, 2, 3, 4, 5], [0, 0, 1, 1, 5], [2, 2, 2, 2, 2], [5, 4, 0, 1, 3]])
model = model_of(theta, table)
loops = [literal_diagnosis(theta, [v for i in row for v in table[i]]) for row in patients]
formula.check("the model is the loops", loops, model(patients))
formula.check_gradient(gradcheck(model, patients), "gradient check: table and θ")

# %% [markdown]
# **A vector θ.** θ · Emb(x) is then one number, and its softmax is $e^z / e^z = 1$ for every
# patient, with slope 0: nothing is ever learned. minidl refuses, and says what to do.

# %%
formula.check("softmax of 1.3 alone", [1.0], literal_softmax([1.3]))
try:
    refusal = str(model_of(theta[:1], table))
except ValueError as error:
    refusal = str(error)
print(refusal)
formula.check("it names the reason", True, "one unit is always 1 and learns nothing" in refusal)

# %% [markdown]
# ## The worked example (实例)
#
# D3 §4.3.2: x = [1, 2, 3, 4, 5], θ = [0.1, 0.2, 0.3, 0.4, 0.5], Embedding(x) = [0.6, 0.7, 0.8,
# 0.9, 1.0], so one number an answer, and "softmax([0.36, 0.42, 0.48, 0.54, 0.6]) ≈ [0.1, 0.1,
# 0.1, 0.1, 0.5]". The θ with such logits is 0.6 times the identity. With the θ of the text on a
# diagonal they are θ ⊙ Emb(x); as it stands, one number.

# %%
x, numbers = [[1, 2, 3, 4, 5]], [[0.0], [0.6], [0.7], [0.8], [0.9], [1.0]]  # id 0 is not used
vector = np.array([0.1, 0.2, 0.3, 0.4, 0.5])


def outputs(theta, activation="softmax"):
    return model_of(theta, numbers, activation)(x)[0]


example.check("θ · Emb(x)", [1.30], outputs([vector], None))
example.check("the printed logits are 0.6 Emb(x)", [0.36, 0.42, 0.48, 0.54, 0.6],
              outputs(0.6 * np.eye(5), None))  # fmt: skip
example.check("their softmax", [0.176747, 0.187677, 0.199282, 0.211605, 0.224690],
              outputs(0.6 * np.eye(5)))  # fmt: skip
example.check("θ ⊙ Emb(x)", [0.06, 0.14, 0.24, 0.36, 0.50], outputs(np.diag(vector), None))
example.check("its softmax", [0.161732, 0.175202, 0.193628, 0.218315, 0.251122],
              outputs(np.diag(vector)))  # fmt: skip
example.check("the printed probabilities add up to", 0.9, sum([0.1, 0.1, 0.1, 0.1, 0.5]))

# %% [markdown]
# ## The slope, and a bug
#
# A logit raises its own probability and lowers all others. The Jacobian (雅可比矩阵) is
# $\partial \hat D_k / \partial z_j = \hat D_k (\delta_{kj} - \hat D_j)$. A common slip is its
# diagonal $\hat D_k (1 - \hat D_k)$ alone, as if softmax were a sigmoid. Its columns sum to 0,
# so for a dy of ones a backward of zeros is right: `gradcheck` therefore draws dy at random.

# %%
y, cache = Softmax().forward(np.array([[1.0, 2.0, 0.5]]))
J = [[y[0, k] * ((k == j) - y[0, j]) for j in range(3)] for k in range(3)]  # (K, K)
dy = np.array([[0.3, -1.0, 2.0]])
dz = [[sum(dy[0, k] * J[k][j] for k in range(3)) for j in range(3)]]
formula.check("backward is dy times the full Jacobian", dz, Softmax().backward(dy, cache)[0])
formula.check("a dy of ones", [[0.0, 0.0, 0.0]], Softmax().backward(np.ones((1, 3)), cache)[0])
fig = plots.heat_map(J, list("123"), list("123"), "Jacobian  雅可比矩阵", "slope (no unit)",
                     "logit j", "probability k")  # fmt: skip
lesson.figure(fig, "jacobian", "Off the diagonal: what one logit takes from the others.")


class DiagonalOnly(Softmax):
    def backward(self, dy, cache):
        return dy * cache * (1 - cache), {}


report = gradcheck(DiagonalOnly(), rng.normal(size=(4, 3)))
print(report.headline)
formula.check("the bug passes the gradient check", False, report.passed)
formula.check("it is named", True, "the diagonal alone" in report.headline)

# %% [markdown]
# ## Exercises
#
# 1. A temperature (温度) makes a softmax milder: $\mathrm{softmax}(z / T)$. With T = 2 logits
#    (1, 2, 0.5) give 0.2918, 0.4810, 0.2272. Write `WarmSoftmax`, T = 2, in a file, and run
#    `minidl check answers.py`. Where does T appear in dz?
# 2. `LogSoftmax`, $z_k - \ln \sum_j e^{z_j}$, is -1.4644, -0.4644, -1.9644 there. Add 1000 to
#    every logit: nothing may change. Its Jacobian is shorter than that above.
# 3. Two diseases need one score: `TwoDiseases` makes z (N, 1) into the softmax of (0, z). At
#    z = 0.82 it is 0.3058, 0.6942: σ again. Use no exp of a positive number.

# %%
lesson.finish()
