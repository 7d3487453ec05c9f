# %% [markdown]
# # BERT as printed: whose ids, and a mean over padding  预训练模型的使用
#
# **The question.** The program runs and prints an accuracy. Has the encoder read the text?
#
# D4 §3.3 has pseudo-code for a BERT pipeline, §5.2 a program: a pre-trained encoder
# (预训练模型), a mean over its positions, one dense layer.

# %%
from types import SimpleNamespace

import numpy as np

from minidl import datasets, gradcheck, initializers, layers, optimizers, plots
from minidl.applications.bert import BERT
from minidl.applications.bert_classifier import BERTClassifier
from minidl.lesson import Lesson
from minidl.preprocessing import WordPiece, train_wordpiece

lesson = Lesson(
    "BERT as printed: whose ids, and a mean over padding  预训练模型的使用", __file__
)

# fmt: off
pseudo = lesson.item("S-D4-pseudo", source="D4 §3.3", verdict="wrong",
    printed="encode(tokenize(data)); input_mask = [1] * len(input_ids)",
    true="a text is cut once; its mask has an entry a token, 0 at padding")
snippet = lesson.item("S-D4-bert", source="D4 §5.2, §5.3.2", verdict="wrong",
    printed="ids of a new Tokenizer, a mean over 128 positions, 3 rows to train and evaluate",
    true="ids of the encoder's vocabulary, a mean over the text, held-out sentences")
# fmt: on

# %% [markdown]
# ## The pseudo-code (D4 §3.3)
#
# `encode` gets what `tokenize` has cut, and cuts it again: of ##ing, "inside a word", it makes
# nothing known. `[1] * len(input_ids)` counts rows, not tokens, and has no 0 for padding.

# %%
reviews, stars = datasets.make_review_sentences(900)
pieces = train_wordpiece(reviews[:600], 300, min_count=1)
start = initializers.TruncatedNormal(stddev=0.1)
encoder = BERT(len(pieces.vocabulary), 32, 2, 2, 64, dropout=0, seed=0, initializer=start)
english = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "play", "##ing"])
cut = " ".join(english.tokenize("playing"))  # play ##ing
pseudo.check("tokenized twice: [UNK] in 3", [2, 4, 1, 1, 1, 3], english.encode(cut).ids)
pseudo.check("once", [2, 4, 5, 3], english.encode("playing").ids)
ids, mask, _ = pieces([min(reviews, key=len), max(reviews, key=len)])  # the first is padded
n = mask[0].sum()
alone, read, ones = (encoder(pair)[0, :n] for pair in (ids[:, :n], (ids, mask), ids))
pseudo.check("moved by padding, all ones", 0.1, np.abs(ones - alone).max(), op=">=")
pseudo.check("moved by padding, 0 there", alone, read, atol=1e-4)

# %% [markdown]
# ## The snippet (D4 §5.2)
#
# It is as printed, but `hub` gives our encoder, not Google's (whose `uncased` is English), and
# Input, KerasLayer, reduce_mean over axis 1, Dense, Model are a Sequential. Ours is small and
# has read nothing yet: for what goes wrong here that makes no difference.

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
# ## What is wrong, and a bug that no gradient check sees
#
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
mended.fit((ids[:600], mask[:600]), stars[:600], 32, 2, 0)
accuracy = mended.evaluate((ids[600:], mask[600:]), stars[600:], 300, 0)[1]
snippet.check("accuracy on 300 held-out reviews", 0.6, accuracy, op=">=")
wide, seen = (np.pad(a[:3], ((0, 0), (0, 30))) for a in (ids, mask))
snippet.check("mean moved", 0.1, np.ptp([small(wide), small(ids[:3])], 0).max(), op=">=")
snippet.check("mended: not moved", mended((ids[:3], mask[:3])), mended((wide, seen)), atol=1e-5)

curves, widths = {"mean over all": [], "mean over the text": []}, range(0, 41, 5)
for width in widths:
    wide, seen = (np.pad(a[:1], ((0, 0), (0, width))) for a in (ids, mask))
    for name, y in zip(curves, (small(wide)[0], encoder((wide, seen))[seen].mean(axis=0))):
        curves[name].append(y)
with plots.style():
    axes = plots.new_axes(
        "positions of padding", "largest change of the vector", "填充  Padding"
    )
    for name, vectors in curves.items():
        moved = abs(np.array(vectors) - vectors[0]).max(axis=1)
        axes.plot(widths, moved, marker="o", label=name)
    axes.legend()
lesson.figure(axes.figure, "padding", "How far padding moves the vector of the same text.")

# %% [markdown]
# ## Exercises
#
# 1. `MeanAndMax` puts a text's mean over positions and its maximum side by side, (N, T, D) to
#    (N, 2D). For D = 1 and h = 1, 3, 2 it is 2, 3. Put `CHECKS = [(MeanAndMax(), h)]` below it,
#    and run `minidl check answers.py`. Which of the two does padding of zeros move?
# 2. Let the model choose what counts: in `WeightedMean` position t has the weight softmax(a)_t,
#    a (T,) trained, and y is the weighted mean (N, D). For a = (0, ln 3) and h = 4, 0 it is 1.

# %%
lesson.finish()
