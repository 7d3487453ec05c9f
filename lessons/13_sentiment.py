# %% [markdown]
# # Sentiment, and a log that cannot be  情感分类与一份不可能的日志
#
# **The question.** Is a review praise (好评) or complaint (差评)? What is a printed accuracy
# (准确率) worth? D3 §5.2 trains Embedding → LSTM → Dense(1, sigmoid) on five rows such as
# `["商品A", "好评"]`, a product and a verdict. §5.4 shows a log that ends on "Test accuracy:
# 0.967" and calls that "good ability to generalise" (良好的泛化能力).

# %%
import math

import numpy as np
import numpy as pd  # stands in for pandas: what counts is `as pd`

from minidl import Sequential, callbacks, gradcheck, optimizers, plots, set_seed
from minidl.applications.lstm_classifier import LSTMClassifier
from minidl.datasets import load_chinese_reviews, make_review_sentences
from minidl.layers import LSTM, Dense, Dropout, Embedding
from minidl.lesson import Lesson
from minidl.preprocessing.sequence import pad_sequences
from minidl.preprocessing.split import train_test_split
from minidl.preprocessing.text import Tokenizer, ngrams

lesson = Lesson("Sentiment, and a log that cannot be  情感分类与一份不可能的日志", __file__)

snippet = lesson.item(
    "S-D3-sentiment", source="D3 §5.1.3, §5.2", verdict="wrong",
    printed="texts row[1], labels row[1] == '好评'; five rows; print(pandas.__version__)",
    true="the text is the label; with real reviews the layers are right four times in five",
)  # fmt: skip
log = lesson.item(
    "W-D3-log", source="D3 §5.4", verdict="wrong",
    formula=r"\text{steps} = \lceil n / 32 \rceil, \quad \text{accuracy} = k / n",
    printed="2/2 steps, accuracy .6667, val_accuracy .75, .85, .9667; 579/579, .967",
    true="5 rows are 4 and 1: 1 step, accuracy k/4, val_accuracy 0 or 1, evaluate 1/1",
)  # fmt: skip

# %% [markdown]
# ## The snippet (D3 §5.1.3, §5.2), as printed but for the import lines
#
# Its first line fails: `import … as pd` binds the name `pd` and no other.

# %% S-D3-sentiment as printed
outcome = "printed"
try:
    print(pandas.__version__)
except NameError as error:
    outcome = str(error)
snippet.check("print(pandas.__version__)", "name 'pandas' is not defined", outcome)
print(pd.__version__)
set_seed(0)

# %% S-D3-sentiment as printed
# fmt: off
data = [
    ["商品A", "好评"],
    ["商品B", "中评"],
    ["商品C", "差评"],
    ["商品D", "好评"],
    ["商品E", "中评"]
]

tokenizer = Tokenizer()
tokenizer.fit_on_texts([row[1] for row in data])
sequences = tokenizer.texts_to_sequences([row[1] for row in data])
padded_sequences = pad_sequences(sequences, maxlen=5)

model = Sequential([
    Embedding(input_dim=len(tokenizer.word_index) + 1, output_dim=32),
    LSTM(32),
    Dense(1, activation='sigmoid')
])
model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])

X_train, X_test, y_train, y_test = train_test_split(padded_sequences, [row[1] == '好评' for row in data], test_size=0.2, random_state=42)  # noqa: E501
model.fit(X_train, y_train, epochs=10, validation_data=(X_test, y_test))
loss, accuracy = model.evaluate(X_test, y_test)
print(f"Test accuracy: {accuracy:.2f}")
# fmt: on
ours = {name: np.array(values) for name, values in model.history.history.items()}

# %% [markdown]
# ## The text is the label (标签泄漏): total leakage
#
# `row[1]` is fed in, `row[1] == '好评'` is to be predicted: the input is one id, the target "is
# it 1?". So an accuracy of 1.0 says nothing about texts: the model knows three words, a real
# review is empty to it, and it has one answer for all.

# %%
labels = [row[1] == "好评" for row in data]
snippet.check("target = (id is 1), all five rows", labels, padded_sequences[:, -1] == 1)
model.fit(X_train, y_train, epochs=150, verbose=0)
loss, accuracy = model.evaluate(padded_sequences, labels, verbose=0)
snippet.check("150 epochs more: accuracy on all five", 1, accuracy)
try:
    texts, y = load_chinese_reviews()
    lines, line_labels = load_chinese_reviews(dedup=False)
