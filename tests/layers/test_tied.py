"""TiedDense: logits by the embedding's own table."""

import numpy as np
import pytest

from minidl.gradients import RowGradient
from minidl.layers import Dense, Embedding, TiedDense
from minidl.models import Model
from minidl.testing import assert_gradients, assert_layer


class Speller(Model):
    """ids -> vectors -> logits over the same ids."""

    def __init__(self, V, D, tied_first=False, **kwargs):
        super().__init__(**kwargs)
        embedding = Embedding(V, D, embeddings_initializer="normal")
        if tied_first:
            self.output = TiedDense(embedding)
        self.embedding, self.hidden = embedding, Dense(D, "tanh")
        if not tied_first:
            self.output = TiedDense(embedding)

    def forward(self, x, training=False):
        h, embedding = self.embedding.forward(x)
        h, hidden = self.hidden.forward(h)
        y, output = self.output.forward(h)
        return y, (embedding, hidden, output)

    def backward(self, dy, cache):
        embedding, hidden, output = cache
        dh, output = self.output.backward(dy, output)
        dh, hidden = self.hidden.backward(dh, hidden)
        _, embedding = self.embedding.backward(dh, embedding)
        return None, self.collect(output=output, hidden=hidden, embedding=embedding)


def test_by_hand():
    embedding = Embedding(3, 2, weights=[[1, 2], [3, 4], [5, 6]])
    layer = TiedDense(embedding)
    layer.build((2,), 0)
    layer.params["b"] = np.array([100.0, 200.0, 300.0])
    y, cache = layer.forward(np.array([[1.0, 10.0]]))
    assert y.tolist() == [[100 + 21, 200 + 43, 300 + 65]]
    dx, grads = layer.backward(np.array([[1.0, 0.0, 2.0]], dtype="float32"), cache)
    assert dx.tolist() == [[1 + 10, 2 + 12]]
    assert grads["embedding.W"].tolist() == [[1, 10], [0, 0], [2, 20]]
    assert grads["b"].tolist() == [1, 0, 2]
    assert layer.params["embedding.W"] is embedding.params["W"]


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 1, 4)])
def test_contract(use_bias, shape):
    x = np.random.default_rng(0).normal(size=shape)
    layer = TiedDense(Embedding(5, 4), use_bias)
    assert_layer(layer, x)
    assert list(TiedDense(Embedding(5, 4), use_bias=False).params) == []
    assert layer.output_shape(shape[1:]) == (*shape[1:-1], 5)


@pytest.mark.parametrize("tied_first", [False, True])
def test_the_table_is_one_parameter_and_gets_both_gradients(tied_first):
    model = Speller(6, 3, tied_first, seed=0)
    x = np.array([[1, 1, 4], [0, 5, 1]])
    model.build((3,))
    table = "output.embedding.W" if tied_first else "embedding.W"
    assert sorted(model.params) == sorted([table, "hidden.W", "hidden.b", "output.b"])
    assert model.count_params() == 6 * 3 + 3 * 3 + 3 + 6
    assert_gradients(model, x)
    y, cache = model.forward(x)
    dy = np.random.default_rng(0).normal(size=y.shape)
    dh, by_output = model.output.backward(dy, cache[2])
    dh, _ = model.hidden.backward(dh, cache[1])
    by_input = model.embedding.backward(dh, cache[0])[1]["W"]
    assert isinstance(by_input, RowGradient)
    total = model.backward(dy, cache)[1][table]
    want = by_input.to_dense() + by_output["embedding.W"]
    np.testing.assert_allclose(total, want, rtol=1e-12)


def test_it_trains_one_table():
    model = Speller(5, 8, seed=0)
    x = np.arange(5)[:, None]
    model.build((1,))
    table = model.embedding.params["W"]
    before = table.copy()
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.05
    target = np.eye(5)[x]
    history = model.fit(x, target, epochs=60, batch_size=5, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2
    assert model.output.embedding.params["W"] is table
    assert np.abs(table - before).max() > 0.01
    copied = model.astype("float64")
    assert copied.output.embedding.params["W"] is copied.embedding.params["W"]


def test_wrong_arguments():
    with pytest.raises(TypeError, match="TiedDense: embedding must be an Embedding layer"):
        TiedDense(np.ones((3, 4)))
    layer = TiedDense(Embedding(5, 4))
    layer.build((4,), 0)
    for shape in ((2, 3), (4,)):
        with pytest.raises(ValueError, match=r"TiedDense: x must have shape \(N, …, 4\)"):
            layer(np.zeros(shape))
