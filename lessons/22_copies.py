# %% [markdown]
# # Copies: when a good score means nothing  重复文本与数据泄漏
#
# **The question.** When does a good score mean that a model has learned to tell praise from
# complaint?
#
# D0 §4.3 classifies texts by a convolutional network (卷积神经网络), §5.4 prints its score.
# Here are real reviews, and two ways to have learned: by meaning, and by heart.

# %%
from fractions import Fraction

import numpy as np

from minidl.applications.text_classifier import bag_of_bigrams, character_cnn, three_parts
from minidl.datasets import load_chinese_reviews, make_news_sentences
from minidl.layers import Embedding, GlobalAveragePooling1D, Softmax
from minidl.lesson import Lesson
from minidl.models import Sequential
from minidl.plots import bars, training_curves
from minidl.testing import gradcheck

lesson = Lesson("Copies: when a good score means nothing  重复文本与数据泄漏", __file__)

result = lesson.item(
    "W-D0-evaluate", source="D0 §5.4", verdict="partial", formula=r"0.796875 = \frac{51}{64}",
    printed=[0.556875, 0.796875],
    true="[loss, accuracy]; a multiple of 64 test rows; no float32 prints as that loss",
)  # fmt: skip
system = lesson.item(
    "Y-textcnn", source="D0 §4.3, §5.2", verdict="holds", printed="a CNN classifies texts",
    true="it does: 0.83 on unseen reviews, a bag of bigrams 0.84; copies make it 0.91 and 0.94",
)  # fmt: skip

# %% [markdown]
# ## Two rivals
#
# `character_cnn` is D0's network on single characters. Beside it stands a bag of bigrams
# (二元词袋): $p = \mathrm{softmax}(f W)$, with f how frequent each pair of neighbouring
# characters is. Its f W is the mean of the rows of W that belong to the text's pairs.

# %%
rng, two = np.random.default_rng(0), ["很好看很好", "不好看"]
rival = bag_of_bigrams()
rival.tokenizer.fit_on_texts(two)
rival.model.build((200,))
W = rival.model.layers[0].params["W"] = rng.normal(size=(20_000, 2))
probs = []
for text in two:
    pairs = [text[t : t + 2] for t in range(len(text) - 1)]
    rows = [W[rival.tokenizer.word_index[pair]] for pair in pairs]
    e = [np.exp(sum(row[k] for row in rows) / len(rows)) for k in (0, 1)]
    probs.append([e[0] / sum(e), e[1] / sum(e)])
system.check("the bag is the loops", probs, rival.predict(two))
small = Sequential([Embedding(6, 2, mask_zero=True), GlobalAveragePooling1D(), Softmax()])
system.check_gradient(gradcheck(small, np.array([[1, 2, 0], [3, 2, 1]])))

# %% [markdown]
# ## A bug that no gradient check sees
#
# Reviews of books, hotels and laptops, 差评 (0) or 好评 (1): 70 % train, 10 % say when to stop,
# 20 % test. The corpus has 35,123 lines, but only 17,410 different ones: split at random, most
# test texts have a copy in the training part. Both models learn from different texts, and from
# as many rows of fewer texts with all copies. What tells: the test texts without a copy.

# %%
ONCE, COPIES = "each text once", "with copies"
rows, seeds, dim, rate, epochs, least = 1600, [0], 16, 5e-3, 12, 0.65
if lesson.full:
    rows, seeds, dim, rate, epochs, least = 17363, [0, 1, 2], 64, 1e-3, 30, 0.8
try:
    corpora = {COPIES: load_chinese_reviews(dedup=False), ONCE: load_chinese_reviews()}
except ModuleNotFoundError as error:
    print(f"{error}. Until then: sentences from patterns, which have no copies.")
    corpora = {ONCE: make_news_sentences(800)}
scores, curves, seen = {}, {}, {}
for seed, kind in [(seed, kind) for seed in seeds for kind in corpora]:
    train, stop, (texts, labels) = three_parts(*corpora[kind], rows, seed)
    known = set(train[0])
    new = np.array([text not in known for text in texts])
    seen[kind] = 1 - new.mean()
    cnn, bag = character_cnn(2, dim, 2 * dim, rate=rate, seed=seed), bag_of_bigrams(seed=seed)
    for name, classifier in (("bigrams", bag), ("CNN", cnn)):
        losses = classifier.fit(*train, stop, epochs).history
        right = classifier.predict(texts).argmax(axis=1) == labels
        scores.setdefault(f"{name}, {kind}", []).append(right.mean())
        if kind == COPIES:
            scores.setdefault(f"{name}, {kind}, new texts", []).append(right[new].mean())
    curves |= {f"loss, {kind}": losses["loss"], f"val_loss, {kind}": losses["val_loss"]}

