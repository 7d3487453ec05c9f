"""The losses against numbers by hand, literal loops, and frozen values of Keras and torch."""

import json
import math
import pathlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl import losses
from minidl.layers.activations import sigmoid, softmax
from minidl.loss import FEW, Loss, total
from minidl.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    HalfSquaredError,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
)
from minidl.testing import assert_gradients

LOG = math.log
EVERY = [
    MeanSquaredError(),
    HalfSquaredError(),
    RootMeanSquaredError(),
    MeanAbsoluteError(),
    BinaryCrossentropy(),
    BinaryCrossentropy(from_logits=True),
    CategoricalCrossentropy(),
    CategoricalCrossentropy(from_logits=True),
    SparseCategoricalCrossentropy(),
    SparseCategoricalCrossentropy(from_logits=True),
]


def example(loss, rng, *samples, classes=3, dtype="float64"):
    """(y_true, y_pred) that the loss takes, away from kinks and clipping."""
    if "Categorical" in loss.where:
        labels = rng.integers(0, classes, samples)
        y_true = labels if "Sparse" in loss.where else np.eye(classes)[labels]
    elif loss.where == "BinaryCrossentropy":
        y_true = rng.uniform(size=(*samples, classes)).round(1)
    else:
        y_true = rng.normal(size=(*samples, classes))
    if loss.from_logits or loss.fuses_with is None:
        return y_true, rng.normal(0, 2, (*samples, classes)).astype(dtype)
    return y_true, rng.uniform(0.05, 0.95, (*samples, classes)).astype(dtype)


def gradient(loss, *arguments):
    return loss.backward(loss.forward(*arguments)[1])


# ---- frozen: Keras in float32, torch in float64 ----


def frozen_cases():
    """The cases in order; found is {dtype: (value, gradient)}."""
    with np.load(pathlib.Path(__file__).parent / "fixtures" / "losses.npz") as file:
        data = dict(file)
    position = dict.fromkeys(("weights", "float32", "float64"), 0)

    def take(name, shape):
        start, size = position[name], math.prod(shape)
        position[name] += size
        return data[name][start : start + size].reshape(shape)

    for name, options, key, shape, weighted, samples in json.loads(str(data["cases"])):
        y_true, y_pred = data[f"{key}/y_true"], data[f"{key}/y_pred"]
        weight = take("weights", samples) if weighted else None
        found = {d: (take(d, shape), take(d, y_pred.shape)) for d in ("float32", "float64")}
        label = f"{name}-{key}-{options}-{'weighted' if weighted else 'plain'}"
        yield pytest.param(name, options, y_true, y_pred, weight, found, id=label)


# A few roundings of a sum of at most 18 terms: 5 units in the last place.
ULPS = {"float32": 5 * 1.2e-7, "float64": 5 * 2.3e-16}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "options", "y_true", "y_pred", "weight", "found"), list(frozen_cases())
)
def test_agrees_with_keras_and_torch(name, options, y_true, y_pred, weight, found, dtype):
    loss = getattr(losses, name)(**options)
    value, cache = loss.forward(y_true, y_pred.astype(dtype), weight)
    dy = loss.backward(cache)
    expected, expected_dy = found[dtype]
    assert dy.dtype == dtype
    np.testing.assert_allclose(value, expected, rtol=ULPS[dtype], atol=ULPS[dtype])
    scale = np.abs(expected_dy).max()
    np.testing.assert_allclose(dy, expected_dy, rtol=ULPS[dtype], atol=ULPS[dtype] * scale)


# ---- by hand ----

