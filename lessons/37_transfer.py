# %% [markdown]
# # Does it pay to read first? Transfer to few labels  迁移学习
#
# **The question.** A hundred labelled reviews, twelve thousand without a label. How much do
# the second help the first?
#
# D1 §3.1, §3.2: transfer learning (迁移学习) is to "pre-train on large data, then fine-tune for
# the task at hand, which improves it". No number is printed, nor what is frozen (冻结). Here
# are both, with the encoder of `python -m minidl.applications.pretrain_reviews`.

# %%
import copy
import json

import numpy as np

from minidl import plots
from minidl.applications import finetune_reviews as tuning
from minidl.applications import pretrain_reviews as script
from minidl.applications.bert_classifier import BERTClassifier
from minidl.applications.bert_pretraining import BERTForPretraining
from minidl.datasets import make_review_sentences
from minidl.lesson import Lesson
from minidl.optimizers import SGD
from minidl.preprocessing import WordPiece

lesson = Lesson("Does it pay to read first? Transfer to few labels  迁移学习", __file__)

transfer = lesson.item(
    "T-transfer", source="D1 §3.1, §3.2", verdict="partial",
    printed="pre-training, then fine-tuning improves the task",
    true="by how much depends on the labels, the texts and the rate; measure it",
)  # fmt: skip

pieces = WordPiece.from_file(tuning.WEIGHTS.with_suffix(".txt"))
try:
    train, held = tuning.load_parts(pieces, 400)
    texts = script.parts()[1][:60]
except ModuleNotFoundError as error:
    print(error, "- sentences from a template in place of reviews")
    texts, three = make_review_sentences(600, seed=0)
    praise = (np.asarray(three) == 0).astype(int)
    rows = (*pieces(texts, max_length=tuning.LONGEST), praise)
    train, held = [a[:400] for a in rows], [a[400:] for a in rows]
x, y = tuple(a[:300, :32] for a in train[:3]), train[3][:300]
x_held, y_held = tuple(a[:300, :32] for a in held[:3]), held[3][:300]

# %% [markdown]
# ## Frozen: a table of features
#
# $h = \mathrm{bert}(x)$, $p$ its mean, $\hat y = \sigma(p\,w + b)$. Frozen means that only $w$
# and $b$ move. Then $p$ is the same in each epoch: compute it once, and what is left is a
# logistic regression. Both forms, one step of gradient descent each:

# %%
encoder = tuning.make_encoder("frozen", 0, dropout=0.0)
classifier = BERTClassifier(encoder, 1, "mean", trainable_encoder=False, seed=1)
classifier.compile(SGD(0.5), "binary_crossentropy")
classifier.build(x[0].shape[1:])
before = copy.deepcopy(classifier.params)
p = tuning.mean_vectors(encoder, x)  # (N, 128), once
sigma = 1 / (1 + np.exp(-(p @ before["head.W"] + before["head.b"])))  # (N, 1)
dz = (sigma - y[:, None]) / len(y)
step = before["head.W"] - 0.5 * p.T @ dz, before["head.b"] - 0.5 * dz.sum(axis=0)
classifier.train_on_batch(x, y[:, None])
after = classifier.params
transfer.check("w after a step: logistic regression on p", step[0], after["head.W"], rtol=1e-4)
transfer.check("b after a step", step[1], after["head.b"], rtol=1e-4)
moved = [name for name in after if not np.array_equal(before[name], after[name])]
transfer.check("what has moved", ["head.W", "head.b"], sorted(moved))
_, grads = classifier.loss_and_grads(x, y[:, None], "binary_crossentropy")
transfer.check("what has a gradient to step along", ["head.W", "head.b"], sorted(grads))

# %% [markdown]
# ## Frozen, trained on, or from nothing
#
# One turn, to see the machinery; a turn proves nothing.

# %%
vectors = p, tuning.mean_vectors(encoder, x_held)
head = tuning.train_head(vectors[0], y)
models = {way: tuning.fine_tune(way, x, y, epochs=3) for way in ("scratch", "pretrained")}
right = {way: m.evaluate(x_held, y_held, verbose=0)[1] for way, m in models.items()}
right["frozen"] = head.evaluate(vectors[1], y_held, verbose=0)[1]
for way in tuning.WAYS:
    print(f"{way:10}  {right[way]:.1%} of {len(y_held)} held-out texts right")
floor = max(np.mean(y_held), 1 - np.mean(y_held))
transfer.check("frozen: above guessing", floor, right["frozen"], op=">=")
transfer.check("trained on: above guessing", floor, right["pretrained"], op=">=")

# %% [markdown]
# Five turns each, other texts in each, 2,000 held-out texts: recorded by `python -m
# minidl.applications.finetune_reviews`. A dot is a turn, the line their mean.

# %%
study = json.loads(tuning.WEIGHTS.with_name("finetune_reviews.json").read_text())
figure = plots.spread(study, "labelled texts", "share right", "Few labels  少量标注")
lesson.figure(figure, "labels", "Reviews never seen: what reading first is worth.")
for labels, own in study["pretrained"].items():
    gain = np.array(own) - study["scratch"][labels]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"{labels:>5} labels: pre-trained - scratch = {gain.mean():+.3f} +- {error:.3f}")

# %% [markdown]
# ## A bug, and what catches it
#
# A rate too high for a network that knows something: in a few steps it forgets (灾难性遗忘),
# and the loss on the new task says nothing about it. What catches it is to ask the old
# question again: which characters are hidden?


# %%
def still_knows(bert):
    """The share of hidden characters that the old heads get right on this encoder."""
    model = BERTForPretraining.from_pretrained(tuning.WEIGHTS)
    for name, array in bert.params.items():
        model.params[f"bert.{name}"][...] = array
    pairs = script.as_pairs(texts, pieces)
    return script.measure(model, pairs, pieces)[1]


known = {"before": still_knows(encoder)}
known["rate 0.001"] = still_knows(models["pretrained"].bert)
hasty = tuning.fine_tune("pretrained", x, y, rate=0.03, epochs=1)
known["rate 0.03"] = still_knows(hasty.bert)
print(*(f"{when}: {share:.1%}" for when, share in known.items()), sep="; ")
transfer.check("rate 0.001: most is kept", 0.7 * known["before"], known["rate 0.001"], op=">=")
transfer.check("rate 0.03: most is lost", 0.5 * known["before"], known["rate 0.03"], op="<=")

# %% [markdown]
# ## Exercises
#
# 1. Stay near what you know: the loss gets a term $\frac{a}{2} \sum (w - w_0)^2$, $w_0$ the
#    weights as they came. `StayNear` is a layer with W (D, 1) that returns $x W$ and one more
#    column, $\frac{a}{2} \sum (W - W_0)^2$ in each row: y (N, 2), a = 0.5, $W_0$ = 0. For
#    W = (1, 2) and x = (3, 1) it is 5 and 1.25. Put it in a file, `CHECKS = [(StayNear(), x)]`
#    below it, and run `minidl check answers.py`.
# 2. Between frozen and free: `Gate` is $y = g\, x + (1 - g)\, h$ of an x (N, 2, D) with the old
#    features x = x[:, 0] and new ones h = x[:, 1], $g = \sigma(s)$ with one trained number s.
#    For s = 0, old 1 and new 3 it is 2.

# %%
lesson.finish()
