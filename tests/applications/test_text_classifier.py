"""TextClassifier, its recipes and three_parts."""

import numpy as np
import pytest

from minidl.applications.text_classifier import (
    TextClassifier,
    bag_of_bigrams,
    character_cnn,
    three_parts,
)
from minidl.datasets import make_news_sentences
from minidl.layers import Dense, Embedding, GlobalAveragePooling1D
from minidl.models import Sequential
from minidl.preprocessing import Tokenizer


@pytest.fixture
def small():
    model = Sequential(
        [Embedding(9, 4, mask_zero=True), GlobalAveragePooling1D(), Dense(2, "softmax")], seed=0
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return TextClassifier(model, Tokenizer(9, char_level=True), maxlen=3)


def test_ids_are_cut_and_padded_behind(small):
    small.tokenizer.fit_on_texts(["aaab", "bac"])  # a 1, b 2, c 3
    np.testing.assert_array_equal(
        small.ids(["cabab", "b", "", "xax"]), [[3, 1, 2], [2, 0, 0], [0, 0, 0], [1, 0, 0]]
    )


def test_only_the_training_texts_are_counted(small):
    small.fit(["ab", "ba"], [0, 1], stop=(["zz"], [0]), epochs=1)
    small.predict(["yy"])
    assert set(small.tokenizer.word_index) == {"a", "b"}
    small.fit(["cc"], [0], epochs=1)  # a second fit keeps the vocabulary
    assert set(small.tokenizer.word_index) == {"a", "b"}


def test_fit_stops_and_takes_the_best_weights_back(small):
    # Training pulls a to class 0, the stopping text says 1: each epoch makes its loss worse.
    history = small.fit(["a"] * 64, np.zeros(64, int), stop=(["a"], [1]), epochs=20, patience=3)
    assert len(history.epoch) == 4
    best = history.history["val_loss"][0]
    assert small.evaluate(["a"], [1])[0] == pytest.approx(best, rel=1e-6)


def test_without_a_stopping_part_all_epochs_run(small):
    assert len(small.fit(["ab", "ba"], [0, 1], epochs=5).epoch) == 5


def test_predict_and_evaluate_agree(small):
    texts, labels = ["ab", "c", "aac"], np.array([0, 1, 1])
    small.fit(texts, labels, epochs=3)
    p = small.predict(texts)
    loss, accuracy = small.evaluate(texts, labels)
    assert loss == pytest.approx(-np.log(p[np.arange(3), labels]).mean(), rel=1e-5)
    assert accuracy == pytest.approx((p.argmax(axis=1) == labels).mean())


def test_before_fit(small):
    with pytest.raises(ValueError, match="fit_on_texts"):
        small.predict(["a"])


def test_the_bag_is_one_dense_layer_on_frequencies():
    texts, labels = make_news_sentences(80)
    bag = bag_of_bigrams()
    bag.fit(texts[:60], labels[:60], epochs=5)
    W = bag.model.params["0.W"]  # (20000, 2)
    z = np.zeros((20, 2))
    for row, text in zip(z, texts[60:]):
        pairs = [text[t : t + 2] for t in range(len(text) - 1)]
        known = [bag.tokenizer.word_index[p] for p in pairs if p in bag.tokenizer.word_index]
        for index in known:
            row += W[index] / len(known)
    e = np.exp(z)
    want = e / e.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(bag.predict(texts[60:]), want, rtol=1e-4)


@pytest.mark.parametrize("make", [character_cnn, bag_of_bigrams])
def test_recipes_learn_and_repeat(make):
    arguments = {"dim": 8, "filters": 16, "rate": 1e-2} if make is character_cnn else {}
    train, stop, test = three_parts(*make_news_sentences(200, seed=1))
    probs = []
    for _ in range(2):
        classifier = make(seed=3, **arguments)
        classifier.fit(*train, stop, epochs=6)
        probs.append(classifier.predict(test[0]))
        assert classifier.evaluate(*test)[1] >= 0.9
    np.testing.assert_array_equal(*probs)


def test_three_parts_divide_the_rows():
    texts = [f"text {i}" for i in range(100)]
    parts = three_parts(texts, list(range(100)), seed=4)
    assert [len(part[0]) for part in parts] == [70, 10, 20]
    assert all(part[0] == [f"text {i}" for i in part[1]] for part in parts)
    assert sorted(i for part in parts for i in part[1]) == list(range(100))
    again, other = (three_parts(texts, range(100), seed=s)[0][0] for s in (4, 5))
    assert again == parts[0][0] != other


def test_fewer_rows_keep_all_copies():
    texts = [f"text {i % 50}" for i in range(100)]  # each twice
    parts = three_parts(texts, np.zeros(100, int), rows=40)
    chosen = [text for part in parts for text in part[0]]
    assert len(chosen) == 40
    assert sorted(chosen) == sorted([*set(chosen)] * 2)


def test_three_parts_refuse_unequal_lengths():
    with pytest.raises(ValueError, match="3 texts and 2 labels"):
        three_parts(["a", "b", "c"], [0, 1])
