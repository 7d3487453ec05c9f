# %% [markdown]
# # Embedding: a word becomes a row of numbers  词嵌入
#
# **The question.** How does a word become numbers, and what can those numbers know of it?
#
# D4 §4.1.1 (词嵌入): "each word is mapped to a low-dimensional vector" (低维度的向量), by a
# matrix that training on a large corpus gives. §4.2.1 shows one for 10 words: word1 is
# [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], word2 is [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], and so on.

# %%
import numpy as np

from minidl import Sequential
from minidl.datasets import load_chinese_reviews, make_news_sentences
from minidl.layers import Dense, Embedding, GlobalAveragePooling1D
from minidl.lesson import Lesson
from minidl.optimizers import SGD, Adam
from minidl.plots import embedding_map
from minidl.preprocessing import Tokenizer
from minidl.testing import gradcheck

lesson = Lesson("Embedding: a word becomes a row of numbers  词嵌入", __file__)

onehot = lesson.item(
    "F-D4-onehot", source="D4 §4.1.1, §4.2.1", verdict="partial",
    formula=r"y_n = W_{x_n} = e_{x_n} W, \quad \frac{\partial L}{\partial W_v} = "
            r"\sum_{n:\, x_n = v} \frac{\partial L}{\partial y_n}",
    printed="an embedding of 10 words in 10 dimensions, word k the k-th unit vector",
    true="that is one-hot: as wide as the vocabulary, and all words equally far apart. An "
         "embedding is one-hot times a trained W with few columns",
)  # fmt: skip

# %% [markdown]
# ## The printed table is one-hot (独热编码)
#
# It is no *low* dimension: 10 numbers for 10 words, and one word more needs an eleventh. And it
# knows nothing: any two different words have the dot product 0 and the distance $\sqrt 2$.

# %%
printed = np.zeros((10, 10))
for word in range(10):
    printed[word, word] = 1
y = Embedding(10, 10, weights=printed)(np.arange(10))
onehot.check("an Embedding with this table gives it back", printed, y)
others = [(v, w) for v in range(10) for w in range(v)]
onehot.check("dot products of the 45 pairs", np.zeros(45), [y[v] @ y[w] for v, w in others])
distances = [np.linalg.norm(y[v] - y[w]) for v, w in others]
onehot.check("their distances", np.full(45, 2**0.5), distances)

# %% [markdown]
# ## Lookup = one-hot times W (查表)
#
# An embedding (嵌入) has a table $W$ (V, D) of V words and few columns D: the BERT that D4 §5.2
# loads has 30,522 × 768. Write a word's id $x$ as its unit vector $e_x$ and multiply:
# $y_d = \sum_v e_{x,v} W_{v,d}$. All terms but one are 0, and row $W_x$ is left. So a lookup
# **is** a linear layer on one-hot inputs, without the zeros. Literally, for V = 10, D = 3:

# %%
rng = np.random.default_rng(0)
W = rng.normal(size=(10, 3))
x = np.array([[3, 1, 4, 1], [5, 9, 2, 1]])  # (N, T) ids; 1 occurs three times
one_hot = np.array([[printed[id] for id in row] for row in x])  # (2, 4, 10)
literal = np.zeros((2, 4, 3))
for n, t, v, d in np.ndindex(2, 4, 10, 3):
    literal[n, t, d] += one_hot[n, t, v] * W[v, d]

layer = Embedding(10, 3, weights=W, dtype="float64")
layer.build((4,))
y, cache = layer.forward(x)  # (2, 4) -> (2, 4, 3)
onehot.check("lookup is the sum over all words", literal, y)
dense = Dense(3, use_bias=False, dtype="float64")
dense.build((4, 10))
dense.params["W"][...] = W
onehot.check("lookup is Dense on the one-hot ids", dense(one_hot), y)

# %% [markdown]
# ## The gradient adds up (按行累加, scatter-add)
#
# Word $v$ acts on the loss wherever it stands, so its row collects from all those places:
#
# $$\frac{\partial L}{\partial W_v} = \sum_{n:\, x_n = v} \frac{\partial L}{\partial y_n}$$
#
# A word that does not occur gets 0. minidl keeps only the rows that occur, each once, as a
# `RowGradient`: of 30,522 words a batch holds a few hundred. An id is no quantity: no dx.

# %%
dy = rng.normal(size=y.shape)
true_dW = np.zeros((10, 3))
for n, t, d in np.ndindex(2, 4, 3):
    true_dW[x[n, t], d] += dy[n, t, d]
dx, grads = layer.backward(dy, cache)
_, dense_grads = dense.backward(dy, dense.forward(one_hot)[1])
onehot.check("dW is the loop's", true_dW, grads["W"].to_dense())
onehot.check("dW is that of Dense, one-hotᵀ dy", dense_grads["W"], grads["W"].to_dense())
onehot.check("the rows it keeps", [1, 2, 3, 4, 5, 9], grads["W"].rows)
onehot.check("word 1 collects from three places", dy[0, 1] + dy[0, 3] + dy[1, 3],
             grads["W"].values[0])  # fmt: skip
