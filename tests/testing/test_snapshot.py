"""Snapshot: what changed is seen, and put back."""

import numpy as np

from minidl.testing.snapshot import Snapshot, same_tree


class Thing:
    def __init__(self):
        self.array, self.count = np.arange(3.0), 0
        self.inner = {"list": [1, np.zeros(2)], "stream": np.random.default_rng(0)}


def test_attributes_items_arrays_and_streams_come_back():
    thing = Thing()
    world = Snapshot(thing)
    array, stream = thing.array, thing.inner["stream"]
    thing.array[0] = 7
    thing.count += 1
    thing.new = "x"
    thing.inner["list"].append(2)
    thing.inner["list"][1][:] = 5
    drawn = stream.random()
    assert len(world.changed()) == 5
    world.restore()
    assert thing.array is array
    np.testing.assert_array_equal(array, [0, 1, 2])
    assert thing.count == 0
    assert not hasattr(thing, "new")
    assert len(thing.inner["list"]) == 2
    np.testing.assert_array_equal(thing.inner["list"][1], 0)
    assert stream.random() == drawn


COUNTER = {"calls": 0}


def test_globals_closures_and_numpys_global_stream():
    kept = []

    def function(x):
        COUNTER["calls"] += 1
        kept.append(x)
        return np.random.rand()

    state = np.random.get_state()
    try:
        world = Snapshot(function)
        first = function(1)
        world.restore()
        assert COUNTER["calls"] == 0
        assert kept == []
        assert function(1) == first
    finally:
        np.random.set_state(state)
        COUNTER["calls"] = 0


def test_skipped_arrays_are_not_recorded():
    thing = Thing()
    world = Snapshot(thing, skip=[thing.array])
    thing.array[0] = 7
    world.restore()
    assert thing.array[0] == 7


def test_same_tree():
    a = {"x": (np.array([1.0, np.nan]), [1, "b", None]), "n": float("nan")}
    b = {"x": (np.array([1.0, np.nan]), [1, "b", None]), "n": float("nan")}
    assert same_tree(a, b)
    b["x"][0][0] = 2
    assert not same_tree(a, b)
    assert not same_tree(np.zeros(2), np.zeros(2, np.float32))
    assert not same_tree([1], (1,))
