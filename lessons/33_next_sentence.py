# %% [markdown]
# # Does B follow A? Pre-training on two tasks  下一句预测与预训练
#
# **The question.** What does a pair of sentences teach, and what does an encoder learn of
# twelve?
#
# D4 §3.1: **NSP** (下一句预测) is to "predict whether two sentences belong to the same passage"
# (同一篇章). BERT is trained on it and on hidden words (遮蔽语言模型, MLM) at the same time.

# %%
import numpy as np

from minidl import gradcheck, initializers, layers, optimizers, plots
from minidl.applications import bert_pretraining as pretraining
from minidl.applications.bert import BERT
from minidl.applications.masking import mask_tokens, sentence_pairs
from minidl.lesson import Lesson
from minidl.preprocessing import train_wordpiece

lesson = Lesson("Does B follow A? Pre-training on two tasks  下一句预测与预训练", __file__)

nsp = lesson.item(
    "F-D4-nsp", source="D4 §3.1", verdict="partial",
    formula=r"p(\text{B follows A}) = \mathrm{softmax}(\tanh(h_0 W + b)\, V + c)_0",
    printed="do two sentences belong to the same passage?", true="does B follow A?",
)  # fmt: skip

# %% [markdown]
# ## The head, literally
#
# A pair is read as [CLS] A [SEP] B [SEP], with segment 0 for A and 1 for B. The pooler reads
# the last $h$ at [CLS] alone. Label 0: B follows. The loss of pre-training adds both tasks'
# means of $-\log p$, and $h_0$ gets both gradients where [CLS] is asked for too.

