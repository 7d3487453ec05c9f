# %% [markdown]
# # BERT: learning from text without labels  预训练语言模型
#
# **The question.** How does an encoder learn a language from texts that nobody has labelled?
#
# D4 §3.1 has two tasks, in words alone. **MLM** (遮蔽语言模型): predict words masked at random.
# **NSP** (下一句预测): "predict whether two sentences belong to the same passage" (同一篇章).

# %%
from types import SimpleNamespace

import numpy as np

from minidl import datasets, gradcheck, initializers, layers, optimizers, plots
from minidl.applications import bert_pretraining as pretraining
from minidl.applications.bert import BERT, bert_parameters
from minidl.applications.bert_classifier import BERTClassifier
from minidl.applications.masking import mask_tokens, sentence_pairs
from minidl.lesson import Lesson
from minidl.preprocessing import WordPiece, train_wordpiece

lesson = Lesson("BERT: learning from text without labels  预训练语言模型", __file__)

# fmt: off
mlm = lesson.item("F-D4-mlm", source="D4 §3.1", verdict="partial",
    printed="some words are masked at random and predicted; sinusoidal positions",
    true="15 %: 80 [MASK], 10 random, 10 left; loss there alone; learned positions",
    formula=r"L = -\frac{1}{|S|} \sum_{t \in S} \log p(w_t \mid \text{text shown})")
nsp = lesson.item("F-D4-nsp", source="D4 §3.1", verdict="partial",
    printed="do two sentences belong to the same passage?", true="does B follow A?",
    formula=r"p(\text{B follows A}) = \mathrm{softmax}(\tanh(h_0 W + b)\, V + c)_0")
pseudo = lesson.item("S-D4-pseudo", source="D4 §3.3", verdict="wrong",
    printed="encode(tokenize(data)); input_mask = [1] * len(input_ids)",
    true="a text is cut once; its mask has an entry a token, 0 at padding")
snippet = lesson.item("S-D4-bert", source="D4 §5.2, §5.3.2", verdict="wrong",
    printed="ids of a new Tokenizer, a mean over 128 positions, 3 rows to train and evaluate",
    true="ids of the encoder's vocabulary, a mean over the text, held-out sentences")
capacity = lesson.item("T-capacity", source="D0 §2.1, D2 §2.1", verdict="holds",
    printed="millions of parameters, even 10⁸ (百万甚至亿级)", true="BERT-base: 109,482,240")
# fmt: on

# %% [markdown]
# ## MLM: what is hidden, what is shown (遮蔽)
#
# BERT (Devlin et al. 2019, §3.1) selects 15 % of the tokens, and shows 80 % of these as [MASK],
# 10 % as a random token, 10 % as they are: no later task shows a [MASK], and what is in sight
# must not be certain. Below u and v are uniform in [0, 1), one of each for every token.

# %%
ids = np.random.default_rng(1).integers(0, 50, (300, 400))
shown, selected = mask_tokens(ids, 50, 4, range(5), np.random.default_rng(2))
u, v = np.random.default_rng(2).random((2, 300, 400))
literal, where = ids.copy(), np.zeros(ids.shape, bool)
for place in np.ndindex(ids.shape):
    if u[place] < 0.15 and ids[place] > 4:  # 0 to 4: [PAD] [UNK] [CLS] [SEP] [MASK]
        where[place] = True
        literal[place] = 4 if v[place] < 0.8 else -1 if v[place] < 0.9 else ids[place]
mlm.check("selected: the loop's places", where, selected)
mlm.check("shown, but for random tokens", literal[literal >= 0], shown[literal >= 0])
mlm.check("random: from 5, the first ordinary token", 5, shown[literal < 0].min())
w, seen = ids[selected], shown[selected]
other = (seen != 4) & (seen != w)
shares = [selected[ids > 4].mean(), *np.mean([seen == 4, other, seen == w], axis=1)]
rule = [0.15, 0.8, 0.1 * 44 / 45, 0.1 + 0.1 / 45]  # one random token of 45 is the right one
mlm.check("selected; [MASK], another token, itself", rule, shares, atol=0.012)

# %% [markdown]
# ## The model and its loss, literally
#
# Token $i$ at position $t$ in segment $s$ starts as norm(Wordᵢ + Posₜ + Segₛ). Pos is a trained
# table, no sinusoid (D4 §4.1.2). A block is attention (lesson 16), then two dense layers; x is
# added, the sum normalized, twice. The MLM head reads the last $h$ at selected places, and ends
# in Word again; the NSP head reads $h_0$, at [CLS]. L adds both tasks' means of $-\log p$.

