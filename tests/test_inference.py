"""Inference in blocks of rows: the same numbers, and no block too large or too small."""

import numpy as np
import pytest

from minidl import Input, Model, Sequential, inference
from minidl.layers import LSTM, BatchNormalization, Conv1D, Dense, Embedding, GlobalMaxPooling1D


def text_cnn(**kwargs):
    layers = [Embedding(20, 4), Conv1D(5, 3, activation="relu"), GlobalMaxPooling1D(),
              Dense(2, "softmax")]  # fmt: skip
    return Sequential([Input((9,)), *layers], seed=0, **kwargs)


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 50])
def test_blocks_change_nothing(rows, monkeypatch):
    monkeypatch.setattr(inference, "CACHE", 1)  # the smallest blocks: 8 rows
    model, sizes = text_cnn(), []
    x = np.random.default_rng(0).integers(0, 20, (rows, 9))
    expected = model.forward(x)[0]
    model.compile("sgd", "sparse_categorical_crossentropy")
    plain, outputs = model.evaluate(x, x[:, 0] % 2, batch_size=64, verbose=0), model.outputs
    monkeypatch.setattr(model, "outputs", lambda x: sizes.append(len(x)) or outputs(x))
    np.testing.assert_allclose(model.predict(x, batch_size=64, verbose=0), expected, rtol=1e-5)
    assert sum(sizes) == rows
    assert len(sizes) == max(1, rows // 8)
    assert max(sizes) - min(sizes) <= 1
    monkeypatch.setattr(inference, "CACHE", 10**9)
    again = text_cnn()
    again.compile("sgd", "sparse_categorical_crossentropy")
    assert again.evaluate(x, x[:, 0] % 2, batch_size=64, verbose=0) == pytest.approx(plain)


def test_the_largest_output_decides():
    # By hand: 9 steps of 4 numbers, 7 of 5, 5, 2. The largest is 36, of 4 or of 8 bytes.
    assert inference.block_rows(text_cnn()) == 2_000_000 // (36 * 4)
    assert inference.block_rows(text_cnn(dtype="float64")) == 2_000_000 // (36 * 8)
    wide = Sequential([Input((10,)), Dense(1_000_000)])
    assert inference.block_rows(wide) == 8


def test_no_blocks_where_they_do_not_pay_or_are_wrong():
    assert inference.block_rows(Sequential([Input((9,)), Embedding(20, 4), LSTM(3)])) is None
    assert inference.block_rows(Sequential([Input((9,)), BatchNormalization()])) is None
    assert inference.block_rows(Sequential([Input((3,))])) is None  # no layer


def test_open_shapes_count_for_nothing():
    model = Sequential([Embedding(20, 4), Conv1D(5, 3), GlobalMaxPooling1D(), Dense(2)])
    model.build((None,))
    assert inference.block_rows(model) == 2_000_000 // (2 * 4)


def test_another_layer_is_another_reckoning():
    model = Sequential([Input((10,)), Dense(4)])
    assert inference.block_rows(model) == 2_000_000 // 16
    model.add(Dense(100))
    assert inference.block_rows(model) == 2_000_000 // 400


def test_several_inputs_and_outputs(monkeypatch):
    class Both(Model):
        def __init__(self):
            super().__init__(seed=0)
            self.one, self.two = Dense(3), Dense(2)

        def forward(self, x, training=False):
            return (self.one.forward(x[0])[0], self.two.forward(x[1])[0]), None

    model, rng = Both(), np.random.default_rng(0)
    x = rng.normal(size=(40, 4)), rng.normal(size=(40, 5))
    expected = model(x)
    monkeypatch.setattr(inference, "CACHE", 1)
    found = model.predict(x, batch_size=40, verbose=0)
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=1e-6)
