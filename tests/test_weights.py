"""The safetensors format, byte by byte, and damaged files."""

import json
import struct

import numpy as np
import pytest

from minidl import weights


def test_bytes_are_as_the_format_says():
    data = weights.to_safetensors(
        {"a": np.array([[1, 2]], "float32"), "b": np.array(3, "int64")}
    )
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert length % 8 == 0
    assert header["a"] == {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
    assert header["b"] == {"dtype": "I64", "shape": [], "data_offsets": [8, 16]}
    assert data[8 + length :] == struct.pack("<ffq", 1, 2, 3)


def test_a_file_written_by_hand_is_read():
    header = {"__metadata__": {"format": "pt"},
              "w": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}  # fmt: skip
    text = json.dumps(header).encode()
    data = struct.pack("<Q", len(text)) + text + np.array([0.5, -2], "<f2").tobytes()
    arrays = weights.from_safetensors(data)
    assert list(arrays) == ["w"]
    np.testing.assert_array_equal(arrays["w"], [0.5, -2])


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"]
)
def test_round_trip_of_every_dtype(tmp_path, dtype):
    arrays = {"x": np.arange(6).reshape(2, 3).astype(dtype), "empty": np.zeros((0, 2), dtype)}
    for ending in ("npz", "safetensors"):
        weights.save(arrays, tmp_path / f"sub/w.{ending}")
        back = weights.load(tmp_path / f"sub/w.{ending}")
        for name, array in arrays.items():
            assert back[name].dtype == array.dtype
            np.testing.assert_array_equal(back[name], array)


@pytest.mark.parametrize(
    "data", [b"", b"abc", struct.pack("<Q", 999) + b"{}", struct.pack("<Q", 2) + b"xx"]
)
def test_damaged_files_are_one_sentence(data):
    with pytest.raises(ValueError, match="safetensors"):
        weights.from_safetensors(data)