onehot.check("dx", None, dx)
onehot.check_gradient(gradcheck(layer, x))
SGD(0.1).step(layer.params, grads)  # gradient descent takes a RowGradient as it is
onehot.check("a step moves the rows that occur", W - 0.1 * true_dW, layer.params["W"])

# %% [markdown]
# ## A bug, and what catches it
#
# `dW[x] += dy` looks right. But NumPy reads `dW[x]` once, adds, and writes back: of a repeated
# id the last place wins. While no id repeats nothing shows; the check makes ids repeat.


# %%
class Overwrites(Embedding):
    def backward(self, dy, cache):
        dW = np.zeros_like(self.params["W"])
        dW[cache] += dy  # should be np.add.at(dW, cache, dy)
        return None, {"W": dW}


bug = Overwrites(10, 3)
bug.build((4,))
once = np.array([[3, 1, 4, 2]])
right, wrong = layer.backward(dy[:1], once)[1], bug.backward(dy[:1], once)[1]
onehot.check("without repetitions the bug's dW is right", right["W"].to_dense(), wrong["W"])
report = gradcheck(bug, once)  # with the same ids
onehot.check("does it pass the gradient check?", False, report.passed)
causes = [cause.name for cause in report.causes]
onehot.check("the cause it names", ["overwritten instead of added"], causes)
print(report.headline)

# %% [markdown]
# ## What a table learns (词的邻居)
#
# Which numbers suit a word? Those that help with a task. Ours: guess a character of a review
# from the mean of the rows of its four neighbours (CBOW, Mikolov et al. 2013). Characters that
# stand in the same surroundings serve the same guesses, and their rows move together. Nobody
# tells the table what they mean.

# %%
V, D = 600, 16  # the most frequent characters; one-hot would have 600 columns
try:
    texts, _ = load_chinese_reviews()
    groups = ("一三四五几", "我他她它", "好差快慢错")
except ModuleNotFoundError as missing:
    print(f"Sentences from patterns in place of the reviews: {missing}")
    texts, _ = make_news_sentences(8000)
    groups = ("三五六七八九", "京海州都汉安", "昨今本上近日")
rng = np.random.default_rng(0)
texts = [texts[n][:100] for n in rng.permutation(len(texts))[:5000]]
tokenizer = Tokenizer(num_words=V, char_level=True, oov_token="?")  # "?": a rarer character
tokenizer.fit_on_texts(texts)
sequences = [ids for ids in tokenizer.texts_to_sequences(texts) if len(ids) >= 5]
runs = np.concatenate([np.lib.stride_tricks.sliding_window_view(s, 5) for s in sequences])
runs = rng.permutation(runs[runs[:, 2] != 1])[: 120_000 if lesson.full else 60_000]  # 1 is "?"

model = Sequential(
    [Embedding(V, D), GlobalAveragePooling1D(), Dense(V, activation="softmax")], seed=0
)
model.compile(Adam(0.03), "sparse_categorical_crossentropy")
model.build((4,))
start = model.layers[0].params["W"].copy()
losses = model.fit(runs[:, [0, 1, 3, 4]], runs[:, 2], 512, epochs=2, verbose=0).history["loss"]
W = model.layers[0].params["W"]
share = np.bincount(runs[:, 2]) / len(runs)
print(f"cross-entropy {losses[0]:.2f}, then {losses[1]:.2f}; a guess that sees no neighbours: "
      f"{-np.sum(share * np.log(share + 1e-12)):.2f}")  # fmt: skip
members = [tokenizer.word_index[char] for group in groups for char in group]
number = np.repeat(range(len(groups)), [len(group) for group in groups])


def cosines(W):
    """Of every two rows, less the mean row; 1: the same direction, 0: nothing in common."""
    W = W - W.mean(axis=0)
    W = W / np.linalg.norm(W, axis=1, keepdims=True)
    return W @ W.T  # (V, D) @ (D, V) -> (V, V)


def kinship(W):
    """The mean cosine of two characters of one group, less that of two groups."""
    near = cosines(W)[np.ix_(members, members)]
    same = number[:, None] == number
    return near[same & ~np.eye(len(near), dtype=bool)].mean() - near[~same].mean()


for group in groups:
    nearest = np.argsort(-cosines(W)[tokenizer.word_index[group[2]]])[1:7]
    print(group[2], "has the neighbours", " ".join(tokenizer.index_word[i] for i in nearest))
onehot.check("kinship of the groups, one-hot", 0, kinship(np.eye(V)))
onehot.check("in the untrained table", 0.15, abs(kinship(start)), op="<")
onehot.check("in the trained table", 0.25, kinship(W), op=">=")
lesson.figure(
    embedding_map(W[members], list("".join(groups)), "Characters by their use  词向量", number),
    "map",
    "Rows of the trained table, 16 columns projected to two. A colour is a group.",
)

# %% [markdown]
# In the reviews numbers come together, and pronouns. So do "good" (好) and "bad" (差): they
# stand in the same places, and places are all that this table saw.
#
# ## Exercises
#
# 1. Let `dy` be all ones. What does row $v$ of dW count?
# 2. Two Embeddings share one table $W$. What must happen to their two `RowGradient`s?
# 3. Train the table on praise or complaint in place of neighbours. Where are 好 and 差 now?

# %%
lesson.finish()
