"""How much does pre-training help, when few reviews have labels?

    pip install "minidl[data]"
    python -m minidl.applications.finetune_reviews --labels 100 500 2000 --seeds 5

Three ways to a classifier of praise and complaint, on the same texts with the same labels:

    scratch       the BERT of `pretrain_reviews` with weights drawn at random, all trained
    frozen        its pre-trained weights, only the Dense layer on the mean of h is trained
    pretrained    its pre-trained weights, all trained

Every seed draws other texts of the training part. What is counted are texts of the held-out
part, which neither pre-training nor training has read. Writes finetune_reviews.json:
{way: {labels: [share right, one a seed]}}.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from minidl.applications.bert import BERT
from minidl.applications.bert_classifier import BERTClassifier
from minidl.applications.pretrain_reviews import DATA
from minidl.datasets import load_chinese_reviews
from minidl.layers import Dense
from minidl.models import Sequential
from minidl.optimizers import Adam
from minidl.preprocessing import WordPiece, train_test_split
from minidl.schedules import CosineDecay

WAYS = ("scratch", "frozen", "pretrained")
WEIGHTS = DATA / "bert_reviews.safetensors"
LONGEST = 64  # tokens; half of the reviews are shorter than 48
STEPS = 160  # at least; at most 20 epochs


def load_parts(tokenizer, count=None, longest=LONGEST):
    """[(ids, masks, segments, labels) of the training part, the same of the held-out part];
    count   only so many texts of each"""
    texts, labels = load_chinese_reviews()
    train, held, *labels = train_test_split(
        texts, labels, test_size=0.3, random_state=0, stratify=labels
    )
    return [
        (*tokenizer(list(texts)[:count], max_length=longest), np.asarray(y)[:count])
        for texts, y in zip((train, held), labels)
    ]


def make_encoder(way, seed, dropout=0.1):
    """A BERT as it came, or with its weights drawn again."""
    if way != "scratch":
        return BERT.from_pretrained(WEIGHTS, dropout=dropout, seed=seed)
    config = BERT.from_pretrained(WEIGHTS).config
    return BERT(**{**config, "dropout": dropout, "seed": seed})


def epochs_for(labels):
    return int(min(20, max(3, np.ceil(STEPS * 32 / labels))))


def decay(rate, steps):
    """Up for a tenth of the steps, then down to a twentieth of the rate along a cosine."""
    return CosineDecay(0.0, 0.9 * steps, 0.05, rate, 0.1 * steps)


def fine_tune(way, x, y, seed=0, rate=1e-3, epochs=None):
    """A trained model of "scratch" or "pretrained"; x: (ids, masks, segments)."""
    epochs = epochs or epochs_for(len(y))
    model = BERTClassifier(make_encoder(way, seed), 1, "mean")
    rate = decay(rate, epochs * -(-len(y) // 32))
    model.compile(Adam(rate), "binary_crossentropy", ["accuracy"])
    model.fit(x, y, epochs=epochs, verbose=0)
    return model


def mean_vectors(encoder, x, size=100):
    """(N, D): the mean of the last h of every text; a frozen encoder needs them only once."""
    pooling = BERTClassifier(encoder, 1, "mean")
    parts = [tuple(a[at : at + size] for a in x) for at in range(0, len(x[0]), size)]
    return np.concatenate([pooling.pool(encoder.outputs(p), p[1])[0] for p in parts])


def train_head(vectors, y, seed=0, rate=0.01, epochs=60):
    """The Dense layer on a frozen encoder."""
    head = Sequential([Dense(1, "sigmoid")], seed=seed)
    head.compile(Adam(rate), "binary_crossentropy", ["accuracy"])
    head.fit(vectors, y, epochs=epochs, verbose=0)
    return head


def share_right(way, train, held, labels, seed, vectors=None, **how):
    """The share of held-out texts that a model trained on `labels` texts gets right."""
    rows = np.random.default_rng(seed).permutation(len(train[3]))[:labels]
    if way == "frozen":
        head = train_head(vectors[0][rows], train[3][rows], seed)
        return head.evaluate(vectors[1], held[3], verbose=0)[1]
    x = tuple(a[rows] for a in train[:3])
    model = fine_tune(way, x, train[3][rows], seed, **how)
    return model.evaluate(held[:3], held[3], verbose=0)[1]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--longest", type=int, default=LONGEST, help="tokens of a text")
    parser.add_argument("--epochs", type=int, help="default: 3 to 20, by the labels")
    parser.add_argument("--rate", type=float, default=1e-3, help="the highest learning rate")
    parser.add_argument("--held", type=int, default=2000, help="texts that are counted")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--out", type=Path, default=DATA / "finetune_reviews.json")
    options = parser.parse_args(arguments)
    tokenizer = WordPiece.from_file(WEIGHTS.with_suffix(".txt"))
    train, held = load_parts(tokenizer, longest=options.longest)
    held = tuple(a[: options.held] for a in held)
    encoder = make_encoder("frozen", 0)
    found = {way: {} for way in options.ways}
    how = {"epochs": options.epochs, "rate": options.rate}
    vectors = None
    if "frozen" in options.ways:
        vectors = [mean_vectors(encoder, part[:3]) for part in (train, held)]
    for labels in options.labels:
        for way in options.ways:
            begin = time.perf_counter()
            shares = [
                round(
                    float(share_right(way, train, held, labels, seed, vectors, **how)),
                    4,
                )
                for seed in range(options.seeds)
            ]
            found[way][str(labels)] = shares
            options.out.write_text(json.dumps(found) + "\n", encoding="utf-8", newline="\n")
            error = np.std(shares, ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else 0
            print(
                f"{labels:6,} labels, {way:10}: {np.mean(shares):.3f} +- {error:.3f} "
                f"({time.perf_counter() - begin:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
