"""Tokenizer against Keras's, frozen in fixtures/preprocessing.npz, and against hand counts."""

import json
from pathlib import Path

import numpy as np
import pytest

from minidl.preprocessing import Tokenizer, ngrams, text_to_word_sequence, tokenizer_from_json

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "preprocessing.npz")


def frozen(name):
    return json.loads(FROZEN[name].tobytes())


TEXTS, NEW, CASES = frozen("texts"), frozen("new"), frozen("tokenizer")
case = pytest.mark.parametrize("case", CASES, ids=[str(c["arguments"]) for c in CASES])


def fitted(case):
    tokenizer = Tokenizer(**case["arguments"])
    tokenizer.fit_on_texts(TEXTS[:3])
    tokenizer.fit_on_texts(TEXTS[3:])
    return tokenizer


@case
def test_vocabulary_is_that_of_keras(case):
    tokenizer = fitted(case)
    assert [list(pair) for pair in tokenizer.word_index.items()] == case["word_index"]
    assert [list(pair) for pair in tokenizer.word_counts.items()] == case["word_counts"]
    assert dict(tokenizer.word_docs) == case["word_docs"]
    assert tokenizer.document_count == len(TEXTS)
    assert {w: i for i, w in tokenizer.index_word.items()} == tokenizer.word_index


@case
def test_sequences_and_texts_are_those_of_keras(case):
    tokenizer = fitted(case)
    sequences = tokenizer.texts_to_sequences(NEW)
    assert sequences == case["sequences"]
    assert tokenizer.sequences_to_texts([*sequences, [0, 1, 2, 99]]) == case["texts"]


@case
@pytest.mark.parametrize("mode", ["binary", "count", "freq", "tfidf"])
def test_matrices_are_those_of_keras(case, mode):
    matrix = fitted(case).texts_to_matrix(NEW, mode, dtype="float64")
    # 1e-12: a logarithm or a quotient apart, the numbers are whole.
    np.testing.assert_allclose(matrix, case["matrices"][mode], rtol=1e-12, atol=0)


@case
def test_reads_the_json_of_keras_and_its_own(case):
    for text in (case["json"], fitted(case).to_json()):
        tokenizer = tokenizer_from_json(text)
        assert tokenizer.texts_to_sequences(NEW) == case["sequences"]
        np.testing.assert_allclose(
            tokenizer.texts_to_matrix(NEW, "tfidf", dtype="float64"),
            case["matrices"]["tfidf"],
            rtol=1e-12,
        )
        tokenizer.fit_on_texts(["new words"])  # counts survive, so fitting goes on
        assert tokenizer.document_count == len(TEXTS) + 1


@case
def test_config_has_the_layout_of_keras(case):
    ours, theirs = fitted(case).get_config(), json.loads(case["json"])["config"]
    for config in (ours, theirs):
        for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index"):
            config[name] = json.loads(config[name])
    assert ours == theirs


def test_by_hand():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["b a b", "a c", "b"])  # b 3 times, a twice, c once
    assert tokenizer.word_index == {"b": 1, "a": 2, "c": 3}
    assert tokenizer.word_docs == {"b": 2, "a": 2, "c": 1}
    row = tokenizer.texts_to_matrix(["b b c"], "tfidf", dtype="float64")[0]
    b = (1 + np.log(2)) * np.log(1 + 3 / 3)
    np.testing.assert_allclose(row, [0, b, 0, np.log(1 + 3 / 2)], rtol=1e-15)
    assert tokenizer.texts_to_matrix(["b b c"]).dtype == np.float32


def test_ties_go_to_the_first_seen():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["z y x", "x y z"])
    assert list(tokenizer.word_index) == ["z", "y", "x"]


def test_chinese_is_one_word_unless_cut():
    text = "我喜欢这本书"
    whole, characters = Tokenizer(), Tokenizer(char_level=True)
    cut = Tokenizer(analyzer=lambda t: ["我", "喜欢", "这本书"])
    for tokenizer in (whole, characters, cut):
        tokenizer.fit_on_texts([text])
    assert list(whole.word_index) == [text]
    assert list(characters.word_index) == list(text)
    assert list(cut.word_index) == ["我", "喜欢", "这本书"]


def test_analyzer_gets_the_text_untouched_and_lists_bypass_it():
    tokenizer = Tokenizer(analyzer=lambda text: text.split("-"))
    tokenizer.fit_on_texts(["A-b!", ["C-D"]])
    assert list(tokenizer.word_index) == ["A", "b!", "c-d"]