P, Q = 1 - 1e-7, 1e-7  # where probabilities are cut
BY_HAND = [
    (MeanSquaredError(), [1, 2, 3], [2.0, 2, 5], 5 / 3, [2 / 3, 0, 4 / 3]),
    (MeanSquaredError("sum"), [1, 2, 3], [2.0, 2, 5], 5, [2, 0, 4]),
    (MeanSquaredError("none"), [1, 2, 3], [2.0, 2, 5], [1, 0, 4], [2, 0, 4]),
    (MeanSquaredError(None), [[1, 2], [3, 4]], [[3.0, 2], [3, 0]], [2, 8], [[2, 0], [0, -4]]),
    (MeanSquaredError("sum"), [[1, 2], [3, 4]], [[3.0, 2], [3, 0]], 10, [[2, 0], [0, -4]]),
    (HalfSquaredError(), [1, 2, 3], [2.0, 2, 5], 2.5, [1, 0, 2]),
    (HalfSquaredError(), [[1, 2], [3, 4]], [[3.0, 2], [3, 0]], 10, [[2, 0], [0, -4]]),
    (RootMeanSquaredError(), [0, 0], [3.0, -4], 12.5**0.5, [3 / 50**0.5, -4 / 50**0.5]),
    (RootMeanSquaredError(), [3, 4], [3.0, 4], 0, [0, 0]),
    (MeanAbsoluteError(), [1, 2, 3], [2.0, 2, 1], 1, [1 / 3, 0, -1 / 3]),
    (BinaryCrossentropy(), [[1], [0]], [[0.5], [0.75]], (LOG(2) + LOG(4)) / 2, [[-1], [2]]),
    (BinaryCrossentropy(), [[1], [0]], [[1.0], [0.0]], -LOG(P), [[0], [0]]),
    (BinaryCrossentropy(), [[1], [0]], [[0.0], [1.0]], -LOG(Q), [[0], [0]]),
    (BinaryCrossentropy(from_logits=True), [1], [0.0], LOG(2), [-0.5]),
    (BinaryCrossentropy(from_logits=True), [0], [LOG(3)], LOG(4), [0.75]),
    (BinaryCrossentropy(label_smoothing=0.2), [1], [0.5], LOG(2), [-1.6]),
    (CategoricalCrossentropy(), [[0, 1]], [[0.25, 0.75]], LOG(4 / 3), [[1, 1 - 4 / 3]]),
    (CategoricalCrossentropy(), [[0, 1]], [[1.0, 3.0]], LOG(4 / 3), [[1 / 4, 1 / 4 - 1 / 3]]),
    (CategoricalCrossentropy(), [[0, 1]], [[1.0, 0.0]], -LOG(Q), [[0, 0]]),
    (CategoricalCrossentropy(True), [[0, 1]], [[0.0, LOG(3)]], LOG(4 / 3), [[0.25, -0.25]]),
    (CategoricalCrossentropy(True), [[0, 2]], [[0.0, 0.0]], 2 * LOG(2), [[1, -1]]),
    (SparseCategoricalCrossentropy(), [1], [[0.25, 0.75]], LOG(4 / 3), [[1, 1 - 4 / 3]]),
    (SparseCategoricalCrossentropy(), [1], [[1.0, 3.0]], LOG(4 / 3), [[1 / 4, 1 / 4 - 1 / 3]]),
    (SparseCategoricalCrossentropy(), [1], [[1.0, 0.0]], -LOG(Q), [[0, 0]]),
    (SparseCategoricalCrossentropy(True), 1, [0.0, LOG(3)], LOG(4 / 3), [0.25, -0.25]),
]


