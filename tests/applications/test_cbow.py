"""cbow: the runs are the texts', and the table learns who stands beside whom."""

import numpy as np
import pytest

from minidl.applications.cbow import character_runs, train_cbow


def test_runs_are_pieces_of_the_texts():
    rng = np.random.default_rng(0)
    ids, tokenizer = character_runs(["abcdef", "abc"], 10, 99, rng)
    names = {id: char for char, id in tokenizer.word_index.items()}
    assert sorted("".join(names[id] for id in row) for row in ids) == ["abcde", "bcdef"]


def test_the_middle_is_never_a_rare_character():
    ids, _ = character_runs(["aabxabbayabaab"], 4, 99, np.random.default_rng(0))
    assert ids.max() < 4
    assert (ids[:, 2] > 1).all()
    assert (ids == 1).any()


def test_no_more_runs_than_asked():
    ids, _ = character_runs(["abcabcabcabc"], 9, 3, np.random.default_rng(0))
    assert ids.shape == (3, 5)


def test_texts_that_are_too_short():
    with pytest.raises(ValueError, match="give longer texts"):
        character_runs(["abc"], 9, 3, np.random.default_rng(0))


def test_what_stands_in_the_same_places_moves_together():
    rng = np.random.default_rng(0)
    texts = ["xx" + rng.choice(["a", "b"]) + "xx" for _ in range(400)]
    texts += ["yy" + rng.choice(["c", "d"]) + "yy" for _ in range(400)]
    ids, tokenizer = character_runs([text * 2 for text in texts], 9, 9999, rng)
    table, losses = train_cbow(ids, 9, dim=4, epochs=20)
    assert table.shape == (9, 4)
    assert losses[-1] < 0.7 * losses[0]
    a, b, c = (table[tokenizer.word_index[char]] for char in "abc")
    assert np.linalg.norm(a - b) < 0.5 * np.linalg.norm(a - c)