# %%
rng, softmax = np.random.default_rng(0), layers.Softmax()
ids = np.array([[2, 7, 5, 3, 9], [2, 6, 3, 8, 0]])  # (2, 5); 0 is padding
mask, segments = ids > 0, np.array([[0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])
selected = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
x, answers = (ids, mask, segments, selected), (ids[selected], np.array([0, 1]))
tiny = pretraining.BERTForPretraining(BERT(11, 4, 1, 2, 6, 5, dropout=0, dtype="float64"))
tiny.build()
p, block, head = tiny.params, tiny.bert.blocks[0], tiny.mlm
tiny.set_weights([0.6 * rng.normal(size=array.shape) for array in p.values()])
word, position, segment = (p[f"bert.{name}.W"] for name in ("word", "position", "segment"))
h = tiny.bert.norm(word[ids] + position + segment[segments])  # (2, 5, 4)
h = block.norm1(h + block.attention(h, attention_mask=mask[:, None, None]))
h = block.norm2(h + block.ffn2(block.ffn1(h)))
words = head.norm(head.transform(h[selected])) @ word.T + p["mlm.decoder.b"]  # (4, 11)
pooled = np.tanh(h[:, 0] @ p["bert.pooler.W"] + p["bert.pooler.b"])  # (2, 4)
scores = words, pooled @ p["nsp.W"] + p["nsp.b"]  # (4, 11), (2, 2)
rows = [zip(softmax(y), right) for y, right in zip(scores, answers)]
losses = [np.mean([-np.log(q[k]) for q, k in pairs]) for pairs in rows]
y, _ = tiny.forward(x)
loss, _ = pretraining.PretrainingLoss().forward(answers, y)
for item, n in ((mlm, 0), (nsp, 1)):
    item.check("scores", scores[n], y[n])
    item.check("loss; the sum of both", [losses[n], sum(losses)], [loss[n + 1], loss[0]])
    item.check_gradient(gradcheck(tiny, x, max_entries=6, seed=n))

# %% [markdown]
# ## NSP: "same passage" or "follows"? (篇章)
#
# Of 132 ordered pairs of these sentences 24 are in the same passage, but only in 8 B follows A:
# D4's words label 16 otherwise. BERT reads half real pairs (label 0), half with B drawn from
# the corpus (label 1), here also from A's passage. Then some seconds of pre-training (预训练),
# masked anew at each step: with twelve sentences it is memory.

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
reviews, stars = datasets.make_review_sentences(900)  # for later: they need ids too
pieces = train_wordpiece([*home, *reviews[:600]], 300, min_count=1)
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
mlm.check("right, 3 x guess", 3 * share.max(), np.mean(words.argmax(axis=1) == w), op=">=")
nsp.check("pairs right", 0.75, np.mean(pairs.argmax(axis=1) == label), op=">=")
curves = dict(zip(("sum", "MLM", "NSP"), np.reshape(curves, (20, 10, 3)).mean(axis=1).T))
fig = plots.training_curves(curves, ("MLM", "NSP"), "Loss in pre-training  预训练", "nats")
for axes, level in zip(fig.axes, (-share @ np.log(share), np.log(2))):
    axes.axhline(level, color=plots.INK, linestyle=":")
    axes.set_xlabel("tens of steps")
lesson.figure(fig, "pretraining", "Dotted: the loss of knowing how frequent each answer is.")

# %% [markdown]
# ## The pseudo-code and the snippet (D4 §3.3, §5.2)
#
# `encode` gets what `tokenize` has cut, and cuts it again: of ##ing, "inside a word", it makes
# nothing known. `[1] * len(input_ids)` counts rows, not tokens, and has no 0 for padding.
#
# The snippet is as printed, but `hub` gives our encoder, not Google's (whose `uncased` is
# English), and Input, KerasLayer, reduce_mean over axis 1, Dense, Model are a Sequential.

# %%
english = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "play", "##ing"])
cut = " ".join(english.tokenize("playing"))  # play ##ing
pseudo.check("tokenized twice: [UNK] in 3", [2, 4, 1, 1, 1, 3], english.encode(cut).ids)
pseudo.check("once", [2, 4, 5, 3], english.encode("playing").ids)
ids, mask, _ = pieces(["我忘了带雨伞", "回到家全身都湿了"])  # the first is padded
alone, read, ones = (encoder(pair)[0, :8] for pair in (ids[:, :8], (ids, mask), ids))
pseudo.check("moved by padding, all ones", 0.1, np.abs(ones - alone).max(), op=">=")
pseudo.check("moved by padding, 0 there", alone, read, atol=1e-4)

