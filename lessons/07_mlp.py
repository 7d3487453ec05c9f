# %% [markdown]
# # A multilayer perceptron on tables  多层感知机
#
# **The question.** The training error falls. Has the network learned anything?
#
# D2 §3.2 trains `Dense(64, relu)`, `Dense(64, relu)`, `Dense(1)` on 100 rows of random numbers.
# "归一化" before it is $X = (X - \mathrm{mean}\, X) / \mathrm{std}\, X$ over the whole array.
# The mean absolute error (平均绝对误差) on the same rows is printed as the test set's.

# %%
from dataclasses import replace

import numpy as np

import minidl as tf
from minidl import datasets, gradcheck
from minidl.applications.tables import RECIPES, held_out_scores
from minidl.lesson import Lesson
from minidl.plots import bars, training_curves
from minidl.preprocessing import StandardScaler, train_test_split

lesson = Lesson("A multilayer perceptron on tables  多层感知机", __file__)

standardize = lesson.item(
    "F-D2-standardize", source="D2 §3.2", verdict="partial",
    formula=r"z_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j}, \quad \mu_j, \sigma_j "
            r"\text{ of the training rows}",
    printed="(X − mean X) / std X over the whole array",
    true="feature by feature, with the training rows' mean and deviation only",
)  # fmt: skip
snippet = lesson.item(
    "S-D2-mlp", source="D2 §3.2, §4.2", verdict="wrong",
    printed="X and y independent noise; the MAE on the training rows, called the test set's",
    true="the training MAE falls to nearly 0; on fresh rows it is never below ¼, the mean's",
)  # fmt: skip
system = lesson.item(
    "Y-mlp", source="D2 §3.1, §3.2", verdict="partial",
    formula=r"R^2 = 1 - \frac{\sum (y - \hat{y})^2}{\sum (y - \bar{y})^2}",
    printed="preprocess, build, train, evaluate on a validation set, deploy",
    true="training, validation and test rows apart; every result below is on held-out rows",
)  # fmt: skip

# %% [markdown]
# ## The formulas, literally
#
# The printed expression has one mean for everything. Column by column (标准化) each feature j
# has its own μ and σ. The network is sums and ReLUs; its errors are means over the rows.


# %%
def literal_standardize(column):
    mean = sum(column) / len(column)
    deviation = (sum((v - mean) ** 2 for v in column) / len(column)) ** 0.5
    return [(v - mean) / deviation for v in column]


def literal_mlp(row, weights):
    for layer, (W, b) in enumerate(zip(weights[::2], weights[1::2])):
        z = [sum(v * W[i, j] for i, v in enumerate(row)) + b[j] for j in range(len(b))]
        row = z if layer == 2 else [max(0.0, v) for v in z]
    return row


rng = np.random.default_rng(0)
x, t = rng.normal(size=(7, 3)) * (1, 10, 100), rng.normal(size=(7, 1))
columns = np.transpose([literal_standardize(column) for column in x.T.tolist()])
standardize.check("feature by feature", columns, StandardScaler().fit_transform(x))
whole = literal_standardize(x.ravel().tolist())
standardize.check("the whole array, as printed", whole, ((x - np.mean(x)) / np.std(x)).ravel())
back = StandardScaler().fit(x).inverse_transform(columns)
standardize.check("and back", x, back)

Dense = tf.layers.Dense
small = tf.Sequential([Dense(4, "relu"), Dense(4, "relu"), Dense(1)], seed=1, dtype="float64")
small.compile("adam", "mse", metrics=["mae", "r2"])
weights = small.build((3,)) or small.get_weights()  # W (3, 4), b (4,), W (4, 4), …
guess = [literal_mlp(row, weights) for row in columns]
snippet.check("the network, by loops", guess, small(columns))
errors = (t - np.array(guess))[:, 0]
known = [sum(errors**2) / 7, sum(abs(errors)) / 7, 1 - sum(errors**2) / 7 / t.var()]
snippet.check("MSE, MAE and R²", known, small.evaluate(columns, t, verbose=0))
pairs = [(p > q) + (p == q) / 2 for p in (0.9, 0.4, 0.4) for q in (0.4, 0.1)]
area = tf.metrics.AUC()([1, 1, 1, 0, 0], np.array([0.9, 0.4, 0.4, 0.4, 0.1]))
system.check("AUC: pairs in the right order", sum(pairs) / len(pairs), area)
snippet.check_gradient(gradcheck(small, columns))

