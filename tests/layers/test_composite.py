"""Composite: children, their parameters seen as one, sharing, building, copies."""

import copy
import pickle

import numpy as np
import pytest

from minidl.composite import Composite
from minidl.gradients import RowGradient
from minidl.layer import Layer
from minidl.layers import LSTM, Dense, Dropout, Embedding, Tanh
from minidl.testing import assert_gradients, assert_layer


class Chain(Composite):
    """Layers one after the other, in a list."""

    def __init__(self, *layers, **kwargs):
        super().__init__(**kwargs)
        self.steps = list(layers)

    def forward(self, x, training=False):
        caches = []
        for layer in self.steps:
            x, cache = layer.forward(x, training=training)
            caches.append(cache)
        return x, caches

    def backward(self, dy, cache):
        pairs = []
        for n, layer in reversed(list(enumerate(self.steps))):
            dy, grads = layer.backward(dy, cache[n])
            pairs.append((f"steps.{n}", grads))
        return dy, self.collect(*pairs)


class DotRecommender(Composite):
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


class Twins(Composite):
    """y = f(x₀) + g(x₁); the two may be one layer."""

    def __init__(self, f, g, **kwargs):
        super().__init__(**kwargs)
        self.f, self.g = f, g

    def forward(self, x, training=False):
        y0, cache0 = self.f.forward(x[0], training=training)
        y1, cache1 = self.g.forward(x[1], training=training)
        return y0 + y1, (cache0, cache1)

    def backward(self, dy, cache):
        dx0, f_grads = self.f.backward(dy, cache[0])
        dx1, g_grads = self.g.backward(dy, cache[1])
        return (dx0, dx1), self.collect(f=f_grads, g=g_grads)


class Scale(Composite):
    """y = a f(x), with a number of its own."""

    def __init__(self, f, **kwargs):
        super().__init__(**kwargs)
        self.f = f

    def build(self, input_shape, rng=None):
        self.own_arrays["a"] = np.full(1, 2.0, self.dtype or "float32")
        super().build(input_shape, rng)

    def forward(self, x, training=False):
        y, cache = self.f.forward(x, training=training)
        return self.own_arrays["a"] * y, (y, cache)

    def backward(self, dy, cache):
        y, f_cache = cache
        dx, grads = self.f.backward(self.own_arrays["a"] * dy, f_cache)
        return dx, {"a": np.array([(dy * y).sum()], dy.dtype), **self.collect(f=grads)}


def chain(*layers, D=3, seed=0, **kwargs):
    made = Chain(*layers, **kwargs)
    made.build((D,), seed)
    return made


# ---- children ----


def test_children_are_attributes_lists_and_dicts_of_layers_in_order():
    class Many(Composite):
        def __init__(self):
            super().__init__()
            self.last = Dense(1)
            self.blocks = [Dense(2), "no layer", Dense(3)]
            self.pair = (Tanh(), 5)
            self.by_name = {"a": Dense(4), "size": 7}
            self.grid = [[Dense(5)], {"b": Dense(6)}]
            self._hidden = Dense(8)
            self.number = 9

    many = Many()
    assert list(many.children) == [
        "last", "blocks.0", "blocks.2", "pair.0", "by_name.a", "grid.0.0", "grid.1.b",
    ]  # fmt: skip
    assert [c.units for c in many.children.values() if isinstance(c, Dense)] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]


def test_names_are_dotted_and_arrays_are_the_layers_own():
    inner = Chain(Dense(4, activation="tanh"), Dense(2))
    model = chain(inner, Dense(1, use_bias=False))
    assert list(model.params) == [
        "steps.0.steps.0.W", "steps.0.steps.0.b", "steps.0.steps.1.W", "steps.0.steps.1.b",
        "steps.1.W",
    ]  # fmt: skip
    assert model.params["steps.0.steps.1.W"] is inner.steps[1].params["W"]
    assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2 + 2
    assert model.steps[0] in model.leaves()
    assert len(model.leaves()) == 5


