"""pad_sequences: sequences of different lengths become one array."""

from numbers import Integral

import numpy as np


def pad_sequences(
    sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0
):
    """An (N, maxlen, …) array: short sequences are filled with `value`, long ones are cut.

    maxlen      None: the longest sequence's length
    padding     'pre' fills before the sequence, 'post' after it
    truncating  'pre' cuts the beginning off, 'post' the end

    Both are 'pre', as in Keras: a recurrent layer then ends on the text, not on padding.

    Raises    ValueError: not a list of sequences, or elements of different shapes
    Source:   D3 §5.2 pad_sequences(sequences, maxlen=5)
    """
    rows = _as_lists(sequences)
    for name, choice in (("padding", padding), ("truncating", truncating)):
        if choice not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post', got {choice!r}")
    if maxlen is None:
        maxlen = max(map(len, rows), default=0)
    if not isinstance(maxlen, Integral) or maxlen < 0:
        raise ValueError(f"pad_sequences: maxlen must be an integer ≥ 0, got {maxlen!r}")
    if isinstance(value, str) and np.dtype(dtype).kind not in "OU":
        raise ValueError(
            f"pad_sequences: value {value!r} is a str but dtype is {dtype}: use dtype=object"
        )
    if truncating == "pre":
        rows = [row[max(0, len(row) - maxlen) :] for row in rows]
    else:
        rows = [row[:maxlen] for row in rows]
    return _fill(rows, maxlen, dtype, padding, value)


def _fill(rows, maxlen, dtype, padding, value):
    element_shape = next((np.shape(row)[1:] for row in rows if len(row)), ())
    padded = np.full((len(rows), maxlen, *element_shape), value, dtype)
    for number, row in enumerate(rows):
        if not len(row):
            continue
        row = _as_array(row, number, dtype)
        if row.shape[1:] != element_shape:
            raise ValueError(
                f"pad_sequences: the elements of sequence {number} have shape {row.shape[1:]}, "
                f"those before it {element_shape}: make all elements the same shape"
            )
        where = slice(maxlen - len(row), None) if padding == "pre" else slice(len(row))
        padded[number, where] = row
    return padded


def _as_lists(sequences):
    if isinstance(sequences, str) or not hasattr(sequences, "__iter__"):
        raise ValueError(
            f"pad_sequences: sequences must be a list of sequences, got "
            f"{type(sequences).__name__}"
        )
    rows = list(sequences)
    for number, row in enumerate(rows):
        if isinstance(row, str) or not hasattr(row, "__getitem__"):
            raise ValueError(
                f"pad_sequences: sequence {number} must be a list of numbers, got {row!r}: "
                "turn texts into numbers with Tokenizer.texts_to_sequences first"
            )
    return rows


def _as_array(row, number, dtype):
    try:
        return np.asarray(row, dtype=dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"pad_sequences: sequence {number} cannot be stored as {dtype} ({error}): check "
            "its elements, or choose another dtype"
        ) from error
