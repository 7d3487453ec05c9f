"""WordPiece against the `tokenizers` library, frozen in fixtures/wordpiece.json."""

import copy
import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.preprocessing import WordPiece
from minidl.preprocessing.basic_tokenizer import BasicTokenizer, Memo

FROZEN = json.loads((Path(__file__).parents[1] / "fixtures" / "wordpiece.json").read_text())
NEW_CASE = set(FROZEN["new_case"])
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "af", "x", "!"]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    path = tmp_path_factory.mktemp("wordpiece") / "tokenizer.json"
    path.write_text(FROZEN["file"], encoding="utf-8")
    return WordPiece.from_file(path)


def renamed(settings):
    """BertNormalizer's names of the settings -> ours."""
    names = {"lowercase": "lower", "handle_chinese_chars": "cjk", "clean_text": "clean"}
    return {names.get(name, name): value for name, value in settings.items()}


# ---- the library's results


@pytest.mark.parametrize("i", range(len(FROZEN["lines"])))
def test_ids_are_those_of_the_library(frozen, i):
    assert frozen.encode(FROZEN["lines"][i]).ids == FROZEN["ids"][i]


def test_text_of_ids_is_that_of_the_library(frozen):
    # An added token comes back as it was added; the library gives its lower-case form.
    texts = [frozen.decode(ids).replace("Covid19", "covid19") for ids in FROZEN["ids"]]
    assert texts == FROZEN["decoded"]
    with_special = frozen.decode(FROZEN["ids"][0], skip_special_tokens=False)
    assert with_special == FROZEN["decoded_special"]


@pytest.mark.parametrize("case", FROZEN["settings"], ids=lambda case: str(case["settings"]))
def test_every_setting_is_that_of_the_library(frozen, case):
    file = json.loads(FROZEN["file"])
    added = [token["content"] for token in file["added_tokens"]]
    wordpiece = WordPiece(
        frozen.vocabulary,
        never_split=[token for token in added if token != "Covid19"],
        added=["Covid19"],
        **renamed(case["settings"]),
    )
    ids = [wordpiece.encode(line, special_tokens=False).ids for line in FROZEN["hard"]]
    assert ids == case["ids"]


@pytest.mark.parametrize("case", FROZEN["pairs"])
def test_pairs_are_cut_and_joined_as_in_the_library(frozen, case):
    text, pair, max_length, ids, segments = case
    assert frozen.encode(text, pair, max_length) == (ids, segments)


def test_a_batch_is_that_of_the_library(frozen):
    case = FROZEN["batch"]
    batch = frozen(case["texts"], case["pairs"], max_length=20)
    np.testing.assert_array_equal(batch.ids, case["ids"])
    np.testing.assert_array_equal(batch.mask, np.array(case["mask"], bool))
    np.testing.assert_array_equal(batch.segments, case["segments"])
    assert (batch.ids.dtype, batch.mask.dtype, batch.segments.dtype) == ("int32", bool, "int32")


@pytest.mark.parametrize(
    ("name", "settings"),
    [("folded", {}), ("cased", {"lower": False, "clean": False})],
)
def test_every_code_point_is_treated_as_in_the_library(name, settings):
    """Python's tables are newer than the library's: the words must not depend on that."""
    words_of = BasicTokenizer(**settings)
    different = []
    for first, expected in FROZEN["digests"][name].items():
        codes = range(int(first), int(first) + 4096)
        codes = [c for c in codes if not 0xD800 <= c < 0xE000 and c not in NEW_CASE]
        lines = "\n".join("|".join(words_of(f"a{chr(code)}b")) for code in codes)
        if hashlib.sha256(lines.encode()).hexdigest()[:16] != expected:
            different.append(hex(int(first)))
    assert different == []


# ---- by hand


def test_the_longest_piece_first_from_the_left():
    wordpiece = WordPiece(PIECES)
    assert wordpiece.tokenize("unaffable") == ["un", "##aff", "##able"]
    assert wordpiece.tokenize("Unaffa!x") == ["un", "##aff", "##a", "!", "x"]
    # "af" is taken, and nothing goes on with "f": the whole word is unknown
    assert wordpiece.tokenize("afford x") == ["[UNK]", "x"]
    assert wordpiece.encode("x unaffable") == ([2, 9, 4, 5, 6, 3], [0] * 6)
    assert wordpiece.encode("x", "un x") == ([2, 9, 3, 4, 9, 3], [0, 0, 0, 1, 1, 1])
    assert wordpiece.encode("x!", special_tokens=False) == ([9, 10], [0, 0])