# %% [markdown]
# ## The snippet
#
# As printed. The lesson draws the same numbers once before, to know them before scaling.

# %% S-D2-mlp as printed
np.random.seed(0), tf.set_seed(0)
X_raw, y_raw = np.random.rand(100, 10), np.random.rand(100, 1)
np.random.seed(0)

# 生成模拟数据
X = np.random.rand(100, 10)
y = np.random.rand(100, 1)

# 归一化
X = (X - np.mean(X)) / np.std(X)
y = (y - np.mean(y)) / np.std(y)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation='relu', input_shape=(10,)),
    tf.keras.layers.Dense(64, activation='relu'),
    tf.keras.layers.Dense(1)
])  # fmt: skip
model.compile(optimizer='adam',
              loss='mse',
              metrics=['mae'])  # fmt: skip
model.fit(X, y, epochs=10)

loss, mae = model.evaluate(X, y)
print("测试集 MAE:", mae)

# 预测
predictions = model.predict(X)

# %% [markdown]
# y has nothing to do with X. The best answer to a new row is y's mean ½, with MAE ¼; **no**
# function of X has less. Train on, and let 1000 fresh rows, scaled like the first, judge.

# %%
fresh_X = (np.random.rand(1000, 10) - X_raw.mean()) / X_raw.std()
fresh_y = (np.random.rand(1000, 1) - y_raw.mean()) / y_raw.std()
early = model.evaluate(fresh_X, fresh_y, verbose=0)[1]
curves = model.fit(X, y, epochs=150, verbose=0, validation_data=(fresh_X, fresh_y)).history
seen, fresh = (y_raw.std() * np.array([first, *curves[name]])  # back in y's own unit
               for first, name in ((mae, "mae"), (early, "val_mae")))  # fmt: skip
for epoch, i in ((10, 0), (160, -1)):
    print(f"epoch {epoch:3}: MAE {seen[i]:.3f} on the rows seen, {fresh[i]:.3f} on fresh rows")
snippet.check("epoch 10, rows seen: already below 1/4", 0.25, seen[0], op="<")
snippet.check("fresh rows: never", 0.25 - 0.01, fresh.min(), op=">")
snippet.check("epoch 160: the rows seen are known by heart", 0.05, seen[-1], op="<")
snippet.check("and fresh ones answered worse than before", fresh[0], fresh[-1], op=">")
curves = {"mae": seen, "val_mae": fresh}
picture = training_curves(curves, title="Noise, known by heart  过拟合", unit="y's unit")
picture.axes[0].set_xlabel("epochs after the snippet's ten")
lesson.figure(picture, "noise", "MAE: on the rows seen towards 0, on fresh rows up from 1/4.")

# %% [markdown]
# ## One mean for all features
#
# The snippet's features are alike, so one μ and σ do little harm. A wine's are not: proline
# goes to 1680, hue to 1.71. Over the whole array hue becomes a constant, to two digits.

# %%
wine = datasets.load_wine()
scaled = (wine.X - wine.X.mean()) / wine.X.std()
hue = scaled[:, wine.feature_names.index("hue")]
print(f"whole array: hue {hue.min():.3f} to {hue.max():.3f}, proline to {scaled.max():.1f}")
standardize.check("hue's deviation is nearly 0", 0.01, hue.std(), op="<")


