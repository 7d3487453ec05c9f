# %% [markdown]
# # A network learns noise by heart  过拟合
#
# **The question.** The training error falls. Has the network learned anything?
#
# D2 §3.2 trains `Dense(64, relu)`, `Dense(64, relu)`, `Dense(1)` (多层感知机) on 100 rows of
# random numbers; y is random too. The mean absolute error (平均绝对误差),
# $\frac{1}{n} \sum |y_i - \hat{y}_i|$, on the same rows is printed as the test set's.

# %%
import numpy as np

import minidl as tf
from minidl import gradcheck
from minidl.lesson import Lesson
from minidl.plots import training_curves

lesson = Lesson("A network learns noise by heart  过拟合", __file__)

snippet = lesson.item(
    "S-D2-mlp", source="D2 §3.2, §4.2", verdict="wrong",
    printed="X and y independent noise; the MAE on the training rows, called the test set's",
    true="the training MAE falls to nearly 0; on fresh rows it is never below ¼, the mean's",
)  # fmt: skip

# %% [markdown]
# ## The network, literally
#
# It is sums and ReLUs, and its errors are means over the rows.


# %%
def literal_mlp(row, weights):
    for layer, (W, b) in enumerate(zip(weights[::2], weights[1::2])):
        z = [sum(v * W[i, j] for i, v in enumerate(row)) + b[j] for j in range(len(b))]
        row = z if layer == 2 else [max(0.0, v) for v in z]
    return row


rng = np.random.default_rng(0)
x, t = rng.normal(size=(7, 3)), rng.normal(size=(7, 1))
Dense = tf.layers.Dense
small = tf.Sequential([Dense(4, "relu"), Dense(4, "relu"), Dense(1)], seed=1, dtype="float64")
small.compile("adam", "mse", metrics=["mae"])
small.build((3,))
guess = [literal_mlp(row, small.get_weights()) for row in x]  # W (3, 4), b (4,), W (4, 4), …
snippet.check("the network, by loops", guess, small(x))
errors = (t - np.array(guess))[:, 0]
known = [sum(errors**2) / 7, sum(abs(errors)) / 7]
snippet.check("MSE and MAE", known, small.evaluate(x, t, verbose=0))
snippet.check_gradient(gradcheck(small, x))

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
# ## A bug, and what catches it
#
# ReLU's slope is 1 where its *input* was above 0. Where the gradient that comes down is above 0
# is another question; asked by mistake, it lets half of all errors vanish.


# %%
class AsksTheGradient(tf.layers.ReLU):
    def backward(self, dy, cache):
        return dy * (dy > 0), {}  # should be dy * (x > 0)


report = gradcheck(AsksTheGradient(), x)
print(report)
snippet.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. `SquaredReLU` is $\max(x, 0)^2$: 9 at 3. Write the layer and run `minidl check answers.py`.
#    Has it a kink at 0? What does a slope that grows do to a deep network?
# 2. A loss may hold answers near the mean 0: `PenalizedError` is the mean of
#    $(\hat{y} - y)^2 + 0.1\, \hat{y}^2$, and y = 1, ŷ = 2 give 1.4. To which ŷ does it lead?

# %%
lesson.finish()
