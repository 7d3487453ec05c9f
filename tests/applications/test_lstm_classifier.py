"""LSTMClassifier: its layers, padding, gradients, and reviews that it has never seen."""

import numpy as np
import pytest

from minidl import Sequential
from minidl.applications.lstm_classifier import LSTMClassifier
from minidl.callbacks import EarlyStopping
from minidl.datasets import load_chinese_reviews
from minidl.layers import LSTM, Dense, Embedding
from minidl.optimizers import Adam
from minidl.preprocessing.sequence import pad_sequences
from minidl.preprocessing.split import train_test_split
from minidl.preprocessing.text import Tokenizer, ngrams
from minidl.testing import assert_gradients

IDS = np.array([[0, 0, 4, 1, 2], [3, 8, 5, 1, 1], [0, 6, 7, 2, 4]])
PLAIN = {"bidirectional": False, "pooled": False, "dropout": 0}
OPTIONS = [
    {"bidirectional": both, "pooled": pooled}
    for both in (False, True)
    for pooled in (False, True)
]


def lively(seed=0, **options):
    """A built classifier whose weights are large enough for padding to show."""
    model = LSTMClassifier(9, dim=3, units=2, seed=seed, **options)
    model(IDS)
    model.set_weights([4 * a for a in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("classes", "last"), [(2, Dense(1, "sigmoid")), (3, Dense(3, "softmax"))]
)
def test_plain_it_is_the_documents_three_layers(classes, last):
    ours = LSTMClassifier(9, classes, dim=4, units=3, seed=0, dtype="float64", **PLAIN)
    theirs = Sequential(
        [Embedding(9, 4, mask_zero=True), LSTM(3), last], seed=1, dtype="float64"
    )
    theirs(IDS)
    y = ours(IDS)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_array_equal(theirs(IDS), y)


@pytest.mark.parametrize(("classes", "width"), [(2, 1), (3, 3), (5, 5)])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_outputs_are_probabilities(classes, width, options):
    y = LSTMClassifier(9, classes, **options)(IDS)
    assert y.shape == (3, width)
    assert y.dtype == np.float32
    assert (y > 0).all()
    if width > 1:
        np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)


def test_parameters_by_formula():
    V, D, U = 100, 8, 6
    one_lstm = 4 * (D * U + U * U + U)
    model = LSTMClassifier(V, dim=D, units=U)
    model(IDS)
    assert model.count_params() == V * D + 2 * one_lstm + 2 * U + 1
    model = LSTMClassifier(V, classes=3, dim=D, units=U, **PLAIN)
    model(IDS)
    assert model.count_params() == V * D + one_lstm + 3 * U + 3


def test_the_mean_is_over_both_directions_and_real_steps_only():
    model = lively(dtype="float64", dropout=0)
    vectors = model.layers[0](IDS[:1, 2:])  # the first row without its padding
    both = model.layers[1](vectors)
    head = model.layers[-1]
    np.testing.assert_allclose(head(both.mean(axis=1)), model(IDS[:1]), rtol=1e-12)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("side", [(4, 0), (0, 4)])
def test_more_padding_changes_nothing(options, side):
    model = lively(dtype="float64", **options)
    np.testing.assert_allclose(model(np.pad(IDS, ((0, 0), side))), model(IDS), rtol=1e-12)


def test_a_row_of_padding_alone_gets_an_answer():
    y = lively()(np.zeros((2, 5), int))
    assert np.isfinite(y).all()
    assert y[0] == y[1]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("classes", [2, 3])
def test_gradients(classes, options):
    assert_gradients(lively(classes=classes, **options), IDS)


def test_gradients_in_training_with_dropout():
    assert_gradients(lively(), IDS, training=True)


def test_the_same_seed_gives_the_same_bits():
    twins = [LSTMClassifier(9, seed=3) for _ in range(2)]
    for model in twins:
        model.compile("adam", "bce")
        model.fit(IDS, [0, 1, 1], epochs=2, verbose=0)
    for a, b in zip(*(model.get_weights() for model in twins), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_learns_an_order_that_a_bag_of_ids_cannot_see():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    X = np.where(y[:, None] == 1, [[2, 3]], [[3, 2]])  # the same two ids
    gap = rng.integers(4, 8, (400, 6))
    X = np.concatenate([X[:, :1], gap, X[:, 1:]], axis=1)
    model = LSTMClassifier(8, dim=8, units=8, seed=0, **PLAIN)
    model.compile(Adam(0.02), "bce", metrics=["accuracy"])
    model.fit(X[:300], y[:300], epochs=8, verbose=0)
    assert model.evaluate(X[300:], y[300:], verbose=0)[1] == 1


@pytest.mark.parametrize("classes", [0, 1, -2, 2.5])
def test_too_few_classes(classes):
    with pytest.raises(ValueError, match="LSTMClassifier: classes"):
        LSTMClassifier(9, classes=classes)


@pytest.mark.parametrize("name", ["vocabulary", "units"])
def test_sizes_are_positive_integers(name):
    with pytest.raises(ValueError, match=f"LSTMClassifier: {name}"):
        LSTMClassifier(**{"vocabulary": 9, name: 0})


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_chinese_reviews_held_out(seed):
    """At least 0.80 of the test rows, by a model whose epoch the validation rows chose."""
    try:
        texts, y = load_chinese_reviews()
    except ModuleNotFoundError as missing:
        pytest.skip(str(missing))
    rest, test, y_rest, y_test = train_test_split(
        texts, y, test_size=0.2, random_state=seed, stratify=y
    )
    train, val, y_train, y_val = train_test_split(
        rest, y_rest, test_size=0.125, random_state=seed, stratify=y_rest
    )
    tokenizer = Tokenizer(num_words=20_000, analyzer=ngrams)
    tokenizer.fit_on_texts(train)
    X_train, X_val, X_test = (
        pad_sequences(tokenizer.texts_to_sequences(part), maxlen=100)
        for part in (train, val, test)
    )
    model = LSTMClassifier(20_000, seed=seed)
    model.compile(Adam(0.002), "bce", metrics=["accuracy"])
    stop = EarlyStopping("val_accuracy", patience=2, restore_best_weights=True)
    model.fit(X_train, y_train, 64, 8, 0, [stop], validation_data=(X_val, y_val))
    assert model.evaluate(X_test, y_test, batch_size=256, verbose=0)[1] >= 0.80
