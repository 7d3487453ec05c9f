"""Fine-tuning on few labels: what the three ways start with, and a short run of the script."""

import json

import numpy as np
import pytest

from minidl.applications import finetune_reviews as script
from minidl.applications.bert import BERT
from minidl.preprocessing import WordPiece

WEIGHTS = BERT.from_pretrained(script.WEIGHTS).get_weights()
TEXTS = ["很好，推荐！", "太差了", "房间很小", "不错", "质量很好", "要求退货"] * 4
LABELS = np.array([1, 0, 0, 1, 1, 0] * 4)


def equal(model):
    return [np.array_equal(a, b) for a, b in zip(model.get_weights(), WEIGHTS, strict=True)]


def test_what_the_ways_begin_with():
    assert all(equal(script.make_encoder("pretrained", 1)))
    assert all(equal(script.make_encoder("frozen", 1)))
    scratch = script.make_encoder("scratch", 1)
    scratch.build((5,))
    drawn = [a.size > 512 for a in WEIGHTS]  # biases may begin as zeros and stay there
    assert not np.array(equal(scratch))[drawn].any()
    assert script.make_encoder("scratch", 1).config == script.make_encoder("frozen", 1).config


@pytest.mark.parametrize(("labels", "epochs"), [(1, 20), (100, 20), (500, 11), (2000, 3)])
def test_epochs(labels, epochs):
    assert script.epochs_for(labels) == epochs


def test_vectors_are_means_without_padding():
    tokenizer = WordPiece.from_file(script.WEIGHTS.with_suffix(".txt"))
    x = tokenizer(TEXTS[:3])
    encoder = script.make_encoder("frozen", 0)
    vectors = script.mean_vectors(encoder, x, size=2)  # in two blocks
    for i, text in enumerate(TEXTS[:3]):
        h = encoder(tokenizer([text]))[0]
        np.testing.assert_allclose(vectors[i], h.mean(axis=0), rtol=0, atol=2e-5)


def test_the_script_writes_what_it_counted(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(script, "load_chinese_reviews", lambda: (TEXTS, LABELS))
    out = tmp_path / "found.json"
    script.main(["--labels", "8", "--seeds", "2", "--epochs", "1", "--out", str(out)])
    found = json.loads(out.read_text())
    assert list(found) == list(script.WAYS)
    assert all(len(found[way]["8"]) == 2 for way in found)
    assert all(0 <= share <= 1 for way in found for share in found[way]["8"])
    assert "8 labels, pretrained" in capsys.readouterr().out


def test_the_recorded_study_is_complete():
    found = json.loads(script.WEIGHTS.with_name("finetune_reviews.json").read_text())
    assert set(found) == set(script.WAYS)
    assert all(list(sizes) == ["100", "500", "2000"] for sizes in found.values())
    assert all(len(runs) == 5 for sizes in found.values() for runs in sizes.values())