@pytest.mark.parametrize(("loss", "y_true", "y_pred", "value", "dy"), BY_HAND)
def test_by_hand(loss, y_true, y_pred, value, dy):
    found, cache = loss.forward(y_true, y_pred)
    np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(loss.backward(cache), dy, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(loss(y_true, y_pred), value, rtol=1e-9, atol=1e-15)


def test_half_squared_error_is_n_half_of_the_mean():
    y_true, y_pred = np.arange(8.0).reshape(4, 2), np.full((4, 2), 2.5)
    assert HalfSquaredError()(y_true, y_pred) == 4 * MeanSquaredError()(y_true, y_pred)


def test_a_model_that_always_says_one_does_not_have_loss_zero():
    assert BinaryCrossentropy()([1, 0], [1.0, 1.0]) > 8  # ½ · −log 1e-7 = 8.06


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropies_as_loops(from_logits, smoothing):
    rng = np.random.default_rng(0)
    y_pred = rng.normal(0, 3, (5, 4)) if from_logits else rng.uniform(0, 1, (5, 4)) ** 9
    labels, targets = rng.integers(0, 4, 5), rng.integers(0, 2, (5, 4))
    binary = categorical = 0.0
    for row, label, target in zip(y_pred, labels, targets):
        total = sum(math.exp(z) if from_logits else z for z in row)
        for k, (z, t) in enumerate(zip(row, target)):
            t = t * (1 - smoothing) + smoothing / 2
            p = 1 / (1 + math.exp(-z)) if from_logits else min(max(z, 1e-7), 1 - 1e-7)
            binary -= (t * LOG(p) + (1 - t) * LOG(1 - p)) / 20
            t = (k == label) * (1 - smoothing) + smoothing / 4
            p = math.exp(z) / total if from_logits else min(max(z / total, 1e-7), 1 - 1e-7)
            categorical -= t * LOG(p) / 5
    options = {"from_logits": from_logits, "label_smoothing": smoothing}
    assert BinaryCrossentropy(**options)(targets, y_pred) == pytest.approx(binary, rel=1e-12)
    loss = CategoricalCrossentropy(**options)
    assert loss(np.eye(4)[labels], y_pred) == pytest.approx(categorical, rel=1e-12)
    if not smoothing:
        loss = SparseCategoricalCrossentropy(from_logits)
        assert loss(labels, y_pred) == pytest.approx(categorical, rel=1e-12)


def test_logits_of_a_thousand():
    z = np.float32([[1000], [-1000], [1000], [-1000]])
    loss = BinaryCrossentropy(from_logits=True, reduction="none")
    value, cache = loss.forward([[1], [0], [0], [1]], z)
    assert value.tolist() == [0, 0, 1000, 1000]
    assert loss.backward(cache).ravel().tolist() == [0, 0, 1, -1]
    z = np.float32([[1000, -1000], [1000, -1000]])
    for loss, y_true in [
        (SparseCategoricalCrossentropy, [0, 1]),
        (CategoricalCrossentropy, np.eye(2)),
    ]:
        value, cache = loss(from_logits=True, reduction="none").forward(y_true, z)
        assert value.tolist() == [0, 2000]
        assert loss(from_logits=True).backward(cache).tolist() == [[0, 0], [1, -1]]


def test_small_probabilities_of_logits_keep_their_precision():
    dy = gradient(BinaryCrossentropy(from_logits=True), [0.0], np.float32([-40]))
    assert dy[0] == pytest.approx(math.exp(-40), rel=1e-6, abs=0)


# ---- weights ----


def test_a_weighted_mean_is_not_divided_by_the_weights():
    y_true, y_pred, weight = [0, 0], [[1.0], [3.0]], [1, 0.5]
    loss = MeanSquaredError()
    assert loss(y_true, y_pred, weight) == (1 * 1 + 0.5 * 9) / 2
    assert gradient(loss, y_true, y_pred, weight).tolist() == [[1], [1.5]]
    assert RootMeanSquaredError()(y_true, y_pred, weight) == math.sqrt(5.5 / 2)
    assert HalfSquaredError()(y_true, y_pred, weight) == (1 + 0.5 * 9) / 2
    assert MeanSquaredError("sum")(y_true, y_pred, weight) == 5.5
    assert MeanSquaredError("none")(y_true, y_pred, weight).tolist() == [1, 4.5]


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: f"{loss.where}{loss.from_logits}")
@pytest.mark.parametrize("shape", [(), (1,), (4,), (4, 1), (4, 5), (4, 5, 1)])
def test_weights_of_every_shape(loss, shape):
    rng = np.random.default_rng(3)
    y_true, y_pred = example(loss, rng, 4, 5)
    weight = rng.uniform(0, 2, shape)
    full = np.empty((4, 5))  # spread by hand: (4,) belongs to the first axis
    for i in range(4):
        for j in range(5):
            index = [(i, j, 0)[a] % n for a, n in enumerate(shape)]
            full[i, j] = weight[tuple(index)]
    value, cache = loss.forward(y_true, y_pred, weight)
    expected, expected_cache = loss.forward(y_true, y_pred, full)
    assert value == pytest.approx(expected, rel=1e-14)
    dy = loss.backward(cache)
    np.testing.assert_allclose(dy, loss.backward(expected_cache), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: f"{loss.where}{loss.from_logits}")
