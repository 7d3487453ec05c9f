# %% [markdown]
# # Two tasks, one encoder  多任务学习
#
# **The question.** Does a network learn a task better when it learns another one beside it?
#
# D1 Q1 and D4 §9.3 (Q3): **multi-task learning** (多任务学习), to "train several tasks on the
# same data" (在同一数据集上训练多个任务), lowers the need for labels (减少标注数据需求) and, D1
# Q4, makes the model generalise better (提高模型的泛化能力). No formula, no number is printed.

# %%
import numpy as np

from minidl import Model, gradcheck, layers, losses, optimizers, plots
from minidl.datasets import load_digits
from minidl.lesson import Lesson

CE = losses.SparseCategoricalCrossentropy(from_logits=True)
lesson = Lesson("Two tasks, one encoder  多任务学习", __file__)

tasks = lesson.item(
    "T-multitask", source="D1 Q1, Q4; D4 Q3", verdict="partial",
    formula=r"\frac{\partial L}{\partial h} = \sum_k w_k \frac{\partial L_k}{\partial h}",
    printed="several tasks on the same data: fewer labels, better generalisation",
    true="a related task helps where labels are few, an unrelated one does harm",
)  # fmt: skip

# %% [markdown]
# ## One encoder, two heads (共享编码器)
#
# A **shared** layer makes $h$ of a picture; every task $k$ has a **head** that makes its scores
# $z$ of $h$. The loss is a weighted sum, $L = \sum_k w_k L_k$. A derivative of a sum is the sum
# of derivatives: what both tasks use gets $\sum_k w_k\, \partial L_k / \partial h$. Each task
# may bring its own rows; then the shared layer is used twice, and `collect` adds. Below q is
# the softmax of z, t the answer, one-hot: $\partial L_k / \partial z = (q - t) / N$.


# %%
class TwoTasks(Model):
    def __init__(self, units, classes, **options):
        super().__init__(**options)
        self.shared = layers.Dense(units, "relu")
        self.heads = [layers.Dense(n) for n in classes]

    def forward(self, x, training=False):
        hidden = [self.shared.forward(rows) for rows in x]
        scores = [head.forward(h) for head, (h, _) in zip(self.heads, hidden)]
        return tuple(z for z, _ in scores), [c for _, c in hidden + scores]

    def backward(self, dy, cache):
        dh, heads = zip(*map(layers.Dense.backward, self.heads, dy, cache[2:]))
        dx, shared = zip(*map(self.shared.backward, dh, cache[:2]))
        names = "shared", "shared", "heads.0", "heads.1"  # one layer, two gradients
        return dx, self.collect(*zip(names, shared + heads))


def loss_and_grads(model, x, y_true, weights):
    z, cache = model.forward(x, training=True)
    found, kept = zip(*map(CE.forward, y_true, z))
    dz = [w * CE.backward(c) for w, c in zip(weights, kept)]
    return np.dot(weights, found), *model.backward(dz, cache)


# %%
rng = np.random.default_rng(0)
x, w, y_true = rng.normal(size=(4, 3)), (1, 0.3), (np.array([0, 2, 1, 0]), [1, 0, 0, 1])
tiny = TwoTasks(2, (3, 2), dtype="float64")
tiny.build(((3,), (3,)), rng, "float64")
p, total, dW, dh = tiny.params, 0, np.zeros((3, 2)), np.zeros((4, 2))
h = np.maximum(x @ p["shared.W"] + p["shared.b"], 0)  # (4, 3) @ (3, 2) -> (4, 2)
for n in range(4):
    for k in range(2):
        e = np.exp(h[n] @ p[f"heads.{k}.W"] + p[f"heads.{k}.b"])
        q, t = e / e.sum(), np.eye(len(e))[y_true[k][n]]
        total += w[k] * -np.log(q @ t) / 4
        dh[n] += w[k] * p[f"heads.{k}.W"] @ (q - t) / 4  # the sum over both tasks
    dW += np.outer(x[n], dh[n] * (h[n] > 0))
loss, _, grads = loss_and_grads(tiny, (x, x), y_true, w)
tasks.check("loss: the weighted sum", total, loss)
tasks.check("shared W: both tasks' gradients", dW, grads["shared.W"])
tasks.check_gradient(gradcheck(tiny, (x, x[:2])))

# %% [markdown]
# ## A bug, and what catches it
#
# A dictionary has one value a name: filled task by task, it keeps one gradient of the shared
# layer. The loss falls, no shape is wrong. The check rejects just the shared layer.

