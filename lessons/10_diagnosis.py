# %% [markdown]
# # A diagnosis by softmax  智能医疗诊断
#
# **The question.** Given a patient's symptoms (症状), how probable is each disease? D3 §4.2.2:
# $\hat{D} = \text{softmax}(\theta \cdot \text{Embedding}(x))$, "$\hat{D}$ the probability
# distribution (概率分布) of the diseases, θ the model's parameters, Embedding(x) the embedding
# vector of the input". Its example has a *vector* θ. Does that work?

# %%
import math

import numpy as np

from minidl import plots
from minidl.callbacks import EarlyStopping
from minidl.datasets import load_breast_cancer, make_diagnosis
from minidl.layers import Dense, Embedding, Flatten, Softmax
from minidl.lesson import Lesson
from minidl.models import Sequential
from minidl.optimizers import Adam
from minidl.preprocessing.scaling import StandardScaler
from minidl.preprocessing.split import train_test_split
from minidl.testing import gradcheck

lesson = Lesson("A diagnosis by softmax  智能医疗诊断", __file__)

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
system = lesson.item(
    "Y-diagnose", source="D3 §4.2.2", verdict="partial", printed="the formula alone",
    true="trained; judged on other patients, by accuracy and by the probabilities",
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
# **The worked example** (实例). D3 §4.3.2: x = [1, 2, 3, 4, 5], θ = [0.1, 0.2, 0.3, 0.4, 0.5],
# Embedding(x) = [0.6, 0.7, 0.8, 0.9, 1.0], so one number an answer, and "softmax([0.36, 0.42,
# 0.48, 0.54, 0.6]) ≈ [0.1, 0.1, 0.1, 0.1, 0.5]". The θ with such logits is 0.6 times the
# identity. With the θ of the text on a diagonal they are θ ⊙ Emb(x); as it stands, one number.

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


class DiagonalOnly(Softmax):
    def backward(self, dy, cache):
        return dy * cache * (1 - cache), {}


report = gradcheck(DiagonalOnly(), rng.normal(size=(4, 3)))
print(report)
formula.check("the bug passes the gradient check", False, report.passed)
formula.check("it is named", True, "the diagonal alone" in report.headline)

# %% [markdown]
# ## The system, on planted patients
#
# `make_diagnosis` plants θ and draws each patient's disease from the planted probabilities. The
# same symptoms can have two causes: even the planted rule, naming the most probable disease, is
# often wrong. 12 symptoms of 4 grades (0 absent, 3 strong) are 48 ids.

# %%
SEED = 0
data = make_diagnosis(n=8000, symptoms=12, diseases=4, grades=4, seed=SEED)
ids = (data.X + 4 * np.arange(12)).astype(int)  # (8000, 12): a row of the table for each grade
train, test = slice(0, 6000), slice(6000, None)  # of the 6,000 the last 10 % say when to stop


def fitted(layers, X, y):
    """The model trained until the validation loss stops falling."""
    model = Sequential(layers, seed=SEED)
    model.compile(Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, 64, epochs=60, validation_split=0.1, verbose=0,
              callbacks=[EarlyStopping(patience=4, restore_best_weights=True)])  # fmt: skip
    return model


doctor = fitted([Embedding(48, 2), Flatten(), Dense(4, "softmax")], ids[train], data.y[train])
_, accuracy = doctor.evaluate(ids[test], data.y[test], verbose=0)
best = np.mean(data.probs[test].argmax(axis=1) == data.y[test])
y_pred = doctor.predict(ids[test], 512, verbose=0)
error = np.abs(y_pred - data.probs[test]).mean()
print(f"new patients: right {accuracy:.3f}, planted rule {best:.3f}; each p off by {error:.3f}")
system.check("accuracy, as a share of the planted rule's", 0.98, accuracy / best, op=">=")
system.check("mean error of a probability", 0.035, error, op="<=")

# %% [markdown]
# **Are the probabilities true?** Where the model says 30 %, it should be so in 30 % of cases:
# then it is calibrated (校准). Its 8,000 statements "disease k, probability p" fill ten bins.

# %%
said, true = y_pred.ravel(), (np.arange(4) == data.y[test, None]).ravel()  # (2000, 4) each
bins = np.minimum(said * 10, 9).astype(int)
count = np.bincount(bins, minlength=10)
stated, seen = (np.bincount(bins, v, 10) / count for v in (said, true))
system.check("calibration error", 0.03, (count * np.abs(stated - seen)).sum() / 8000, op="<=")
fig = plots.regression_line(stated, seen, {"right": lambda p: p}, None, "Calibration  校准",
                            "probability stated", "share that was so")  # fmt: skip
lesson.figure(fig, "calibration", "Stated probabilities, and how often they came true.")

# %% [markdown]
# ## Real tumours
#
# 569 tumours with 30 measurements of their cell nuclei: a vector already, which standardised
# takes the place of Emb(x). A missed malignant tumour is the costly error: accuracy does not
# show it, the confusion matrix does.

# %%
tumours = load_breast_cancer()
X, X_test, y, y_test = train_test_split(*tumours, test_size=0.25, random_state=SEED,
                                        stratify=tumours.y)  # fmt: skip
scaler = StandardScaler().fit(X)
clinic = fitted([Dense(2, "softmax")], scaler.transform(X), y)
found = clinic.predict(scaler.transform(X_test), verbose=0).argmax(axis=1)
matrix = np.bincount(2 * y_test + found, minlength=4).reshape(2, 2)
accuracy = np.trace(matrix) / len(y_test)
print(f"{len(y_test)} test tumours: right {accuracy:.3f}, always benign {y_test.mean():.3f}; "
      f"{matrix[0, 1]} of {matrix[0].sum()} malignant ones missed")  # fmt: skip
system.check("accuracy on real test tumours", 0.94, accuracy, op=">=")
names = tumours.target_names
fig = plots.heat_map(matrix, names, names, "Test tumours", "tumours", "model says", "truth")
lesson.figure(fig, "confusion", "Confusion matrix 混淆矩阵: what is off the diagonal is wrong.")

# %% [markdown]
# ## Exercises
#
# 1. Add 100 to every logit. What changes in softmax, what in `literal_softmax` at 1000?
# 2. Two diseases: show that softmax of $(z_0, z_1)$ is a sigmoid of $z_1 - z_0$.
# 3. A miss costs ten times a false alarm: from which probability on should the alarm ring?

# %%
lesson.finish()
