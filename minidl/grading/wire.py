"""wire: values as frames of bytes, between processes that do not trust each other.

A frame is two lengths, a JSON header, and the bytes of the arrays. What is read is checked
before it is believed: lengths, dtypes, shapes, depth. Nothing is ever unpickled.

This file also runs in the sandbox, alone: it imports NumPy and the standard library only.
"""

from json import dumps, loads
from struct import Struct

from numpy import ascontiguousarray, dtype, empty, frombuffer, generic, ndarray

LENGTHS = Struct(">II")
KINDS = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
DTYPES = {name: dtype(name) for name in KINDS}
NAMES = {kind.newbyteorder("="): name for name, kind in DTYPES.items()}
DEPTH, NODES, HEADER, BODY = 16, 20_000, 1 << 20, 1 << 26
ALIGN = 16  # every array starts at a multiple


class BadFrame(Exception):
    """What came over the wire is no frame; or what should go cannot."""


def pack(header, value=None):
    """The bytes of a frame. header: a dict of plain JSON; value: arrays, numbers, tuples …"""
    chunks = []
    tree = encode(value, chunks, [0], 0)
    text = dumps([header, tree]).encode()
    body = b"".join(chunks)
    if len(text) > HEADER or len(body) > BODY:
        raise BadFrame(f"more than {BODY >> 20} MB")
    return LENGTHS.pack(len(text), len(body)) + text + body


def checked(value):
    """The value, if it can go over the wire."""
    pack({}, value)
    return value


def encode(value, chunks, count, depth):
    """A tree of JSON for a value; the bytes of its arrays go to chunks."""
    count[0] += 1
    if count[0] > NODES or depth > DEPTH:
        raise BadFrame("too many parts, or too deep")
    kind = type(value)  # exact: a subclass may lie
    if value is None or kind in (bool, int, float, str):
        return value
    if kind in (tuple, list):
        return [kind.__name__[0], *[encode(v, chunks, count, depth + 1) for v in value]]
    if kind is dict:
        if any(type(key) is not str for key in value):
            raise BadFrame("a dict whose keys are not strings")
        pairs = [[key, encode(v, chunks, count, depth + 1)] for key, v in value.items()]
        return ["d", *pairs]
    if kind is ndarray:
        return ["a", add(value, chunks), list(value.shape)]
    if issubclass(kind, generic) and kind.__module__ == "numpy":
        return ["s", add(ndarray((1,), value.dtype, value.tobytes()), chunks)]
    raise BadFrame(f"an object of class {kind.__name__}")


def add(array, chunks):
    """Append the array's bytes; the name of its dtype."""
    kind = array.dtype.newbyteorder("=")
    if kind not in NAMES:
        raise BadFrame(f"an array of {array.dtype}")
    data = ascontiguousarray(array, dtype=kind).tobytes()
    chunks.append(data + bytes(-len(data) % ALIGN))
    return NAMES[kind]


def unpack(text, body, writable=True):
    """(header, value) of a frame's two parts. Arrays of NumPy's own class, and fresh."""
    try:
        header, tree = loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadFrame(f"no JSON: {error}") from None
    if type(header) is not dict:
        raise BadFrame("no header")
    offset = [0]
    value = decode(tree, body, offset, writable, [0], 0)
    if offset[0] != len(body):
        raise BadFrame("bytes that belong to no array")
    return header, value


def decode(tree, body, offset, writable, count, depth):
    count[0] += 1
    if count[0] > NODES or depth > DEPTH:
        raise BadFrame("too many parts, or too deep")
    if type(tree) is not list:
        if type(tree) is dict:
            raise BadFrame("an object where a value should be")
        return tree
    tag, parts = tree[0] if tree else None, tree[1:]
    if tag in ("t", "l"):
        made = [decode(p, body, offset, writable, count, depth + 1) for p in parts]
        return tuple(made) if tag == "t" else made
    if tag == "d" and all(type(p) is list and len(p) == 2 for p in parts):
        return {
            str(key): decode(p, body, offset, writable, count, depth + 1) for key, p in parts
        }
    if tag == "a" and len(parts) == 2:
        return take(parts[0], parts[1], body, offset, writable)
    if tag == "s" and len(parts) == 1:
        return take(parts[0], [1], body, offset, False)[0]
    raise BadFrame("an unknown tag")


def take(name, shape, body, offset, writable):
    """The next array of the body."""
    good = type(name) is str and name in DTYPES and type(shape) is list and len(shape) <= 16
    if not good or any(type(n) is not int or n < 0 or n > BODY for n in shape):
        raise BadFrame("an array of no known dtype or shape")
    size = 1
    for n in shape:
        size *= n
    start, length = offset[0], size * DTYPES[name].itemsize
    if start + length > len(body):
        raise BadFrame("an array larger than its bytes")
    offset[0] = start + length + -length % ALIGN
    if not size:
        return empty(shape, name)
    array = frombuffer(body, "u1" if name == "?" else name, size, start).reshape(shape)
    if name == "?":
        return array != 0  # a byte of 7 is no bool
    return array.copy() if writable else array
