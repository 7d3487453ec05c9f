"""Comparison: one expected value against what was computed, and how both are written down."""

import math
import operator

import numpy as np

OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
SHOWN_IN_TEXT, SHOWN_IN_JSON = 8, 50  # more numbers than these become a summary


def compare(expected, got, op="==", rtol=1e-6, atol=1e-6):
    """None where `got op expected` holds, or a sentence on why it does not.

    "==" means |got - expected| <= atol + rtol |expected| for numbers, equality for the rest.
    The other operators must hold for every entry; there `expected` may be one number."""
    if op != "==" and op not in OPERATORS:
        raise ValueError(f"check: op must be one of ==, {', '.join(OPERATORS)}, got {op!r}")
    if isinstance(expected, np.ndarray) and expected is got:
        return "expected and got are the same array: the check cannot fail"
    a, b = as_numbers(expected), as_numbers(got)
    if a is None or b is None:
        return _compare_other(expected, got, op)
    return _compare_numbers(a, b, op, rtol, atol)


def _compare_other(expected, got, op):
    """Strings, None and what else is no number: equal or not."""
    if op != "==":
        return f"{op} needs numbers, got {text(got)}"
    return None if _plain(expected) == _plain(got) else "they differ"


def _compare_numbers(a, b, op, rtol, atol):
    if (a.dtype.kind == "b") != (b.dtype.kind == "b"):
        return "one is a truth value, the other a number"
    if a.shape != b.shape and (op == "==" or a.ndim):
        return f"expected has shape {a.shape}, got has {b.shape}"
    if a.size == 0 or b.size == 0:
        return "nothing to compare: the array is empty"
    if np.isnan(a).any() or np.isnan(b).any():
        return "not a number (NaN)"
    if op != "==":
        return None if OPERATORS[op](b, a).all() else f"not {op} {text(a)}"
    if a.dtype.kind == "b":
        return None if (a == b).all() else "they differ"
    if np.isclose(b, a, rtol=rtol, atol=atol).all():
        return None
    return f"the largest difference is {max_difference(a, b):.3g}"


def max_difference(a, b):
    """The largest |a - b|, as a float; equal infinities differ by 0."""
    with np.errstate(invalid="ignore"):
        return float(np.max(np.abs(np.where(a == b, 0, np.subtract(b, a, dtype=float)))))


def as_numbers(value):
    """value as an array of numbers or truth values, or None where it holds anything else."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        return None
    if array.dtype.kind in "iu":
        return array.astype(float)
    return array if array.dtype.kind in "bf" else None


def _plain(value):
    """Arrays, tuples and NumPy's scalars as lists and plain Python, for == to compare."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def text(value, most=SHOWN_IN_TEXT):
    """One short line: six digits, arrays of more than `most` numbers as shape and range.

    Takes what `jsonable` returns, too."""
    if isinstance(value, dict) and "shape" in value:
        difference = value.get("max_difference")
        end = "" if difference is None else f", largest difference {text(difference)}"
        return f"array of shape {tuple(value['shape'])}{end}"
    array = as_numbers(value)
    if array is None:
        return value if isinstance(value, str) else _short(repr(_plain(value)))
    if array.dtype.kind == "b" and array.ndim == 0:
        return str(bool(array))
    if array.size > most:
        return f"array {array.shape}, {array.min():.6g} to {array.max():.6g}"
    return _nested(array.tolist())


def _short(line, width=80):
    return line if len(line) <= width else line[: width - 3] + "..."


def _nested(value):
    if isinstance(value, list):
        return "[" + ", ".join(_nested(v) for v in value) + "]"
    return str(value) if isinstance(value, bool) else f"{value + 0.0:.6g}"


def jsonable(value, expected=None):
    """What JSON can hold: numbers as numbers; a large array as its shape and the difference."""
    array = as_numbers(value)
    if array is None:
        plain = _plain(value)
        if isinstance(plain, list):
            return [jsonable(v) for v in plain]
        return plain if isinstance(plain, str | None) else repr(plain)
    if array.size > SHOWN_IN_JSON:
        summary = {"shape": list(array.shape)}
        reference = None if expected is None else as_numbers(expected)
        if reference is not None and reference.shape == array.shape:
            summary["max_difference"] = _finite(max_difference(reference, array))
        return summary
    return _finite(np.asarray(value).tolist())  # integers stay integers


def _finite(value):
    """JSON has no NaN and no infinity: they become the strings "nan", "inf", "-inf"."""
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return value if math.isfinite(value) else str(value)