# %% S-D4-bert as printed
import minidl as tf  # noqa: E402
from minidl.preprocessing.sequence import pad_sequences  # noqa: E402
from minidl.preprocessing.text import Tokenizer  # noqa: E402

tf.set_seed(0)
hub = SimpleNamespace(KerasLayer=lambda *_, **kw: encoder.astype("float32"), Module=str)
bert_model_url = "https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1"
bert = hub.Module(bert_model_url)
texts = ["今天天气很好", "明天会下雨", "这本书很好看"]
labels = [1, 0, 1]
tokenizer = Tokenizer()
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
padded_sequences = pad_sequences(sequences, maxlen=128)
input_ids = padded_sequences
output_labels = labels
model = tf.keras.Sequential([hub.KerasLayer(bert_model_url, trainable=True),
                             tf.keras.layers.GlobalAveragePooling1D(),
                             tf.keras.layers.Dense(1, activation='sigmoid')])  # fmt: skip
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(input_ids, output_labels, epochs=3)
evaluation = model.evaluate(input_ids, output_labels)
print("Accuracy:", evaluation[1])

# %% [markdown]
# It runs. A Chinese sentence without spaces is *one* word to Tokenizer, with another token's
# id to the encoder. The other 127 positions are padding, and averaged. New sentences have no
# id. §5.3.2 calls the encoder frozen, the code trains it, and tests on rows it trained on.
#
# **The bug, and what catches it.** The mean over padding passes the gradient check, its slope
# is right; but padding must not move the output. Mended, on unseen reviews of three classes:

# %%
snippet.check("read as", "[UNK] [CLS] [SEP]", pieces.decode(input_ids[:, -1], False))
snippet.check("positions that are padding, of 384", 381, (input_ids == 0).sum())
sums = [np.linalg.norm(encoder(input_ids)[:, t].sum(axis=1)) for t in (slice(127), [127])]
snippet.check("share of padding in the mean", 0.95, sums[0] / sum(sums), op=">=")
snippet.check("ids in new reviews", 0, sum(map(len, tokenizer.texts_to_sequences(reviews))))
same = np.array_equal(model.params["0.word.W"], encoder.params["word.W"])
snippet.check("the encoder was frozen", False, same)
small = tf.Sequential([encoder, layers.GlobalAveragePooling1D()])
snippet.check_gradient(gradcheck(small, np.array([[2, 7, 3, 0, 0]]), max_entries=6))
ids, mask, _ = pieces(reviews)
mended = BERTClassifier(encoder.astype("float32"), 3, "mean")
mended.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
mended.fit((ids[:600], mask[:600]), stars[:600], 32, 5, 0)
accuracy = mended.evaluate((ids[600:], mask[600:]), stars[600:], 300, 0)[1]
snippet.check("accuracy on 300 held-out reviews", 0.6, accuracy, op=">=")
wide, seen = (np.pad(a[:3], ((0, 0), (0, 30))) for a in (ids, mask))
snippet.check("mean moved", 0.1, np.ptp([small(wide), small(ids[:3])], 0).max(), op=">=")
snippet.check("mended: not moved", mended((ids[:3], mask[:3])), mended((wide, seen)), atol=1e-5)

# %% [markdown]
# ## Capacity (参数量)
#
# Before anything is allocated, a formula says how many numbers a model keeps. D features in:

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
V, D, F = 30522, 768, 3072  # words, features, units; then 512 positions, 2 segments, a norm
base = (V + 512 + 2 + 2) * D + 12 * (4 * (D * D + D) + 2 * D * F + F + 5 * D) + D * D + D
capacity.check("BERT-base", [109_482_240] * 2, [base, bert_parameters()])
capacity.check("tiny BERT", tiny.bert.count_params(), bert_parameters(11, 4, 1, 6, 5))

# %% [markdown]
# ## Exercises
#
# 1. Take the MLM loss at all tokens (`mask` for `selected`). What does copying then earn?
# 2. Draw label 1 from other passages only. Which question does NSP then ask?

# %%
lesson.finish()
