"""Weights on disk: NumPy's .npz and the safetensors format."""

import json
import struct
from pathlib import Path

import numpy as np

# safetensors: u64 length of the header, the header as JSON, then the raw little-endian bytes.
SAFETENSORS_NAMES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
    "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def save(arrays, path):
    """Write {name: array} to `path`, whose ending, .npz or .safetensors, names the format."""
    path = Path(path)
    kind = _kind(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".npz":
        np.savez(path, **arrays)
    else:
        path.write_bytes(to_safetensors(arrays))


def load(path):
    """{name: array} of a .npz or .safetensors file."""
    path = Path(path)
    kind = _kind(path)
    if not path.exists():
        raise FileNotFoundError(f"no weights at {path}: check the path")
    if kind == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    return from_safetensors(path.read_bytes(), path)


def load_into(arrays, path, owner="the model"):
    """Write the arrays of a file into {name: array}; all or none."""
    found = load(path)
    missing, extra = set(arrays) - set(found), set(found) - set(arrays)
    if missing or extra:
        raise ValueError(
            f"{owner}: {path} does not fit: "
            + "; ".join(
                f"{what} {', '.join(sorted(names)[:4])}"
                for what, names in (("it lacks", missing), ("the model lacks", extra))
                if names
            )
            + ": build the model that wrote it (fit or build before load_weights)"
        )
    for name, array in arrays.items():
        if found[name].shape != array.shape:
            raise ValueError(
                f"{owner}: {name} must have shape {array.shape}, {path} has {found[name].shape}"
            )
    for name, array in arrays.items():
        array[...] = found[name]


def to_safetensors(arrays):
    """The bytes of a safetensors file."""
    names = {np.dtype(code): name for name, code in SAFETENSORS_NAMES.items()}
    header, blobs, at = {}, [], 0
    for name, array in arrays.items():
        array = np.asarray(array)
        blob = array.astype(array.dtype.newbyteorder("<")).tobytes()
        span = [at, at + len(blob)]
        kind = names[array.dtype.newbyteorder("=")]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": span}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data starts at a multiple of 8 bytes
    return struct.pack("<Q", len(text)) + text + b"".join(blobs)


def from_safetensors(data, path="the file"):
    """{name: array} of the bytes of a safetensors file."""
    if len(data) < 8 or 8 + struct.unpack("<Q", data[:8])[0] > len(data):
        raise ValueError(f"{path} is not a safetensors file, or is cut off")
    start = 8 + struct.unpack("<Q", data[:8])[0]
    try:
        header = json.loads(data[8:start])
    except ValueError:
        raise ValueError(f"{path} is not a safetensors file: its header is not JSON") from None
    arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in SAFETENSORS_NAMES:
            raise ValueError(f"{path}: {name} has dtype {entry['dtype']}, which NumPy lacks")
        a, b = entry["data_offsets"]
        flat = np.frombuffer(data[start + a : start + b], SAFETENSORS_NAMES[entry["dtype"]])
        arrays[name] = flat.reshape(entry["shape"]).copy()
    return arrays


def _kind(path):
    if path.suffix not in (".npz", ".safetensors"):
        raise ValueError(f"weights go to a .npz or .safetensors file, got {path.name!r}")
    return path.suffix