def test_a_word_over_max_word_characters_is_unknown():
    wordpiece = WordPiece(["[UNK]", "x", "##x"], max_word=3)
    assert wordpiece.tokenize("xxx xxxx") == ["x", "##x", "##x", "[UNK]"]


def test_names_of_one_s_own():
    wordpiece = WordPiece({"<unk>": 7, "a": 3, "@b": 5}, unknown="<unk>", prefix="@")
    assert wordpiece.encode("ab c", special_tokens=False).ids == [3, 5, 7]
    assert wordpiece.decode([3, 5, 7]) == "ab <unk>"
    assert (wordpiece.id_of("@b"), wordpiece.token_of(5)) == (5, "@b")


def test_special_tokens_that_the_vocabulary_lacks_are_text():
    assert WordPiece(["[UNK]", "[", "]", "cls"]).tokenize("[CLS]") == ["[", "cls", "]"]


def test_a_batch_by_hand():
    wordpiece = WordPiece(PIECES)
    ids, mask, segments = wordpiece(["x", "unaffable", ""], max_length=4)
    assert ids.tolist() == [[2, 9, 3, 0], [2, 4, 5, 3], [2, 3, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0]]
    assert segments.tolist() == [[0] * 4] * 3
    assert wordpiece(["x"], ["x"], 7, "max_length").ids.tolist() == [[2, 9, 3, 9, 3, 0, 0]]
    assert wordpiece(["x"], ["x"], 7, "max_length").segments.tolist() == [[0, 0, 0, 1, 1, 0, 0]]
    assert wordpiece(np.array(["x", "!"]), padding=False).ids.tolist() == [
        [2, 9, 3],
        [2, 10, 3],
    ]
    assert wordpiece([]).ids.shape == (0, 0)
    assert wordpiece([], max_length=5, padding="max_length").mask.shape == (0, 5)


def test_a_row_of_the_batch_decodes():
    wordpiece = WordPiece(PIECES)
    batch = wordpiece(["x", "Unaffable x!"])
    assert wordpiece.decode(batch.ids[1]) == "unaffable x!"
    assert wordpiece.decode([]) == ""


# ---- files


def test_a_saved_file_gives_the_same_ids(frozen, tmp_path):
    frozen.save(tmp_path / "tokenizer.json")
    again = WordPiece.from_file(tmp_path / "tokenizer.json")
    assert [again.encode(line).ids for line in FROZEN["lines"]] == FROZEN["ids"]


def test_the_saved_file_has_the_parts_of_the_library_s(frozen, tmp_path):
    frozen.save(tmp_path / "tokenizer.json")
    saved = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    original = json.loads(FROZEN["file"])
    for part in ("pre_tokenizer", "decoder", "post_processor"):
        assert saved[part] == original[part]
    assert saved["normalizer"] == {**original["normalizer"], "strip_accents": True}
    assert saved["model"]["type"] == "WordPiece"


