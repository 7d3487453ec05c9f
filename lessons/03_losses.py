# %% [markdown]
# # Losses  损失函数
#
# **The question.** What number says how wrong a model is, and which slope does it send back?
#
# D2 and D3 print four formulas: $y_i$ the target, $\hat{y}_i$ the model's output, "n the number
# of samples" (样本数量). Two of them share a name and give different numbers.
#
# | source | printed | called |
# |---|---|---|
# | D2 §4.1.1 | $\frac{1}{n} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2$ | MSE, 均方误差 |
# | D2 §4.1.1 | $\sqrt{MSE}$ | RMSE, 均方根误差 |
# | D3 §4.1.3 | $\frac{1}{2} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2$ | MSE too |
# | D3 §4.1.3 | $-\sum_{i=1}^{n} y_i \cdot \log(\hat{y}_i)$ | cross-entropy, 交叉熵 |

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from minidl import Sequential, gradcheck, losses
from minidl.layers import Dense, Softmax
from minidl.lesson import Lesson
from minidl.optimizers import SGD
from minidl.plots import style

lesson = Lesson("Losses  损失函数", __file__)

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
entropy = lesson.item(
    "F-D3-ce", source="D3 §4.1.3", verdict="partial",
    formula=r"-\sum_{k=1}^{C} y_k \log \hat{y}_k, \;\; -y \log \hat{y} - (1-y) \log(1-\hat{y})",
    printed="L = −Σ y_i log ŷ_i, n the number of samples",
    true="the sum is over the classes of one sample; one sigmoid output needs both terms",
)  # fmt: skip

# %% [markdown]
# ## Squared errors, literally
#
# Five samples with errors 1, 0, -2, 1, 0: the squares add up to 6. D2 says 6/5, D3 says 6/2.
#
# If y is in yuan, MSE is in yuan², RMSE in yuan. RMSE's slopes have the length $1/\sqrt{n}$ for
# huge and tiny errors alike: they do not fade near the goal. At the goal the formula is 0/0
# (with one sample: -1 on the left, 1 on the right). minidl takes 0 there.


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
lengths = [np.linalg.norm(slopes(RMSE, y, y + size * error)) for size in (1e-6, 1e6)]
rmse.check("length of the slopes, tiny and huge errors", [1 / math.sqrt(5)] * 2, lengths)
sides = [slopes(RMSE, [0.0], np.array([e]))[0] for e in (-1e-9, 0.0, 1e-9)]
rmse.check("one sample, slope left of 0, at 0, right of 0", [-1, 0, 1], sides)
for item, loss in ((mse, MSE), (half, HALF), (rmse, RMSE)):
    item.check_gradient(gradcheck(loss, y_hat, y_true=y), f"gradient check: {loss.where}")

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

# %% [markdown]
# ## Cross-entropy: the sum, and the missing term
#
# D3's sum is over the classes of *one* sample: if the second of three is true, it is
# $-\log \hat{y}_2$. A batch takes the mean of such sums; there the number of samples belongs.
#
# With one sigmoid output, "is it class 1?", the sum *is* over samples, and each sample with
# $y = 0$ drops out, whatever the answer: to say 1 always costs 0. Class 0 has the target
# $1 - y$ and the answer $1 - \hat{y}$; over both, the sum is
# $-y \log \hat{y} - (1-y) \log(1-\hat{y})$. D3's form is this one with y as each sample's
# weight, so minidl can train under both.


# %%
def literal_entropy(y, y_hat):
    return sum(-y_i * math.log(y_hat_i) for y_i, y_hat_i in zip(y, y_hat))


t = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # (N, C): one-hot targets
p = np.array([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25]])  # (N, C): each row sums to 1
rows = [literal_entropy(t[n], p[n]) for n in range(2)]
CE, BCE = losses.CategoricalCrossentropy(), losses.BinaryCrossentropy()
entropy.check("two samples: -log 0.7, -log 0.5", [0.3566749, 0.6931472], rows)
entropy.check("CategoricalCrossentropy: their mean", sum(rows) / 2, CE(t, p))
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
# slope is $1 - y / p$; the Jacobian turns that 1 into 0.) The logits form starts from z, and a
# compiled model uses it by itself. From p, which is cut at $10^{-7}$, the loss stops at 16.1
# and the slope at 0, however wrong the answer.

