"""The Optimizer contract: parameters, Keras's form, state, errors."""

import copy
import pickle

import numpy as np
import pytest

from minidl import optimizers, schedules
from minidl.blocks import BLOCK
from minidl.gradients import RowGradient
from minidl.optimizers import SGD, Adam, AdamW, RMSprop

DTYPES = ("float32", "float64")
ALL = [
    SGD(0.1), SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9, nesterov=True), RMSprop(0.1),
    RMSprop(0.1, momentum=0.9, centered=True), Adam(0.1), Adam(0.1, amsgrad=True), AdamW(0.1),
]  # fmt: skip
each_optimizer = pytest.mark.parametrize("optimizer", ALL, ids=repr)


def some(shape=(3, 4), dtype="float64", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@each_optimizer
@pytest.mark.parametrize("dtype", ["float16", *DTYPES])
def test_everything_stays_in_the_parameters_dtype(optimizer, dtype):
    optimizer = copy.deepcopy(optimizer)
    w = np.ones(3, dtype)
    for g in (np.ones(3, "float64"), np.ones(3, "float32"), [1, 1, 1]):
        optimizer.step({"w": w}, {"w": g})
    assert {w.dtype, *(a.dtype for a in optimizer.state["w"].values())} == {np.dtype(dtype)}


@each_optimizer
def test_gradients_are_left_as_they_were(optimizer):
    g = {"w": some((3, 4), seed=1), "e": RowGradient([0, 2], some((2, 4), seed=2), (5, 4))}
    before = copy.deepcopy(g)
    copy.deepcopy(optimizer).step({"w": some(), "e": some((5, 4))}, g)
    np.testing.assert_array_equal(g["w"], before["w"])
    np.testing.assert_array_equal(g["e"].values, before["e"].values)
    np.testing.assert_array_equal(g["e"].rows, before["e"].rows)


def test_parameters_without_a_gradient_stay():
    params = {"a": np.ones(2), "b": np.ones(2), "c": np.ones(2)}
    optimizer = AdamW(0.1)
    optimizer.step(params, {"b": np.ones(2), "c": None})
    np.testing.assert_array_equal(params["a"], [1, 1])
    np.testing.assert_array_equal(params["c"], [1, 1])
    assert list(optimizer.state) == ["b"]


# ---- Keras's form ----


class Name(str):
    """What a dict of gradients yields when it is zipped: its key, carrying the gradient."""

    __slots__ = ("gradient",)


def test_apply_gradients_equals_step():
    W, b = some((3, 2)), some((2,))
    by_name, by_pairs = {"W": W.copy(), "b": b.copy()}, [W.copy(), b.copy()]
    first, second = Adam(0.1), Adam(0.1)
    for seed in range(3):
        dW, db = some((3, 2), seed=seed), some((2,), seed=seed + 9)
        first.step(by_name, {"W": dW, "b": db})
        key = Name("b")
        key.gradient = db
        assert second.apply_gradients(zip([dW, key], by_pairs)) == seed + 1
    np.testing.assert_array_equal(by_pairs[0], by_name["W"])
    np.testing.assert_array_equal(by_pairs[1], by_name["b"])


def test_apply_gradients_knows_arrays_whatever_their_order():
    arrays_ = [np.zeros(2), np.zeros(2)]
    expected = {"0": np.zeros(2), "1": np.zeros(2)}
    optimizer, plain = SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9)
    one, two = np.array([1.0, 2.0]), np.array([-3.0, 4.0])
    optimizer.apply_gradients([(one, arrays_[0]), (None, arrays_[1])])
    optimizer.apply_gradients([(two, arrays_[1]), (one, arrays_[0])])
    optimizer.apply_gradients([(one, arrays_[1])])
    plain.step(expected, {"0": one})
    plain.step(expected, {"0": one, "1": two})
    plain.step(expected, {"1": one})
    np.testing.assert_array_equal(arrays_[0], expected["0"])
    np.testing.assert_array_equal(arrays_[1], expected["1"])