def test_json_asks_for_the_analyzer_again():
    tokenizer = Tokenizer(analyzer=ngrams)
    tokenizer.fit_on_texts(["很好用"])
    text = tokenizer.to_json()
    assert text.isascii()
    with pytest.raises(ValueError, match=r"'ngrams'.*analyzer=ngrams"):
        tokenizer_from_json(text)
    loaded = tokenizer_from_json(text, analyzer=ngrams)
    assert loaded.texts_to_sequences(["好用"]) == [[2]]


def test_json_survives_a_file(tmp_path):
    tokenizer = Tokenizer(oov_token="未知")
    tokenizer.fit_on_texts(["很好 很好 不好"])
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json(), encoding="ascii")
    loaded = tokenizer_from_json((tmp_path / "tokenizer.json").read_text(encoding="ascii"))
    assert loaded.word_index == {"未知": 1, "很好": 2, "不好": 3}
    assert loaded.texts_to_sequences(["很好 再见"]) == [[2, 1]]


def test_accepts_arrays_generators_and_an_unlimited_vocabulary():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(text for text in np.array(["a b", "b"]))
    assert tokenizer.texts_to_sequences(np.array(["a b c"])) == [[2, 1]]
    assert tokenizer.sequences_to_texts(np.array([[2, 1, 0]])) == ["a b"]


def test_no_texts():
    tokenizer = Tokenizer(num_words=5)
    tokenizer.fit_on_texts([""])
    assert tokenizer.texts_to_sequences([]) == []
    assert tokenizer.texts_to_sequences([""]) == [[]]
    assert tokenizer.texts_to_matrix([]).shape == (0, 5)
    assert not tokenizer.texts_to_matrix(["", "x"], "freq").any()


def test_sequences_to_matrix_ignores_indices_beyond_num_words():
    matrix = Tokenizer(num_words=3).sequences_to_matrix([[0, 1, 7, 1]], "count")
    assert matrix.tolist() == [[1, 2, 0]]


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        ("one text", "got one str: write \\[text\\]"),
        (["a", None], "text 1 must be a str or a list of words, got NoneType"),
        (["a", float("nan")], "text 1 .* got NaN: drop missing texts"),
        ([b"a"], "text 0 .* got bytes"),
        ([["a", 3]], "text 0 .* got int"),
    ],
)
def test_texts_that_are_not_texts(texts, error):
    with pytest.raises(TypeError, match=error):
        Tokenizer().fit_on_texts(texts)
    tokenizer = Tokenizer(char_level=True)
    tokenizer.fit_on_texts(["a"])
    with pytest.raises(TypeError, match=error):
        tokenizer.texts_to_sequences(texts)


@pytest.mark.parametrize(
    "use",
    [
        lambda t: t.texts_to_sequences(["a"]),
        lambda t: t.texts_to_matrix(["a"]),
        lambda t: t.sequences_to_texts([[1]]),
        lambda t: t.sequences_to_matrix([[1]]),
    ],
)
def test_needs_fit(use):
    with pytest.raises(ValueError, match=r"Tokenizer: .* call fit_on_texts\(texts\) first"):
        use(Tokenizer())


def test_bad_arguments():
    for num_words in (0, -1, 2.5, True, "10"):
        with pytest.raises(ValueError, match="num_words must be a positive integer"):
            Tokenizer(num_words=num_words)
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["a"])
    with pytest.raises(ValueError, match=r"mode must be one of .*, got 'tf'"):
        tokenizer.texts_to_matrix(["a"], mode="tf")
    with pytest.raises(ValueError, match="split must not be empty"):
        Tokenizer(split="").fit_on_texts(["a b"])


def test_text_to_word_sequence():
    assert text_to_word_sequence("Hello, World!  x\ty") == ["hello", "world", "x", "y"]
    assert text_to_word_sequence("A-b C", filters="-", lower=False) == ["A", "b", "C"]
    assert text_to_word_sequence("a,b--c", filters=",", split="--") == ["a", "b", "c"]
    with pytest.raises(TypeError, match="text must be a str, got NaN"):
        text_to_word_sequence(float("nan"))


def test_ngrams():
    assert ngrams("很好用") == ["很好", "好用"]
    assert ngrams("abcd", n=3) == ["abc", "bcd"]
    assert ngrams(["very", "good", "book"]) == ["very good", "good book"]
    assert ngrams("a") == []
    with pytest.raises(ValueError, match="n must be at least 1"):
        ngrams("ab", n=0)