# %%
CE_Z, BCE_Z = CE.on_logits(), BCE.on_logits()
z, t = np.log([[1.0, 2.0, 5.0]]), np.array([[0.0, 1.0, 0.0]])
p, cache = Softmax().forward(z)  # 1/8, 2/8, 5/8
jacobian = [[p[0, k] * ((k == j) - p[0, j]) for j in range(3)] for k in range(3)]
entropy.check("in z: p - y", [[0.125, -0.75, 0.625]], slopes(CE_Z, t, z))
entropy.check("-y/p times Jacobian", -t / p @ jacobian, Softmax().backward(-t / p, cache)[0])
entropy.check("in p: 1 - y/p", 1 - t / p, slopes(CE, t, p))
logits = np.log(y_hat / (1 - y_hat))
entropy.check("values from z", [-math.log(2 / 8), full / 4], [CE_Z(t, z), BCE_Z(y, logits)])
far, sure, wrong = [np.array([row]) for row in ([1000.0, -1000.0], [1.0, 0.0], [0.0, 1.0])]
got = [CE_Z(wrong, far), *slopes(CE_Z, wrong, far)[0]]
entropy.check("from z: 2000, slopes 1, -1", [2000, 1, -1], got)
got = [CE(wrong, sure), *slopes(CE, wrong, sure)[0]]
entropy.check("from p: 16.1, slopes 0, 0", [-math.log(1e-7), 0, 0], got)
for loss, at, target in ((CE, p, t), (CE_Z, z, t), (BCE, y_hat, y), (BCE_Z, logits, y)):
    entropy.check_gradient(gradcheck(loss, at, y_true=target), f"gradient check: {loss.where}")

# %%
e, q = np.linspace(-2, 2, 201), np.linspace(0.01, 0.99, 197)  # errors, answers
with style():
    fig = Figure(figsize=(9.6, 6.6))
    (a, b), (c, d) = fig.subplots(2, 2)
    for name, loss in (("D2: MSE", MSE), ("D3: half the sum", HALF), ("D2: RMSE", RMSE)):
        a.plot(e, [loss(np.zeros(5), np.full(5, v)) for v in e], label=name)
        c.plot(e, [slopes(loss, np.zeros(5), np.full(5, v)).sum() for v in e])
    for name, target, weight in (("y = 1", 1, 1), ("y = 0", 0, 1), ("y = 0, as printed", 0, 0)):
        b.plot(q, [BCE([target], [v], [weight]) for v in q], label=name)
        d.plot(q, weight * (q - target))
    b.plot(q, (1 - q) ** 2, label="y = 1, (1 - p)²")
    d.plot(q, 2 * (q - 1) * q * (1 - q))
    a.set(title="Squared errors  均方误差", ylabel="loss (yuan²; RMSE: yuan)")
    b.set(title="One sigmoid output  交叉熵", ylabel="loss (nats)")
    c.set(xlabel="error of all five samples (yuan)", ylabel="slope (yuan; RMSE: none)")
    d.set(xlabel="answer p = sigmoid(z) (no unit)", ylabel="slope in z (nats)")
    a.legend()
    b.legend()
lesson.figure(fig, "losses", "D3's MSE is 5/2 as steep as D2's, RMSE equally steep everywhere. "
              "Cross-entropy sends p - y back; as printed, with y = 0, nothing.")  # fmt: skip

# %% [markdown]
# ## A bug, and what catches it
#
# The value is a mean, the slope that of a sum. Training still works, at n times the rate.

# %%
bug = losses.MeanSquaredError()
bug.gradient = lambda kept, scale: 2 * kept  # without the 1/n in `scale`
report = gradcheck(bug, np.array([2.0, 2.0, 1.0, 5.0, 5.0]), y_true=[1, 2, 3, 4, 5])
print(report)
mse.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. For which n do D2 and D3 agree? Above which rate does D3's diverge for 1,000 samples?
# 2. Derive the slope of the mean absolute error. Where has it none? Let `gradcheck` look there.
# 3. Derive $\sigma(z) - y$ from the two-term form, with the slope $\sigma (1 - \sigma)$.

# %%
lesson.finish()
