"""Sequential and Model: composition, building, weights, summary."""

import copy
import pickle

import numpy as np
import pytest

import minidl
from minidl import Input, Model, Sequential
from minidl.layers import LSTM, Dense, Dropout, Embedding, Flatten


class DotRecommender(Model):
    """The example of the design: two tables and a dot product."""

    def __init__(self, users, items, dim, **kwargs):
        super().__init__(**kwargs)
        self.user, self.item = Embedding(users, dim), Embedding(items, dim)

    def forward(self, x, training=False):
        u, user_cache = self.user.forward(x[:, 0])
        i, item_cache = self.item.forward(x[:, 1])
        return (u * i).sum(axis=1, keepdims=True), (u, i, user_cache, item_cache)

    def backward(self, dy, cache):
        u, i, user_cache, item_cache = cache
        _, user_grads = self.user.backward(dy * i, user_cache)
        _, item_grads = self.item.backward(dy * u, item_cache)
        return None, self.collect(user=user_grads, item=item_grads)


def test_forward_is_the_layers_one_after_another():
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    model = Sequential([Dense(4, "relu"), Dense(2)], seed=0)
    W0, b0, W1, b1 = (model(x), model.get_weights())[1]
    np.testing.assert_allclose(model(x), np.maximum(x @ W0 + b0, 0) @ W1 + b1, rtol=1e-6)


def test_backward_is_the_chain_rule():
    minidl.assert_gradients(
        Sequential([Dense(4, "tanh"), Sequential([Dense(3, "sigmoid")]), Dense(2)], seed=0),
        np.random.default_rng(0).normal(size=(5, 3)),
    )


def test_a_users_model_trains_and_checks():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, (200, 2))
    planted = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 6))
    y = planted[x[:, 0], x[:, 1]]
    model = DotRecommender(6, 6, 2, seed=1)
    model.compile(minidl.optimizers.Adam(0.05), "mse")
    history = model.fit(x, y, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.05 * history[0]
    assert list(model.params) == ["user.W", "item.W"]
    assert model.count_params() == 24
    minidl.assert_gradients(model, x[:9])


def test_a_layer_used_twice_has_its_gradients_added():
    shared = Dense(3, "tanh")
    model = Sequential([shared, shared], seed=0, dtype="float64")
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert (model(x), list(model.params))[1] == ["0.W", "0.b"]
    dy = np.random.default_rng(1).normal(size=(5, 3))
    _, cache = model.forward(x)
    dx, grads = model.backward(dy, cache)
    dh, second = shared.backward(dy, cache[1])
    by_hand, first = shared.backward(dh, cache[0])
    np.testing.assert_allclose(grads["0.W"], first["W"] + second["W"])
    np.testing.assert_allclose(dx, by_hand)
    minidl.assert_gradients(model, x)


def test_sharing_across_nested_containers_works():
    shared = Dense(3, "tanh")
    model = Sequential([shared, Sequential([Dense(3), shared])], seed=0)
    x = np.random.default_rng(0).normal(size=(4, 3))
    model(x)
    assert list(model.params) == ["0.W", "0.b", "1.0.W", "1.0.b"]
    assert len(model.get_weights()) == 4
    minidl.assert_gradients(model, x)
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)


def test_declared_shapes_build_at_once():
    for first in (
        [Dense(2, input_shape=(3,))],
        [Dense(2, input_dim=3)],
        [Input(shape=(3,)), Dense(2)],
    ):
        model = Sequential(first)
        assert model.built
        assert model.count_params() == 8
        assert len(model.layers) == 1
    model = Sequential([Embedding(10, 4, input_length=6), Flatten(), Dense(1)])
    assert model.layers[2].params["W"].shape == (24, 1)
    assert not Sequential([Embedding(10, 4), LSTM(3)]).built


def test_wrong_input_says_which_layer_and_how_to_mend():
    model = Sequential([Dense(4), Dense(2)], seed=0)
    model.build((784,))
    with pytest.raises(ValueError, match=r"layer 0 \(Dense\).*\(N, 784\).*Flatten"):
        model.predict(np.zeros((32, 28, 28)), verbose=0)
    with pytest.raises(TypeError, match="item 1 must be a layer"):
        Sequential([Dense(4), "relu"])
    with pytest.raises(TypeError, match="Dense"):
        Sequential([Dense])


def test_masks_travel_to_the_layer_that_uses_them():
    ids = np.array([[0, 0, 3, 1], [2, 4, 1, 3]])
    model = Sequential(
        [
            Embedding(5, 3, mask_zero=True),
            Dropout(0.5),
            LSTM(4, return_sequences=True),
            LSTM(2),
        ],
        seed=0,
    )
    short = model.predict(ids[:1, 2:], verbose=0)
    np.testing.assert_allclose(model.predict(ids, verbose=0)[:1], short, rtol=1e-5)
    nested = Sequential([Sequential(model.layers[:2]), Sequential(model.layers[2:])])
    np.testing.assert_allclose(
        nested.predict(ids, verbose=0), model.predict(ids, verbose=0), rtol=1e-6
    )


