"""A GPT that writes reviews: its rows, a short run of the script, and the weights that ship."""

import numpy as np
import pytest

from minidl.applications import write_reviews as script
from minidl.applications.gpt import GPT
from minidl.preprocessing import train_wordpiece

TEXTS = ["房间很大，服务也好。", "书的内容不错。", "电池不行", "好"] * 3
TOKENIZER = train_wordpiece(TEXTS, 100, min_count=1)
GET = TOKENIZER.id_of


def test_a_text_stands_between_its_marks():
    rows = script.encode(["好好", "", "房间很大"], TOKENIZER, longest=4)
    assert rows[0] == [GET("[CLS]"), GET("好"), GET("好"), GET("[SEP]")]
    assert rows[1] == [GET("[CLS]"), *map(GET, "房间很大")]  # cut: it has no end
    assert len(rows) == 2


def test_batches_ask_for_the_next_token():
    rows = script.encode(TEXTS, TOKENIZER)
    seen = []
    for x, y_true in script.batches(rows, 0, np.random.default_rng(0), size=5):
        assert x.shape == y_true.shape
        assert len(x) <= 5
        np.testing.assert_array_equal(x[:, 1:], y_true[:, :-1])
        whole = np.concatenate([x, y_true[:, -1:]], axis=1).tolist()
        seen += [[i for i in row if i] for row in whole]
    assert sorted(seen) == sorted(rows)


def test_perplexity_of_knowing_nothing_is_the_vocabulary():
    model = GPT(50, 4, 1, 1, max_length=20, seed=0)
    model.build((3,))
    model.params["word.W"][...] = 0  # all logits equal
    rows = [[1, 2, 3, 4], [5, 6]]
    assert script.perplexity(model, rows, 0) == pytest.approx(50, rel=1e-5)


def test_the_script_writes_what_from_pretrained_reads(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(script, "parts", lambda: (TEXTS, TEXTS[:4]))
    TOKENIZER.save(tmp_path / "vocabulary.txt")
    out = tmp_path / "new" / "gpt.safetensors"
    vocabulary = str(tmp_path / "vocabulary.txt")
    script.main(["--epochs", "1", "--out", str(out), "--vocabulary", vocabulary])
    assert "perplexity of texts held out" in capsys.readouterr().out
    model = GPT.from_pretrained(out)
    assert model.config["vocabulary"] == len(TOKENIZER.vocabulary)
    assert np.isfinite(model(np.array([[2, 5, 6]]))).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_save_and_read_again(tmp_path, dtype):
    model = GPT(9, 4, 1, 2, 6, max_length=5, seed=1, dtype=dtype)
    model.save_pretrained(tmp_path / "a.safetensors", dtype)
    again = GPT.from_pretrained(tmp_path / "a.safetensors", dtype, dropout=0.0)
    ids = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(model(ids), again(ids))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"GPT: no file .*none\.safetensors"):
        GPT.from_pretrained(tmp_path / "none.safetensors")


def test_the_writer_that_ships_goes_on_in_its_language():
    model, tokenizer = script.load_writer()
    text = script.write(model, tokenizer, "房间", length=20, top_p=0.9, seed=3)
    assert text.startswith("房间")
    assert text == script.write(model, tokenizer, "房间", length=20, top_p=0.9, seed=3)
    rows = script.encode(["房间很干净，服务也很好。"], tokenizer)
    shuffled = [[rows[0][0], *np.random.default_rng(0).permutation(rows[0][1:])]]
    pad = tokenizer.id_of("[PAD]")
    assert 10 * script.perplexity(model, rows, pad) < script.perplexity(model, shuffled, pad)
