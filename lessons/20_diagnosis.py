# %% [markdown]
# # A diagnosis, and whether its probabilities are true  智能医疗诊断
#
# **The question.** A model says: this disease, 90 %. Is it so in 90 of 100 such cases?
#
# D3 §4.2.2 gives a patient's symptoms (症状) to an Embedding and a softmax, "the probability
# distribution (概率分布) of the diseases". It trains nothing. We train it on patients with
# known answers, and judge it on others: by accuracy, and by the probabilities themselves.

# %%
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

lesson = Lesson("A diagnosis, and whether its probabilities are true  智能医疗诊断", __file__)

system = lesson.item(
    "Y-diagnose", source="D3 §4.2.2", verdict="partial", printed="the formula alone",
    true="trained; judged on other patients, by accuracy and by the probabilities",
)  # fmt: skip

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


def fitted(layers, X, y, loss):
    """The model trained until the validation loss stops falling."""
    model = Sequential(layers, seed=SEED)
    model.compile(Adam(0.01), loss, metrics=["accuracy"])
    model.fit(X, y, 64, epochs=60, validation_split=0.1, verbose=0,
              callbacks=[EarlyStopping(patience=4, restore_best_weights=True)])  # fmt: skip
    return model


def layers_of_d3():
    return [Embedding(48, 2), Flatten(), Dense(4, "softmax")]


loss = "sparse_categorical_crossentropy"
doctor = fitted(layers_of_d3(), ids[train], data.y[train], loss)
system.check_gradient(gradcheck(doctor, ids[:4], max_entries=20))
_, accuracy = doctor.evaluate(ids[test], data.y[test], verbose=0)
best = np.mean(data.probs[test].argmax(axis=1) == data.y[test])
y_pred = doctor.predict(ids[test], 512, verbose=0)
error = np.abs(y_pred - data.probs[test]).mean()
print(f"new patients: right {accuracy:.3f}, planted rule {best:.3f}; each p off by {error:.3f}")
system.check("accuracy, as a share of the planted rule's", 0.98, accuracy / best, op=">=")
system.check("mean error of a probability", 0.035, error, op="<=")

# %% [markdown]
# ## Are the probabilities true?
#
# Where the model says 30 %, it should be so in 30 % of cases: then it is calibrated (校准). Its
# 8,000 statements "disease k, probability p" fill ten bins by p. In each bin the mean statement
# is held against the share that was so, and the differences are averaged over all statements.


# %%
def calibration(y_pred):
    """(stated, seen, error): a bin's mean probability, how often it was so, the mean gap."""
    said, true = y_pred.ravel(), (np.arange(4) == data.y[test, None]).ravel()  # (8000,) each
    _, bins, count = np.unique((said * 10).astype(int), return_inverse=True, return_counts=True)
    stated, seen = (np.bincount(bins, v) / count for v in (said, true))
    return stated, seen, (count * np.abs(stated - seen)).sum() / count.sum()


stated, seen, error = calibration(y_pred)
system.check("calibration error", 0.03, error, op="<=")

# %% [markdown]
# ## A bug that accuracy does not show
#
# Two softmaxes, one in the last layer and one behind it: easily done, where one programmer ends
# the model in probabilities and another makes them from logits. It trains, the gradient check
# passes, and the largest output still names the most probable disease. But a softmax of numbers
# in [0, 1] is mild: of four classes none can get more than $e / (e + 3) = 0.475$. The model is
# too modest by far, and only the calibration tells.

# %%
modest = fitted([*layers_of_d3(), Softmax()], ids[train], data.y[train], loss)
system.check_gradient(gradcheck(modest, ids[:4], max_entries=20), "softmax twice: the gradient")
y_twice = modest.predict(ids[test], 512, verbose=0)
right = np.mean(y_twice.argmax(axis=1) == data.y[test])
stated_twice, seen_twice, error_twice = calibration(y_twice)
print(f"softmax twice: right {right:.3f}, calibration error {error_twice:.3f} for {error:.3f}")
system.check("softmax twice: largest probability", 0.4755, y_twice.max(), op="<=")
system.check("its accuracy, as a share of the planted rule's", 0.96, right / best, op=">=")
system.check("its calibration error", 0.06, error_twice, op=">=")
with plots.style():
    axes = plots.new_axes("probability stated", "share that was so", "Calibration  校准")
    axes.plot([0, 1], [0, 1], color=plots.INK, linestyle=":", label="true statements")
    axes.plot(stated, seen, marker="o", label="one softmax")
    axes.plot(stated_twice, seen_twice, marker="s", label="two")
    axes.legend()
lesson.figure(axes.figure, "calibration", "Stated probabilities, and how often they came true.")

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
clinic = fitted([Dense(2, "softmax")], scaler.transform(X), y, loss)
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
# 1. The Brier score judges probabilities without a logarithm: the mean over patients of $\sum_k
#    (p_k - t_k)^2$, t one-hot. Of p = (0.2, 0.8), t = (1, 0) it is 1.28; the worst is 2. Write
#    the loss `Brier` (y_true are the t), and let `minidl check answers.py` judge it.
# 2. A miss costs ten times a false alarm. `CostlyMiss` is the mean of $-w \ln p_k$, k the true
#    class, w = 10 for class 0 and 1 for all others; y_true (N,) holds k. Of p = (0.2, 0.8) it
#    is 16.0944 for k = 0. From which p of class 0 on should the alarm ring? Put
#    `CHECKS = [(CostlyMiss(), y_true, y_pred)]` below it, with some probabilities.

# %%
lesson.finish()
