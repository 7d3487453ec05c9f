# %% [markdown]
# # Embedding: a word becomes a row of numbers  词嵌入
#
# **The question.** How does a word become numbers, and what can those numbers know of it?
#
# D4 §4.1.1 (词嵌入): "each word is mapped to a low-dimensional vector" (低维度的向量). §4.2.1
# shows ten: word1 is [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], word2 [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], and
# so on.

# %%
import numpy as np

from minidl.applications.cbow import character_runs, train_cbow
from minidl.datasets import load_chinese_reviews, make_news_sentences
from minidl.layers import Dense, Embedding
from minidl.lesson import Lesson
from minidl.optimizers import SGD
from minidl.plots import embedding_map
from minidl.testing import gradcheck

lesson = Lesson("Embedding: a word becomes a row of numbers  词嵌入", __file__)

onehot = lesson.item(
    "F-D4-onehot", source="D4 §4.1.1, §4.2.1", verdict="partial",
    formula=r"y_n = W_{x_n} = e_{x_n} W, \quad dW_v = \sum_{n:\, x_n = v} dy_n",
    printed="an embedding of 10 words in 10 dimensions, word k the k-th unit vector",
    true="that is one-hot; an embedding is one-hot times a trained W with few columns",
)  # fmt: skip

# %% [markdown]
# ## The printed table is one-hot (独热编码)
#
# It is no *low* dimension: 10 numbers for 10 words. And it knows nothing: any two different
# words have the dot product 0 and the distance $\sqrt 2$.

# %%
printed = np.eye(10)  # (V, D)
y = Embedding(10, 10, weights=printed)(np.arange(10))
onehot.check("dot products", [[float(v == w) for w in range(10)] for v in range(10)], y @ y.T)
far = [np.linalg.norm(y[v] - y[w]) for v in range(10) for w in range(v)]
onehot.check("distances of the 45 pairs", np.full(45, 2**0.5), far)

# %% [markdown]
# ## Lookup = one-hot times W (查表)
#
# An embedding (嵌入) has a table $W$ (V, D) of V words and few columns D. Write a word's id $x$
# as its unit vector $e_x$ and multiply: $y_d = \sum_v e_{x,v} W_{v,d}$. All terms but one are
# 0, and row $W_x$ is left: a lookup **is** a linear layer on one-hot inputs, without the zeros.

# %%
rng = np.random.default_rng(0)
W = rng.normal(size=(10, 3))
x = np.array([[3, 1, 4, 1], [5, 9, 2, 1]])  # (N, T) ids; 1 occurs three times
one_hot = printed[x]  # (2, 4, 10)
literal = np.zeros((2, 4, 3))
for n, t, v, d in np.ndindex(2, 4, 10, 3):
    literal[n, t, d] += one_hot[n, t, v] * W[v, d]
layer = Embedding(10, 3, weights=W, dtype="float64")
layer.build((4,))
y, cache = layer.forward(x)  # (2, 4) -> (2, 4, 3)
onehot.check("lookup is the sum over all words", literal, y)
dense = Dense(3, use_bias=False, dtype="float64")
dense.build((4, 10))
dense.set_weights([W])
onehot.check("lookup is Dense on the one-hot ids", dense(one_hot), y)

# %% [markdown]
# ## The gradient adds up (按行累加, scatter-add)
#
# Word $v$ acts on the loss wherever it stands, so its row collects from all those places: $dW_v
# = \sum_{n:\, x_n = v} dy_n$. A word that does not occur gets 0. minidl keeps only the rows
# that occur, each once, as a `RowGradient`. An id is no quantity: there is no dx.

# %%
dy, true_dW = rng.normal(size=y.shape), np.zeros((10, 3))
for n, t, d in np.ndindex(2, 4, 3):
    true_dW[x[n, t], d] += dy[n, t, d]
_, grads = layer.backward(dy, cache)
_, dense_grads = dense.backward(dy, dense.forward(one_hot)[1])
onehot.check("dW is the loop's", true_dW, grads["W"].to_dense())
onehot.check("dW is that of Dense, one-hotᵀ dy", dense_grads["W"], grads["W"].to_dense())
onehot.check("the rows it keeps", [1, 2, 3, 4, 5, 9], grads["W"].rows)
onehot.check("word 1 collects", dy[0, 1] + dy[0, 3] + dy[1, 3], grads["W"].values[0])
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


bug, once = Overwrites(10, 3), np.array([[3, 1, 4, 2]])
bug.build((4,))
right, wrong = layer.backward(dy[:1], once)[1], bug.backward(dy[:1], once)[1]
onehot.check("without repetitions the bug's dW is right", right["W"].to_dense(), wrong["W"])
cause = gradcheck(bug, once).causes[0].name  # the check makes ids repeat
onehot.check("the gradient check names it", "overwritten instead of added", cause)

# %% [markdown]
# ## What a table learns (词的邻居)
#
# Which numbers suit a word? Those that help with a task. `train_cbow` guesses a character from
# the mean of the rows of its four neighbours (CBOW, Mikolov et al. 2013). What stands in the
# same surroundings serves the same guesses: numbers, pronouns, but also 好 (good) and 差 (bad).

# %%
V, D = 600, 16  # the most frequent characters; one-hot would have 600 columns
try:
    texts, groups = load_chinese_reviews()[0], ("一三四五几", "我他她它", "好差快慢错")
except ModuleNotFoundError as missing:
    print(f"Sentences from patterns in place of the reviews: {missing}")
    texts, groups = make_news_sentences(8000)[0], ("三五六七八", "京海州都汉", "昨今本上近")
texts = [texts[n][:100] for n in rng.permutation(len(texts))[:5000]]
runs, tokenizer = character_runs(texts, V, 120_000 if lesson.full else 60_000, rng)  # (N, 5)
W, losses = train_cbow(runs, V, D)
share = np.bincount(runs[:, 2]) / len(runs) + 1e-12
onehot.check("loss, a blind guess's", -share @ np.log(share), losses[1], op="<")
members = [tokenizer.word_index[char] for group in groups for char in group]
number = np.repeat(range(3), [len(group) for group in groups])
other = number[:, None] != number
same = ~other & (np.eye(len(number)) == 0)


def kinship(W):
    """The mean correlation of two characters of one group, less that of two groups."""
    near = np.corrcoef((W - W.mean(axis=0))[members])
    return near[same].mean() - near[other].mean()


onehot.check("kinship of the groups, one-hot", 0, kinship(np.eye(V)))
onehot.check("in a random table", 0.15, abs(kinship(rng.normal(size=(V, D)))), op="<")
onehot.check("in the trained table", 0.25, kinship(W), op=">=")
fig = embedding_map(
    W[members], list("".join(groups)), "Characters by their use  词向量", number
)
lesson.figure(fig, "map", "A colour is a group. What stands in the same places lies together.")

# %% [markdown]
# ## Exercises
#
# 1. A table with fewer rows than words: in `SharedRows` word x has row x mod 4 of W (4, 3).
#    With $W_{v,d} = v + d$ word 6 is 2, 3, 4. Make W in `build`; its gradient may be a full
#    array. Put `CHECKS = [(SharedRows(), ids)]` below it, with ids (N, T) from 0 to 9, and run
#    `minidl check answers.py`.
# 2. `Scaled` is a table W (10, 3) with one trained number g, (1,), that multiplies every row:
#    $y = g W_x$. For W of ones and g = 2.5 it is 2.5, 2.5, 2.5. Derive dg.

# %%
lesson.finish()