def test_set_weights_checks_count_and_shapes_and_loses_nothing():
    model = Sequential([Dense(2, input_shape=(3,)), Dense(1)], seed=0)
    before = model.get_weights()
    with pytest.raises(ValueError, match="4 arrays"):
        model.set_weights(before[:3])
    with pytest.raises(ValueError, match=r"1\.W must have shape \(2, 1\), got \(3, 2\)"):
        model.set_weights([*before[:2], before[0], before[3]])
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_save_and_load(tmp_path, ending):
    make = lambda seed: Sequential([Dense(4, "relu", input_shape=(3,)), Dense(2)], seed=seed)  # noqa: E731
    one, two = make(0), make(1)
    one.save_weights(tmp_path / f"w.{ending}")
    two.load_weights(tmp_path / f"w.{ending}")
    for a, b in zip(one.get_weights(), two.get_weights()):
        np.testing.assert_array_equal(a, b)
    other = Sequential([Dense(5, input_shape=(3,)), Dense(2)])
    with pytest.raises(ValueError, match=r"0\.W must have shape \(3, 5\)"):
        other.load_weights(tmp_path / f"w.{ending}")
    with pytest.raises(ValueError, match=r"lacks 2\.W"):
        Sequential([Dense(4, input_shape=(3,)), Dense(2), Dense(1)]).load_weights(
            tmp_path / f"w.{ending}"
        )
    with pytest.raises(FileNotFoundError):
        two.load_weights(tmp_path / f"none.{ending}")
    with pytest.raises(ValueError, match="npz"):
        two.save_weights(tmp_path / "w.h5")


def test_model_is_a_layer_and_survives_copies():
    model = Sequential([Dense(4, "relu", input_shape=(3,)), Dropout(0.5), Dense(2)], seed=0)
    model.compile("adam", "mse")
    x = np.ones((2, 3))
    model.fit(x, np.ones((2, 2)), verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
        before = model.get_weights()[0]
        other.fit(x, np.ones((2, 2)), verbose=0)
        np.testing.assert_array_equal(model.get_weights()[0], before)
        assert not np.array_equal(other.get_weights()[0], before)


def test_summary_counts_and_boxes():
    lines = []
    model = Sequential(
        [Embedding(50, 8, input_length=12), LSTM(8), Dense(7, "softmax")], seed=0
    )
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    # 50·8 = 400; 4·8·(8 + 8 + 1) = 544; 8·7 + 7 = 63
    for part in ("embedding (Embedding)", "(None, 12, 8)", "400", "544", "63"):
        assert part in text
    assert " Total params: 1,007 (3.93 KB)" in lines
    assert len({len(line) for line in lines[1:-3]}) == 1
    unbuilt = []
    Sequential([Dense(2), Dense(3)]).summary(print_fn=unbuilt.append)
    assert "0 (unbuilt)" in "\n".join(unbuilt)
    assert "dense_1 (Dense)" in "\n".join(unbuilt)


def test_params_of_a_model_write_through():
    model = Sequential([Dense(2, input_shape=(3,))], seed=0)
    model.params["0.W"] = np.ones((3, 2))
    np.testing.assert_array_equal(model.layers[0].params["W"], np.ones((3, 2)))
    model.params["0.W"] -= 0.5
    assert model.get_weights()[0][0, 0] == 0.5
    with pytest.raises(KeyError, match=r"0\.U"):
        model.params["0.U"]


def test_inputs_of_different_dtype_are_built_together():
    class Mixed(Model):
        def __init__(self):
            super().__init__(seed=0)
            self.dense, self.table = Dense(2), Embedding(5, 2)

        def forward(self, x, training=False):
            numbers, ids = x
            a, dense_cache = self.dense.forward(numbers)
            b, table_cache = self.table.forward(ids)
            return a + b, (dense_cache, table_cache)

        def backward(self, dy, cache):
            dx, dense_grads = self.dense.backward(dy, cache[0])
            _, table_grads = self.table.backward(dy, cache[1])
            return (dx, None), self.collect(dense=dense_grads, table=table_grads)

    x = (np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 4, 1, 1]))
    model = Mixed()
    assert model(x).shape == (4, 2)
    minidl.assert_gradients(model, x)
    model.compile("adam", "mse")
    model.fit(x, np.ones((4, 2)), verbose=0)


def test_training_asks_the_first_layer_for_no_dx_and_a_subclass_for_what_it_has():
    asked = []

    class Asking(Dense):
        def backward(self, dy, cache, needs_dx=True):
            asked.append(needs_dx)
            return super().backward(dy, cache, needs_dx)

    class Old(Dense):
        def backward(self, dy, cache):  # written without the argument
            asked.append("old")
            return super().backward(dy, cache)

    x, y = np.ones((4, 3)), np.ones((4, 1))
    for kinds, expected in [((Asking, Asking), [True, False]), ((Old, Asking), [True, "old"])]:
        asked.clear()
        inner = Sequential([kinds[0](2)])  # a Sequential passes it on
        model = Sequential([inner, kinds[1](1)], seed=0)
        model.compile("sgd", "mse")
        model.train_on_batch(x, y)
        assert asked == expected
        cache = model.forward(x)[1]
        assert model.backward(np.ones((4, 1)), cache)[0].shape == (4, 3)
