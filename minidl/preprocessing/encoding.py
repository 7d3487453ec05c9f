"""Encoding and Batch: what a WordPiece makes of one text and of many."""

from typing import NamedTuple

import numpy as np


class Encoding(NamedTuple):
    """One text, or a pair: token ids and, of each token, the segment, 0 or 1."""

    ids: list
    segments: list


class Batch(NamedTuple):
    """(N, T) arrays: ids int32, mask bool (True = keep), segments int32 (0 or 1)."""

    ids: np.ndarray
    mask: np.ndarray
    segments: np.ndarray


def truncate(first, second, room):
    """Both cut to `room` tokens together: the longer one first, an odd place is left to it."""
    if not isinstance(room, int | np.integer) or room < 0:
        raise ValueError(
            "WordPiece: max_length must be an integer with room for [CLS] and [SEP]: at least "
            "2, and 3 for a pair"
        )
    if second is None:
        return first[:room], None
    shorter = min(len(first), len(second), room // 2)
    keep = (room - shorter, shorter) if len(first) > len(second) else (shorter, room - shorter)
    return first[: keep[0]], second[: keep[1]]


def stack(rows, T, pad):
    """Encodings as a Batch of T columns; `pad`, mask False and segment 0 fill up."""
    shape = (len(rows), T)
    ids, segments = np.full(shape, pad, "int32"), np.zeros(shape, "int32")
    mask = np.zeros(shape, bool)
    for number, row in enumerate(rows):
        used = slice(len(row.ids))
        ids[number, used], segments[number, used] = row.ids, row.segments
        mask[number, used] = True
    return Batch(ids, mask, segments)


def check_batch(texts, pairs, max_length, padding):
    """Texts and pairs as lists, or a sentence, if the arguments do not fit together."""
    for name, batch in (("texts", texts), ("pairs", pairs)):
        if isinstance(batch, str):
            raise TypeError(f"WordPiece: {name} must be a list of texts, got one str: [text]")
    texts = list(texts)
    pairs = [None] * len(texts) if pairs is None else list(pairs)
    if len(pairs) != len(texts):
        raise ValueError(
            f"WordPiece: pairs must have one text for each of the {len(texts)} texts, got "
            f"{len(pairs)}"
        )
    if padding not in (True, False, "max_length"):
        raise ValueError(
            f"WordPiece: padding must be True, False or 'max_length', got {padding!r}"
        )
    if padding == "max_length" and max_length is None:
        raise ValueError("WordPiece: padding='max_length' needs a number: max_length=128")
    return texts, pairs
