# %% [markdown]
# # The next word, and the next: how a model writes  文本生成
#
# **The question.** How does a network that gives numbers write a sentence?
#
# D3 §2.3: large models are for writing, too (文本生成). D4 §4.3 gives 今天, 天气, 很好 weights
# of attention, and will "generate a new text by the weights" (根据权重生成新的文本序列): 天气今
# 天很好, the same words in another order. No formula is printed. Missing is a probability for
# words that are *not* there, a mask that hides what comes later (因果掩码), a draw (采样).

# %%
import numpy as np

from minidl import gradcheck, losses, optimizers, plots
from minidl.applications import write_reviews
from minidl.applications.generation import KeyValueCache, sample
from minidl.applications.gpt import GPT
from minidl.datasets import make_review_sentences
from minidl.layers.activations import softmax
from minidl.lesson import Lesson

lesson = Lesson("The next word, and the next: how a model writes  文本生成", __file__)

writing = lesson.item(
    "Y-generate", source="D3 §2.3; D4 §4.3", verdict="wrong",
    formula=r"p(w_1 \dots w_T) = \prod_t p(w_t \mid w_1 \dots w_{t-1})",
    printed="new text by attention weights: 今天天气很好 becomes 天气今天很好",
    true="draw each word from what a causal model makes of the words before it",
)  # fmt: skip

# %% [markdown]
# ## The next token, literally (下一个词的概率)
#
# A GPT (Radford et al. 2018) adds a token's vector and its position's. A block adds to $h_t$
# what attention fetches from places $j \le t$, then what two dense layers make of it. The last
# $h_t$, times all V tokens' vectors, gives scores, softmax $p(w_{t+1} \mid w_1 \dots w_t)$. A
# token more changes no row before it: keys and values are kept (键值缓存), it costs one row.


# %%
def literal(model, ids):  # of a GPT with one block: (T,) -> (T, V)
    block, word = model.blocks[0], model.word.params["W"]
    h = word[ids] + model.position.params["W"][: len(ids)]  # (T, D)
    Q, K, V = (block.attention.projected(block.norm1(h)[None], name)[0] for name in "qkv")
    for n, t in np.ndindex(Q.shape[:2]):  # Q, K, V: (H, T, D / H), n is a head
        seen = range(t + 1)  # no token after t
        w = [np.exp(Q[n, t] @ K[n, j] / np.sqrt(Q.shape[2])) for j in seen]
        h[t] += sum(w[j] / sum(w) * V[n, j] for j in seen) @ block.attention.params["Wo"][n]
    h = h + block.attention.params["bo"]
    return softmax(model.norm(h + block.ffn2(block.ffn1(block.norm2(h)))) @ word.T)


