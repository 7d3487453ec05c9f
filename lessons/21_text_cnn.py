# %% [markdown]
# # A text CNN: filters that find n-grams  文本卷积神经网络
#
# **The question.** How does a network find words in a text without knowing where they stand?
#
# D0 §4.3 classifies texts into news and entertainment (新闻和娱乐) by a model "based on a
# convolutional neural network" (基于卷积神经网络). §5.2 prints four layers, §5.4 a result;
# there is no formula, and no data.

# %%
import numpy as np

import minidl as tf
from minidl.applications.text_cnn import TextCNN
from minidl.datasets import make_news_sentences
from minidl.layers import Conv1D, GlobalMaxPooling1D
from minidl.lesson import Lesson
from minidl.plots import heat_map
from minidl.preprocessing import Tokenizer, pad_sequences
from minidl.testing import gradcheck

lesson = Lesson("A text CNN: filters that find n-grams  文本卷积神经网络", __file__)

snippet = lesson.item(
    "S-D0-textcnn", source="D0 §5.2", verdict="partial",
    formula=r"y_{t,m} = \max\Big(0,\; b_m + \sum_{k,c} x_{t+k,c}\, W_{k,c,m}\Big), \quad "
            r"h_m = \max_t y_{t,m}, \quad p = \mathrm{softmax}(h V + a)",
    printed="sizes and data are not defined", true="with sizes and data it runs, and learns",
)  # fmt: skip

# %% [markdown]
# ## A filter finds an n-gram
#
# x is a text: a row of C numbers for each of T characters. A filter (卷积核) has weights for K
# neighbours; at each place they are multiplied with what stands there and summed. The largest
# answer is kept (全局最大池化): the pattern occurs, no matter where.


# %%
def literal_conv(x, W, b):
    """(T, C), (K, C, M), (M,) -> (T - K + 1, M): M filters."""
    K, C, M = W.shape
    y = [[b[m] for m in range(M)] for t in range(len(x) - K + 1)]
    for t, m in np.ndindex(len(y), M):
        for k, c in np.ndindex(K, C):
            y[t][m] += x[t + k][c] * W[k][c][m]
        y[t][m] = max(y[t][m], 0.0)
    return y


# By hand: a filter for 好看 ("worth seeing"), a one-hot row for each of C = 4 characters.
rows = dict(zip("好看电影", np.eye(4)))
W, b = np.zeros((2, 4, 1)), [-1.0]  # K = 2, M = 1; b: one of the two is not enough
W[0, 0] = W[1, 1] = 1  # 好, then 看
y = [literal_conv([rows[c] for c in text], W, b) for text in ("电影好看", "看好电影")]
snippet.check("好看 is found at t = 2; 看好 is not it", [[[0], [0], [1]], [[0], [0], [0]]], y)
snippet.check("the maximum: in it, not in it", [[1], [0]], np.max(y, axis=1))

# %% [markdown]
# `TextCNN` is D0's four layers, Embedding, filters and maximum, Dense, softmax, with a Dropout
# before the last; it may have filters of several widths. **Backwards** the maximum sends dy to
# the one place where it was, and ReLU lets it pass: dz. Then $dW_k = \sum_t x_{t+k}\, dz_t$,
# and $dx_{t+k}$ *adds up* $W_k\, dz_t$ over the windows that the character is in.

# %%
ids = np.random.default_rng(0).integers(0, 9, (3, 6))  # N = 3 texts, T = 6, V = 9 characters
model = TextCNN(9, 2, dim=4, filters=5, kernel_sizes=(2, 3), seed=1, dtype="float64")
model.build((6,))
model.set_weights([w - 0.1 for w in model.get_weights()])  # no bias is 0
E, W2, b2, W3, b3, V, a = model.get_weights()
probs = []
for x in E[ids]:
    h = [*np.max(literal_conv(x, W2, b2), axis=0), *np.max(literal_conv(x, W3, b3), axis=0)]
    e = [np.exp(a[j] + sum(h[m] * V[m][j] for m in range(10))) for j in range(2)]
    probs.append(np.divide(e, sum(e)))
