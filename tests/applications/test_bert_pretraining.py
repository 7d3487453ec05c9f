"""Pre-training: transformers' frozen losses and gradients, the two tasks, learning."""

import numpy as np
import pytest

from minidl import assert_gradients
from minidl.applications import bert_layout as layout
from minidl.applications.bert import BERT
from minidl.applications.bert_pretraining import (
    BERTForPretraining,
    PretrainingLoss,
    pretraining_step,
)
from minidl.initializers import RandomNormal
from minidl.optimizers import Adam

INPUTS = ("ids", "mask", "segments", "selected")


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_outputs_and_losses_are_those_of_transformers(
    bert_frozen, bert_folder, dtype, tolerance
):
    model = BERTForPretraining.from_pretrained(bert_folder, dtype)
    words, follows = y = model(tuple(bert_frozen[name] for name in INPUTS))
    np.testing.assert_allclose(words, bert_frozen["words"], rtol=0, atol=tolerance)
    np.testing.assert_allclose(follows, bert_frozen["next"], rtol=0, atol=tolerance)
    answers = bert_frozen["labels"], bert_frozen["follows"]
    (total, of_words, of_follows), _ = PretrainingLoss().forward(answers, y)
    assert total == of_words + of_follows
    assert total == pytest.approx(float(bert_frozen["loss"]), rel=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_every_gradient_is_that_of_pytorch(bert_frozen, bert_folder, dtype, tolerance):
    model = BERTForPretraining.from_pretrained(bert_folder, dtype)
    loss = PretrainingLoss()
    y, cache = model.forward(tuple(bert_frozen[name] for name in INPUTS))
    _, loss_cache = loss.forward((bert_frozen["labels"], bert_frozen["follows"]), y)
    dx, grads = model.backward(loss.backward(loss_cache), cache)
    assert dx == (None,) * 4
    names = layout.pretraining_names(2)
    assert len(names) == len(grads) == 46
    for ours, theirs in names.items():
        want = bert_frozen[f"dbert/{theirs}"]
        got = layout.to_theirs(np.asarray(grads[ours]), ours, theirs)
        # A key's bias moves all scores of a query alike: its gradient is 0 but for rounding.
        scale = bert_frozen[f"dbert/{theirs.replace('key.bias', 'key.weight')}"]
        error = np.abs(got - want).max() / np.abs(scale).max()
        assert error < tolerance, f"{theirs}: {error:.1e}"


def tiny():
    start = RandomNormal(stddev=0.5)
    bert = BERT(9, 4, 1, 2, 6, 5, seed=1, initializer=start)
    return BERTForPretraining(bert, start)


IDS = np.array([[1, 4, 5, 2], [1, 6, 7, 2], [1, 8, 2, 0]])
X = (
    IDS,
    IDS > 0,
    np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]]),
    np.array([[0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]], bool),
)


def test_gradients_by_measuring():
    assert_gradients(tiny(), X)


def test_nothing_selected_leaves_the_second_task():
    model, x = tiny(), (*X[:3], np.zeros_like(X[3]))
    y = model(x)
    assert y[0].shape == (0, 9)
    (total, of_words, of_follows), _ = PretrainingLoss().forward(([], [0, 1, 1]), y)
    assert of_words == 0
    assert total == of_follows > 0
    losses = pretraining_step(model, Adam(), x, (np.zeros(0, int), [0, 1, 1]))
    assert np.isfinite(losses).all()


def test_the_decoder_is_the_embedding():
    model = tiny()
    model(X)
    assert "mlm.decoder.embedding.W" not in model.params
    before = model(X)[0]
    model.params["bert.word.W"][3, 0] += 1  # a word that no row reads: only its score moves
    moved = np.abs(model(X)[0] - before).max(axis=0) > 1e-6
    np.testing.assert_array_equal(np.flatnonzero(moved), [3])


def test_both_tasks_are_learned():
    """Token t + 1 always follows t; the second half continues so, or starts two further."""
    rng = np.random.default_rng(0)
    bert = BERT(18, 32, 1, 2, 64, 8, dropout=0.0, seed=0, initializer=RandomNormal(stddev=0.1))
    model, optimizer, found = BERTForPretraining(bert), Adam(0.003), []
    for _ in range(300):
        start, label = rng.integers(2, 8, 64), rng.integers(0, 2, 64)
        ids = start[:, None] + np.arange(8)
        ids[:, 4:] += (2 * label)[:, None]  # not the continuation: a gap of two
        selected = np.zeros(ids.shape, bool)
        selected[np.arange(64), rng.integers(0, 8, 64)] = True
        shown = np.where(selected, 1, ids)
        segments = np.broadcast_to(np.arange(8) > 3, ids.shape).astype(int)
        x = shown, np.ones_like(selected), segments, selected
        found.append(pretraining_step(model, optimizer, x, (ids[selected], label)))
    total, of_words, of_follows = np.mean(found[-20:], axis=0)
    assert found[0][1] == pytest.approx(np.log(18), rel=0.1)  # knows nothing: log V nats
    assert of_words < 0.2
    assert of_follows < 0.1
    assert total == pytest.approx(of_words + of_follows)


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (X[:3], r"must be the tuple \(ids, mask, segments, selected\) .* got \[\(3, 4\), "),
        ((*X[:3], X[3][:2]), r"arrays of one shape \(N, T\), got .*\(2, 4\)\]"),
        (IDS, "got ndarray"),
    ],
)
def test_what_forward_refuses(x, sentence):
    model = tiny()
    model(X)
    with pytest.raises(ValueError, match=sentence):
        model(x)


@pytest.mark.parametrize("bert", [None, BERT(9, 4, 1, 2, pooler=False)])
def test_it_needs_a_bert_with_a_pooler(bert):
    with pytest.raises(ValueError, match="bert must be a BERT with its pooler"):
        BERTForPretraining(bert)