def accuracy(seed, scale):
    train, test, y, y_test = train_test_split(
        wine.X, wine.y, test_size=0.3, random_state=seed, stratify=wine.y
    )
    model = tf.Sequential([Dense(16, "relu"), Dense(3, "softmax")], seed=seed)
    model.compile(tf.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(scale(train, train), y, epochs=20, verbose=0)
    return model.evaluate(scale(test, train), y_test, verbose=0)[1]


by_all = lambda X, train: (X - train.mean()) / train.std()  # noqa: E731
by_feature = lambda X, train: StandardScaler().fit(train).transform(X)  # noqa: E731
whole, each = (np.mean([accuracy(s, f) for s in range(4)]) for f in (by_all, by_feature))
print(f"held-out accuracy on wine: whole array {whole:.3f}, feature by feature {each:.3f}")
standardize.check("feature by feature", 0.93, each, op=">=")
standardize.check("the whole array: at least 0.1 worse", each - 0.1, whole, op="<=")

# %% [markdown]
# ## What leaks (数据泄漏)
#
# Hide one y, but scale before the split, as printed. The 99 training rows then give μ and σ
# away, and 100 μ less their sum **is** the hidden number; with 20 hidden, it is their sum.
# Scaled after the split, the same difference is only the mean of the rows one has.

# %%
scaled, seen = ((y_raw - y_raw.mean()) / y_raw.std())[:-1, 0], y_raw[:-1, 0]
sigma, mu = np.polyfit(scaled, seen, 1)  # y = σ z + μ through the rows one has
standardize.check("the hidden y, from the others", y_raw[-1, 0], 100 * mu - seen.sum())
mu = StandardScaler().fit(y_raw[:-1]).mean_[0]
standardize.check("scaled after the split: only the mean", seen.mean(), 100 * mu - seen.sum())

# %% [markdown]
# ## Three sets: 训练集、验证集、测试集
#
# Rows are dealt like cards into five hands, every class (or low and high targets) in equal
# shares. Three hands train. One validates: it chooses the setting, and when to stop. One tests,
# and is looked at once. Five turns test each row once (`minidl/applications/tables.py`). The
# score that chose is too good: it was the best of several.

# %%
X, y = datasets.load_diabetes(return_X_y=True)
best = RECIPES["diabetes"]
settings = {"linear": replace(best, hidden=()), "no dropout": replace(best, dropout=0.0),
            "dropout ½": best}  # fmt: skip
scores = np.array([held_out_scores(X, y, s) for s in settings.values()])  # (3, 5, 2)
chosen = scores[:, :, 0].argmax(axis=0)  # of each turn, by its validation rows
validation, test = scores[chosen, np.arange(5)].T
print("diabetes, chosen in the five turns:", ", ".join([*settings][i] for i in chosen))
print(f"R² {validation.mean():.3f} on the rows that chose, {test.mean():.3f} on test rows")
system.check("diabetes, R² with the setting chosen in each turn", 0.43, test.mean(), op=">=")

# %% [markdown]
# A test set of 88 patients makes a single split swing: look at the least and the largest of
# the five. On these small tables a linear model is about as good as the network; on images it
# is not. MNIST's training images are there five times, four of them moved by a pixel.

# %%
bars_to_reach = {"digits": 0.97, "breast_cancer": 0.96, "mnist_5k": 0.94, "diabetes": 0.45,
                 "german_credit": 0.76}  # fmt: skip
turns, found = {"digits": 3, "mnist_5k": 1}, {}  # five of all with --full
for name, bar in bars_to_reach.items():
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    recipe, tries = RECIPES[name], None if lesson.full else turns.get(name)
    linear, mlp = ([test for _, test in held_out_scores(X, y, r, tries=tries)]
                   for r in (replace(recipe, hidden=()), recipe))  # fmt: skip
    found[f"{name}, {recipe.score}"] = mlp
    print(f"{name:14} {recipe.score:9} linear {np.mean(linear):.3f}   MLP {np.mean(mlp):.3f}"
          f"   ({min(mlp):.3f} to {max(mlp):.3f})")  # fmt: skip
    system.check(f"{name}: held-out {recipe.score}", bar, np.mean(mlp), op=">=")
lesson.figure(bars(found, "held-out score (no unit)", "Rows never seen  测试集"), "tables",
              "Means over the test sets, with the least and the largest.")  # fmt: skip

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
# 1. Give the snippet y = X's first column plus noise. How many rows until fresh rows gain?
# 2. Hide 20 y instead of one. What do the training rows give away?
# 3. Test german_credit on 10 hands instead of 5. Do mean and swing change?

# %%
lesson.finish()
