"""The invented sentences: different, balanced, and not decided by one character or bigram."""

import numpy as np
import pytest

from minidl.datasets import (
    NEWS_CLASSES,
    REVIEW_CLASSES,
    make_news_sentences,
    make_review_sentences,
)
from minidl.preprocessing import Tokenizer, ngrams

MAKERS = [(make_news_sentences, NEWS_CLASSES), (make_review_sentences, REVIEW_CLASSES)]
makers = pytest.mark.parametrize(("make", "classes"), MAKERS)


@makers
def test_balanced_different_and_mixed(make, classes):
    texts, labels = make(100)
    assert len(texts) == len(set(texts)) == 100
    assert all(type(text) is str for text in texts)
    assert labels.dtype == np.int64
    counts = np.bincount(labels)
    assert len(counts) == len(classes)
    assert counts.max() - counts.min() <= 1
    assert len(set(labels[:20].tolist())) == len(classes)


@makers
def test_same_seed_same_sentences(make, classes):
    (texts, labels), (again, labels_again) = make(50, seed=3), make(50, seed=3)
    assert texts == again
    assert np.array_equal(labels, labels_again)
    assert make(50, seed=4)[0] != texts


@makers
def test_every_blank_is_filled_and_no_space_is_left(make, classes):
    text = "".join(make(1000)[0])
    assert not set(text) & set("{} \n")


@makers
@pytest.mark.parametrize("cut", [list, ngrams])
def test_no_single_feature_decides(make, classes, cut):
    texts, labels = make(1200)
    tokenizer = Tokenizer(analyzer=cut)
    tokenizer.fit_on_texts(texts)
    best = 0
    for present in tokenizer.texts_to_matrix(texts).T == 1:
        right = [np.bincount(labels[side], minlength=3).max() for side in (present, ~present)]
        best = max(best, sum(right) / len(labels))
    assert best < 0.8


def test_held_out_news_comes_from_other_patterns():
    seen, held_out = make_news_sentences(2000)[0], make_news_sentences(400, held_out=True)[0]
    assert not set(seen) & set(held_out)
    assert not any("解除预警" in text or "请来影帝" in text for text in seen)
    assert any("解除预警" in text for text in held_out)
    assert any("请来影帝" in text for text in held_out)


def test_a_middling_review_is_not_praise_and_complaint_of_one_thing():
    texts, labels = make_review_sentences(900)
    for text, label in zip(texts, labels):
        assert not ("质量很好" in text and "质量不好" in text)
        assert label == 1 or "但是" not in text


@makers
def test_numbers_of_sentences(make, classes):
    assert make(0)[0] == []
    assert len(make(1)[0]) == 1
    for n in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n must be a number of sentences"):
            make(n)


def test_more_than_there_are():
    with pytest.raises(ValueError, match=r"n is too large: only .* different sentences"):
        make_news_sentences(8000, held_out=True)
