# %% [markdown]
# # Counting parameters: from a Dense layer to BERT-base  参数量
#
# **The question.** How many numbers does a model learn? Can one know before it is there?
#
# D0 §2.1 and D2 §2.1 speak of millions of parameters, even 10⁸ (百万甚至亿级). Before anything
# is allocated, a formula says how many a layer keeps.

# %%
import numpy as np

from minidl import gradcheck, layers, plots
from minidl.applications.bert import BERT, bert_parameters
from minidl.applications.bert_pretraining import BERTForPretraining
from minidl.lesson import Lesson

lesson = Lesson("Counting parameters: from a Dense layer to BERT-base  参数量", __file__)

capacity = lesson.item(
    "T-capacity", source="D0 §2.1, D2 §2.1", verdict="holds",
    printed="millions of parameters, even 10⁸ (百万甚至亿级)", true="BERT-base: 109,482,240",
)  # fmt: skip

# %% [markdown]
# ## Layer by layer
#
# D features in, M out, T steps. A Dense layer has a matrix and a bias, $D M + M$. An LSTM has
# four times that, and a matrix from h for each gate. A norm has a gain and a bias a feature;
# batch normalization also keeps a mean and a variance, which are not trained. Attention has
# four matrices: the heads share D, so that their number does not matter.

# %%
D, M, T = 8, 6, 5
FORMULAS = {
    layers.Dense(M): D * M + M, layers.Conv1D(M, 3): 3 * D * M + M,
    layers.LSTM(M): 4 * (D * M + M * M + M), layers.Embedding(M, D): M * D,
    layers.LayerNormalization(): 2 * D, layers.BatchNormalization(): 4 * D,  # half not trained
    layers.PositionEmbedding(T): T * D, layers.MultiHeadAttention(2, D // 2): 4 * (D * D + D),
    layers.TransformerEncoderBlock(2, M): 4 * (D * D + D) + 2 * D * M + M + D + 2 * 2 * D,
}  # fmt: skip
for layer, count in FORMULAS.items():
    layer.build((T,) if isinstance(layer, layers.Embedding) else (T, D))
    capacity.check(type(layer).__name__, count, layer.count_params())

# %% [markdown]
# A number counted is a number that learns: each has an entry in a gradient.

# %%
x = np.random.default_rng(0).normal(size=(2, T, D))
block = layers.TransformerEncoderBlock(2, M, dtype="float64")
block.build((T, D))
y, cache = block.forward(x)
_, grads = block.backward(np.ones_like(y), cache)
capacity.check("a block: entries of all gradients", 4 * (D * D + D) + 2 * D * M + M + D + 4 * D,
               sum(array.size for array in grads.values()))  # fmt: skip
capacity.check_gradient(gradcheck(block, x, max_entries=6))

# %% [markdown]
# ## BERT-base, without allocating it
#
# V = 30,522 words, 512 positions, 2 segments, each a row of D = 768; 12 blocks, whose networks
# have F = 3,072 units; and a pooler. As float32 a number takes four bytes, and in training four
# numbers: itself, its gradient, and the two means of Adam.

# %%
V, D, F = 30522, 768, 3072
parts = {
    "words": V * D,
    "positions, segments, norm": (512 + 2 + 2) * D,
    "12 × attention": 12 * 4 * (D * D + D),
    "12 × network": 12 * (2 * D * F + F + D),
    "12 × two norms": 12 * 4 * D,
    "pooler": D * D + D,
}
base = sum(parts.values())
capacity.check("BERT-base", [109_482_240] * 2, [base, bert_parameters()])
capacity.check("gigabytes in training", 1.75, 4 * 4 * base / 1e9, atol=0.005)
tiny = BERT(11, 4, 1, 2, 6, 5, dropout=0)
tiny.build()
capacity.check("tiny BERT", tiny.count_params(), bert_parameters(11, 4, 1, 6, 5))
fig = plots.bars({name: n / 1e6 for name, n in parts.items()}, "millions of numbers",
                 "Where BERT-base keeps them  参数分布")  # fmt: skip
lesson.figure(fig, "parts", "Half of it are the networks between the attentions.")

# %% [markdown]
# ## A bug, and what catches it
#
# For pre-training a head is added that ends in a score for each word. Counted as a Dense layer,
# it has $D V + V$ numbers. But its matrix **is** the table of words, used a second time: only a
# bias is new. Twice counted is V D too many, 23 million for BERT-base; a small model says so.

# %%
V, D = 11, 4
pretraining = BERTForPretraining(tiny)
pretraining.build()
heads = (D * D + D + 2 * D) + V + (2 * D + 2)  # dense and norm, the scores' bias, NSP
counted = bert_parameters(V, D, 1, 6, 5) + heads
capacity.check("with both heads", counted, pretraining.count_params())
as_dense = counted - V + (D * V + V)
capacity.check("counted as Dense: too many", V * D, as_dense - pretraining.count_params())

# %% [markdown]
# ## Exercises
#
# 1. A matrix of low rank: `LowRank` is $y = (x A) B$ with A (D, 2), B (2, M), M = 3. It keeps
#    2 (D + M) numbers in place of D M: for D = 768 and M = 768 that would be 3,072 for 589,824.
#    For A = [[1, 0], [0, 1]], B = [[1, 2, 3], [4, 5, 6]] and x = (1, 1) it is 5, 7, 9. Put the
#    class in a file, and run `minidl check answers.py`.
# 2. Layers that share (Lan et al. 2020): `TwiceTheSame` is $y = \tanh(\tanh(x W) W)$, W (D, D).
#    For D = 1, W = 2 and x = 0.5 it is 0.9093. Two layers deep, one matrix wide: what is dW?

# %%
lesson.finish()
