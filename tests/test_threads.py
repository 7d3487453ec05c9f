"""Training and prediction in several threads: the same numbers as in one, up to rounding."""

import threading

import numpy as np
import pytest

from minidl import Input, Sequential
from minidl.applications.recommender import DotRecommender
from minidl.blas import one_blas_thread, openblas_threads
from minidl.layers import (
    LSTM,
    BatchNormalization,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    TransformerEncoderBlock,
)
from minidl.regularizers import L2
from minidl.threads import spread, twin

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 30, (50, 6))
MODELS = {
    "dense": lambda: [Dense(7, "relu", kernel_regularizer=L2(0.01)), Dense(3, "softmax")],
    "cnn": lambda: [Embedding(30, 8), Conv1D(5, 3), GlobalMaxPooling1D(), Dense(3, "softmax")],
    "lstm": lambda: [Embedding(30, 8, mask_zero=True), LSTM(5), Dense(3, "softmax")],
    "transformer": lambda: [
        Embedding(30, 8), TransformerEncoderBlock(2, 16), GlobalAveragePooling1D(),
        Dense(3, "softmax")],
}  # fmt: skip


def trained(layers, threads, x=IDS, optimizer="sgd", **kwargs):
    model = Sequential(layers(), seed=1, dtype="float64")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    y = np.arange(len(x)) % 3
    # 50 rows in batches of 7: the last has 1 row, fewer than there are threads
    history = model.fit(x, y, batch_size=7, epochs=2, verbose=0, threads=threads, **kwargs)
    return history.history, model


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_threads_change_nothing(name, threads):
    one, model = trained(MODELS[name], 1, validation_split=0.1)
    several, other = trained(MODELS[name], threads, validation_split=0.1)
    assert list(one) == list(several)
    for key, values in one.items():
        np.testing.assert_allclose(several[key], values, rtol=1e-10)
    for key, a in model.params.items():
        np.testing.assert_allclose(other.params[key], a, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("rows", [1, 2, 50])
@pytest.mark.parametrize("name", MODELS)
def test_a_batch_or_a_prediction_in_threads(name, rows, threads):
    x, y = IDS[:rows], np.arange(rows) % 3

    def run(threads):
        model = Sequential(MODELS[name](), seed=1, dtype="float64")
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        losses = [model.train_on_batch(x, y, threads=threads) for _ in range(3)]
        found = model.evaluate(x, y, verbose=0, threads=threads)
        return losses, found, model.predict(x, verbose=0, threads=threads)

    for several, one in zip(run(threads), run(1)):
        np.testing.assert_allclose(several, one, rtol=1e-9)


def test_a_model_that_mixes_rows_predicts_in_one_thread():
    x = RNG.normal(size=(9, 4))
    model = Sequential([BatchNormalization(), Dense(3)])
    np.testing.assert_array_equal(model.predict(x, threads=2), model.predict(x))


def test_spread_keeps_the_order_and_waits_for_all():
    gate, finished = threading.Event(), []

    def work(i):
        if i % 2:  # the other thread's share
            gate.wait(10)
        else:
            gate.set()
        if i == 0:
            raise KeyError("this thread's")
        finished.append(i)
        return i * i

    assert spread(2, work, range(1, 8)) == [i * i for i in range(1, 8)]
    gate.clear(), finished.clear()
    with pytest.raises(KeyError):
        spread(2, work, range(8))
    assert sorted(finished) == [1, 3, 5, 7]  # whole, although this thread failed at once


def test_a_model_of_several_tables():
    def run(threads):
        model = DotRecommender(9, 8, 4, limits=(0, 1), seed=1, dtype="float64")
        model.compile("sgd", "binary_crossentropy")
        x = np.stack([np.arange(40) % 9, np.arange(40) % 8], axis=1)
        y = (np.arange(40) % 3 == 0).astype(float)
        model.fit(x, y, batch_size=16, epochs=3, verbose=0, threads=threads)
        return model.params

    for a, b in zip(run(1).values(), run(2).values()):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_dropout_draws_apart_in_each_thread_and_the_same_each_time():
    def layers():
        return [Embedding(30, 8), GlobalAveragePooling1D(), Dropout(0.5), Dense(3, "softmax")]

    first, second = trained(layers, 2)[0], trained(layers, 2)[0]
    assert first == second
    assert first["loss"] != trained(layers, 1)[0]["loss"]


def test_a_twin_shares_the_arrays_and_neither_a_layer_nor_a_stream():
    shared, layers = Dense(8), MODELS["transformer"]()
    model = Sequential([Input((6,)), *layers, shared, Dense(3), shared], seed=1)
    assert model.predict(IDS[:1]).shape == (1, 8)
    other = twin(model)
    pairs = list(zip(model.leaves(), other.leaves()))
    assert len(pairs) == len(model.leaves()) == len(other.leaves()) > 10
    for mine, its in pairs:
        assert mine is not its
        assert all(its.own_arrays[name] is a for name, a in mine.own_arrays.items())
        if mine.rng is not None:
            assert mine.rng.random() != its.rng.random()
    assert other.layers[-1] is other.layers[-3]
    assert list(other.params) == list(model.params)


def test_a_layer_that_remembers_a_call_gets_its_own_back():
    """It breaks the contract; still, no thread finds what another left behind."""

    class Remembering(Dense):
        def forward(self, x, training=False):
            y, self.cache = super().forward(x, training)
            return y, None

        def backward(self, dy, cache):
            return super().backward(dy, self.cache)

    x = RNG.normal(size=(14, 4))
    one, several = (trained(lambda: [Remembering(3, "softmax")], n, x=x)[0] for n in (1, 2))
    np.testing.assert_allclose(several["loss"], one["loss"], rtol=1e-10)


def test_the_parts_run_in_several_threads():
    seen = set()

    class Watching(Dense):
        def forward(self, x, training=False):
            seen.add((threading.get_ident(), len(x)))
            return super().forward(x, training)

    trained(lambda: [Watching(3, "softmax")], 2, x=RNG.normal(size=(14, 4)))
    assert {size for _, size in seen} >= {3, 4}
    assert len({thread for thread, size in seen if size == 4}) == 1
    assert len({thread for thread, _ in seen}) == 2


def test_what_cannot_be_split_is_refused():
    with pytest.raises(ValueError, match="BatchNormalization mixes them: use threads=1"):
        trained(
            lambda: [BatchNormalization(), Dense(3, "softmax")], 2, x=RNG.normal(size=(9, 4))
        )
    x, model = RNG.normal(size=(9, 4)), Sequential([Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for wrong in (0, -1, 1.5, "2", None):
        for use in (model.fit, model.train_on_batch, model.evaluate):
            with pytest.raises(ValueError, match="threads must be a positive integer"):
                use(x, np.arange(9) % 3, threads=wrong)
        with pytest.raises(ValueError, match="threads must be a positive integer"):
            model.predict(x, threads=wrong)


def test_an_error_in_a_thread_is_the_callers():
    class Failing(Dense):
        def backward(self, dy, cache):
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        trained(lambda: [Failing(3, "softmax")], 2, x=RNG.normal(size=(9, 4)))


def test_blas_has_its_threads_again():
    count, set_count = openblas_threads()
    before = count()
    set_count(2)
    try:
        expected = count()
        with one_blas_thread():
            assert count() == 1
        assert count() == expected
    finally:
        set_count(before)
