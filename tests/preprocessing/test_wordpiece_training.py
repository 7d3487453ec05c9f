"""train_wordpiece against a hand calculation and against a literal recount at every step."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from minidl.preprocessing import WordPiece, train_wordpiece
from minidl.preprocessing.wordpiece_training import SPECIAL_TOKENS

TEXTS = ["low " * 5, "Lower lower", "newest " * 6, "widest " * 3]
# The merged pieces with the count of the pair; of equal counts the first by code points, and
# # comes before letters.
MERGES = {
    "##es": 9,  # ##e ##s, before ##s ##t, 9
    "##est": 9,
    "##ow": 7,  # ##o ##w, before l ##o, 7
    "low": 7,
    "##ew": 6,  # ##e ##w of newest, before ##w ##est and n ##e, 6
    "##ewest": 6,
    "newest": 6,
    "##dest": 3,
    "##idest": 3,
    "widest": 3,
    "##er": 2,
    "lower": 2,
}


def test_merges_by_hand():
    trained = train_wordpiece(TEXTS, size=1000, min_count=2)
    tokens = list(trained.vocabulary)
    assert tokens[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    # e 17, w 16, s 9, t 9, l 7, o 7, n 6, d 3, i 3, r 2; l and n only begin words
    alphabet = "e ##e w ##w s ##s t ##t l o ##o n d ##d i ##i r ##r"
    assert " ".join(tokens[5:]) == " ".join([alphabet, *MERGES])
    assert trained.tokenize("Lowest newer") == ["low", "##est", "n", "##ew", "##er"]


def recounted(words, prefix):
    """The merges when every step counts every pair of every word anew."""
    splits = {word: [word[0], *(prefix + c for c in word[1:])] for word in words}
    merged = []
    while True:
        counts = Counter()
        for word, pieces in splits.items():
            for a, b in pairwise(pieces):
                counts[a, b] += words[word]
        counts = {pair: n for pair, n in counts.items() if n >= 2}
        if not counts:
            return merged
        a, b = min(counts, key=lambda pair: (-counts[pair], pair))
        merged.append(a + b.removeprefix(prefix))
        for pieces in splits.values():
            k = 0
            while k < len(pieces) - 1:
                if pieces[k : k + 2] == [a, b]:
                    pieces[k : k + 2] = [merged[-1]]
                k += 1


@pytest.mark.parametrize("seed", range(5))
def test_merges_are_those_of_a_recount(seed):
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("aab"), rng.integers(1, 12))) for _ in range(200)]
    tokens = list(train_wordpiece([" ".join(words)], size=60).vocabulary)
    assert len(tokens) == 60
    assert tokens[5:9] == ["a", "##a", "b", "##b"]
    expected = list(dict.fromkeys(recounted(Counter(words), "##")))
    assert tokens[9:] == expected[:51]


def test_chinese_gives_its_characters():
    trained = train_wordpiece(["手机很好，很好", "手机太差!"], size=100, min_count=1)
    assert list(trained.vocabulary)[5:] == ["好", "很", "手", "机", "!", "太", "差", "，"]
    assert trained.tokenize("好手机") == ["好", "手", "机"]
    assert "差" not in train_wordpiece(["手机很好，很好", "手机太差!"], size=100).vocabulary


def test_limits():
    texts = ["aaa bb c", "aaa bb c", "a d"]  # a 7, b 4, c 2, d 1
    for size in range(6, 14):
        assert len(train_wordpiece(texts, size).vocabulary) <= size
    limited = list(train_wordpiece(texts, 100, alphabet_limit=1).vocabulary)
    assert limited[5:] == ["a", "##a", "##aa", "aaa"]  # ##a ##a before a ##a, 2 each
    assert list(train_wordpiece(texts, 7).vocabulary)[5:] == ["a", "##a"]


def test_options_reach_the_tokenizer():
    trained = train_wordpiece(["Ab Ab"], 20, lower=False, prefix="@", max_word=2)
    assert list(trained.vocabulary)[5:] == ["A", "b", "@b", "Ab"]
    assert trained.tokenize("Ab Abb ab") == ["Ab", "[UNK]", "[UNK]"]
    own = train_wordpiece(["<s> a </s>"], 9, 1, special_tokens=["<s>", "</s>", "[UNK]"])
    assert own.tokenize("<s> a </s>") == ["<s>", "a", "</s>"]


def test_twice_the_same_and_from_a_file_again(tmp_path):
    first, second = train_wordpiece(TEXTS, 30), train_wordpiece(iter(TEXTS), 30)
    assert first.vocabulary == second.vocabulary
    first.save(tmp_path / "vocab.txt")
    assert WordPiece.from_file(tmp_path / "vocab.txt").vocabulary == first.vocabulary


def test_no_texts_give_the_special_tokens():
    assert list(train_wordpiece([], 10).vocabulary) == list(SPECIAL_TOKENS)


def test_errors():
    with pytest.raises(TypeError, match=r"texts must be a list of texts, got one str"):
        train_wordpiece("low", 10)
    with pytest.raises(TypeError, match=r"a text must be a str, got int"):
        train_wordpiece([1], 10)
    with pytest.raises(ValueError, match=r"size must be more than the 5 special tokens, got 5"):
        train_wordpiece(TEXTS, 5)
    with pytest.raises(ValueError, match=r"'\[UNK\]' is not among"):
        train_wordpiece(TEXTS, 10, special_tokens=["[PAD]"])