except ModuleNotFoundError as missing:
    print(f"Sentences from patterns in place of the reviews: {missing}")
    texts, y = make_review_sentences(6000)
    texts, y, lines = [t for t, k in zip(texts, y) if k != 1], y[y != 1] // 2, []
some = np.random.default_rng(0).permutation(len(y))[:1000]
unread = pad_sequences(tokenizer.texts_to_sequences([texts[n] for n in some]), maxlen=5)
answers = model.predict(unread, 500, 0)[:, 0] > 0.5
snippet.check("accuracy on 1,000 reviews", 0.55, np.mean(answers == y[some]), op="<=")
snippet.check("its different answers", 1, len(set(answers)))

# %% [markdown]
# ## The log (D3 §5.4), by arithmetic
#
# `test_size=0.2` makes 5 rows 4 and 1; with the default batches of 32 an epoch is 1 step. Of n
# rows an accuracy is k/n. Is the log from more rows, then? Two steps are 33 to 64 training
# rows; the training column then says 60, with 15 or 16 test rows, of which .85 is no number.
# Both columns fit from 300 rows on: 8 steps. 579 steps of evaluation need 92,481 rows, and an
# epoch of those has 2,312 steps. And `{accuracy:.2f}` prints two digits, never 0.967.


# %%
def sizes(N):
    return [len(part) for part in train_test_split(range(N), test_size=0.2, random_state=42)]


def can_be(printed, n):
    """Of each printed value: is it k/n for a whole k, to four digits?"""
    return [abs(round(round(v * n) / n, 4) - v) < 1e-9 for v in printed]


ACCURACY, VAL_ACCURACY = (0.6667, 0.75, 0.9333), (0.75, 0.85, 0.9667)  # as printed
log.check("training and test rows", [4, 1], [len(X_train), len(X_test)])
log.check("accuracy: .6667, .75, .9333 of 4?", [False, True, False], can_be(ACCURACY, 4))
log.check("val_accuracy: .75, .85, .9667 of 1?", [False] * 3, can_be(VAL_ACCURACY, 1))
whole = ours["accuracy"] * 4 % 1 + ours["val_accuracy"] % 1
log.check("our log: accuracy k/4, val_accuracy 0 or 1; off by", np.zeros(10), whole)
left = {N for N in range(5, 401) if all(can_be(ACCURACY, sizes(N)[0]))}
right = {N for N in range(5, 401) if all(can_be(VAL_ACCURACY, sizes(N)[1]))}
two = {N for N in left if math.ceil(sizes(N)[0] / 32) == 2}
log.check("rows with 2 steps and the training column", [75, 76], sorted(two))
log.check("of these, with the validation column", 0, len(two & right))
log.check("rows from which both columns fit", 300, min(left & right))
steps = [[math.ceil(n / 32) for n in sizes(N)] for N in (5, 300, 92_480, 92_481)]
true = [[1, 1], [8, 2], [2312, 578], [2312, 579]]
log.check("steps of an epoch and of evaluate: 5, 300, 92,480, 92,481 rows", true, steps)

# %% [markdown]
# ## The system
#
# Real reviews, of books, hotels, laptops. Half of the 35,123 lines are repetitions: divided at
# random, most test rows have a copy in training. 47 texts have **both** labels. So: each text
# once, without those 47; 70 % for training, 10 % to choose settings and the epoch, 20 % for one
# test (the snippet's `fit` sees its test rows: what is chosen on them, they cannot judge).
# Tokens are pairs of neighbouring characters (字符二元组), counted in the training part alone.
#
# `LSTMClassifier` is the printed model and, chosen on validation rows: a mask, dropout, a
# second LSTM from the end (双向), and the mean of all $h_t$ in place of the last. Beside it
# naive Bayes (朴素贝叶斯): each pair votes with the log of its odds.

# %%
if lines:
    seen, unseen = train_test_split(lines, test_size=0.2, random_state=0)
    seen, praised = set(seen), line_labels.sum()
    copies = np.mean([line in seen for line in unseen])
    snippet.check("share of test lines with a copy in training", 0.5, copies, op=">=")
    snippet.check("texts with both labels", 47, len({*lines[:praised]} & {*lines[praised:]}))