# %%
tiny.collect = lambda *pairs: {f"{name}.{n}": g for name, own in pairs for n, g in own.items()}
wrong = [e.name for e in gradcheck(tiny, (x, x[:2])).entries if not e.passed]
tasks.check("the bug: what the check rejects", "shared.W shared.b", " ".join(wrong))

# %% [markdown]
# ## Does it help? (相关与无关的任务)
#
# The main task: which of ten digits, with 2, 5 or 20 labels each. The other has 1,197 labels:
# by turns a **related** task, "is it 0 or 1, 2 or 3, …", coarse and so cheaper to label, and an
# **unrelated** one, "how much ink (墨量), in five grades". Weight 0 is the main task alone. A
# gain is a difference from it, from the same start and rows, on 600 pictures seen by neither.

# %%
X, digit = load_digits(return_X_y=True)
X, ink = (X / 16).astype("float32"), X.sum(axis=1)
grades = 5 * ink.argsort().argsort() // len(ink)  # 0: the fifth with the least ink
OTHERS = {"related": digit // 2, "unrelated": grades}
SEEDS = range(25 if lesson.full else 5)


def accuracy(other, weight, labels, seed):
    rng = np.random.default_rng(seed)
    test, many = np.split(rng.permutation(len(X)), [600])
    few = np.concatenate([many[digit[many] == k][:labels] for k in range(10)])
    model, adam = TwoTasks(16, (10, 5), seed=seed), optimizers.Adam(0.01)
    model.build(((64,), (64,)), None, "float32")
    for _ in range(150):
        rows = rng.choice(many, 64)
        y_true = digit[few], OTHERS[other][rows]
        *_, grads = loss_and_grads(model, (X[few], X[rows]), y_true, (1, weight))
        adam.step(model.trainable_params, grads)
    return (model((X[test], X[test]))[0].argmax(axis=1) == digit[test]).mean()


alone = {n: [accuracy("related", 0, n, seed) for seed in SEEDS] for n in (2, 5, 20)}
cases = [(1, 2), (1, 5), (1, 20), (0.1, 5), (10, 5)]  # weight, labels of each digit
gains = {
    other: [[accuracy(other, w, n, s) - alone[n][s] for s in SEEDS] for w, n in cases]
    for other in OTHERS
}
with plots.style():
    axes = plots.new_axes("", "gain in accuracy", "What the other task adds  增益")
    axes.axhline(0, color=plots.INK, linewidth=1)
    for (other, found), marker in zip(gains.items(), "os"):
        mean, error = np.mean(found, axis=1), np.std(found, axis=1, ddof=1) / len(SEEDS) ** 0.5
        axes.errorbar(range(5), mean, error, marker=marker, ls="", capsize=5, label=other)
    axes.set_xticks(range(5), [f"{n} labels\nw = {w:g}" for w, n in cases])
    axes.legend()
lesson.figure(axes.figure, "gains", "Means of the seeds and standard errors, on test pictures.")
related, unrelated = np.mean(list(gains.values()), axis=2)
tasks.check("related, 2 labels: it helps", 0.01, related[0], op=">=")
tasks.check("related, 20 labels: hardly", 0.025, related[2], op="<=")
tasks.check("unrelated, 2 labels: harm", -0.01, unrelated[0], op="<=")
tasks.check("unrelated, weight 10: worse", -0.05, unrelated[4], op="<=")
tasks.check("2 labels and the related task: below 5 labels alone",
            np.mean(alone[2]) + related[0], np.mean(alone[5]), op=">")  # fmt: skip

# %% [markdown]
# "Fewer labels" holds for a related task where labels are few; three more of each digit do more
# than 1,197 coarse ones. An unrelated one does harm (负迁移), the more the greater its weight.
#
# ## Exercises
#
# 1. Learn the weights (Kendall et al. 2018): `LearnedWeights` has x (N, 2), two tasks' losses,
#    trained s (2,), and $y = \sum_k x_k e^{-s_k} + s_k$, (N, 1). For s = (0, 0.5) and x = (1,
#    2) it is 2.7131. Put the class in a file, and run `minidl check answers.py`.
# 2. Share a part: `CrossStitch` (Misra et al. 2016) has x (N, 2, D), two tasks' hidden vectors,
#    a trained A (2, 2), and $y_k = \sum_m A_{km}\, x_m$. For A = [[0.9, 0.1], [0.2, 0.8]] and
#    the vectors (1, 2), (3, 4) it is 1.2, 2.2, 2.6, 3.6. Put `CHECKS = [(CrossStitch(), x)]`.

# %%
lesson.finish()