# %%
rng, softmax = np.random.default_rng(0), layers.Softmax()
ids = np.array([[2, 7, 5, 3, 9], [2, 6, 3, 8, 0]])  # (2, 5); 0 is padding
mask, segments = ids > 0, np.array([[0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])
selected = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
x, label = (ids, mask, segments, selected), np.array([0, 1])
tiny = pretraining.BERTForPretraining(BERT(11, 4, 1, 2, 6, 5, dropout=0, dtype="float64"))
tiny.build()
p = tiny.params
tiny.set_weights([0.6 * rng.normal(size=array.shape) for array in p.values()])
h = tiny.bert((ids, mask, segments))  # (2, 5, 4)
pooled = np.tanh(h[:, 0] @ p["bert.pooler.W"] + p["bert.pooler.b"])  # (2, 4)
scores = pooled @ p["nsp.W"] + p["nsp.b"]  # (2, 2)
(words, follows), _ = tiny.forward(x)
nsp.check("scores", scores, follows)
losses = [np.mean([-np.log(q[k]) for q, k in zip(softmax(y), right)])
          for y, right in ((words, ids[selected]), (scores, label))]  # fmt: skip
loss, _ = pretraining.PretrainingLoss().forward((ids[selected], label), (words, follows))
nsp.check("loss: the sum, MLM, NSP", [sum(losses), *losses], loss)
nsp.check_gradient(gradcheck(tiny, x, max_entries=6, seed=1))

# %% [markdown]
# ## "Same passage" or "follows"? (篇章)
#
# Of 132 ordered pairs of these sentences 24 are in the same passage, but only in 8 B follows A:
# D4's words label 16 otherwise. BERT reads half real pairs (label 0), half with B drawn from
# the corpus (label 1), here also from A's passage.

# %%
PASSAGES = [["今天下了大雨", "我忘了带雨伞", "回到家全身都湿了"],
            ["这家饭店很有名", "我们点了三个菜", "每一道都很好吃"],
            ["朋友送我一本书", "我晚上读到很晚", "故事的结尾真感人"],
            ["星期天有足球比赛", "两队踢得很快", "最后主队赢了一分"]]  # fmt: skip
home = {sentence: passage[0] for passage in PASSAGES for sentence in passage}
PAIRS = [pair for passage in PASSAGES for pair in (passage[:2], passage[1:])]
pairs = [(home[a] == home[b], [a, b] in PAIRS) for a in home for b in home if a != b]
same, real = np.array(pairs).T
nsp.check("same passage, labels differ", [24, 16], [same.sum(), (same != real).sum()])
drawn = [row for _ in range(500) for row in sentence_pairs(PAIRS, rng)]
told = [(label, [a, b] in PAIRS, home[a] == home[b]) for a, b, label in drawn]
label, real, same = np.array(told).T == 1
nsp.check("label 0 just where B follows", real, ~label)
shares = label.mean(), same[label].mean()
nsp.check("label 1; of these in A's passage", [1 / 2, 1 / 7], shares, atol=0.04)

# %% [markdown]
# ## Some seconds of pre-training (预训练)
#
# Masked anew at each step, both tasks at once. With twelve sentences it is memory, not
# language.

# %%
pieces = train_wordpiece([*home], 300, min_count=1)
V, start = len(pieces.vocabulary), initializers.TruncatedNormal(stddev=0.1)
encoder = BERT(V, 32, 2, 2, 64, dropout=0, seed=0, initializer=start)
learner = pretraining.BERTForPretraining(encoder, start)
adam, curves = optimizers.Adam(0.005, global_clipnorm=1.0), []
for n in [4] * 200 + [50]:  # the last batch is a test
    a, b, label = zip(*(row for _ in range(n) for row in sentence_pairs(PAIRS, rng)))
    ids, mask, segments = pieces(a, b)
    shown, selected = mask_tokens(ids, V, pieces.id_of("[MASK]"), range(5), rng)
    x, w = (shown, mask, segments, selected), ids[selected]
    if n == 4:
        curves.append(pretraining.pretraining_step(learner, adam, x, (w, np.array(label))))
words, pairs = learner(x)
share = np.unique(w, return_counts=True)[1] / len(w)
nsp.check(
    "hidden words right, 3 x guess",
    3 * share.max(),
    np.mean(words.argmax(axis=1) == w),
    op=">=",
)
nsp.check("pairs right", 0.75, np.mean(pairs.argmax(axis=1) == label), op=">=")
curves = dict(zip(("sum", "MLM", "NSP"), np.reshape(curves, (20, 10, 3)).mean(axis=1).T))
fig = plots.training_curves(curves, ("MLM", "NSP"), "Loss in pre-training  预训练", "nats")
for axes, level in zip(fig.axes, (-share @ np.log(share), np.log(2))):
    axes.axhline(level, color=plots.INK, linestyle=":")
    axes.set_xlabel("tens of steps")
lesson.figure(fig, "pretraining", "Dotted: the loss of knowing how frequent each answer is.")

# %% [markdown]
# ## A bug, and what catches it
#
# Who draws the other B from *all* pairs draws the right one too, one time in eight: a pair that
# follows, labelled as one that does not. No gradient is wrong, the loss is merely never small.
# What catches it is to count, as above for minidl's `sentence_pairs`.


# %%
def may_draw_its_own(pairs, rng):
    others = rng.integers(0, len(pairs), (2, len(pairs)))
    return [(a, pairs[other][1] if label % 2 else b, label % 2)
            for (a, b), other, label in zip(pairs, *others)]  # fmt: skip


for draw, share in ((sentence_pairs, 0), (may_draw_its_own, 1 / 8)):
    drawn = [(a, b) for _ in range(500) for a, b, label in draw(PAIRS, rng) if label]
    false = np.mean([[a, b] in PAIRS for a, b in drawn])
    nsp.check(f"{draw.__name__}: label 1, though B follows", share, false, atol=0.04)

# %% [markdown]
# ## Exercises
#
# 1. Compare A and B by a matrix: `Bilinear` is $z = a\, W\, b^T$ with a = x[:, 0], b = x[:, 1]
#    of an x (N, 2, D), W (D, D) and z (N, 1). For W = [[1, 2], [3, 4]], a = (1, 0), b = (0, 1)
#    it is 2; exchange a and b, and it is 3: order counts. Put `CHECKS = [(Bilinear(), x)]`
#    below it, and run `minidl check answers.py`.
# 2. Others for nothing: let all Bs of a batch be each other's wrong answers. `InBatch` gets the
#    scores y_pred (N, N) of every A with every B and the right columns y_true (N,), and is half
#    the mean of $-\ln p$ by rows, $p = \mathrm{softmax}$, and half the one by columns. For
#    scores [[2, 0], [1, 1]] and 0, 1 it is 0.3616.

# %%
lesson.finish()
