# %% [markdown]
# # Reading step by step: the LSTM  长短期记忆网络
#
# **The question.** A text, or a share's price, comes one step at a time. How does a network
# carry what it has read to the end, and how does a gradient get back to the beginning?
#
# D1 §5.2 classifies financial risk (金融风险评估, §4.3) by Embedding (嵌入层), LSTM and a fully
# connected layer (全连接层), D3 §5.2 reviews. Neither prints the LSTM's equations:
#
# $$i, f, o = \sigma(x_t W + h_{t-1} U + b), \quad \tilde c = \tanh(x_t W + h_{t-1} U + b)$$
# $$c_t = f\, c_{t-1} + i\, \tilde c, \qquad h_t = o \tanh c_t, \qquad h_0 = c_0 = 0$$
#
# with columns of $W$ (D, 4U), $U$ (U, 4U), $b$ (4U,) for each of $i, f, \tilde c, o$. $c$ is
# the memory (记忆); gates (门) in (0, 1) let in ($i$, 输入门), keep ($f$, 遗忘门), show ($o$).

# %%
import math

import numpy as np

import minidl as tf
from minidl import Sequential, gradcheck, keras, layers, plots, set_seed
from minidl.applications.lstm_classifier import LSTMClassifier
from minidl.datasets.risk import load_stock_risk
from minidl.layers import LSTM, Embedding
from minidl.lesson import Lesson

lesson = Lesson("Reading step by step: the LSTM  长短期记忆网络", __file__)

snippet = lesson.item(
    "S-D1-lstm", source="D1 §5.2", verdict="wrong",
    printed="Embedding, LSTM, Dense; loss_fn(y_true, predictions) in train_step(data)",
    true="y_true is not defined; nothing pre-trained is loaded; 250 batch losses, not 10 means",
)  # fmt: skip
system = lesson.item(
    "Y-lstm", source="D1 §4.3, D3 §5.2", verdict="partial",
    formula=r"c_t = f \odot c_{t-1} + i \odot \tilde c, \quad h_t = o \odot \tanh c_t",
    printed="a classifier with an LSTM; no equations, no data, no test",
    true="the cell by its equations, its gradient, and a test in the future beside baselines",
)  # fmt: skip

# %% [markdown]
# ## The equations, literally: one sequence, one unit, one number at a time


# %%
def literal_lstm(x, W, U, b):
    """(i, f, o, c, h) of every step and unit, (T, U, 5), for one sequence x (T, D)."""
    n, path = len(U), []
    h, c = [0.0] * n, [0.0] * n
    for x_t in x:
        z = [b[k] + sum(x_t[d] * W[d][k] for d in range(len(W)))
             + sum(h[v] * U[v][k] for v in range(n)) for k in range(4 * n)]  # fmt: skip
        path.append([])
        for u in range(n):
            i, f, o = (1 / (1 + math.exp(-z[k])) for k in (u, n + u, 3 * n + u))
            c[u] = f * c[u] + i * math.tanh(z[2 * n + u])
            h[u] = o * math.tanh(c[u])
            path[-1].append((i, f, o, c[u], h[u]))
    return np.array(path)


def built(layer):
    """The layer with random weights, so large that every gate matters."""
    layer.build((None, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=a.shape) for a in layer.get_weights()])
    return layer


x = np.random.default_rng(1).normal(size=(2, 7, 3))  # (N, T, D)
last = built(LSTM(4, dtype="float64"))
reader = built(LSTM(4, return_sequences=True, return_state=True, dtype="float64"))
paths = np.array([literal_lstm(row, *reader.get_weights()) for row in x])  # (N, T, U, 5)
system.check("every h_t, (2, 7, 4), is the loops'", paths[..., 4], reader(x)[0])
system.check("so are the last h and c", paths[:, -1, :, [4, 3]], [last(x), reader(x)[2]])

# %% [markdown]
# ## The way back: backpropagation through time (随时间反向传播)
#
# The same weights serve at every step, so their gradient is a sum over steps. **Padding**
# (填充): zeros in front make all sequences of a batch equally long. With `mask_zero` the LSTM
# passes them over: $h$, $c$ and their gradients stay. The printed model reads them.

# %%
system.check_gradient(gradcheck(reader, x), "gradient check: y, h, c and every weight")
ids, padded = np.array([[3, 1, 4, 1]]), np.array([[0, 0, 3, 1, 4, 1]])
masked = Sequential([built(Embedding(6, 3, mask_zero=True)), last], dtype="float64")
printed = Sequential([built(Embedding(6, 3)), last], dtype="float64")
system.check("padded, masked: the h of the unpadded", masked(ids), masked(padded))
system.check("padded, no mask: off by", 0.01, abs(printed(padded) - masked(ids)).max(), op=">")
system.check_gradient(gradcheck(masked, np.array([[0, 3, 1, 0, 0, 4]])), "with padding")

# %% [markdown]
# ## The snippet (D1 §5.2), as printed but for import lines and tape
#
# It leaves sizes and data open. A row of ours: 24 monthly returns (收益率) of one of ten shares
# and indices, each as the number 1 … 9 of its bin; its class: the **next** six months'
# volatility (波动率) $\sqrt{\text{mean } r^2}$, 0 low (低), 1 middle (中) or 2 high (高). Rows
# are divided by **time**: all months of training lie before those to be judged.

# %% S-D1-lstm as printed
risk = load_stock_risk()  # from a file that matplotlib brings along
X, y, train, val, test = risk.X, risk.y, risk.train, risk.val, risk.test  # (N, 24) ids, (N,)
targets = np.eye(3)[y[train]]  # the loss wants one-hot targets
vocab_size, embedding_dim, hidden_units, num_classes = 10, 8, 16, 3
set_seed(0)


