# %% [markdown]
# # What twelve thousand reviews teach a small BERT  预训练与微调
#
# **The question.** A BERT of two layers has read 12,153 Chinese reviews and not one label. What
# does it know?
#
# D4 §3.1 and §3.3 have the system in words: pre-train (预训练) on text alone, then fine-tune
# (微调) for a task, here classification. D4 §5.2 then loads somebody's weights. These are our
# own: `python -m minidl.applications.pretrain_reviews` made them, in an hour on one core.

# %%
import json

import numpy as np

from minidl import gradcheck, layers, plots
from minidl.applications import finetune_reviews as tuning
from minidl.applications import pretrain_reviews as script
from minidl.applications.bert import BERT
from minidl.applications.bert_classifier import BERTClassifier
from minidl.applications.bert_pretraining import BERTForPretraining
from minidl.datasets import make_review_sentences
from minidl.lesson import Lesson
from minidl.preprocessing import WordPiece

lesson = Lesson("What twelve thousand reviews teach a small BERT  预训练与微调", __file__)

system = lesson.item(
    "Y-bert", source="D4 §3.1, §3.3, §5.2", verdict="partial",
    printed="pre-training, then fine-tuning for classification; mean over all positions",
    true="two losses without a label; a head on [CLS] or on the mean without padding",
)  # fmt: skip

model = BERTForPretraining.from_pretrained(tuning.WEIGHTS)
pieces = WordPiece.from_file(tuning.WEIGHTS.with_suffix(".txt"))
history = json.loads(tuning.WEIGHTS.with_name("bert_reviews_history.json").read_text())
print(f"{model.count_params():,} numbers, {len(pieces.vocabulary):,} tokens")

# %% [markdown]
# ## How it learned
#
# For six passes (epochs) over the texts the model knows little more than how frequent each
# character is. Then the losses fall together. The curves were written by the script, epoch by
# epoch; what the weights are worth today is measured below.

# %%
curves = history | {"val_words": history["held out words"]}
title = "Pre-training on reviews  预训练"
figure = plots.training_curves(curves, ("words", "pairs"), title, "nats")
lesson.figure(figure, "curves", "Hidden characters and pairs of halves: the losses, in nats.")

# %% [markdown]
# ## What it guesses
#
# Texts that it has never read, 15 % of their characters hidden. Who always guesses the most
# frequent character of those hidden is right about one time in twenty.

# %%
try:
    texts = script.parts()[1][:200]
except ModuleNotFoundError as error:
    print(error, "- sentences from a template in place of reviews")
    texts = make_review_sentences(200, seed=1)[0]
pairs = script.as_pairs(texts, pieces)
right, hidden, follows = [], [], []
for x, (words, label) in script.batches(pairs, pieces, np.random.default_rng(0)):
    scores, of_pairs = model.outputs(x)
    right.extend(scores.argmax(axis=1) == words)
    hidden.extend(words)
    follows.extend(of_pairs.argmax(axis=1) == label)
most = np.bincount(hidden).max() / len(hidden)
print(f"{len(hidden):,} characters: {np.mean(right):.1%} right")
system.check("hidden characters right, 3 x the frequent one", 3 * most, np.mean(right), op=">=")
system.check("pairs of halves right", 0.75, np.mean(follows), op=">=")

# %% [markdown]
# One gap, two contexts. What stands behind the gap counts too: "very satisfied" (非常满意), "I
# want to return it" (要求退货). It has only begun to understand: 好, good, is likely in both.

# %%
gaps = ["质量很[MASK]，非常满意。", "质量很[MASK]，要求退货。"]
ids, mask, segments = pieces(gaps)
selected = ids == pieces.id_of("[MASK]")
p = layers.Softmax()(model.outputs((ids, mask, segments, selected))[0])  # (2, V)
best = np.unique(np.argsort(-p, axis=1)[:, :4])
best = best[np.argsort(-p[:, best].sum(axis=0))][:6]
tokens = [pieces.token_of(i) for i in best]
title = "质量很[MASK]: which character?"
figure = plots.heat_map(p[:, best], tokens, ["非常满意", "要求退货"], title, "probability")
lesson.figure(figure, "gap", "The same gap, in praise and in a complaint.")
good, bad = (pieces.id_of(word) for word in "好差")
odds = p[:, good] / p[:, bad]
system.check("好 against 差: praise over complaint", 2 * odds[1], odds[0], op=">=")