rest, test, y_rest, y_test = train_test_split(texts, y, test_size=0.2, random_state=0)
train, val, y_train, y_val = train_test_split(rest, y_rest, test_size=0.125, random_state=0)
if not lesson.full:  # what fits into some seconds
    train, y_train, val, y_val = train[:3000], y_train[:3000], val[:800], y_val[:800]
V, T = 20_000, 100 if lesson.full else 60
tokenizer = Tokenizer(V, analyzer=ngrams)
tokenizer.fit_on_texts(train)
X_train, X_val, X_test = (pad_sequences(tokenizer.texts_to_sequences(part), T)
                          for part in (train, val, test))  # fmt: skip
model = LSTMClassifier(V, dim=64, units=32, seed=0)
model.compile(optimizers.Adam(0.002), "binary_crossentropy", metrics=["accuracy"])
stop = callbacks.EarlyStopping("val_accuracy", patience=2, restore_best_weights=True)
model.fit(X_train, y_train, 64, 8, 0, [stop], validation_data=(X_val, y_val))
accuracy = model.evaluate(X_test, y_test, 256, 0)[1]
counts = [np.bincount(X_train[y_train == k].ravel(), minlength=V)[1:] + 1 for k in (0, 1)]
votes = np.log(counts[1] / counts[1].sum()) - np.log(counts[0] / counts[0].sum())
bayes = np.mean((np.append(0, votes)[X_test].sum(axis=1) > 0) == y_test)  # 0: padding
print(f"test: praise {y_test.mean():.3f}, naive Bayes {bayes:.3f}, LSTM {accuracy:.3f}")
bound = 0.8 if lesson.full else 0.72
snippet.check(f"test accuracy, trained on {len(train)} rows", bound, accuracy, op=">=")

# %% [markdown]
# ## The picture: an opinion in the making

# %%
text = "房间干净，位置方便，就是服务太差，再也不会来了"
parts = tokenizer.texts_to_sequences([text[: t + 1] for t in range(len(text))])
with plots.style():
    axes = plots.new_axes("characters read so far", "P(praise), no unit", size=(9, 3.6))
    axes.plot(model.predict(pad_sequences(parts, T), 64, 0)[:, 0], marker="o")
    axes.axhline(0.5, color=plots.INK, linestyle=":")
    axes.set(ylim=(0, 1), title="Opinion after each character  逐字的判断")
    axes.set_xticks(range(len(text)), text)
lesson.figure(axes.figure, "opinion", "The probability of praise while a sentence is read: "
              "clean, well situated; but the service is too bad, never again.")  # fmt: skip

# %% [markdown]
# ## A bug, and what catches it
#
# A layer of one's own that does not hand the mask on passes the gradient check: `backward` is
# right, for a model that reads padding. A property (性质) catches it: more zeros, same output.


# %%
class MaskLost(Dropout):
    def compute_mask(self, x, mask=None):
        return None


ids, longer = np.array([[4, 1, 2]]), np.array([[0, 0, 4, 1, 2]])
for middle, change, op in ((Dropout(0.5), 1e-6, "<="), (MaskLost(0.5), 1e-3, ">")):
    small = Sequential([Embedding(9, 3, mask_zero=True), middle, LSTM(2), Dense(1)], seed=0)
    small(ids)
    small.set_weights([4 * a for a in small.get_weights()])
    name, moved = type(middle).__name__, np.abs(small(longer) - small(ids)).max()
    snippet.check(f"{name}: y changes by", change, moved, op=op)
    snippet.check_gradient(gradcheck(small, longer), f"{name}: the gradient check passes")
snippet.check_gradient(gradcheck(LSTMClassifier(9, dim=3, units=2), longer), "LSTMClassifier")

# %% [markdown]
# ## Exercises
#
# 1. Put 商品A … 商品E (column 0) in as text, as the author may have meant. What is learned?
# 2. Take single characters (`Tokenizer(3000, char_level=True)`). What do the pairs gain?
# 3. Leave the repetitions in (`dedup=False`). By how much does the test accuracy rise?

# %%
lesson.finish()