class Data:  # what the snippet needs of tf.data
    def batch(self, size):
        starts = range(0, len(train), size)
        return [(X[train[n : n + size]], targets[n : n + size]) for n in starts]


data, outcome = Data(), "it runs"

# %% S-D1-lstm as printed
# fmt: off
# 加载预训练模型 ("load the pre-trained model")
model = keras.Sequential([
    layers.Embedding(input_dim=vocab_size, output_dim=embedding_dim),
    layers.LSTM(units=hidden_units),
    layers.Dense(units=num_classes, activation='softmax')
])

loss_fn = tf.keras.losses.CategoricalCrossentropy()
optimizer = tf.keras.optimizers.Adam()

def train_step(data):
    loss, gradients = model.loss_and_grads(data, y_true, loss_fn)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

epochs = 10
batch_size = 64
try:
    for epoch in range(epochs):
        for batch in data.batch(batch_size):
            loss = train_step(batch)
            print('Epoch {}, Batch Loss: {}'.format(epoch+1, loss.numpy()))  # noqa: UP032
except NameError as error:
    outcome = str(error)
# fmt: on
snippet.check("as printed", "name 'y_true' is not defined", outcome)

# %% [markdown]
# A batch is a pair: one line mends it. Nothing **pre-trained** was loaded: the first loss is
# $\ln 3$, that of equal guesses. "Prints each epoch's mean loss (平均损失)", the text says; the
# code prints 25 batch losses an epoch. The mean weighs each batch by its rows, as `fit` does.

# %%
snippet.check("loss at the start", math.log(3), loss_fn(targets, model(X[train])), rtol=0.02)
twin, losses = model.astype("float32"), []  # a deep copy
for _ in range(epochs):
    for batch, y_true in data.batch(batch_size):  # noqa: B007  the mended line
        losses.append(train_step(batch).numpy())
snippet.check("losses printed, not 10", 250, len(losses))
shares = [len(batch) / len(train) for batch, _ in data.batch(batch_size)]
means = np.reshape(losses, (10, -1)) @ shares  # (10, 25) @ (25,) -> (10,)
twin.compile("adam", "categorical_crossentropy")
history = twin.fit(X[train], targets, batch_size, epochs, verbose=0, shuffle=False).history
snippet.check("the epochs' means are fit's losses", history["loss"], means, rtol=1e-3)

# %% [markdown]
# ## The system: a test in the future
#
# `LSTMClassifier`, as plain as the printed model, but with a mask; validation rows choose the
# epoch. The score: the share of each class that is found, averaged over the three. Beside it a
# constant, and two rules: the next six months are as risky as the last six, or the last 24. The
# LSTM has found out that risk lasts; a rule that knows it from the start does no worse.


# %%
def found(guess):
    return np.mean([(guess[test] == k)[y[test] == k].mean() for k in range(3)])


scores = []
for seed in range(3):
    model = LSTMClassifier(10, 3, 4, 8, bidirectional=False, pooled=False, dropout=0, seed=seed)
    model.compile(tf.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    stop = tf.callbacks.EarlyStopping("val_loss", patience=6, restore_best_weights=True)
    model.fit(X[train], y[train], 128, 60, 0, [stop], validation_data=(X[val], y[val]))
    scores.append(found(model.predict(X, 512, 0).argmax(axis=1)))
rules = [risk.classes((risk.returns[:, -n:] ** 2).mean(axis=1)) for n in (6, 24)] + [0 * y]
print(f"LSTM {np.mean(scores):.3f}; 6 months, 24, constant:", np.round([*map(found, rules)], 3))
system.check("test: classes found, mean of 3 seeds", 0.4, np.mean(scores), op=">=")

# The gates of the last model, by the loops, for the index ^GSPC up to May 2020:
here = (risk.tickers == "^GSPC") & (risk.months[:, 23] == np.datetime64("2020-05"))
path = literal_lstm(model.layers[0](X[here])[0], *model.layers[1].get_weights())  # (T, U, 5)
columns = [f"{m} {r:+.0%}" for m, r in zip(risk.months[here][0], risk.returns[here][0])]
names = "Forget gates of eight units  遗忘门", "f, no unit", "month and return", "unit"
fig = plots.heat_map(path[..., 1].T, columns, None, *names)
lesson.figure(fig, "gates", "The trained LSTM reads ^GSPC: what each unit keeps of its memory "
              "from month to month. The fall of 2020 makes several forget.")  # fmt: skip

# %% [markdown]
# ## A bug, and what catches it
#
# Long sequences are often read in parts, each from the state that the last one reached. Forward
# that is right. Backward, who lets the gradient end where a part begins has truncated
# backpropagation (截断反向传播): it trains, and never learns what lies further back.


# %%
def in_two_parts(x):
    _, h, c = reader(x[:, :-3])
    return last.forward(x[:, -3:], initial_state=(h, c))


def truncated(dy, cache):
    (dx, *_), _ = last.backward(dy, cache)  # what reaches h and c ends here
    return np.pad(dx, ((0, 0), (4, 0), (0, 0)))


system.check("forward is right", last(x), in_two_parts(x)[0])
print(report := gradcheck((in_two_parts, truncated), x))
system.check("the check's diagnosis", "truncated in time", report.causes[0].name)

# %% [markdown]
# ## Exercises
#
# 1. How much of $c_0$ is left in $c_{24}$ if $f = 1/2$? A new layer has $b = 1$ at $f$. Why?
# 2. Divide the rows at random, not by time: the LSTM then finds about 0.65. Why?
# 3. A GRU has two gates and no $c$. Write its step literally, then its backward.

# %%
lesson.finish()