mean = {name: np.mean(values) for name, values in scores.items()}
system.check("each text once: test texts seen in training", 0, seen[ONCE])
if COPIES in corpora:
    system.check("with copies: seen in training", 0.6, seen[COPIES], op=">=")
for name in ("CNN", "bigrams"):
    once, copied = mean[f"{name}, {ONCE}"], mean.get(f"{name}, {COPIES}")
    system.check(f"{name}: accuracy", least, once, op=">=")
    if copied:
        system.check(f"{name}: what copies add", 0.05, copied - once, op=">=")
        fresh = mean[f"{name}, {COPIES}, new texts"]
        system.check(f"{name}, with copies: new texts, below all", copied - 0.05, fresh, op="<")

# %% [markdown]
# ## What `evaluate` prints
#
# D0 §5.4 prints `[0.556875, 0.796875]`: first the loss, not far below the $\log 2 = 0.69$ of a
# model that knows nothing, then the accuracy, right / n. A float that prints so short is 51/64:
# n is a multiple of 64. Keras's loss is a float32, and none prints as 0.556875: that was
# rounded, or not computed. Which n, and which texts, and whether they have copies, it does not
# say.

# %%
probs = cnn.predict(texts)
by_hand = -np.log(probs[np.arange(len(labels)), labels]).mean()
loss, accuracy = cnn.evaluate(texts, labels)
result.check("first the loss, the mean of -log p[y]", by_hand, loss, rtol=1e-5)
result.check("then right / n", np.mean(probs.argmax(axis=1) == labels), accuracy)
result.check("0.796875 as a fraction", "51/64", str(Fraction(0.796875)))
able = [n for n in range(1, 1001) if np.any(np.float32(np.arange(n) / n) == 0.796875)]
result.check("n up to 1000 that can give it", list(range(64, 1001, 64)), able)
result.check("0.556875 as float32", "0.5568749904632568", str(float(np.float32(0.556875))))

# %% [markdown]
# **The pictures.** A filter adds its maximum times its weights to the logits: it can be read.

# %%
lesson.figure(
    bars(dict(sorted(scores.items())), "accuracy on the test part", "Copies  重复文本", 0.5),
    "scores", "Copies raise both scores; on texts that have no copy nothing is gained.",
)  # fmt: skip
lesson.figure(
    training_curves(curves, title="Loss of the CNN  损失", unit="nats"), "curves",
    "Early stopping is misled too: with copies the validation loss falls longer and lower.",
)  # fmt: skip
letters = {i: c for c, i in cnn.tokenizer.word_index.items() if i < 500 and c.isalpha()}
patterns = sorted(cnn.model.patterns(cnn.ids(train[0][:800]), letters))
lesson.figure(
    bars({"  ".join(grams): push for push, grams in patterns[:6] + patterns[-6:]},
         "mean change of log p(好评) / p(差评)", "What filters look for  卷积核"),
    "filters", "The six filters that speak most for 差评, and for 好评: what they answer most.",
)  # fmt: skip

# %% [markdown]
# ## Exercises
#
# 1. Let every text count once, however often it was copied. `OncePerText` takes y_pred (N,),
#    the probability of 好评, and y_true (N, 2): the label, and how many copies n the text has.
#    It is $\sum -\ln p_k / n$ over $\sum 1 / n$, k the label. Of p = (0.9, 0.9, 0.5), labels 1,
#    1, 0 and n = 2, 2, 1 it is 0.3993; the plain mean is 0.3013. Put
#    `CHECKS = [(OncePerText(), y_true, y_pred)]` below it, and run `minidl check answers.py`.
# 2. A bag that takes the length of a text into account: `RootBag` has a table W (20, 2), and y
#    is the sum of the rows of a text's ids (N, T) over $\sqrt T$. With W of ones and T = 4 it
#    is 2, 2. An id that comes twice collects twice; there is no dx. Ids to check it with stay
#    below 20.

# %%
lesson.finish()
