"""Masks of attention: who may look at whom."""

import numpy as np


def merged_mask(where, shape, padding=None, attention_mask=None, causal=False):
    """One mask that goes with the scores (N, H, Tq, Tk), or None where all may look.

    padding         (N, T) booleans for query and value alike; or a tuple of masks, of query,
                    value and key; True where a position counts, None where all do
    attention_mask  booleans (N, Tq, Tk), or of any shape that goes with the scores
    causal          no query sees a key after its own place
    """
    N, _, Tq, Tk = shape
    masks = []
    if attention_mask is not None:
        masks.append(with_heads(where, attention_mask, shape))
    queries, *seen = padding if isinstance(padding, tuple) else (padding, padding)
    if queries is not None:
        masks.append(checked_padding(where, queries, (N, Tq))[:, None, :, None])
    for keys in seen:
        if keys is not None:
            masks.append(checked_padding(where, keys, (N, Tk))[:, None, None, :])
    if causal:
        masks.append(np.tri(Tq, Tk, dtype=bool))  # key ≤ query: the diagonal and below
    merged = masks.pop() if masks else None
    for mask in masks:
        merged = merged & mask
    return merged


def with_heads(where, mask, shape):
    """attention_mask as booleans with a place for the heads, or a sentence on its shape."""
    mask = np.asarray(mask, dtype=bool)
    mask = mask[:, None] if mask.ndim == 3 else mask  # (N, Tq, Tk) -> (N, 1, Tq, Tk)
    if not fits(mask.shape, shape):
        N, _, Tq, Tk = shape
        raise ValueError(
            f"{where}: attention_mask must have shape {(N, Tq, Tk)} or fit {shape}, got "
            f"{mask.shape}: (batch, heads, queries, keys), True where a query may look"
        )
    return mask


def checked_padding(where, mask, shape):
    """A padding mask as booleans, or a sentence on its shape."""
    if np.shape(mask) != shape:
        raise ValueError(
            f"{where}: mask must have shape {shape}, one boolean for each position, got "
            f"{np.shape(mask)}: for a tuple x, pass a tuple of masks (query, value)"
        )
    return np.asarray(mask, dtype=bool)


def fits(small, large):
    """Does an array of the small shape broadcast to the large one?"""
    pairs = zip(reversed(small), reversed(large))
    return len(small) <= len(large) and all(n in (1, m) for n, m in pairs)