def test_arrays_of_its_own_come_first():
    model = Scale(Dense(2), dtype="float64")
    model.build((3,), 0)
    assert list(model.params) == ["a", "f.W", "f.b"]
    assert_gradients(model, np.random.default_rng(0).normal(size=(2, 3)))
    halved = model.astype("float32")
    assert {a.dtype.name for a in halved.params.values()} == {"float32"}
    outer = chain(Scale(Dense(2)), Dense(1))
    assert list(outer.params)[:2] == ["steps.0.a", "steps.0.f.W"]


# ---- params as a view ----


def test_writing_to_params_writes_to_the_layers():
    model = chain(Dense(2), Dense(1))
    W = model.steps[0].params["W"]
    model.params["steps.0.W"] = np.ones((3, 2))
    assert model.steps[0].params["W"] is W
    assert (W == 1).all()
    model.params["steps.0.W"] -= 3
    assert (W == -2).all()
    model.params["steps.0.W"][0, 0] = 5
    assert W[0, 0] == 5
    model.params.update({"steps.0.W": np.zeros((3, 2))})
    assert not W.any()
    params = model.params
    params |= {"steps.0.W": np.ones((3, 2))}
    assert (W == 1).all()


def test_a_name_that_is_not_there_is_a_sentence():
    model = chain(Dense(2))
    with pytest.raises(
        KeyError, match=r"Chain has no parameter 'W'; it has steps\.0\.W, steps"
    ):
        model.params["W"]
    with pytest.raises(KeyError, match="no parameter 'new'"):
        model.params["new"] = np.ones(2)
    with pytest.raises(ValueError, match=r"steps\.0\.W has shape \(3, 2\), got \(2, 3\)"):
        model.params["steps.0.W"] = np.ones((2, 3))
    with pytest.raises(ValueError, match="Chain: not built"):
        Chain(Dense(2)).params["steps.0.W"]


def test_weights_in_order_and_back():
    model, other = (chain(Dense(2), Dense(1), seed=s) for s in (0, 1))
    other.set_weights(model.get_weights())
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(other(x), model(x))
    model.get_weights()[0][:] = 0
    np.testing.assert_array_equal(other(x), model(x))
    with pytest.raises(ValueError, match="set_weights expects 4 arrays"):
        model.set_weights([])


# ---- gradients, and layers used twice ----


def test_gradients_of_nested_layers():
    x = np.random.default_rng(0).normal(size=(3, 3))
    model = chain(Chain(Dense(4, activation="tanh"), Dense(2)), Dense(1, activation="sigmoid"))
    assert_gradients(model, x)
    assert_layer(model, x.astype("float32"))


def test_a_layer_used_twice_counts_once_and_has_its_gradients_added():
    shared = Dense(3, activation="tanh")
    model = chain(shared, shared, Dense(1))
    assert list(model.params) == ["steps.0.W", "steps.0.b", "steps.2.W", "steps.2.b"]
    assert model.count_params() == 3 * 3 + 3 + 3 + 1
    x = np.random.default_rng(1).normal(size=(2, 3))
    assert_gradients(model, x)


def test_two_uses_by_hand():
    shared = Dense(1, use_bias=False)
    model = Twins(shared, shared)
    model.build(((1,), (1,)), 0)
    x = np.array([[2.0]], "float32"), np.array([[5.0]], "float32")
    _, cache = model.forward(x)
    _, grads = model.backward(np.ones((1, 1), "float32"), cache)
    assert {name: g.tolist() for name, g in grads.items()} == {"f.W": [[7.0]]}


def test_one_layer_in_two_composites():
    shared = Dense(3, activation="tanh")
    model = chain(Chain(Dense(3), shared), Chain(Dense(3), Scale(shared), shared), shared)
    assert [name for name in model.params if name.endswith("W")] == [
        "steps.0.steps.0.W", "steps.0.steps.1.W", "steps.1.steps.0.W",
    ]  # fmt: skip
    assert_gradients(model, np.random.default_rng(2).normal(size=(2, 3)))


