# %% [markdown]
# # Standardization  标准化
#
# **The question.** Features come in all sizes. How are they made alike, and by whose numbers?
#
# D2 §3.2 prints before its network, as "归一化", $X = (X - \mathrm{mean}\, X) / \mathrm{std}\,
# X$ over the whole array: one mean for everything, taken of all rows.

# %%
import numpy as np

import minidl as tf
from minidl import datasets, gradcheck
from minidl.lesson import Lesson
from minidl.plots import bars
from minidl.preprocessing import StandardScaler, train_test_split

lesson = Lesson("Standardization  标准化", __file__)

standardize = lesson.item(
    "F-D2-standardize", source="D2 §3.2", verdict="partial",
    formula=r"z_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j}, \quad \mu_j, \sigma_j "
            r"\text{ of the training rows}",
    printed="(X − mean X) / std X over the whole array",
    true="feature by feature, with the training rows' mean and deviation only",
)  # fmt: skip

# %% [markdown]
# ## The formula, literally
#
# Column by column each feature j has its own mean μ and deviation σ. Printed, all share one.


# %%
def literal_standardize(column):
    mean = sum(column) / len(column)
    deviation = (sum((v - mean) ** 2 for v in column) / len(column)) ** 0.5
    return [(v - mean) / deviation for v in column]


rng = np.random.default_rng(0)
x = rng.normal(size=(7, 3)) * (1, 10, 100)
columns = np.transpose([literal_standardize(column) for column in x.T.tolist()])
scaler = StandardScaler().fit(x)
standardize.check("feature by feature", columns, scaler.transform(x))
whole = literal_standardize(x.ravel().tolist())
standardize.check("the whole array, as printed", whole, ((x - np.mean(x)) / np.std(x)).ravel())
standardize.check("and back", x, scaler.inverse_transform(columns))
layer = (lambda x: (scaler.transform(x), None)), (lambda dy, cache: dy / scaler.scale_)
standardize.check_gradient(gradcheck(layer, x), "its slope is 1/σ of each feature")

# %% [markdown]
# ## One mean for all features
#
# D2's features are random numbers and alike, so one μ and σ do little harm. A wine's are not:
# proline goes to 1680, hue to 1.71. Over the whole array hue becomes a constant, to two digits,
# and a network sees proline alone.

# %%
wine = datasets.load_wine()
scaled = (wine.X - wine.X.mean()) / wine.X.std()
hue = scaled[:, wine.feature_names.index("hue")]
print(f"whole array: hue {hue.min():.3f} to {hue.max():.3f}, proline to {scaled.max():.1f}")
standardize.check("hue's deviation is nearly 0", 0.01, hue.std(), op="<")
picture = bars(dict(zip(wine.feature_names, scaled.std(axis=0))), "deviation (no unit)",
               "Wine, scaled by the whole array  标准差")  # fmt: skip
lesson.figure(picture, "wine", "One feature of 13 is left to see; column by column all have 1.")


# %%
def accuracy(seed, scale):
    train, test, y, y_test = train_test_split(
        wine.X, wine.y, test_size=0.3, random_state=seed, stratify=wine.y
    )
    Dense = tf.layers.Dense
    model = tf.Sequential([Dense(16, "relu"), Dense(3, "softmax")], seed=seed)
    model.compile(tf.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(scale(train, train), y, epochs=20, verbose=0)
    return model.evaluate(scale(test, train), y_test, verbose=0)[1]


def by_all(X, train):
    return (X - train.mean()) / train.std()


def by_feature(X, train):
    return StandardScaler().fit(train).transform(X)


whole, each = (np.mean([accuracy(s, f) for s in range(4)]) for f in (by_all, by_feature))
print(f"held-out accuracy on wine: whole array {whole:.3f}, feature by feature {each:.3f}")
standardize.check("feature by feature", 0.93, each, op=">=")
standardize.check("the whole array: at least 0.1 worse", each - 0.1, whole, op="<=")

# %% [markdown]
# ## What leaks (数据泄漏)
#
# Hide one y of 100, but scale before the split, as printed. The 99 training rows then give μ
# and σ away, and 100 μ less their sum **is** the hidden number; with 20 hidden, it is their
# sum. Scaled after the split, the same difference is only the mean of the rows one has.

# %%
y = rng.random(100)
scaled, seen = ((y - y.mean()) / y.std())[:-1], y[:-1]
sigma, mu = np.polyfit(scaled, seen, 1)  # y = σ z + μ through the rows one has
standardize.check("the hidden y, from the others", y[-1], 100 * mu - seen.sum())
mu = StandardScaler().fit(seen[:, None]).mean_[0]
standardize.check("scaled after the split: only the mean", seen.mean(), 100 * mu - seen.sum())

# %% [markdown]
# ## A bug, and what catches it
#
# `fit_transform` on the test rows too: they then have their own μ and σ. All seems well until
# one row comes alone. What catches it: rows one by one must come out as they do together.

# %%
scaler, rows = StandardScaler().fit(wine.X[::2]), wine.X[1:9:2]
alone = np.concatenate([scaler.transform(row[None]) for row in rows])
standardize.check("one by one as together", scaler.transform(rows), alone)
alone = np.concatenate([StandardScaler().fit_transform(row[None]) for row in rows])
standardize.check("with the bug every row becomes zeros", np.zeros_like(rows), alone)

# %% [markdown]
# ## Exercises
#
# 1. `MinMax(low, high)` takes each feature to 0 at its `low` and 1 at its `high`, two arrays of
#    the training rows: (x - low) / (high - low). For low = (0, 278) and high = (2, 1680),
#    x = (1, 1680) gives 0.5, 1. Write the layer, say what it is checked with by
#    `CHECKS = [(MinMax(low, high), x)]`, and run `minidl check answers.py`.
# 2. Needing no rows at all, `SignedLog` is $\mathrm{sign}(x) \log(1 + |x|)$: proline's 1680
#    becomes 7.4271. How steep is it there, and at 0?

# %%
lesson.finish()