def test_apply_gradients_says_what_is_wrong():
    w = np.zeros(2)
    optimizer = SGD()
    with pytest.raises(TypeError, match=r"pass grads\.values\(\)"):
        optimizer.apply_gradients(zip({"w": w}, [w]))
    with pytest.raises(TypeError, match=r"\(ndarray, str\)"):
        optimizer.apply_gradients(zip([w], {"w": w}))
    with pytest.raises(ValueError, match="no gradients"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError, match="no gradients"):
        optimizer.apply_gradients([(None, w)])
    optimizer.apply_gradients([(np.ones(2), w)])
    with pytest.raises(ValueError, match="not copies"):
        optimizer.apply_gradients([(np.ones(2), w.copy())])
    with pytest.raises(ValueError, match="one array twice"):
        optimizer.apply_gradients([(np.ones(2), w), (np.ones(2), w)])


# ---- learning rate, state, names ----


def test_learning_rate_can_be_read_and_set():
    optimizer = SGD(learning_rate=np.float32(0.5))
    assert type(optimizer.learning_rate) is float
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = 0.25
    w = np.zeros(1)
    optimizer.step({"w": w}, {"w": np.ones(1)})
    assert w[0] == -0.25
    optimizer.learning_rate = lambda step: 1.0 / (1 + step)
    assert optimizer.learning_rate == 0.5
    with pytest.raises(TypeError, match="assign a schedule"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = schedules.Constant(0.125)
    assert optimizer.learning_rate == 0.125


def test_weight_decay_follows_the_schedule():
    optimizer = SGD(schedules.ExponentialDecay(0.5, 1, 0.5), weight_decay=1.0)
    w = np.ones(1)
    optimizer.step({"w": w}, {"w": np.zeros(1)})  # × (1 − 0.5)
    optimizer.step({"w": w}, {"w": np.zeros(1)})  # × (1 − 0.25)
    assert w[0] == 0.375


@each_optimizer
def test_saved_state_continues_bit_for_bit(optimizer):
    def steps(optimizer, params, seeds):
        for seed in seeds:
            rows = RowGradient([seed], some((1, 3), seed=seed), (20, 3))
            optimizer.step(params, {"a.W": some((3, 4), seed=seed), "E": rows})
        return params

    start = {"a.W": some((3, 4)), "E": some((20, 3), seed=5)}
    straight = steps(copy.deepcopy(optimizer), copy.deepcopy(start), range(9))
    first = copy.deepcopy(optimizer)
    middle = steps(first, copy.deepcopy(start), range(4))
    saved = first.get_state()
    assert all(isinstance(a, np.ndarray) for a in saved.values())
    steps(first, copy.deepcopy(middle), range(4, 9))  # must not reach into what was saved
    second = copy.deepcopy(optimizer)
    steps(second, copy.deepcopy(start), [12])  # to be forgotten
    second.set_state({key: np.array(a, order="F") for key, a in saved.items()})
    assert second.iterations == 4
    finished = steps(second, middle, range(4, 9))
    for name, w in straight.items():
        np.testing.assert_array_equal(finished[name], w)


def test_saved_state_of_a_large_transposed_array_is_still_updated():
    w = {"w": some((4, BLOCK))}
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.step(w, {"w": np.ones((4, BLOCK))})
    saved = {key: np.array(a, order="F") for key, a in optimizer.get_state().items()}
    optimizer.set_state(saved)
    optimizer.step(w, {"w": np.zeros((4, BLOCK))})
    np.testing.assert_allclose(optimizer.state["w"]["m"], -0.09, rtol=1e-12)


def test_saved_state_of_another_optimizer_is_refused():
    adam, w = Adam(), np.ones(2)
    adam.step({"w": w}, {"w": w})
    with pytest.raises(ValueError, match=r"SGD: the state of 'w' has m, v, expected m: "):
        SGD(momentum=0.9).set_state(adam.get_state())
    with pytest.raises(ValueError, match="iterations"):
        Adam().set_state({})


def test_the_rate_is_saved_unless_a_schedule_gives_it():
    optimizer = Adam(0.1)
    optimizer.learning_rate = 0.003
    other = Adam(0.1)
    other.set_state(optimizer.get_state())
    assert other.learning_rate == 0.003
    assert "learning_rate" not in Adam(schedules.CosineDecay(0.1, 9)).get_state()


@pytest.mark.parametrize("protocol", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_a_copy_continues_by_itself(protocol):
    w = np.zeros(2)
    optimizer = Adam()
    optimizer.step({"w": w}, {"w": np.ones(2)})
    other = protocol(optimizer)
    other.step({"w": w.copy()}, {"w": np.ones(2)})
    assert (optimizer.iterations, other.iterations) == (1, 2)
    assert optimizer.state["w"]["m"][0] == pytest.approx(0.1)


def test_parameters_are_counted_as_in_keras():
    """Keras's summary of Adam on 10 weights: 2 × 10, iterations, learning rate."""
    optimizer = Adam()
    assert optimizer.count_params() == 2
    optimizer.step({"w": np.zeros((2, 5), "float32")}, {"w": np.zeros((2, 5))})
    assert optimizer.count_params() == 22
    assert sum(a.nbytes for a in optimizer.variables) == 20 * 4 + 8 + 4


def test_a_users_own_optimizer_needs_only_its_formula():
    class SignDescent(optimizers.Optimizer):
        def update(self, w, g, rate):
            w -= rate * np.sign(g)

    w, E = np.zeros(2), np.zeros((4, 1))
    optimizer = SignDescent(0.5)
    optimizer.step({"w": w, "E": E}, {"w": [3.0, -4.0], "E": RowGradient([2], [[9.0]], (4, 1))})
    np.testing.assert_array_equal(w, [-0.5, 0.5])
    np.testing.assert_array_equal(E[:, 0], [0, 0, -0.5, 0])


# ---- errors ----


def test_gradients_that_fit_no_parameter():
    params = {"W": np.zeros((3, 1)), "b": np.zeros(1)}
    with pytest.raises(ValueError, match=r"Adam: got a gradient for 'w'.* only 'W', 'b'"):
        Adam().step(params, {"w": np.zeros((3, 1))})
    with pytest.raises(ValueError, match=r"'W' must have shape \(3, 1\), got \(3,\)"):
        Adam().step(params, {"W": np.zeros(3)})
    with pytest.raises(ValueError, match=r"'W' must have shape \(3, 1\), got \(4, 1\)"):
        Adam().step(params, {"W": RowGradient([0], [[1.0]], (4, 1))})
    for rows in ([3], [-1]):
        with pytest.raises(ValueError, match="must be from 0 to 2"):
            Adam().step(params, {"W": RowGradient(rows, [[1.0]], (3, 1))})
    with pytest.raises(ValueError, match="no float array"):
        SGD().step({"W": np.zeros(2, int)}, {"W": np.zeros(2)})
    with pytest.raises(ValueError, match="no float array"):
        SGD().step({"W": [0.0]}, {"W": np.zeros(1)})


def test_a_wrong_gradient_stops_the_whole_step():
    params = {"W": np.zeros(2), "b": np.zeros(1)}
    optimizer = SGD()
    with pytest.raises(ValueError, match="'b' must have shape"):
        optimizer.step(params, {"W": np.ones(2), "b": np.ones(2)})
    np.testing.assert_array_equal(params["W"], [0, 0])
    assert optimizer.iterations == 0


def test_a_second_model_is_refused():
    optimizer = Adam()
    optimizer.step({"W": np.zeros(2)}, {"W": np.zeros(2)})
    for other in (np.zeros(3), np.zeros(2, "float32")):
        with pytest.raises(ValueError, match="use a new optimizer for a new model"):
            optimizer.step({"W": other}, {"W": np.zeros(other.shape)})
