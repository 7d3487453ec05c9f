"""The pre-training script: how texts become pairs and batches, and one short run of it."""

import json

import numpy as np
import pytest

from minidl.applications import pretrain_reviews as script
from minidl.applications.bert import BERT
from minidl.preprocessing import WordPiece, train_wordpiece

TEXTS = [
    "房间很大，服务也好。下次还来！",
    "书的内容不错，印刷很差。",
    "电池不行，屏幕很亮，价格便宜。",
    "没有标点的一句话",
    "good screen, bad keyboard",
    "好",
]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            "房间大，服务也好。下次还来！",
            ("房间大，服务也好。", "下次还来！"),
        ),  # not 4 of 14
        (
            "一，二三四五六七八，九",
            ("一，", "二三四五六七八，九"),
        ),  # 2, not 10, of 11
        ("没有标点的一句话", ("没有标点", "的一句话")),
        ("good screen, bad keyboard", ("good screen, ", "bad keyboard")),
        ("好！", ("好", "！")),
        ("好", ("", "好")),
    ],
)
def test_halves(text, want):
    assert script.halves(text) == want
    assert "".join(script.halves(text)) == text


@pytest.fixture(scope="module")
def tokenizer():
    return train_wordpiece(TEXTS, 200, min_count=1)


def test_batches_hold_every_pair_once(tokenizer):
    pairs = script.as_pairs(TEXTS * 3, tokenizer)
    assert len(pairs) == 15  # a text of one token has no two halves
    get, seen, labels = tokenizer.id_of, [], []
    for x, y_true in script.batches(pairs, tokenizer, np.random.default_rng(0), size=4):
        (shown, mask, segments, selected), (words, follows) = x, y_true
        assert shown.shape == mask.shape == segments.shape == selected.shape
        assert len(shown) == len(follows) <= 4
        ids = shown.copy()
        ids[selected] = words
        assert mask.any(axis=0).all()  # no column of padding alone
        np.testing.assert_array_equal(ids == get("[PAD]"), ~mask)
        assert (ids[:, 0] == get("[CLS]")).all()
        assert ((ids == get("[SEP]")).sum(axis=1) == 2).all()
        for row, segment, length in zip(ids.tolist(), segments, mask.sum(axis=1)):
            second = row.index(get("[SEP]")) + 1
            np.testing.assert_array_equal(segment[:length], np.arange(length) >= second)
            seen.append((row[1 : second - 1], row[second : length - 1]))
        labels += follows.tolist()
    firsts = [list(a) for a, _ in pairs]
    assert sorted(a for a, _ in seen) == sorted(firsts)
    assert {0, 1} == set(labels)
    whole = [list(a) + list(b) for a, b in pairs]
    for (a, b), label in zip(seen, labels):
        assert label == 1 or a + b in whole


def test_long_pairs_are_cut(tokenizer):
    pairs = [([5] * 20, [6] * 3), ([5] * 9, [6] * 9)]
    rng = np.random.default_rng(0)
    ((x, _),) = script.batches(pairs, tokenizer, rng, longest=12)
    assert x[0].shape == (2, 12)


def test_the_script_writes_what_from_pretrained_and_wordpiece_read(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(script, "parts", lambda: (TEXTS * 4, TEXTS))
    out = tmp_path / "new" / "small.safetensors"
    script.main(["--epochs", "2", "--out", str(out)])
    printed = capsys.readouterr().out
    assert "epoch 2: " in printed
    history = json.loads(out.with_name("small_history.json").read_text())
    assert {len(numbers) for numbers in history.values()} == {2}
    assert "held out words right" in history
    tokenizer = WordPiece.from_file(out.with_suffix(".txt"))
    bert = BERT.from_pretrained(out)
    y = bert(tokenizer(TEXTS[:2]))
    assert y.shape[0] == 2
    assert np.isfinite(y).all()
    assert bert.config["vocabulary"] == len(tokenizer.vocabulary)


def test_the_same_seed_pretrains_the_same_bits(monkeypatch, tmp_path):
    monkeypatch.setattr(script, "parts", lambda: (TEXTS * 2, TEXTS))
    for name in "ab":
        script.main(["--epochs", "1", "--out", str(tmp_path / f"{name}.safetensors")])
    assert (tmp_path / "a.safetensors").read_bytes() == (
        tmp_path / "b.safetensors"
    ).read_bytes()
