"""train_test_split: hold out a part of the data, row for row as scikit-learn does."""

from math import ceil, floor
from numbers import Integral

import numpy as np

from minidl.random import new_generator


def train_test_split(
    *arrays, test_size=None, train_size=None, random_state=None, shuffle=True, stratify=None
):
    """[a_train, a_test, b_train, b_test, …]: every array split at the same rows.

    test_size, train_size   a float is a share (test rounds up, train down), an int a number
                            of rows; one alone fixes the other; neither: a quarter for test
    random_state            an int: the rows that scikit-learn chooses for it, bit for bit
    stratify                labels: every class keeps its share on both sides

    Lists stay lists, arrays arrays. Fit a scaler or a Tokenizer after the split, on the
    training part only.

    Raises    ValueError: unequal lengths, impossible sizes, a class too small to split
    Source:   D3 §5.2; D0 §3.2, D2 §3.1 (training, validation and test sets)
    """
    n = _common_length(arrays, stratify)
    n_train, n_test = _sizes(n, test_size, train_size)
    if not shuffle:
        if stratify is not None:
            raise ValueError("train_test_split: stratify needs shuffle=True")
        train, test = np.arange(n_train), np.arange(n_train, n_train + n_test)
    elif stratify is None:
        order = _random(random_state).permutation(n)
        train, test = order[n_test : n_test + n_train], order[:n_test]
    else:
        train, test = _stratified(stratify, n_train, n_test, _random(random_state))
    return [_take(a, rows) for a in arrays for rows in (train, test)]


def _stratified(labels, n_train, n_test, random):
    """Rows for training and test, each class divided as near to its share as possible."""
    of_row, sizes = _classes(labels, n_train, n_test)
    train_counts = _shares(sizes, n_train, random)
    test_counts = _shares(sizes - train_counts, n_test, random)
    train, test = [], []
    for k, (size, n, m) in enumerate(zip(sizes, train_counts, test_counts)):
        rows = np.flatnonzero(of_row == k)[random.permutation(size)]
        train.extend(rows[:n])
        test.extend(rows[n : n + m])
    return random.permutation(train), random.permutation(test)


def _shares(sizes, total, random):
    """Divide `total` draws among classes in proportion to their sizes.

    Each class gets the whole part of its share. The draws left go to the largest fractions;
    among classes with the same fraction, `random` chooses.
    """
    share = sizes / sizes.sum() * total
    counts = np.floor(share)
    fraction, left = share - counts, int(total - counts.sum())
    for value in sorted(set(fraction), reverse=True):
        if left == 0:
            break
        tied = np.flatnonzero(fraction == value)
        chosen = random.choice(tied, size=min(left, len(tied)), replace=False)
        counts[chosen] += 1
        left -= len(chosen)
    return counts.astype(int)


def _classes(labels, n_train, n_test):
    """The class number of every row, and the size of every class."""
    labels = np.asarray(labels)
    if labels.ndim == 2:  # one-hot or several labels a row: each distinct row is a class
        labels = np.array([" ".join(row.astype(str)) for row in labels])
    _check_labels(labels)
    classes, of_row, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if sizes.min() < 2:
        raise ValueError(
            f"train_test_split: class {classes[sizes.argmin()]!s} of stratify has only 1 "
            "member: each needs at least 2, one for either side"
        )
    for side, count in (("training", n_train), ("test", n_test)):
        if count < len(classes):
            raise ValueError(
                f"train_test_split: {count} {side} rows cannot hold {len(classes)} classes of "
                "stratify: give that side at least one row a class"
            )
    return of_row, sizes


def _check_labels(labels):
    missing = {"f": np.isnan, "O": np.frompyfunc(lambda v: v is None or v != v, 1, 1)}
    if labels.ndim != 1:
        raise ValueError(
            f"train_test_split: stratify must have shape (N,) or (N, K), got {labels.shape}"
        )
    if labels.dtype.kind in missing and missing[labels.dtype.kind](labels).any():
        raise ValueError("train_test_split: stratify has a missing label: give every row one")


def _sizes(n, test_size, train_size):
    """(n_train, n_test) from shares or numbers of rows."""
    if test_size is None and train_size is None:
        test_size = 0.25
    n_test = _rows("test_size", test_size, n, ceil)
    n_train = _rows("train_size", train_size, n, floor)
    if _is_share(test_size) and _is_share(train_size) and test_size + train_size > 1:
        raise ValueError(
            "train_test_split: test_size + train_size must be at most 1, got "
            f"{test_size + train_size:g}"
        )
    n_test = n - n_train if n_test is None else n_test
    n_train = n - n_test if n_train is None else n_train
    if n_train + n_test > n:
        raise ValueError(
            f"train_test_split: {n_train} training and {n_test} test rows are more than the "
            f"{n} there are: reduce train_size or test_size"
        )
    if n_train == 0:
        raise ValueError(
            f"train_test_split: no row of {n} is left for training: reduce test_size, or give "
            "more rows"
        )
    return n_train, n_test


def _rows(name, size, n, rounding):
    if size is None:
        return None
    if _is_share(size) and 0 < size < 1:
        return rounding(size * n)
    whole = isinstance(size, Integral) and not isinstance(size, bool)
    if not (whole and 1 <= size < n):
        raise ValueError(
            f"train_test_split: {name} must be a float between 0 and 1, or a number of rows "
            f"from 1 to {n - 1}, got {size!r}"
        )
    return int(size)


def _is_share(size):
    return isinstance(size, float | np.floating)


def _common_length(arrays, stratify):
    if not arrays:
        raise ValueError("train_test_split: pass at least one array: train_test_split(X, y)")
    everything = arrays if stratify is None else (*arrays, stratify)
    for number, a in enumerate(everything):
        scalar = not hasattr(a, "__len__") or getattr(a, "shape", None) == ()
        if scalar or isinstance(a, str | dict):
            raise TypeError(
                f"train_test_split: argument {number} must be a list or an array, got "
                f"{type(a).__name__}"
            )
    lengths = [len(a) for a in everything]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"train_test_split: all arrays must have the same length, got {lengths}"
            + ("" if stratify is None else ", the last being stratify")
        )
    return lengths[0]


def _random(state):
    """A RandomState, NumPy's older generator: the one whose bits scikit-learn uses."""
    if isinstance(state, np.random.RandomState):
        return state
    if state is None:  # from minidl.set_seed
        state = int(new_generator().integers(2**32))
    if not isinstance(state, Integral) or not 0 <= state < 2**32:
        raise ValueError(
            "train_test_split: random_state must be an integer from 0 to 2**32 - 1, a "
            f"RandomState or None, got {state!r}"
        )
    return np.random.RandomState(state)


def _take(array, rows):
    if hasattr(array, "iloc"):  # a pandas table keeps its index
        return array.iloc[rows]
    if isinstance(array, list | tuple):
        return [array[row] for row in rows]
    return np.asarray(array)[rows]