def test_a_weight_counts_a_sample_so_often(loss):
    y_true, y_pred = example(loss, np.random.default_rng(1), 3)
    rows = [0, 0, 1, 1, 1, 2]  # weights 2, 3, 1; means are over 6 and 3 rows
    ratio = {"HalfSquaredError": 1, "RootMeanSquaredError": math.sqrt(2)}.get(loss.where, 2)
    repeated = loss(y_true[rows], y_pred[rows])
    assert loss(y_true, y_pred, [2, 3, 1]) == pytest.approx(ratio * repeated, rel=1e-12)


def test_ignored_classes_count_nowhere():
    probs = np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]])
    for ignored in (-1, 255):
        loss = SparseCategoricalCrossentropy(ignore_class=ignored)
        value, cache = loss.forward([0, ignored, 1], probs)
        assert value == pytest.approx((LOG(2) - LOG(0.9)) / 2, rel=1e-12)
        dy = loss.backward(cache)
        np.testing.assert_allclose(dy, [[-0.5, 0.5], [0, 0], [0.5, -1 / 18]], rtol=1e-12)
    value = loss([[0], [255], [1]], probs, [3, 7, 1])
    assert value == pytest.approx((3 * LOG(2) - LOG(0.9)) / 2, rel=1e-12)
    total = SparseCategoricalCrossentropy(ignore_class=255, reduction="sum")
    assert total([0, 255, 1], probs) == pytest.approx(LOG(2) - LOG(0.9), rel=1e-12)
    assert loss([255, 255, 255], probs) == 0
    loss.check(np.array([0, 255, 1]), probs)  # the labels of a whole data set


# ---- gradients ----


@settings(max_examples=12, deadline=None)
@given(
    samples=st.sampled_from([(1,), (3,), (2, 3)]),
    weighted=st.booleans(),
    reduction=st.sampled_from(["sum_over_batch_size", "sum"]),
    seed=st.integers(0, 10**6),
)
@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: f"{loss.where}{loss.from_logits}")
def test_gradients(loss, samples, weighted, reduction, seed):
    rng = np.random.default_rng(seed)
    options = {"reduction": reduction} if loss.where != "RootMeanSquaredError" else {}
    if loss.fuses_with is not None:
        options["from_logits"] = loss.from_logits
    if loss.where in ("BinaryCrossentropy", "CategoricalCrossentropy"):
        options["label_smoothing"] = 0.1
    loss = type(loss)(**options)
    y_true, y_pred = example(loss, rng, *samples)
    weight = {"sample_weight": rng.uniform(0.1, 2, samples)} if weighted else None
    assert_gradients(loss, y_pred, y_true=y_true, seed=seed, kwargs=weight)


def test_gradient_of_other_axes_and_of_distributions():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.uniform(size=(2, 4, 3)), rng.uniform(0.1, 1, (2, 4, 3))
    for options in ({"axis": 1}, {"axis": -2, "from_logits": True}, {"axis": 0}):
        assert_gradients(CategoricalCrossentropy(**options), y_pred, y_true=y_true)


