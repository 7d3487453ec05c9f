# %% [markdown]
# # Hidden words: a text asks its own questions  遮蔽语言模型
#
# **The question.** Nobody has labelled the text. What can a network be asked about it?
#
# D4 §3.1 has it in words alone. **MLM** (遮蔽语言模型): predict words masked at random. Each
# hidden word is a question, and the text itself has the answer.

# %%
import numpy as np

from minidl import gradcheck, layers, plots
from minidl.applications.bert import BERT
from minidl.applications.bert_pretraining import BERTForPretraining, PretrainingLoss
from minidl.applications.masking import mask_tokens
from minidl.lesson import Lesson

lesson = Lesson("Hidden words: a text asks its own questions  遮蔽语言模型", __file__)

mlm = lesson.item(
    "F-D4-mlm", source="D4 §3.1", verdict="partial",
    formula=r"L = -\frac{1}{|S|} \sum_{t \in S} \log p(w_t \mid \text{text shown})",
    printed="some words are masked at random and predicted; sinusoidal positions",
    true="15 %: 80 [MASK], 10 random, 10 left; loss there alone; learned positions",
)  # fmt: skip

# %% [markdown]
# ## What is hidden, what is shown (遮蔽)
#
# BERT (Devlin et al. 2019, §3.1) selects 15 % of the tokens, and shows 80 % of these as [MASK],
# 10 % as a random token, 10 % as they are: no later task shows a [MASK], and what is in sight
# must not be certain. Below u and v are uniform in [0, 1), one of each for every token.

# %%
corpus = np.random.default_rng(1).integers(0, 50, (300, 400))
shown, selected = mask_tokens(corpus, 50, 4, range(5), np.random.default_rng(2))
u, v = np.random.default_rng(2).random((2, 300, 400))
literal, where = corpus.copy(), np.zeros(corpus.shape, bool)
for place in np.ndindex(corpus.shape):
    if u[place] < 0.15 and corpus[place] > 4:  # 0 to 4: [PAD] [UNK] [CLS] [SEP] [MASK]
        where[place] = True
        literal[place] = 4 if v[place] < 0.8 else -1 if v[place] < 0.9 else corpus[place]
mlm.check("selected: the loop's places", where, selected)
mlm.check("shown, but for random tokens", literal[literal >= 0], shown[literal >= 0])
mlm.check("random: from 5, the first ordinary token", 5, shown[literal < 0].min())
w, seen = corpus[selected], shown[selected]
other = (seen != 4) & (seen != w)
shares = [selected[corpus > 4].mean(), *np.mean([seen == 4, other, seen == w], axis=1)]
rule = [0.15, 0.8, 0.1 * 44 / 45, 0.1 + 0.1 / 45]  # one random token of 45 is the right one
mlm.check("selected; [MASK], another token, itself", rule, shares, atol=0.012)

# %% [markdown]
# ## The encoder, its head, and the loss, literally
#
# Token $i$ at position $t$ in segment $s$ starts as norm(Wordᵢ + Posₜ + Segₛ). Pos is a trained
# table, no sinusoid (D4 §4.1.2). A block is attention, then two dense layers; x is added, the
# sum normalized, twice. The head is a dense layer and a norm on the last $h$ at selected
# places, and ends in the table Word again: a score for each of V words. L is the mean of $-\log
# p$ there.

# %%
rng, softmax = np.random.default_rng(0), layers.Softmax()
ids = np.array([[2, 7, 5, 3, 9], [2, 6, 3, 8, 0]])  # (2, 5); 0 is padding
mask, segments = ids > 0, np.array([[0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])
selected = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
x, answers = (ids, mask, segments, selected), ids[selected]
tiny = BERTForPretraining(BERT(11, 4, 1, 2, 6, 5, dropout=0, dtype="float64"))
tiny.build()
p, block, head = tiny.params, tiny.bert.blocks[0], tiny.mlm
tiny.set_weights([0.6 * rng.normal(size=array.shape) for array in p.values()])
word, position, segment = (p[f"bert.{name}.W"] for name in ("word", "position", "segment"))
h = tiny.bert.norm(word[ids] + position + segment[segments])  # (2, 5, 4)
h = block.norm1(h + block.attention(h, attention_mask=mask[:, None, None]))
h = block.norm2(h + block.ffn2(block.ffn1(h)))
scores = head.norm(head.transform(h[selected])) @ word.T + p["mlm.decoder.b"]  # (4, 11)
mlm.check("the last h", h, tiny.bert((ids, mask, segments)))
(words, follows), _ = tiny.forward(x)
mlm.check("scores of all words at four places", scores, words)
loss = np.mean([-np.log(q[answer]) for q, answer in zip(softmax(scores), answers)])
(_, got, _), _ = PretrainingLoss().forward((answers, np.array([0, 1])), (words, follows))
mlm.check("loss", loss, got)
mlm.check_gradient(gradcheck(tiny, x, max_entries=6))

# %% [markdown]
# ## A bug, and what catches it
#
# The loss at *all* tokens. Its gradient is right, and the loss falls fast: 85 % of the tokens
# are in sight, and a model that copies what it is shown is right there, without any language.
# What catches it is such a copier. Where the loss belongs it is right one time in ten.

# %%
mlm.check_gradient(gradcheck(tiny, (ids, mask, segments, mask), max_entries=6), "all tokens")
copied = shown == corpus
rates = {"all tokens": copied[corpus > 4].mean(), "selected tokens": copied[where].mean()}
mlm.check("a copier is right", [0.85 + 0.15 * rule[3], rule[3]], [*rates.values()], atol=0.012)
rates |= {"always the most frequent token": 1 / 45}
fig = plots.bars(rates, "share right", "What copying earns  复制")
lesson.figure(fig, "copier", "With the loss at all tokens a copier looks as if it could read.")

# %% [markdown]
# ## Exercises
#
# 1. Let each text count once. `PerText` has y_true (N, T), word ids, -1 where nothing is asked,
#    and y_pred (N, T, V), probabilities; it is the mean over texts of the mean of $-\ln p$ over
#    the text's questions. One text with p = 0.5 and 0.25, another with p = 0.5: 0.8664. Put
#    `CHECKS = [(PerText(), y_true, y_pred)]` below it, and run `minidl check answers.py`.
# 2. A table used twice, as Word is: `ThereAndBack` is $y = (x W) W^T$, x (N, D), W (D, 2). For
#    W = [[1, 2], [0, 1], [1, 0]] and x = (1, 1, 0) it is 7, 3, 1. dW has two terms.

# %%
lesson.finish()
