"""BERT: transformers' frozen outputs, gradient checks, masks, segments, and what it refuses."""

import numpy as np
import pytest

from minidl import assert_gradients
from minidl.applications.bert import BERT, bert_parameters
from minidl.applications.pooler import Pooler
from minidl.initializers import RandomNormal
from minidl.layers import Dense, GlobalAveragePooling1D
from minidl.models import Sequential
from minidl.testing import check_layer

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 9, (3, 4))
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], bool)
SEGMENTS = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]])


def tiny(**options):
    sizes = {"dim": 4, "layers": 2, "heads": 2, "ffn": 6, "max_length": 5}
    return BERT(9, **{**sizes, "seed": 1, "initializer": RandomNormal(stddev=0.5), **options})


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_outputs_are_those_of_transformers_at_every_position(
    bert_frozen, bert_folder, dtype, tolerance
):
    bert = BERT.from_pretrained(bert_folder, dtype)
    h = bert(tuple(bert_frozen[name] for name in ("ids", "mask", "segments")))
    assert h.dtype == dtype
    np.testing.assert_allclose(h, bert_frozen["hidden"], rtol=0, atol=tolerance)
    np.testing.assert_allclose(bert.pooler(h), bert_frozen["pooled"], rtol=0, atol=tolerance)


def test_the_contract():
    report = check_layer(tiny(layers=1), IDS)
    assert report.passed, str(report)
    pooler = check_layer(Pooler(4), np.random.default_rng(0).normal(size=(3, 2, 4)))
    assert pooler.passed, str(pooler)


@pytest.mark.parametrize(
    ("x", "training"), [((IDS, MASK), True), ((IDS, MASK, SEGMENTS), False)]
)
def test_gradients(x, training):
    assert_gradients(tiny(), x, training=training)


def test_gradients_without_a_pooler_with_another_activation():
    assert_gradients(tiny(pooler=False, layers=1, activation="gelu_new"), (IDS, MASK))


def test_inputs_as_a_tuple_or_as_keywords():
    bert = tiny(dtype="float64")
    y = bert((IDS, MASK, SEGMENTS))
    np.testing.assert_array_equal(bert(IDS, mask=MASK, segments=SEGMENTS), y)
    np.testing.assert_array_equal(bert((IDS, MASK), segments=SEGMENTS), y)
    np.testing.assert_array_equal(bert((IDS, MASK.astype(int), SEGMENTS)), y)
    np.testing.assert_allclose(bert((IDS, MASK, 0 * IDS)), bert((IDS, MASK)), atol=1e-15)
    np.testing.assert_allclose(bert(IDS.tolist()), bert((IDS, IDS >= 0)), atol=1e-15)


def test_padding_changes_nothing():
    bert = tiny(dtype="float64")
    y = bert((IDS, MASK))
    for row, n in zip(range(3), (4, 2, 1)):
        np.testing.assert_allclose(y[row, :n], bert(IDS[row : row + 1, :n])[0], atol=1e-14)
    other = np.where(MASK, IDS, 8)  # whatever stands there
    np.testing.assert_allclose(bert((other, MASK))[MASK], y[MASK], atol=1e-14)


def test_a_row_of_padding_alone_and_an_empty_batch_are_finite():
    bert = tiny()
    assert np.isfinite(bert((IDS, np.zeros_like(MASK)))).all()
    assert bert.forward(IDS[:0])[0].shape == (0, 4, 4)


def test_prediction_is_forward_without_its_caches():
    bert = tiny(dropout=0.5)
    predicted = bert(IDS)
    y, cache = bert.forward(IDS)
    np.testing.assert_array_equal(predicted, y)
    assert len(cache[0]) == 3  # the embeddings and two blocks
    assert not np.array_equal(bert.forward(IDS, training=True)[0], y)


def test_the_same_seed_gives_the_same_bits():
    np.testing.assert_array_equal(tiny()(IDS), tiny()(IDS))
    assert not np.array_equal(tiny(seed=2)(IDS), tiny()(IDS))


def test_in_a_sequential_the_mask_travels_on():
    bert = tiny(dtype="float64")
    model = Sequential([bert, GlobalAveragePooling1D(), Dense(1, "sigmoid")], dtype="float64")
    y = model((IDS, MASK))
    h = bert((IDS, MASK))
    mean = np.array([h[0].mean(0), h[1, :2].mean(0), h[2, 0]])
    W, b = model.params["2.W"], model.params["2.b"]
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-mean @ W - b)), rtol=1e-12)


def test_the_pooler_gets_a_gradient_of_zero():
    bert = tiny()
    bert(IDS)
    y, cache = bert.forward((IDS, MASK))
    dx, grads = bert.backward(np.ones_like(y), cache)
    assert dx == (None, None)
    assert grads.keys() == bert.params.keys()
    assert not grads["pooler.W"].any()


def test_the_number_of_parameters_by_formula():
    # By hand, V=9 L=5 S=2 D=4 F=6: 16·4 + 8 = 72 embeddings; a block 4·20 + (48 + 10) + 16
    # = 154; the pooler 20
    bert = tiny()
    bert(IDS)
    assert bert.count_params() == 72 + 2 * 154 + 20
    assert bert_parameters(9, 4, 2, 6, 5) == 72 + 2 * 154 + 20
    assert bert_parameters(9, 4, 2, 6, 5, pooler=False) == 72 + 2 * 154


def test_the_parameters_of_published_models():
    assert bert_parameters() == 109_482_240  # BERT-base
    assert bert_parameters(dim=1024, layers=24, ffn=4096) == 335_141_888  # BERT-large
    config = {
        "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6,
        "intermediate_size": 1536, "max_position_embeddings": 512, "type_vocab_size": 2,
    }  # fmt: skip
    assert BERT.count_params_of(config) == 22_713_216  # all-MiniLM-L6-v2


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (IDS[0], r"ids must have shape \(N, T\), got \(4,\): put a single text in a list"),
        ((IDS, MASK[:, :3]), r"mask must have ids' shape \(3, 4\), got \(3, 3\)"),
        ((IDS, MASK, SEGMENTS[:2]), r"segments must have ids' shape \(3, 4\), got \(2, 4\)"),
        ((IDS, MASK, SEGMENTS, IDS), "x must be ids, .* got a tuple of 4"),
        (np.full((1, 2), 9), r"BERT, table 'word': id 9 at \(0, 0\)"),
        ((IDS, MASK, SEGMENTS + 1), "BERT, table 'segment': id 2"),
        (np.zeros((1, 6), int), "BERT, table 'position': x must have at most 5 positions"),
    ],
)
def test_what_forward_refuses(x, sentence):
    bert = tiny()
    bert(IDS)
    with pytest.raises(ValueError, match=sentence):
        bert(x)


def test_the_pooler_takes_hidden_states():
    with pytest.raises(
        ValueError, match=r"x must have shape \(N, T, D\) with T ≥ 1, got \(3, 4\)"
    ):
        Pooler(4)(np.zeros((3, 4)))


def test_floats_are_no_ids():
    with pytest.raises(TypeError, match="ids must be integers, got float32"):
        tiny()(IDS + 0.5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"heads": 3}, "heads must divide dim, got dim=4 and heads=3"),
        ({"activation": "swish"}, "activation must be one of relu, gelu"),
        ({"layers": 0}, "layers must be a positive integer, got 0"),
        ({"dropout": 1.0}, "must be at least 0 and below 1"),
        ({"epsilon": 0}, "epsilon must be a positive number"),
    ],
)
def test_what_the_constructor_refuses(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        tiny(**arguments)