@pytest.mark.parametrize(
    "kind", [BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy]
)
def test_fused_with_its_activation(kind):
    rng = np.random.default_rng(5)
    loss = kind()
    y_true, z = example(kind(from_logits=True), rng, 6)
    fused = loss.on_logits()
    value, cache = fused.forward(y_true, z)
    dz = fused.backward(cache)
    if loss.fuses_with == "sigmoid":
        y = sigmoid(z)
        expected = gradient(loss, y_true, y) * y * (1 - y)
    else:
        y = softmax(z)
        dy = gradient(loss, y_true, y)
        expected = np.stack([(np.diag(p) - np.outer(p, p)) @ d for p, d in zip(y, dy)])
    assert value == pytest.approx(loss(y_true, y), rel=1e-12)
    np.testing.assert_allclose(dz, expected, rtol=1e-9, atol=1e-14)
    assert (loss.from_logits, fused.from_logits) == (False, True)


def test_on_logits_keeps_the_options_and_refuses_what_has_no_logits():
    loss = CategoricalCrossentropy(label_smoothing=0.2, axis=1, reduction="sum", name="own")
    assert vars(loss.on_logits()) == vars(loss) | {"from_logits": True}
    for wrong in (MeanSquaredError(), BinaryCrossentropy(from_logits=True)):
        with pytest.raises(ValueError, match=r"logits"):
            wrong.on_logits()
    assert MeanSquaredError.fuses_with is None


# ---- shapes and dtypes ----


def test_a_row_against_a_column_is_not_broadcast():
    y_true = np.arange(10)
    assert MeanSquaredError()(y_true, np.zeros((10, 1))) == 28.5
    assert MeanSquaredError()(y_true[:, None], np.zeros(10)) == 28.5
    assert gradient(MeanSquaredError(), y_true, np.zeros((10, 1))).shape == (10, 1)
    assert gradient(MeanSquaredError(), y_true[:, None], np.zeros(10)).shape == (10,)
    steps = np.ones((2, 3))
    assert gradient(BinaryCrossentropy(), steps, np.full((2, 3, 1), 0.5)).shape == (2, 3, 1)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: f"{loss.where}{loss.from_logits}")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forms_of_the_arrays(loss, dtype):
    y_true, y_pred = example(loss, np.random.default_rng(2), 4, 3, dtype=dtype)
    value, cache = loss.forward(y_true, y_pred)
    dy = loss.backward(cache)
    assert type(value) is float
    assert (dy.dtype, dy.shape) == (dtype, y_pred.shape)
    assert gradient(loss, y_true, y_pred, np.ones(4)).dtype == dtype
    turned = np.asfortranarray(y_pred)
    assert loss(y_true.tolist(), turned) == pytest.approx(value, rel=1e-6)
    strided = np.repeat(y_pred, 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(gradient(loss, y_true, strided), dy)
    dy[...] = 7  # the gradient is the caller's own
    np.testing.assert_array_equal(loss.backward(cache), gradient(loss, y_true, y_pred))
    np.testing.assert_array_equal(
        y_pred, example(loss, np.random.default_rng(2), 4, 3, dtype=dtype)[1]
    )


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: f"{loss.where}{loss.from_logits}")
def test_no_samples(loss):
    y_true, y_pred = example(loss, np.random.default_rng(0), 0)
    value, cache = loss.forward(y_true, y_pred)
    assert value == 0
    assert loss.backward(cache).shape == (0, 3)


def test_integers_and_booleans_are_cast():
    assert MeanSquaredError()([True, False], [2, 2]) == 2.5
    assert BinaryCrossentropy()(np.array([[True]]), np.float32([[0.5]])) == pytest.approx(
        LOG(2)
    )
    for labels in ([1.0], np.uint8([1]), [True], [[1]]):
        loss = SparseCategoricalCrossentropy()
        assert loss(labels, [[0.25, 0.75]]) == pytest.approx(LOG(4 / 3))


def test_nan_predictions_give_nan_and_no_error():
    for loss in EVERY:
        y_true, y_pred = example(loss, np.random.default_rng(0), 2)
        y_pred[:] = np.nan
        assert math.isnan(loss(y_true, y_pred))


# ---- what is refused, and how it is said ----