def test_collect_before_build_and_with_row_gradients():
    table = Embedding(5, 2)
    model = Twins(table, table)
    model.build(((2,), (2,)), 0)
    ids = np.array([[1, 2]]), np.array([[2, 4]])
    _, cache = model.forward(ids)
    _, grads = model.backward(np.ones((1, 2, 2), "float32"), cache)
    assert list(grads) == ["f.W"]
    assert isinstance(grads["f.W"], RowGradient)
    assert grads["f.W"].to_dense()[:, 0].tolist() == [0, 1, 2, 0, 1]
    pairs = model.collect(
        ("f", {"W": np.ones(2)}), ("f", {"W": np.ones(2)}), g={"W": np.ones(2)}
    )
    assert pairs["f.W"].tolist() == [3, 3]


def test_collect_leaves_the_gradients_it_is_given_alone():
    model = chain(Dense(1), D=1)
    first, second = np.ones((1, 1)), np.ones((1, 1))
    model.collect(("steps.0", {"W": first}), ("steps.0", {"W": second}))
    assert first.tolist() == second.tolist() == [[1]]


# ---- building ----


def test_the_recommender_of_the_design():
    model = DotRecommender(4, 6, 3)
    model.build((2,), 0)
    assert {n: a.shape for n, a in model.params.items()} == {"user.W": (4, 3), "item.W": (6, 3)}
    assert model.output_shape((2,)) == (1,)
    x = np.array([[0, 5], [3, 1], [0, 2]])
    y, cache = model.forward(x)
    users, items = model.params["user.W"], model.params["item.W"]
    want = np.einsum("nd,nd->n", users[x[:, 0]], items[x[:, 1]])[:, None]
    np.testing.assert_allclose(y, want, rtol=1e-5)
    dx, grads = model.backward(np.ones_like(y), cache)
    assert dx is None
    np.testing.assert_allclose(grads["user.W"].to_dense()[0], items[5] + items[2])
    assert_gradients(model, x)


def test_build_builds_each_child_at_its_first_use():
    model = chain(Embedding(10, 4), LSTM(5), Dense(2), D=7)
    shapes = [a.shape for a in model.params.values()]
    assert shapes == [(10, 4), (4, 20), (5, 20), (20,), (5, 2), (2,)]
    assert model(np.zeros((3, 7), int)).shape == (3, 2)
    assert all("forward" not in vars(layer) for layer in model.steps)


def test_a_first_call_builds():
    model = Chain(Chain(Dense(4)), Dense(1))
    assert model(np.ones((2, 3), "float32")).shape == (2, 1)
    assert model.built
    assert len(model.params) == 4


def test_a_composite_with_one_child_built_builds_the_others():
    pretrained = Dense(4)
    pretrained.build((3,), 0)
    before = pretrained.params["W"].copy()
    for model in (Chain(pretrained, Dense(1)), Chain(Chain(pretrained, Dense(1)), Dense(2))):
        model(np.ones((2, 3), "float32"))
        np.testing.assert_array_equal(pretrained.params["W"], before)
    wrapped = Scale(pretrained)
    wrapped(np.ones((2, 3), "float32"))
    assert list(wrapped.params) == ["a", "f.W", "f.b"]


def test_a_build_that_failed_can_be_tried_again():
    model = Chain(Embedding(5, 2), Dense(1))
    with pytest.raises(TypeError, match="ids must be integers"):
        model.build((3,), 0, input_dtype="float32")
    assert not model.built
    assert model(np.zeros((2, 3), int)).shape == (2, 3, 1)


def test_same_seed_same_bits_and_each_child_its_own_stream():
    first, second = (chain(Dense(3), Dense(3), Dropout(0.5), seed=5) for _ in range(2))
    for name in first.params:
        np.testing.assert_array_equal(first.params[name], second.params[name])
    assert (first.params["steps.0.W"] != first.params["steps.1.W"]).any()
    x = np.ones((4, 3), "float32")
    y = first(x, training=True)
    np.testing.assert_array_equal(y, second(x, training=True))
    assert (y != first(x, training=True)).any()


