"""Pre-train a small BERT on the Chinese reviews: no label is read, only the texts.

    pip install "minidl[data]"
    python -m minidl.applications.pretrain_reviews --epochs 40

Reads the training part alone, 70 % of `load_chinese_reviews()`; the rest measures what was
learned. Writes after every epoch, in half precision:

    bert_reviews.safetensors, bert_reviews.json     for BERT.from_pretrained
    bert_reviews.txt                                the vocabulary, for WordPiece.from_file
    bert_reviews_history.json                       losses in nats and shares right, by epoch
"""

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np

from minidl.applications.bert import BERT
from minidl.applications.bert_pretraining import (
    BERTForPretraining,
    PretrainingLoss,
    pretraining_step,
)
from minidl.applications.masking import mask_tokens, sentence_pairs
from minidl.datasets import load_chinese_reviews
from minidl.optimizers import AdamW
from minidl.preprocessing import train_test_split, train_wordpiece
from minidl.preprocessing.encoding import Encoding, stack, truncate
from minidl.schedules import CosineDecay

DATA = Path(__file__).parents[1] / "datasets" / "data"
MARK = re.compile(r"[，。！？；：、~…,.!?;:\s]+")  # after one of these a text may be cut in two
POOL = 64  # batches whose pairs are sorted by length together: less padding, still mixed
NUMBERS = ("words", "pairs", "held out words", "held out words right", "held out pairs right")
SIZES = {"dim": 128, "layers": 2, "heads": 2, "ffn": 512, "max_length": 128, "dropout": 0.0}


def parts():
    """(training, held out): lists of texts, 70 % and 30 % of each label."""
    texts, labels = load_chinese_reviews()
    train, held = train_test_split(texts, test_size=0.3, random_state=0, stratify=labels)
    return list(train), list(held)


def halves(text):
    """The text cut in two, after the mark nearest its middle; without one, in the middle."""
    ends = [found.end() for found in MARK.finditer(text) if 0 < found.end() < len(text)]
    at = min(ends or [len(text) // 2], key=lambda end: abs(end - len(text) / 2))
    return text[:at], text[at:]


def as_pairs(texts, tokenizer):
    """[(ids, ids)] of the two halves of every text that has two."""
    cut = [
        [tokenizer.encode(half, special_tokens=False).ids for half in halves(text)]
        for text in texts
    ]
    return [(first, second) for first, second in cut if first and second]


def batches(pairs, tokenizer, rng, size=32, longest=128):
    """(x, y_true) for pretraining_step: every pair once, whole or crossed, freshly masked."""
    V, get = len(tokenizer.vocabulary), tokenizer.id_of
    special = [get(token) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")]
    _, _, start, end = special
    crossed = sentence_pairs([pairs[i] for i in rng.permutation(len(pairs))], rng)
    order = [
        rows
        for at in range(0, len(crossed), POOL * size)
        for rows in by_length(crossed, range(at, min(at + POOL * size, len(crossed))), size)
    ]
    for i in rng.permutation(len(order)):
        rows, labels = [], []
        for row in order[i]:
            a, b, label = crossed[row]
            a, b = truncate(a, b, longest - 3)
            ids = [start, *a, end, *b, end]
            rows.append(Encoding(ids, [0] * (len(a) + 2) + [1] * (len(b) + 1)))
            labels.append(label)
        ids, mask, segments = stack(rows, max(len(row.ids) for row in rows), special[0])
        shown, selected = mask_tokens(ids, V, get("[MASK]"), special, rng)
        yield (shown, mask, segments, selected), (ids[selected], np.array(labels))


def by_length(pairs, rows, size):
    """The rows in batches of pairs that are about equally long."""
    rows = sorted(rows, key=lambda row: len(pairs[row][0]) + len(pairs[row][1]))
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def measure(model, pairs, tokenizer):
    """(loss of words, accuracy of words, of pairs), the same masks whenever it is called."""
    sums, loss = np.zeros(5), PretrainingLoss()
    for x, (words, follows) in batches(pairs, tokenizer, np.random.default_rng(0)):
        y = model.outputs(x)
        (_, of_words, _), _ = loss.forward((words, follows), y)
        right = (y[0].argmax(axis=1) == words).sum(), (y[1].argmax(axis=1) == follows).sum()
        sums += of_words * len(words), *right, len(words), len(follows)
    return sums[0] / sums[3], sums[1] / sums[3], sums[2] / sums[4]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rate", type=float, default=1e-3, help="the highest learning rate")
    parser.add_argument("--texts", type=int, help="only so many, to try it out")
    parser.add_argument("--out", type=Path, default=DATA / "bert_reviews.safetensors")
    options = parser.parse_args(arguments)
    train, held = (texts[: options.texts] for texts in parts())
    tokenizer = train_wordpiece(train, 4000, min_count=3)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(options.out.with_suffix(".txt"))
    pairs, held = as_pairs(train, tokenizer), as_pairs(held[:1000], tokenizer)
    V, rng = len(tokenizer.vocabulary), np.random.default_rng(0)
    model = BERTForPretraining(BERT(V, **SIZES, seed=0))
    steps = options.epochs * -(-len(pairs) // 32)
    rate = CosineDecay(0.0, 0.95 * steps, 0.02, options.rate, 0.05 * steps)
    optimizer = AdamW(rate, weight_decay=0.01, global_clipnorm=1.0)
    print(f"{len(pairs):,} pairs, {V:,} tokens, {steps:,} steps", flush=True)
    history = {}
    for epoch in range(options.epochs):
        begin, losses = time.perf_counter(), []
        for x, y_true in batches(pairs, tokenizer, rng):
            losses.append(pretraining_step(model, optimizer, x, y_true))
        seconds = time.perf_counter() - begin
        model.save_pretrained(options.out, "float16")
        numbers = (*np.mean(losses, axis=0)[1:], *measure(model, held, tokenizer))
        for name, number in zip(NUMBERS, numbers, strict=True):
            history.setdefault(name, []).append(round(float(number), 3))
        write_history(history, options.out)
        latest = ", ".join(f"{name} {numbers[-1]:.3f}" for name, numbers in history.items())
        print(f"epoch {epoch + 1}: {seconds:.0f} s; {latest}", flush=True)


def write_history(history, out):
    path = out.with_name(f"{out.stem}_history.json")
    path.write_text(json.dumps(history) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