ROW, ONE_HOT = np.full((2, 3), 1 / 3), np.eye(3)[:2]
REFUSED = [
    (MeanSquaredError(), [[1, 2]], [[1.0, 2, 3]], r"shape \(1, 3\), got \(1, 2\)"),
    (MeanSquaredError(), [1, 2], [[1.0, 2], [3, 4]], r"must have y_pred's shape \(2, 2\)"),
    (MeanSquaredError(), [1, np.nan], [1.0, 2], r"y_true is NaN in 1 of 2 places.* \(1,\)"),
    (MeanSquaredError(), [[1], [1, 2]], [1.0, 2], r"rows of different lengths"),
    (MeanSquaredError(), ["a", "b"], [1.0, 2], r"y_true must be numbers, got dtype <U1"),
    (MeanSquaredError(), [1, 2], [None, 2.0], r"y_pred must be numbers"),
    (BinaryCrossentropy(), [0, 2], [0.5, 0.5], r"must lie in \[0, 1\], got 0 to 2"),
    (BinaryCrossentropy(), [-1, 1], [0.5, 0.5], r"must lie in \[0, 1\], got -1 to 1"),
    (BinaryCrossentropy(), [0, np.nan], [0.5, 0.5], r"y_true is NaN"),
    (BinaryCrossentropy(), [0, 1], ROW, r"'sparse_categorical_crossentropy'"),
    (CategoricalCrossentropy(), [0, 1], ROW, r"'sparse_categorical_crossentropy'"),
    (CategoricalCrossentropy(), [[0], [1]], ROW, r"'sparse_categorical_crossentropy'"),
    (CategoricalCrossentropy(), [[1], [1]], ROW[:, :1], r"'binary_crossentropy'"),
    (CategoricalCrossentropy(), ONE_HOT, 0 * ROW, r"sums to 0, .*from_logits=True"),
    (CategoricalCrossentropy(), ONE_HOT, -ROW, r"sums to -1, .*from_logits=True"),
    (CategoricalCrossentropy(axis=2), ONE_HOT, ROW, r"axis 2 of classes, got shape \(2, 3\)"),
    (CategoricalCrossentropy(), ONE_HOT * np.nan, ROW, r"y_true is NaN"),
    (SparseCategoricalCrossentropy(), ONE_HOT, ROW, r"'categorical_crossentropy'"),
    (SparseCategoricalCrossentropy(), [0, 1, 2], ROW, r"must have shape \(2,\), .*got \(3,\)"),
    (SparseCategoricalCrossentropy(), [0, 3], ROW, r"class ids 0 to 2, got 3"),
    (SparseCategoricalCrossentropy(), [-1, 0], ROW, r"class ids 0 to 2, got -1"),
    (SparseCategoricalCrossentropy(), [0, np.inf], ROW, r"class ids 0 to 2, got inf"),
    (SparseCategoricalCrossentropy(), [0.5, 1], ROW, r"whole class ids, got 0.5"),
    (SparseCategoricalCrossentropy(), [0, np.nan], ROW, r"y_true is NaN"),
    (SparseCategoricalCrossentropy(), [0, 1], 0 * ROW, r"sums to 0"),
    (SparseCategoricalCrossentropy(), [0, 0], ROW[:, :1], r"'binary_crossentropy'"),
    (SparseCategoricalCrossentropy(), 0, 0.5, r"must have an axis -1 of classes"),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "y_true", "y_pred", "sentence"), REFUSED)
def test_refused_with_a_sentence(loss, y_true, y_pred, sentence):
    for reduction in ("sum_over_batch_size", "none"):
        loss.reduction = reduction
        with pytest.raises((ValueError, TypeError), match=sentence) as caught:
            loss.forward(y_true, y_pred)
        assert str(caught.value).startswith(loss.where)


@pytest.mark.parametrize(
    "weight", [np.ones(4), np.ones((3, 2)), np.ones((3, 1, 1, 1)), ["a"] * 3]
)
def test_weights_that_do_not_fit(weight):
    y_true, y_pred = np.zeros((3, 2)), np.ones((3, 2))
    with pytest.raises((ValueError, TypeError), match=r"MeanSquaredError: sample_weight must"):
        MeanSquaredError()(y_true, y_pred, weight)


