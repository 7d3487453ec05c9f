# %% [markdown]
# # Cross-entropy  交叉熵
#
# **The question.** Over what does the cross-entropy's sum run, and what goes back from it?
#
# D3 §4.1.3 prints $L = -\sum_{i=1}^{n} y_i \cdot \log(\hat{y}_i)$ (交叉熵), $y_i$ the target,
# $\hat{y}_i$ the model's output, "n the number of samples" (样本数量).

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl import Sequential, gradcheck, losses
from minidl.layers import Dense, Softmax
from minidl.lesson import Lesson
from minidl.optimizers import SGD
from minidl.plots import style

lesson = Lesson("Cross-entropy  交叉熵", __file__)

entropy = lesson.item(
    "F-D3-ce", source="D3 §4.1.3", verdict="partial",
    formula=r"-\sum_{k=1}^{C} y_k \log \hat{y}_k, \;\; -y \log \hat{y} - (1-y) \log(1-\hat{y})",
    printed="L = −Σ y_i log ŷ_i, n the number of samples",
    true="the sum is over the classes of one sample; one sigmoid output needs both terms",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# The sum is over the classes of *one* sample: if the second of three is true, it is
# $-\log \hat{y}_2$. A batch takes the mean of such sums; there the number of samples belongs.


# %%
def literal_entropy(y, y_hat):
    return sum(-y_i * math.log(y_hat_i) for y_i, y_hat_i in zip(y, y_hat))


t = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # (N, C): one-hot targets
p = np.array([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25]])  # (N, C): each row sums to 1
rows = [literal_entropy(t[n], p[n]) for n in range(2)]
CE, BCE = losses.CategoricalCrossentropy(), losses.BinaryCrossentropy()
entropy.check("two samples: -log 0.7, -log 0.5", [0.3566749, 0.6931472], rows)
entropy.check("CategoricalCrossentropy: their mean", sum(rows) / 2, CE(t, p))

# %% [markdown]
# ## The missing term
#
# With one sigmoid output, "is it class 1?", the printed sum *is* over samples, and each sample
# with $y = 0$ drops out, whatever the answer: to say 1 always costs 0. Class 0 has the target
# $1 - y$ and the answer $1 - \hat{y}$; over both classes the sum is
# $-y \log \hat{y} - (1-y) \log(1-\hat{y})$. The printed form is this one with y as each
# sample's weight, so minidl can train under both.

# %%
y, y_hat = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.6, 0.9])
full = literal_entropy(y, y_hat) + literal_entropy(1 - y, 1 - y_hat)
entropy.check("printed: -log(0.9 * 0.6)", 0.6161861, literal_entropy(y, y_hat))
entropy.check("printed, for a model that says 1 always", 0.0, literal_entropy(y, np.ones(4)))
entropy.check("both terms: -log(0.54 * 0.2 * 0.1)", 4.5282091, full)
entropy.check("BinaryCrossentropy: the mean", full / 4, BCE(y, y_hat))
entropy.check("with weights y: D3's", literal_entropy(y, y_hat) / 4, BCE(y, y_hat, y))
truth = np.repeat([0.0, 1.0], 100)  # hours of study: about 1 and failed, about 3 and passed
hours = np.random.default_rng(0).normal(1 + 2 * truth, 0.5)[:, None]  # (200, 1)
for form, weights, op, share in (("D3", truth, "<=", 0.6), ("both terms", None, ">=", 0.9)):
    model = Sequential([Dense(1, "sigmoid")], seed=0)
    model.compile(SGD(0.5), BCE)
    model.fit(hours, truth, 200, 1500, verbose=0, sample_weight=weights)
    answers = model(hours)[:, 0]
    right = np.mean((answers > 0.5) == truth)
    print(f"trained, {form}: loss {BCE(truth, answers, weights):.4f}, {right:.0%} right")
    entropy.check(f"trained, {form}: share of right answers", share, right, op=op)

# %% [markdown]
# ## Through the softmax: p - y
#
# With $p = softmax(z)$ the chain rule multiplies $-y_k / p_k$ by the Jacobian
# $\partial p_k / \partial z_j = p_k ([k = j] - p_j)$. The fractions cancel: the slope in z is
# $p - y$, for a sigmoid with both terms too. (minidl divides p by its sum first, so in p its
# slope is $1 - y / p$; the Jacobian turns that 1 into 0.)


