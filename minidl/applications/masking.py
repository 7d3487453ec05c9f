"""Masking: what a masked language model is asked, and what it is shown."""

import numpy as np


def mask_tokens(ids, vocabulary_size, mask_id, special_ids, rng, rate=0.15):
    """(shown, selected): ids with some tokens hidden, and where; the answers are ids[selected].

    Every token but the special ones is selected with probability `rate`. What is shown of it:
        80 %   mask_id
        10 %   a random token, any but the special ones
        10 %   the token itself, so that a token shown may be doubted, and one right is known
    ids        (N, T) integers, left as they are; selected: (N, T) booleans
    special_ids   padding, [CLS], [SEP], [UNK] and the like: never selected, never drawn
    rng        a NumPy Generator

    Raises    ValueError: an id outside the vocabulary, a rate outside 0 … 1, no ordinary token
    Source:   D4 §3.1 (in words); Devlin et al. 2019, §3.1 and appendix A.1
    """
    ids = np.asarray(ids)
    special = check_vocabulary(ids, vocabulary_size, mask_id, special_ids)
    if not 0 <= rate <= 1:
        raise ValueError(f"mask_tokens: rate must lie between 0 and 1, got {rate!r}: use 0.15")
    selected = (rng.random(ids.shape) < rate) & ~special[ids]
    fate = rng.random(ids.shape)
    masked, replaced = selected & (fate < 0.8), selected & (fate >= 0.8) & (fate < 0.9)
    shown = ids.copy()
    shown[masked] = mask_id
    shown[replaced] = rng.choice(np.flatnonzero(~special), int(replaced.sum()))
    return shown, selected


def check_vocabulary(ids, vocabulary_size, mask_id, special_ids):
    """(V,) booleans, True at special ids and mask_id; or a sentence on what is out of range."""
    if ids.dtype.kind not in "iu":
        raise TypeError(
            f"mask_tokens: ids must be integers, got {ids.dtype}: use ids.astype('int64')"
        )
    given = {"ids": ids, "mask_id": mask_id, "special_ids": list(special_ids)}
    for name, values in given.items():
        values = np.asarray(values, int)
        if values.size and not 0 <= values.min() <= values.max() < vocabulary_size:
            raise ValueError(
                f"mask_tokens: {name} must lie in 0 … {vocabulary_size - 1}, got "
                f"{values.min()} to {values.max()}: check vocabulary_size"
            )
    special = np.zeros(vocabulary_size, bool)
    special[[mask_id, *special_ids]] = True
    if special.all():
        raise ValueError(
            f"mask_tokens: all {vocabulary_size} ids are special: none is left to be drawn"
        )
    return special


def sentence_pairs(pairs, rng):
    """[(a, b, label)]: of each pair that belongs together, b is kept or taken from another.

    label   0: b follows a; 1: b is a random other pair's second half; each half of the time
    pairs   [(a, b)], two halves of the same text, as lists of ids or as texts

    A second half that was drawn may say the same as the right one; it is drawn among others.

    Raises    ValueError: fewer than two pairs
    Source:   D4 §3.1 ("same passage": the task is whether b follows a); Devlin et al. 2019,
              §3.1
    """
    if len(pairs) < 2:
        raise ValueError(f"sentence_pairs: needs two pairs or more, got {len(pairs)}")
    n = len(pairs)
    labels = rng.integers(0, 2, n)
    # A step of 1 … n − 1 further, around: any other pair, never the same.
    others = (np.arange(n) + rng.integers(1, n, n)) % n
    return [
        (a, pairs[other][1] if label else b, int(label))
        for (a, b), label, other in zip(pairs, labels, others)
    ]