# %% [markdown]
# ## From hidden words to a class
#
# Off with both heads; one dense layer on the mean of $h$ takes their place. The mean counts
# what the mask keeps; D4's own snippet counts padding too. Literally, for one text with and
# without five places of padding:

# %%
bert = BERT.from_pretrained(tuning.WEIGHTS)
classifier = BERTClassifier(bert, 1, "mean", seed=1)
ids, mask, segments = pieces(["服务很好"])
h = bert((ids, mask, segments))[0]  # (T, D)
classifier.build(ids.shape[1:])
z = classifier.params["head.b"][0]
for d, weight in enumerate(classifier.params["head.W"][:, 0]):
    z += weight * sum(h[t, d] for t in range(len(h))) / len(h)
padded = tuple(np.pad(part, ((0, 0), (0, 5))) for part in (ids, mask, segments))
p = classifier((ids, mask, segments))[0, 0]
system.check("σ(w·mean + b), literally", 1 / (1 + np.exp(-z)), p)
system.check("padding changes nothing", p, classifier(padded)[0, 0])
mean, over_all = h.mean(axis=0), bert(padded)[0].mean(axis=0)
off = np.linalg.norm(over_all - mean) / np.linalg.norm(mean)
system.check("D4's mean is off by, relative", 0.1, off, op=">=")
tiny = BERTClassifier(BERT(11, 4, 1, 2, 6, 5, dropout=0, dtype="float64"), 1, "mean")
small = np.array([[2, 7, 5, 3, 9], [2, 6, 3, 0, 0]])
system.check_gradient(gradcheck(tiny, (small, small > 0, np.zeros((2, 5), int)), max_entries=6))

# %% [markdown]
# ## A bug, and what catches it
#
# Weights with another vocabulary: same size, same shapes, no error, and every id means another
# character. The file of tokens belongs to the weights. What catches it is the loss on any text:
# compare it with knowing nothing, $\ln V$.

# %%
shuffled = np.random.default_rng(0).permutation(len(pieces.vocabulary))
x, (words, _) = next(script.batches(pairs, pieces, np.random.default_rng(1)))


def nats(ids, words):
    y = model.outputs((ids, *x[1:]))[0]
    return float(-np.log(layers.Softmax()(y)[np.arange(len(words)), words] + 1e-12).mean())


own, other = nats(x[0], words), nats(shuffled[x[0]], shuffled[words])
print(f"loss: {own:.2f} nats; with another vocabulary {other:.2f}; ln V = {np.log(4000):.2f}")
system.check("its own vocabulary: below ln V", np.log(len(shuffled)), own, op="<=")
system.check("another one: no better than ln V", np.log(len(shuffled)), other, op=">=")

# %% [markdown]
# ## Exercises
#
# 1. A mean that is not told which places count is wrong, one that forgets a place is too.
#    `MeanOfKnown` gets x (N, T, D) whose padded places are all zeros, and divides the sum over
#    t by the number of places that are not all zero: for [[1, 2], [3, 4], [0, 0]] it is (2, 3).
#    The count is no function of x that has a slope. Put `CHECKS = [(MeanOfKnown(), x)]` below
#    it, and run `minidl check answers.py`.
# 2. Two tasks, one number: `Weighted` is a loss of y_true (N,), classes, and y_pred (N, C),
#    logits, that counts a complaint (class 0) three times: $-\sum_n w_n \ln p_n / \sum_n w_n$.
#    For logits [[0, 0], [0, 1]] and classes 0, 1 it is 0.5982.

# %%
lesson.finish()