# %%
def slopes(loss, y, y_hat):
    return loss.backward(loss.forward(y, y_hat)[1])


CE_Z, BCE_Z = CE.on_logits(), BCE.on_logits()
z, t = np.log([[1.0, 2.0, 5.0]]), np.array([[0.0, 1.0, 0.0]])
p, cache = Softmax().forward(z)  # 1/8, 2/8, 5/8
jacobian = [[p[0, k] * ((k == j) - p[0, j]) for j in range(3)] for k in range(3)]
entropy.check("in z: p - y", [[0.125, -0.75, 0.625]], slopes(CE_Z, t, z))
entropy.check("-y/p times Jacobian", -t / p @ jacobian, Softmax().backward(-t / p, cache)[0])
entropy.check("in p: 1 - y/p", 1 - t / p, slopes(CE, t, p))
logits = np.log(y_hat / (1 - y_hat))
entropy.check("values from z", [-math.log(2 / 8), full / 4], [CE_Z(t, z), BCE_Z(y, logits)])
for loss, at, target in ((CE, p, t), (CE_Z, z, t), (BCE, y_hat, y), (BCE_Z, logits, y)):
    entropy.check_gradient(gradcheck(loss, at, y_true=target), f"gradient check: {loss.where}")

# %%
q = np.linspace(0.01, 0.99, 197)  # answers
with style():
    fig = Figure(figsize=(9.6, 4.0))
    left, right = fig.subplots(1, 2)
    for name, target, weight in (("y = 1", 1, 1), ("y = 0", 0, 1), ("y = 0, as printed", 0, 0)):
        left.plot(q, [BCE([target], [v], [weight]) for v in q], label=name)
        right.plot(q, weight * (q - target))
    left.plot(q, (1 - q) ** 2, label="y = 1, (1 - p)²")
    right.plot(q, 2 * (q - 1) * q * (1 - q))
    fig.suptitle("One sigmoid output  交叉熵", x=0.02, ha="left")
    left.set(xlabel="answer p = sigmoid(z) (no unit)", ylabel="loss (nats)")
    right.set(xlabel="answer p = sigmoid(z) (no unit)", ylabel="slope in z (nats)")
    left.legend()
lesson.figure(
    fig, "entropy", "Cross-entropy sends p - y back; as printed, with y = 0, nothing."
)

# %% [markdown]
# ## A bug, and what catches it
#
# The softmax first, then the loss from p: as printed, and right for most answers. But p is cut
# at $10^{-7}$, so that no logarithm is of 0: there the loss stops at 16.1 and the slope at 0,
# however wrong the answer. A very wrong answer catches it. From z, both go on; a compiled model
# takes that form by itself.

# %%
far, sure, wrong = [np.array([row]) for row in ([1000.0, -1000.0], [1.0, 0.0], [0.0, 1.0])]
got = [CE(wrong, sure), *slopes(CE, wrong, sure)[0]]
entropy.check("from p: 16.1, slopes 0, 0", [-math.log(1e-7), 0, 0], got)
got = [CE_Z(wrong, far), *slopes(CE_Z, wrong, far)[0]]
entropy.check("from z: 2000, slopes 1, -1", [2000, 1, -1], got)

# %% [markdown]
# ## Exercises
#
# 1. Brier's score is the mean over samples of $\sum_k (p_k - y_k)^2$. Write it from logits,
#    with $p = softmax(z)$, as a loss `SoftmaxBrier`; the z and t above give 0.96875. Its slope
#    in z needs the Jacobian, and no fraction cancels. `minidl check answers.py` guesses inputs.
# 2. For counts (0, 1, 2, …) the loss is `Poisson`, the mean of $\hat{y} - y \log \hat{y}$ over
#    all entries: y = 3 and ŷ = 2 give -0.0794. An answer ŷ must be above 0: choose y_true and
#    y_pred yourself, with `CHECKS = [(Poisson(), y_true, y_pred)]`. Where is the slope 0?

# %%
lesson.finish()