rng = np.random.default_rng(0)
tiny = GPT(7, 4, 1, 2, 6, 8, dropout=0, dtype="float64")
tiny.build((1,))
tiny.set_weights([0.7 * rng.normal(size=array.shape) for array in tiny.params.values()])
ids = np.array([[3, 1, 4, 1, 5], [3, 1, 4, 1, 6]])
p = softmax(tiny(ids))
writing.check("p of the next token", literal(tiny, ids[0]), p[0])
writing.check("another last token: no earlier row moves", p[0, :4], p[1, :4], atol=1e-12)
writing.check_gradient(gradcheck(tiny, ids, max_entries=6))
writer, tokenizer = write_reviews.load_writer()  # it read 12,154 reviews by characters
for model, text in ((tiny, ids), (writer, rng.integers(5, 900, (1, 40)))):
    cache, T = KeyValueCache(model, len(text)), text.shape[1]
    kept = [cache.read(text[:, t : t + 1]) for t in range(T)]
    again = [model(text[:, : t + 1]) for t in range(T)]
    last = [np.array([y[0, -1] for y in found]) for found in (again, kept)]
    writing.check(f"scores of the last of 1 … {T} tokens, and with a cache", *last, atol=2e-4)
    rows = [sum(y.shape[1] for y in found) for found in (again, kept)]
    writing.check("rows computed, and with a cache", [T * (T + 1) // 2, T], rows)

# %% [markdown]
# ## Drawing (采样)
#
# Always the likeliest token (贪心) says the same again and again. A **temperature** τ (温度)
# divides the scores: below 1 the likely becomes likelier. **top-k** keeps the k likeliest,
# **top-p** the fewest likeliest with a sum of at least p; the rest gets 0, and the sum is 1.


# %%
def chances(z, temperature=1.0, top_k=None, top_p=1.0):
    p, kept = softmax(z / temperature), np.zeros(len(z))
    for i in np.argsort(-p)[:top_k]:
        if kept.sum() < top_p:
            kept[i] = p[i]
    return kept / kept.sum()


z, n = np.array([1.0, 2.0, 0.5, 3.0, 0.0]), 40_000
for how in ({"temperature": 0.5}, {"temperature": 2}, {"top_k": 2}, {"top_p": 0.9}):
    drawn = np.bincount(sample(np.tile(z, (n, 1)), **how, rng=1), minlength=5) / n
    writing.check(f"shares of {n} draws, {how}", chances(z, **how), drawn, atol=0.012)
start = [tokenizer.id_of(token) for token in ("[CLS]", "房", "间", "很")]
text = writer.generate(np.array(start), 12, temperature=0)
writing.check("greedy: the likeliest", writer([text[:-1]])[0, 3:].argmax(axis=1), text[4:])
for tau in (0, 0.5, 1, 1.5):
    print(tau, write_reviews.write(writer, tokenizer, "房间很", 30, temperature=tau, seed=1))
z = writer([start])[0, -1]  # after [CLS] 房间很
top = np.argsort(-z)[:9]
fig = plots.heat_map([chances(z, tau)[top] for tau in (0.5, 1, 2)],
                     [tokenizer.token_of(i) for i in top], ["τ = 0.5", "τ = 1", "τ = 2"],
                     "After 房间很  下一个字", "p")  # fmt: skip
lesson.figure(fig, "temperature", "The nine likeliest: below 1 sharper, above 1 flatter.")

# %% [markdown]
# ## How good is it? Perplexity (困惑度)
#
# $e^L$ with L the mean of $-\ln p$ of each next token of unread texts: as if it chose among so
# many equally likely ones. Beside it, a guess by how frequent each token is.

# %%
try:
    texts, held = write_reviews.parts()
except ModuleNotFoundError as missing:
    print(f"Sentences from patterns in place of the reviews: {missing}")
    texts, held = make_review_sentences(3000)[0], make_review_sentences(100, seed=1)[0]
read, held = (write_reviews.encode(part, tokenizer) for part in (texts[:3000], held[:80]))
count = 1 + np.bincount([i for row in read for i in row[1:]], minlength=len(z))
frequent = np.exp(-np.mean([np.log(count[i] / count.sum()) for row in held for i in row[1:]]))
perplexity = write_reviews.perplexity(writer, held, tokenizer.id_of("[PAD]"))
writing.check("perplexity, half of the frequencies'", frequent / 2, perplexity, op="<")
p = [softmax(writer([row[:-1]])[0])[np.arange(len(row) - 1), row[1:]] for row in held]
writing.check("by hand", np.exp(-np.log(np.concatenate(p)).mean()), perplexity, rtol=1e-4)

# %% [markdown]
# ## A bug, and what catches it
#
# Without the mask a token sees the one that it is to guess. The gradient is right, the loss
# small, on new texts too. But at a text's end there is nothing to copy: it cannot write.
# What catches it is a later token that moves an earlier row.

# %%
letters = np.array([list(t[:14]) for t in make_review_sentences(400)[0] if len(t) >= 14])
places = np.unique(letters, return_inverse=True)[1].reshape(letters.shape)
blind = GPT(places.max() + 1, 32, 1, 2, 64, dropout=0, seed=0)
blind.compile(optimizers.Adam(0.01), losses.SparseCategoricalCrossentropy(from_logits=True))
blind.build((1,))
attention, attend = blind.blocks[0].attention, blind.blocks[0].attention.forward
attention.forward = lambda z, training, mask, **causal: attend(z, training, mask)
for _ in range(200):
    x = places[rng.choice(len(places) - 50, 32)]  # the last 50 are not read
    blind.train_on_batch(x[:, :-1], x[:, 1:])
new, following = places[-50:, :-1], places[-50:, 1:]
at_end = np.stack([blind(new[:, : t + 1])[:, -1] for t in range(13)], axis=1)
writing.check("loss on new texts", 0.6, blind.loss(following, blind(new)), op="<")
writing.check("where the text ends", 1.5, blind.loss(following, at_end), op=">")
moved = blind(new)[:, :-1] - blind(np.c_[new[:, :-1], new[:, :1]])[:, :-1]
writing.check("another last token moves earlier rows by", 0.1, np.abs(moved).max(), op=">")

# %% [markdown]
# ## Exercises
#
# 1. A learned temperature: `Tempered` has x (N, V), one trained τ (1,), and y = softmax(x / τ).
#    For x = (0, 0.6931) and τ = 0.5 it is 0.2, 0.8. Run `minidl check answers.py`.
# 2. `Perplexity` as a loss: y_true (N,) tokens, y_pred (N, V) probabilities, and $e^L$ with L
#    the mean of $-\ln p$ of the right ones. For p = 0.5 and 0.25 it is 2.8284. Put `CHECKS =
#    [(Perplexity(), y_true, y_pred)]` below it.

# %%
lesson.finish()
