"""BERTClassifier: pooling by hand, gradients, training through fit, freezing."""

import numpy as np
import pytest

from minidl import assert_gradients
from minidl.applications.bert import BERT
from minidl.applications.bert_classifier import BERTClassifier
from minidl.initializers import RandomNormal
from minidl.optimizers import Adam

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 9, (3, 4))
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], bool)


def encoder(**options):
    sizes = {"dim": 4, "layers": 1, "heads": 2, "ffn": 6, "max_length": 8}
    return BERT(9, **{**sizes, "seed": 1, "initializer": RandomNormal(stddev=0.5), **options})


@pytest.mark.parametrize(("classes", "pooling"), [(1, "mean"), (3, "cls")])
def test_gradients(classes, pooling):
    assert_gradients(BERTClassifier(encoder(), classes, pooling), (IDS, MASK))


def test_the_mean_leaves_padding_out_and_cls_is_the_pooler():
    bert = encoder(dtype="float64")
    h = bert((IDS, MASK))
    mean = np.array([h[0].mean(0), h[1, :2].mean(0), h[2, 0]])
    for pooling, p in (("mean", mean), ("cls", bert.pooler(h))):
        model = BERTClassifier(bert, 1, pooling)
        y = model((IDS, MASK))
        z = p @ model.params["head.W"] + model.params["head.b"]
        np.testing.assert_allclose(y, 1 / (1 + np.exp(-z)), rtol=1e-13)


def test_softmax_of_several_classes_and_the_logits_behind_it():
    model = BERTClassifier(encoder(dtype="float64"), 3)
    y = model((IDS, MASK))
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-14)
    net, head = model.split_head()
    np.testing.assert_allclose(head.forward(net((IDS, MASK)))[0], y, rtol=1e-14)
    assert net.params.keys() == model.params.keys()
    assert net.params["head.W"] is model.params["head.W"]


def which_comes_first(n, rng):
    """Is the first of the tokens 1 and 2 in the row a 1? Only order and padding tell."""
    ids = rng.integers(3, 9, (n, 8))
    lengths = rng.integers(4, 9, n)
    labels = rng.integers(0, 2, n)
    for row, label in zip(ids, labels):
        a, b = np.sort(rng.choice(4, 2, replace=False))
        row[[a, b]] = (1, 2) if label else (2, 1)
    mask = np.arange(8) < lengths[:, None]
    return (np.where(mask, ids, 0), mask), labels


@pytest.mark.parametrize(("classes", "pooling"), [(2, "cls"), (1, "mean")])
def test_fit_learns_what_needs_the_order(classes, pooling):
    rng = np.random.default_rng(3)
    x, y = which_comes_first(256, rng)
    x_test, y_test = which_comes_first(100, rng)
    bert = BERT(9, 16, 1, 2, 32, 8, dropout=0.0, seed=0, initializer=RandomNormal(stddev=0.1))
    model = BERTClassifier(bert, classes, pooling)
    loss = "binary_crossentropy" if classes == 1 else "sparse_categorical_crossentropy"
    model.compile(Adam(0.01), loss, ["accuracy"])
    history = model.fit(x, y, epochs=12, verbose=0, validation_data=(x_test, y_test))
    assert history.history["val_accuracy"][-1] > 0.95
    assert model.predict(x_test, verbose=0).shape == (100, classes)


def test_a_frozen_encoder_stays_and_the_head_moves():
    model = BERTClassifier(encoder(), 2, trainable_encoder=False)
    model((IDS, MASK))
    before = {name: a.copy() for name, a in model.params.items()}
    assert set(model.trainable_params) == {"head.W", "head.b"}
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit((IDS, MASK), np.array([0, 1, 1]), verbose=0)
    moved = {name for name, a in model.params.items() if not np.array_equal(a, before[name])}
    assert moved == {"head.W", "head.b"}


def test_the_encoder_learns_by_default_its_pooler_too():
    model = BERTClassifier(encoder(), 2)
    model((IDS, MASK))
    before = {name: a.copy() for name, a in model.params.items()}
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit((IDS, MASK), np.array([0, 1, 1]), verbose=0)
    still = [name for name, a in model.params.items() if np.array_equal(a, before[name])]
    assert still == ["bert.blocks.0.attention.bk"]  # moves all scores alike: its gradient is 0


def test_seed_and_dtype_are_the_encoders():
    y = BERTClassifier(encoder(dtype="float64"), 2)((IDS, MASK))
    assert y.dtype == "float64"
    np.testing.assert_array_equal(y, BERTClassifier(encoder(dtype="float64"), 2)((IDS, MASK)))


def test_ids_of_all_rows_are_checked_before_the_first_update():
    model = BERTClassifier(encoder(), 2)
    model.compile("adam", "sparse_categorical_crossentropy")
    bad = IDS.copy()
    bad[2, 3] = 9
    with pytest.raises(ValueError, match=r"table 'word': id 9 at \(2, 3\)"):
        model.fit((bad, MASK), np.array([0, 1, 1]), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((encoder(), 2, "max"), ValueError, "pooling must be 'cls' or 'mean', got 'max'"),
        ((encoder(pooler=False), 2), ValueError, "pooling='cls' needs the encoder's pooler"),
        ((encoder, 2), TypeError, "bert must be a BERT, got function"),
        ((encoder(), 0), ValueError, "classes must be a positive integer, got 0"),
    ],
)
def test_what_the_constructor_refuses(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        BERTClassifier(*arguments)
