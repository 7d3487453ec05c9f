# %% [markdown]
# # The text is the label  标签泄漏
#
# **The question.** A model is always right about its five rows. What has it learned?
#
# D3 §5.2 classifies reviews as praise (好评) or complaint (差评), by Embedding → LSTM →
# Dense(1, sigmoid), from five rows such as `["商品A", "好评"]`, a product and a verdict.

# %%
import numpy as np
import numpy as pd  # stands in for pandas: what counts is `as pd`

from minidl import Sequential, gradcheck, plots, set_seed
from minidl.datasets import load_chinese_reviews, make_review_sentences
from minidl.layers import LSTM, Dense, Dropout, Embedding
from minidl.lesson import Lesson
from minidl.preprocessing.sequence import pad_sequences
from minidl.preprocessing.split import train_test_split
from minidl.preprocessing.text import Tokenizer

lesson = Lesson("The text is the label  标签泄漏", __file__)

snippet = lesson.item(
    "S-D3-sentiment", source="D3 §5.1.3, §5.2", verdict="wrong",
    printed="texts row[1], labels row[1] == '好评'; five rows; print(pandas.__version__)",
    true="the text is the label; no real review has a word that the model knows",
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

# %% [markdown]
# ## The text is the label (标签泄漏): total leakage
#
# `row[1]` is fed in, `row[1] == '好评'` is to be predicted: the input is one id, the target "is
# it 1?". So an accuracy of 1.0 says nothing about texts: the model knows three words, a real
# review is empty to it, and it has one answer for all.

# %%
history = {name: np.array(values) for name, values in model.history.history.items()}
whole = history["accuracy"] * 4 % 1 + history["val_accuracy"] % 1
snippet.check("accuracy k/4, val_accuracy 0 or 1; off by", np.zeros(10), whole)
labels = [row[1] == "好评" for row in data]
snippet.check("target = (id is 1), all five rows", labels, padded_sequences[:, -1] == 1)
model.fit(X_train, y_train, epochs=150, verbose=0)
loss, accuracy = model.evaluate(padded_sequences, labels, verbose=0)
snippet.check("150 epochs more: accuracy on all five", 1, accuracy)
try:
    texts, y = load_chinese_reviews()
except ModuleNotFoundError as missing:
    print(f"Sentences from patterns in place of the reviews: {missing}")
    texts, y = make_review_sentences(6000)
    texts, y = [t for t, k in zip(texts, y) if k != 1], y[y != 1] // 2
some = np.random.default_rng(0).permutation(len(y))[:1000]
unread = pad_sequences(tokenizer.texts_to_sequences([texts[n] for n in some]), maxlen=5)
answers = model.predict(unread, 500, 0)[:, 0] > 0.5
snippet.check("accuracy on 1,000 reviews", 0.55, np.mean(answers == y[some]), op="<=")
snippet.check("its different answers", 1, len(set(answers)))

# %%
shares = {"five rows, right": accuracy, "reviews, right": np.mean(answers == y[some]),
          "reviews with a known word": np.mean(unread.any(axis=1))}  # fmt: skip
fig = plots.bars(shares, "share", "What 100 % on five rows is worth  准确率")
lesson.figure(fig, "worth", "All right on the rows that carry their label; lost on real text.")

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

# %% [markdown]
# ## Exercises
#
# 1. 中评 is neither praise nor complaint. `ThreeVerdicts` makes one score z (N, 1) into the
#    probabilities of 差评, 中评, 好评: $1 - \sigma(z + 1)$, $\sigma(z + 1) - \sigma(z - 1)$,
#    $\sigma(z - 1)$. At z = 0 it is 0.2689, 0.4621, 0.2689. Put
#    `CHECKS = [(ThreeVerdicts(), z)]` below it, with some scores, and run
#    `minidl check answers.py`.
# 2. A mask of one's own: `SkippingMemory(keep)` gets T truth values, and is $c_t = c_{t-1} / 2
#    + x_t$ where step t is kept, else $c_t = c_{t-1}$; (N, T, D) to the last c (N, D). For x =
#    1, 1, 1, of which the second is not kept, it is 1.5. What is dx at a step that is passed
#    over?

# %%
lesson.finish()
