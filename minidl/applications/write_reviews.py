"""Train a small GPT to write Chinese reviews, character by character, from the left.

    pip install "minidl[data]"
    python -m minidl.applications.write_reviews --epochs 6

Reads the training part alone, as `pretrain_reviews` does, and its vocabulary. A text stands
between [CLS], from which the model begins to write, and [SEP], with which it stops. Writes
after every epoch, in half precision:

    gpt_reviews.safetensors, gpt_reviews.json     for GPT.from_pretrained
"""

import argparse
import time
from pathlib import Path

import numpy as np

from minidl.applications.gpt import GPT
from minidl.applications.pretrain_reviews import DATA, parts
from minidl.losses import SparseCategoricalCrossentropy
from minidl.optimizers import AdamW
from minidl.preprocessing import WordPiece
from minidl.schedules import CosineDecay

SIZES = {"dim": 128, "layers": 2, "heads": 4, "ffn": 512, "max_length": 96}
POOL = 64  # batches whose texts are sorted by length together: less padding, still mixed


def load_writer(path=DATA / "gpt_reviews.safetensors"):
    """(model, tokenizer) of the weights that come with minidl."""
    return GPT.from_pretrained(path), WordPiece.from_file(DATA / "bert_reviews.txt")


def encode(texts, tokenizer, longest=SIZES["max_length"]):
    """[ids] of every text between [CLS] and [SEP]; a text that is too long has no end."""
    start, end = (tokenizer.id_of(token) for token in ("[CLS]", "[SEP]"))
    rows = [tokenizer.encode(text, special_tokens=False).ids for text in texts]
    return [[start, *ids, end][: longest + 1] for ids in rows if ids]


def batches(rows, pad, rng, size=32):
    """(x, y_true), (N, T) each: y_true is x one token later; padding behind both."""
    order = rng.permutation(len(rows))
    for at in range(0, len(rows), POOL * size):
        pool = sorted(order[at : at + POOL * size], key=lambda i: len(rows[i]))
        chunks = [pool[k : k + size] for k in range(0, len(pool), size)]
        for k in rng.permutation(len(chunks)):
            chosen = [rows[i] for i in chunks[k]]
            ids = np.full((len(chosen), max(map(len, chosen))), pad)
            for row, tokens in zip(ids, chosen):
                row[: len(tokens)] = tokens
            yield ids[:, :-1], ids[:, 1:]


def perplexity(model, rows, pad):
    """exp of the mean loss of a token: among how many equally likely ones it is chosen."""
    loss, total, count = loss_without(pad), 0.0, 0
    for x, y_true in batches(rows, pad, np.random.default_rng(0)):
        kept = (y_true != pad).sum()
        total, count = total + loss(y_true, model.outputs(x)) * kept, count + kept
    return float(np.exp(total / count))


def loss_without(pad):
    return SparseCategoricalCrossentropy(from_logits=True, ignore_class=pad)


def write(model, tokenizer, beginning="", length=60, **how):
    """One text that goes on from `beginning`, to its [SEP] or to `length` tokens.

    how   temperature, top_k, top_p, seed: see `GPT.generate`
    """
    start, end = (tokenizer.id_of(token) for token in ("[CLS]", "[SEP]"))
    ids = [start, *tokenizer.encode(beginning, special_tokens=False).ids]
    new = model.generate(np.array([ids]), length, **how)[0].tolist()[1:]
    return "".join(tokenizer.token_of(i) for i in new[: new.index(end) if end in new else None])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--texts", type=int, help="only so many, to try it out")
    parser.add_argument("--vocabulary", type=Path, default=DATA / "bert_reviews.txt")
    parser.add_argument("--out", type=Path, default=DATA / "gpt_reviews.safetensors")
    options = parser.parse_args(arguments)
    tokenizer = WordPiece.from_file(options.vocabulary)
    rows, held = (encode(texts[: options.texts], tokenizer) for texts in parts())
    rng, pad = np.random.default_rng(0), tokenizer.id_of("[PAD]")
    model = GPT(len(tokenizer.vocabulary), **SIZES, dropout=0.1, seed=0)
    model.build((1,))
    steps = options.epochs * -(-len(rows) // 32)
    rate = CosineDecay(0.0, 0.95 * steps, 0.02, options.rate, 0.05 * steps)
    optimizer = AdamW(rate, weight_decay=0.01, global_clipnorm=1.0)
    model.compile(optimizer, loss_without(pad))
    print(f"{len(rows):,} texts, {model.count_params():,} parameters, {steps:,} steps")
    for epoch in range(options.epochs):
        begin = time.perf_counter()
        losses = [model.train_on_batch(x, y_true) for x, y_true in batches(rows, pad, rng)]
        seconds = time.perf_counter() - begin
        model.save_pretrained(options.out, "float16")
        print(
            f"epoch {epoch + 1}: {seconds:.0f} s, loss {np.mean(losses):.3f}, perplexity of "
            f"texts held out {perplexity(model, held[:1000], pad):.1f}; "
            f"{write(model, tokenizer, top_p=0.9, seed=epoch)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
