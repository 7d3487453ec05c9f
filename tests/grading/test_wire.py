"""The wire: what goes over it comes back, and nothing else is believed."""

import json

import numpy as np
import pytest

from minidl.grading.wire import BODY, HEADER, LENGTHS, BadFrame, pack, unpack

VALUES = [
    None, True, 3, -(10**30), 2.5, "é好\n", (), [], {}, (1, [2.0, {"a": None}], "x"),
    np.arange(6.0).reshape(2, 3), np.zeros((0, 3)), np.array(2.0), np.float64(1.5),
    np.int64(-4), np.bool_(True), np.array([True, False]), np.arange(4, dtype=np.int32),
    np.arange(12.0).reshape(3, 4).T, np.arange(8.0)[::2], np.arange(3, dtype=">f8"),
    {"W": np.ones((2, 2), np.float32), "caches": [(np.zeros(1), 2)]},
]  # fmt: skip


def split(frame):
    sizes = LENGTHS.unpack(frame[: LENGTHS.size])
    body = frame[LENGTHS.size :]
    return body[: sizes[0]], body[sizes[0] : sizes[0] + sizes[1]]


def same(a, b):
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, np.ndarray | np.generic):
        return (
            np.shape(a) == np.shape(b) and np.array_equal(a, b) and a.dtype.kind == b.dtype.kind
        )
    return a == b and type(a) is type(b)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back(value):
    header, got = unpack(*split(pack({"kind": "x"}, value)))
    assert header == {"kind": "x"}
    assert same(value, got)


def test_infinities_and_nan_come_back():
    _, got = unpack(*split(pack({}, (float("nan"), float("-inf"), np.array([np.nan])))))
    assert np.isnan(got[0])
    assert got[1] == float("-inf")
    assert np.isnan(got[2][0])


def test_arrays_are_fresh_and_writable_or_truly_read_only():
    frame = split(pack({}, np.arange(3.0)))
    _, one = unpack(*frame)
    one[0] = 7
    assert unpack(*frame)[1][0] == 0
    _, fixed = unpack(*frame, writable=False)
    with pytest.raises(ValueError, match="WRITEABLE"):
        fixed.setflags(write=True)


class Liar(np.ndarray):
    """Equal to everything."""

    def __eq__(self, other):
        return True


class Number(float):
    """A float that is none."""


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(2).view(Liar), Number(1), 1j, np.complex128(1), np.array([None]),
        np.array(["x"]), object(), {1: 2}, {1}, b"x", range(3), np.zeros(2, "M8[s]"),
        np.ma.array([1.0]), np.zeros(2, [("a", "f8")]), [0] * 30_000,
    ],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_what_cannot_go(value):
    with pytest.raises(BadFrame):
        pack({}, value)


def test_too_deep_and_too_large():
    deep = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(BadFrame, match="deep"):
        pack({}, deep)
    with pytest.raises(BadFrame, match="MB"):
        pack({}, np.zeros(BODY // 8 + 1))
    with pytest.raises(BadFrame, match="MB"):
        pack({}, "x" * HEADER)


@pytest.mark.parametrize(
    ("tree", "body"),
    [
        (["a", "f8", [2]], b"\0" * 15),
        (["a", "f8", [2]], b"\0" * 64),
        (["a", "f8", [-1]], b""),
        (["a", "f8", [2**70]], b"\0" * 16),
        (["a", "f8", [2**20] * 5], b"\0" * 16),
        (["a", "f8", [1.5]], b"\0" * 16),
        (["a", "f8", [True]], b"\0" * 16),
        (["a", "O", [1]], b"\0" * 16),
        (["a", ["f8"], [1]], b"\0" * 16),
        (["a", "f8", [1] * 40], b"\0" * 16),
        (["a"], b""),
        (["s"], b""),
        (["d", ["k"]], b""),
        (["z", 1], b""),
        ([], b""),
        ({"a": 1}, b""),
        ([["t"]], b""),
    ],
)
def test_what_is_not_believed(tree, body):
    with pytest.raises(BadFrame):
        unpack(json.dumps([{}, tree]).encode(), body)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"[1, 2]", b"[{}]", b"null", b"[" * 100_000, b"\xff\xfe",
        b"[{}, " + b"9" * 9999 + b"]",
    ],
)  # fmt: skip
def test_what_is_no_frame(text):
    with pytest.raises(BadFrame):
        unpack(text, b"")


def test_a_byte_of_seven_is_true():
    _, got = unpack(json.dumps([{}, ["a", "?", [2]]]).encode(), b"\x07\0" + b"\0" * 14)
    assert got.tolist() == [True, False]
    assert got.view("u1").tolist() == [1, 0]