def test_a_negative_weighted_mean_has_no_root():
    with pytest.raises(ValueError, match=r"weighted MSE is -1 .*without negative"):
        RootMeanSquaredError()([0.0], [1.0], [-1])


def test_arguments_are_checked_at_once():
    with pytest.raises(ValueError, match=r"unknown reduction 'average': use one of"):
        MeanSquaredError(reduction="average")
    with pytest.raises(ValueError, match=r"label_smoothing must lie in \[0, 1\], got 2"):
        BinaryCrossentropy(label_smoothing=2)


# ---- names, and losses of one's own ----


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mse", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
        ("mae", MeanAbsoluteError),
        ("mean_absolute_error", MeanAbsoluteError),
        ("rmse", RootMeanSquaredError),
        ("root_mean_squared_error", RootMeanSquaredError),
        ("half_squared_error", HalfSquaredError),
        ("bce", BinaryCrossentropy),
        ("binary_crossentropy", BinaryCrossentropy),
        ("categorical_crossentropy", CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy),
        (MeanAbsoluteError, MeanAbsoluteError),
        (EVERY[0], MeanSquaredError),
        (None, type(None)),
    ],
)
def test_get(name, kind):
    assert type(losses.get(name)) is kind


def test_get_says_what_it_knows():
    with pytest.raises(
        ValueError, match=r"Could not interpret loss identifier 'huber': use one of mse"
    ):
        losses.get("huber")
    with pytest.raises(ValueError, match=r"Could not interpret loss identifier 3"):
        losses.get(3)
    with pytest.raises(TypeError, match=r"'difference' is a function and has no gradient"):
        losses.get(difference)


def difference(y_true, y_pred):
    return y_true - y_pred


def test_names():
    assert MeanSquaredError().name == "mean_squared_error"
    assert SparseCategoricalCrossentropy(name="mine").name == "mine"


class Quartic(Loss):
    """L = mean of (y_pred − y_true)⁴, from `terms` and `gradient` alone."""

    def terms(self, y_true, y_pred):
        error = y_pred - y_true
        return error**4, error

    def gradient(self, kept, scale):
        return 4 * kept**3 * scale


class Whole(Loss):
    """A loss with its own forward and backward, that forgets super().__init__()."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, y_true, y_pred, sample_weight=None):
        return float(np.sum(self.factor * (y_pred - y_true))), np.full_like(y_pred, self.factor)

    def backward(self, cache):
        return cache.copy()


def test_losses_of_one_s_own():
    y_true, y_pred = np.zeros((2, 2)), np.array([[1.0, 2], [0, -1]])
    assert Quartic()(y_true, y_pred, [1, 2]) == (1 + 16 + 2) / 4
    assert_gradients(Quartic(), y_pred, y_true=y_true)
    assert Whole(3)(y_true, y_pred) == 6
    assert (Whole(3).reduction, Whole(3).fuses_with) == ("sum_over_batch_size", None)
    with pytest.raises(NotImplementedError, match=r"Loss: terms is not written"):
        Loss()(y_true, y_pred)


def test_no_warning_where_the_probabilities_are_cut():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for loss in EVERY:
            y_true, y_pred = example(loss, np.random.default_rng(0), 4, dtype="float32")
            y_pred[:, 0], y_pred[:, 1:] = 1, 0
            assert np.isfinite(gradient(loss, y_true, y_pred)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
@pytest.mark.parametrize("shape", [(0, 1), (3, 1), (100, 4), (FEW + 1, 1), (2, 3, 5)])
def test_total_is_the_sum(dtype, shape):
    """By ones or by sum, also where a product of that dtype would not add up; twice alike."""
    terms = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    expected = math.fsum(float(t) for t in terms.ravel())
    assert total(terms) == total(terms) == pytest.approx(expected, rel=1e-5)
    assert total(terms[::-1]) == pytest.approx(expected, rel=1e-5)