def test_dtype_goes_down_but_a_childs_own_stays():
    model = chain(Chain(Dense(2)), Dense(2, dtype="float32"), dtype="float64")
    assert [a.dtype.name for a in model.params.values()] == ["float64"] * 2 + ["float32"] * 2


# ---- copies ----


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole_and_separate(duplicate):
    shared = Dense(3)
    model = chain(shared, Chain(shared, Dense(2)))
    other = duplicate(model)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_array_equal(other(x), model(x))
    assert other.steps[0] is other.steps[1].steps[0]
    assert list(other.params) == list(model.params)
    assert other.params["steps.0.W"] is other.steps[0].params["W"]
    other.params["steps.0.W"] += 1
    assert (other(x) != model(x)).any()
    y, cache = other.forward(x)
    assert other.backward(y, cache)[1].keys() == other.params.keys()
    with pytest.raises(KeyError, match="Chain has no parameter"):
        other.params["W"]


def test_params_alone_can_be_copied_and_pickled():
    model = chain(Dense(2))
    for params in (copy.deepcopy(model.params), pickle.loads(pickle.dumps(model.params))):
        for name, array in model.params.items():
            np.testing.assert_array_equal(params[name], array)
            assert params[name] is not array


def test_astype_casts_a_copy_through_and_through():
    shared = Dense(3)
    model = chain(shared, Chain(shared, Dense(2)))
    other = model.astype("float64")
    assert {a.dtype.name for a in other.params.values()} == {"float64"}
    assert {a.dtype.name for a in model.params.values()} == {"float32"}
    assert other.steps[0] is other.steps[1].steps[0]
    x = np.random.default_rng(0).normal(size=(2, 3))
    assert other(x).dtype == "float64"
    np.testing.assert_allclose(other(x), model(x), rtol=1e-5)


# ---- freezing, state, flags ----


def test_freezing_a_child_or_the_whole():
    model = chain(Chain(Dense(2), Dense(2)), Dense(1))
    assert list(model.trainable_params) == list(model.params)
    model.steps[0].trainable = False
    assert list(model.trainable_params) == ["steps.1.W", "steps.1.b"]
    assert not model.steps[0].steps[1].trainable
    x = np.ones((2, 3), "float32")
    y, cache = model.forward(x)
    dx, grads = model.backward(np.ones_like(y), cache)
    assert dx.any()
    assert grads.keys() == model.params.keys()
    model.trainable = True
    assert list(model.trainable_params) == list(model.params)
    model.trainable = False
    assert not model.trainable_params


def test_frozen_from_the_start():
    assert not chain(Dense(2), trainable=False).trainable_params
    model = chain(Chain(Dense(2), trainable=False), Dense(1, trainable=False), Dense(1))
    assert list(model.trainable_params) == ["steps.2.W", "steps.2.b"]


def test_a_frozen_layer_is_frozen_wherever_it_is_used():
    shared = Dense(3, trainable=False)
    model = chain(shared, Chain(shared, Dense(2)))
    assert list(model.trainable_params) == ["steps.1.steps.1.W", "steps.1.steps.1.b"]


def test_state_regularizers_and_mixes_batch_are_gathered():
    class Counter(Layer):
        mixes_batch = True

        def build(self, input_shape, rng=None):
            super().build(input_shape, rng)
            self.state["count"] = np.zeros(1)

        def forward(self, x, training=False):
            if training:
                self.state["count"] += 1
            return x, None

        def backward(self, dy, cache):
            return dy, {}

    counter = Counter()
    model = chain(Dense(2, kernel_regularizer="l2"), Chain(counter, counter))
    assert list(model.state) == ["steps.1.steps.0.count"]
    assert list(model.regularizers) == ["steps.0.W"]
    assert model.mixes_batch
    assert not chain(Dense(2)).mixes_batch
    model(np.ones((1, 3), "float32"), training=True)
    assert model.state["steps.1.steps.0.count"] == [2]
    assert len(model.get_weights()) == 3
    model.set_weights([*model.get_weights()[:2], [7]])
    assert counter.state["count"] == [7]
    assert model.astype("float32").state["steps.1.steps.0.count"].dtype == "float32"
