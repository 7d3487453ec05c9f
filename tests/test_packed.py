"""Small parameters side by side: the same bits as one by one, after copies and loads too."""

import copy
import pickle

import numpy as np
import pytest

from minidl import packed
from minidl.optimizers import SGD, Adam, AdamW, RMSprop

OPTIMIZERS = [Adam(), Adam(amsgrad=True), AdamW(0.01), SGD(0.1, momentum=0.9),
              RMSprop(momentum=0.5, centered=True)]  # fmt: skip
SHAPES = {"a.W": (3, 4), "a.b": (4,), "b.W": (4, 1), "b.b": (1,), "s": (), "big": (100, 100)}


def some(seed, names=SHAPES, dtype="float32"):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=SHAPES[name]).astype(dtype) for name in names}


def one_by_one(monkeypatch, optimizer):
    """The oracle: a copy for which no array is small."""
    plain = copy.deepcopy(optimizer)
    monkeypatch.setattr(plain, "_update_small", lambda *arguments: ())
    return plain


def assert_same(one, other):
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_together_is_one_by_one_to_the_last_bit(optimizer, monkeypatch):
    together = copy.deepcopy(optimizer)
    plain = one_by_one(monkeypatch, optimizer)
    w, v = some(0), some(0)
    for seed in range(1, 70):  # beyond a flush
        together.step(w, some(seed))
        plain.step(v, some(seed))
    assert together._packed is not None
    assert_same(w, v)
    assert_same(together.get_state(), plain.get_state())


@pytest.mark.parametrize("how", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_a_copy_goes_its_own_way(how, monkeypatch):
    first = Adam()
    w = some(0)
    first.step(w, some(1))
    second, v = how(first), copy.deepcopy(w)
    plain, u = one_by_one(monkeypatch, how(first)), copy.deepcopy(w)
    before = first.get_state()
    for seed in (2, 3):
        second.step(v, some(seed))
        plain.step(u, some(seed))
    assert_same(v, u)
    assert_same(first.get_state(), before)


def test_state_that_is_set_is_used(monkeypatch):
    optimizer, w = Adam(), some(0)
    optimizer.step(w, some(1))
    saved, kept = optimizer.get_state(), copy.deepcopy(w)
    optimizer.step(w, some(2))
    expected = copy.deepcopy(w)
    optimizer.step(w, some(3))
    optimizer.set_state(saved)
    for name, a in kept.items():
        w[name][...] = a
    optimizer.step(w, some(2))
    assert_same(w, expected)
    optimizer.state["a.W"]["m"] = np.zeros((3, 4), "float32")  # one slot, by hand
    plain, v = one_by_one(monkeypatch, optimizer), copy.deepcopy(w)
    optimizer.step(w, some(4))
    plain.step(v, some(4))
    assert_same(w, v)


def test_other_parameters_in_turn(monkeypatch):
    """As when two parts of a model are trained alternately."""
    optimizer, w = Adam(), some(0)
    plain, v = one_by_one(monkeypatch, optimizer), some(0)
    groups = [["a.W", "a.b", "b.W"], ["b.b", "s", "big", "b.W"], list(SHAPES), ["s"]]
    for seed in range(8):
        names = groups[seed % 4]
        optimizer.step(w, some(seed, names))
        plain.step(v, some(seed, names))
    assert_same(w, v)


def test_parameters_of_two_dtypes_stay_apart():
    optimizer = Adam()
    w = {**some(0, ["a.W", "a.b"]), **some(0, ["b.W", "b.b"], "float64")}
    optimizer.step(w, {**some(1, ["a.W", "a.b"]), **some(1, ["b.W", "b.b"], "float64")})
    assert [a.dtype.name for a in w.values()] == ["float32"] * 2 + ["float64"] * 2
    assert [s["m"].dtype for s in optimizer.state.values()] == [a.dtype for a in w.values()]


def test_parameters_that_are_not_contiguous():
    w = {name: np.asfortranarray(a) for name, a in some(0).items()}
    w["a.W"] = np.zeros((6, 4), "float32")[::2]
    optimizer = Adam(0.1, epsilon=0)
    optimizer.step(w, {name: np.ones(a.shape, "float32") for name, a in w.items()})
    np.testing.assert_allclose(w["a.W"], -0.1, rtol=1e-6)  # the first step is α long


def test_state_keeps_the_order_of_the_parameters():
    optimizer = Adam()
    names = ["big", "a.W", "a.b", "b.W"]
    optimizer.step(some(0, names), some(1, names))
    assert list(optimizer.state) == names


def test_packed_arrays_are_views():
    arrays = [np.arange(6.0).reshape(2, 3), np.array(7.0), np.zeros((0, 2))]
    pack = packed.Packed(arrays)
    np.testing.assert_array_equal(pack.flat, [0, 1, 2, 3, 4, 5, 7])
    assert [part.shape for part in pack.parts] == [(2, 3), (), (0, 2)]
    pack.flat *= 2
    pack.write(arrays)
    np.testing.assert_array_equal(arrays[0], [[0, 2, 4], [6, 8, 10]])
    assert arrays[1] == 14
