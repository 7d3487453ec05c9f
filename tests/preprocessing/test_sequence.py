"""pad_sequences against Keras's, frozen in fixtures/preprocessing.npz."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.preprocessing import pad_sequences

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "preprocessing.npz")
SEQUENCES = json.loads(FROZEN["sequences"].tobytes())
CASES = json.loads(FROZEN["pad"].tobytes())


@pytest.mark.parametrize("case", CASES, ids=[str(c["arguments"]) for c in CASES])
def test_is_that_of_keras(case):
    padded = pad_sequences(SEQUENCES, **case["arguments"])
    assert padded.tolist() == case["padded"]
    assert str(padded.dtype) == case["dtype"]


@given(
    st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=5),
    st.integers(0, 8),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_is_the_literal_rule(sequences, maxlen, padding, truncating):
    expected = []
    for sequence in sequences:
        while len(sequence) > maxlen:
            sequence = sequence[1:] if truncating == "pre" else sequence[:-1]
        while len(sequence) < maxlen:
            sequence = [0, *sequence] if padding == "pre" else [*sequence, 0]
        expected.append(sequence)
    padded = pad_sequences(sequences, maxlen, padding=padding, truncating=truncating)
    assert padded.shape == (len(sequences), maxlen)
    assert padded.tolist() == expected


def test_elements_may_be_vectors():
    padded = pad_sequences([[[1, 2], [3, 4]], [], [[5, 6]]])
    assert padded.tolist() == [[[1, 2], [3, 4]], [[0, 0], [0, 0]], [[0, 0], [5, 6]]]


def test_arrays_tuples_ranges_and_generators():
    for rows in (
        [(1, 2), range(3)],
        (np.array([1, 2]), np.arange(3)),
        iter([[1, 2], [0, 1, 2]]),
    ):
        assert pad_sequences(rows).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_input_is_left_alone():
    x = np.arange(6).reshape(2, 3)
    padded = pad_sequences(x)
    padded[...] = 9
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_words_need_dtype_object():
    padded = pad_sequences([["a", "b"], ["c"]], dtype=object, value="<pad>")
    assert padded.tolist() == [["a", "b"], ["<pad>", "c"]]


def test_nothing_to_pad():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[], []]).shape == (2, 0)
    assert pad_sequences([[], []], maxlen=3).tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize(
    ("sequences", "arguments", "error"),
    [
        (5, {}, "must be a list of sequences, got int"),
        ("abc", {}, "must be a list of sequences, got str"),
        ([1, 2], {}, "sequence 0 must be a list of numbers, got 1"),
        (["很好"], {}, "texts into numbers with Tokenizer.texts_to_sequences"),
        ([[1]], {"padding": "left"}, "padding must be 'pre' or 'post', got 'left'"),
        ([[1]], {"truncating": "x"}, "truncating must be 'pre' or 'post'"),
        ([[1]], {"maxlen": -1}, "maxlen must be an integer ≥ 0, got -1"),
        ([[1]], {"maxlen": 2.0}, "maxlen must be an integer ≥ 0, got 2.0"),
        ([[1], ["a"]], {}, "sequence 1 cannot be stored as int32"),
        ([[1], [float("nan")]], {}, "sequence 1 cannot be stored as int32"),
        ([[1], [2**40]], {}, "sequence 1 cannot be stored as int32"),
        ([[[1, 2]], [[1, 2, 3]]], {}, r"sequence 1 have shape \(3,\)"),
        ([["a"]], {"value": "p"}, "use dtype=object"),
    ],
)
def test_errors(sequences, arguments, error):
    with pytest.raises(ValueError, match=error):
        pad_sequences(sequences, **arguments)