def test_vocab_txt(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes("[UNK]\r\n[CLS]\n[SEP]\nA\na\n\u2028\n好\n".encode())
    assert list(WordPiece.from_file(path).vocabulary.values()) == list(range(7))
    assert WordPiece.from_file(path).encode("A好").ids == [1, 4, 6, 2]
    cased = WordPiece.from_file(path, lower=False)
    assert cased.encode("A好").ids == [1, 3, 6, 2]
    cased.save(tmp_path / "again.txt")
    assert WordPiece.from_file(tmp_path / "again.txt").vocabulary == cased.vocabulary


def test_survives_copy_and_pickle(frozen):
    for again in (copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert [again.encode(line).ids for line in FROZEN["lines"]] == FROZEN["ids"]


# ---- properties


@given(st.text(), st.booleans())
def test_any_text_at_all(text, lower):
    """Lone surrogates too; and known words are the sum of their pieces."""
    wordpiece = WordPiece(["[UNK]", *"abc", *("##" + c for c in "abc"), "!"], lower=lower)
    tokens = wordpiece.tokenize(text)
    assert all(token in wordpiece.vocabulary for token in tokens)
    assert wordpiece.tokenize(text) == tokens  # from the memory


@given(st.lists(st.text("abc!"), max_size=5))
def test_known_words_are_the_sum_of_their_pieces(words):
    wordpiece = WordPiece(["[UNK]", *"abc", *("##" + c for c in "abc"), "ab", "##ca", "!"])
    pieces = wordpiece.tokenize(" ".join(words))
    assert "".join(piece.removeprefix("##") for piece in pieces) == "".join(words)


def test_a_memo_starts_anew_when_it_is_full():
    asked = []
    memo = Memo(lambda key: asked.append(key) or key * 2, limit=2)
    assert [memo[key] for key in (1, 1, 2, 3, 1)] == [2, 2, 4, 6, 2]
    assert (asked, len(memo)) == ([1, 2, 3, 1], 2)


# ---- errors


def test_errors_of_texts_and_ids():
    wordpiece = WordPiece(PIECES)
    with pytest.raises(TypeError, match=r"a text must be a str, got NaN"):
        wordpiece.encode(float("nan"))
    with pytest.raises(TypeError, match=r"texts must be a list of texts, got one str"):
        wordpiece("x")
    with pytest.raises(ValueError, match=r"one text for each of the 2 texts, got 1"):
        wordpiece(["x", "x"], ["x"])
    with pytest.raises(ValueError, match=r"at least 2, and 3 for a pair"):
        wordpiece.encode("x", "x", max_length=2)
    with pytest.raises(ValueError, match=r"max_length must be an integer"):
        wordpiece.encode("x", max_length=4.5)
    with pytest.raises(ValueError, match=r"padding must be True, False or 'max_length'"):
        wordpiece(["x"], padding="post")
    with pytest.raises(ValueError, match=r"needs a number: max_length=128"):
        wordpiece(["x"], padding="max_length")
    with pytest.raises(
        ValueError, match=r"padding=False needs texts of one length, got 2 to 3"
    ):
        wordpiece(["x", ""], padding=False)
    with pytest.raises(ValueError, match=r"no token has the id 11: ids go from 0 to 10"):
        wordpiece.decode([11])
    with pytest.raises(ValueError, match=r"ids of one text, \(T,\), got \(1, 3\)"):
        wordpiece.decode(wordpiece(["x"]).ids)


def test_errors_of_vocabularies():
    with pytest.raises(ValueError, match=r"'\[UNK\]' is not among the 1 tokens"):
        WordPiece(["a"])
    with pytest.raises(ValueError, match=r"'\[CLS\]' is not among the 2 tokens"):
        WordPiece(["[UNK]", "a"]).encode("a")
    with pytest.raises(ValueError, match=r"'new' is not among"):
        WordPiece(["[UNK]", "a"], added=["new"])
    with pytest.raises(TypeError, match=r"got str: for a file use WordPiece.from_file"):
        WordPiece("vocab.txt")
    for vocabulary in ({"[UNK]": 0, "a": 0}, {"[UNK]": -1}, {"[UNK]": 0.0}):
        with pytest.raises(ValueError, match=r"its own id, an integer from 0"):
            WordPiece(vocabulary)
    with pytest.raises(ValueError, match=r"ids without gaps: save as tokenizer.json"):
        WordPiece({"[UNK]": 1}).save("vocab.txt")


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("model", {"type": "BPE"}, r"the model of f.json must be a WordPiece, got 'BPE'"),
        ("normalizer", None, r"the normalizer of f.json must be a BertNormalizer, got None"),
        (
            "pre_tokenizer",
            {"type": "ByteLevel"},
            r"must be a BertPreTokenizer, got 'ByteLevel'",
        ),
        (
            "added_tokens",
            [{"id": 0, "content": "[PAD]", "lstrip": True}],
            r"the added token '\[PAD\]' of f.json has one of the flags lstrip",
        ),
    ],
)
def test_errors_of_files_of_other_models(tmp_path, part, value, message):
    path = tmp_path / "f.json"
    path.write_text(json.dumps({**json.loads(FROZEN["file"]), part: value}))
    with pytest.raises(ValueError, match=message):
        WordPiece.from_file(path)


@pytest.mark.parametrize(
    ("name", "content"), [("v.json", b"[PAD]\n[UNK]\n"), ("v.txt", b"\xff\xfe\x00")]
)
def test_errors_of_files_of_another_kind(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is neither a list of tokens nor JSON"):
        WordPiece.from_file(tmp_path / name)
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(
        ValueError, match=r"the model of list.json must be a WordPiece, got None"
    ):
        WordPiece.from_file(tmp_path / "list.json")