snippet.check("TextCNN is the loops", probs, model(ids), rtol=1e-9, atol=0)
snippet.check_gradient(gradcheck(model, ids, training=True), "gradient check of TextCNN")
for layer in (Conv1D(4, 3, activation="relu", bias_initializer="normal"), GlobalMaxPooling1D()):
    snippet.check_gradient(gradcheck(layer, E[ids]), f"gradient check of {layer.name}")

# %% [markdown]
# ## The snippet (代码), as printed
#
# It has no sizes. We give it some, 150 training sentences, and 64 test sentences from *other*
# patterns; a character is a token.

# %%
try:
    tf.keras.layers.Embedding(vocab_size, embedding_dim)
except NameError as error:
    snippet.check("as it stands", "name 'vocab_size' is not defined", str(error))
vocab_size, embedding_dim, filters, kernel_size, units = 300, 16, 32, 3, 2
texts, train_labels = make_news_sentences(150, seed=0)
test_texts, test_labels = make_news_sentences(64, seed=1, held_out=True)
tokenizer = Tokenizer(vocab_size, char_level=True, oov_token="?")
tokenizer.fit_on_texts(texts)
train_data = pad_sequences(tokenizer.texts_to_sequences(texts), 30, padding="post")
test_data = pad_sequences(tokenizer.texts_to_sequences(test_texts), 30, padding="post")

# %% S-D0-textcnn as printed
tf.random.set_seed(42)
model = tf.keras.Sequential([
    tf.keras.layers.Embedding(vocab_size, embedding_dim),
    tf.keras.layers.Conv1D(filters, kernel_size, activation='relu'),
    tf.keras.layers.GlobalMaxPooling1D(),
    tf.keras.layers.Dense(units, activation='softmax')
])  # fmt: skip
model.compile(optimizer='adam',
              loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])  # fmt: skip
model.fit(train_data, train_labels, epochs=10, validation_split=0.2)
print(model.evaluate(test_data, test_labels))

# %%
loss, accuracy = model.evaluate(test_data, test_labels, verbose=0)
snippet.check("it learns: the loss is below log 2", np.log(2), loss, op="<")
snippet.check("accuracy on new patterns", 0.7, accuracy, op=">=")
answers = model.layers[1](model.layers[0](test_data[:1]))[0]  # (28, 32): places, filters
strong = np.argsort(answers.max(axis=0))[-8:]
middles = test_texts[0][1:-1]
fig = heat_map(answers[: len(middles), strong].T, middles, strong, "Eight filters  卷积核",
               "answer (no unit)", "middle of the three", "filter", annotate=False)  # fmt: skip
lesson.figure(fig, "answers", "Where in a test sentence each filter answers most.")

# %% [markdown]
# ## A bug, and what catches it
#
# A character is in up to K windows. Where backward *writes* each window's share of dx, in place
# of adding it, the last window wins. Each dx is then of the right size, and too small.


# %%
def forward(x):
    return x[:, :-1] @ W2[0] + x[:, 1:] @ W2[1], None  # (N, T, C) -> (N, T - 1, M)


def overwrites(dy, cache):
    dx = np.zeros((len(dy), dy.shape[1] + 1, len(W2[0])))
    dx[:, :-1] = dy @ W2[0].T
    dx[:, 1:] = dy @ W2[1].T  # should be +=
    return dx


report = gradcheck((forward, overwrites), E[ids])
print(report.headline)
snippet.check("the bug passes the gradient check", False, report.passed)

# %% [markdown]
# ## Exercises
#
# 1. In a depthwise convolution each channel has a filter of its own: `Depthwise` is $y_{t,c} =
#    \sum_k x_{t+k,c} W_{k,c}$ with K = 2, W (2, C), (N, T, C) to (N, T - 1, C). For x = 1, 2, 4
#    in a single channel and W = (3, -1) it is 1, 2. Make W in `build`, by `self.add_param`; put
#    `CHECKS = [(Depthwise(), x)]` below it, and run `minidl check answers.py`.
# 2. In place of the maximum `SoftMaximum` takes $\ln \sum_t e^{x_{t,c}}$, (N, T, C) to (N, C):
#    of 1, 2, 4 it is 4.1698, little above 4. Which place gets how much of dy?
# 3. `TopTwo` is the sum of the two largest, 6 of 1, 2, 4. Where does dy go?

# %%
lesson.finish()
