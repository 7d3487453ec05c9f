"""The words that checks are written in: require, close, finite. Each raises Wrong."""

import numpy as np


class Wrong(AssertionError):
    """What is wrong with an answer: one sentence, and what to try."""


def require(condition, sentence):
    """Raise Wrong(sentence) unless the condition holds."""
    if not condition:
        raise Wrong(sentence)


def finite(value, what):
    """Every number is finite: no NaN, no infinity."""
    if isinstance(value, tuple | list):
        for i, part in enumerate(value):
            finite(part, f"{what}[{i}]")
    elif not np.isfinite(numbers(value, what)).all():
        bad = "NaN" if np.isnan(value).any() else "inf"
        raise Wrong(f"{what} holds {bad}: look for an exp that overflows, 0/0 or log(0)")


def close(got, want, what, rtol=1e-9, atol=0.0):
    """`got` has the shape and the numbers of `want`.

    rtol is relative to the root mean square of `want`: an entry that should be 0 may be off
    by a rounding error of its neighbours."""
    want = np.asarray(want, dtype=float)
    got = numbers(got, what)
    if got.shape != want.shape:
        raise Wrong(f"{what} has shape {got.shape}, it should have {want.shape}")
    fault = off(got, want, what, rtol, atol)
    if fault:
        raise Wrong(fault)


def numbers(value, what):
    """`value` as an array of floats, or Wrong."""
    if value is None:
        raise Wrong(f"{what} is None: return it")
    if isinstance(value, tuple | list | dict | str):
        raise Wrong(f"{what} is a {type(value).__name__}, it should be an array")
    return np.asarray(value, dtype=float)


def off(got, want, what, rtol, atol=0.0, nan=False):
    """None, or a sentence on where arrays of one shape differ, and the likely cause.

    nan: two NaN in one place are the same; else a NaN is always wrong."""
    finite = want[np.isfinite(want)]
    with np.errstate(all="ignore"):
        scale = np.sqrt(np.mean(np.square(finite))) if finite.size else 0.0
        error = np.abs(got - want)
        wrong = ~((error <= atol + rtol * np.maximum(np.abs(want), scale)) | (got == want))
    if nan:
        wrong &= ~(np.isnan(got) & np.isnan(want))
    if not wrong.any():
        return None
    shown = np.where(wrong, np.nan_to_num(error, nan=np.inf), -1.0)
    worst = np.unravel_index(np.argmax(shown), shown.shape)
    where = f"[{', '.join(map(str, map(int, worst)))}]" if worst else ""
    some = f" ({wrong.sum()} of {wrong.size} entries differ)" if wrong.size > 1 else ""
    return (
        f"{what}{where} is {got[worst]:.6g}, it should be {want[worst]:.6g}{some}"
        f"{cause(got, want, wrong)}"
    )


def cause(got, want, wrong):
    """What the two arrays have to do with each other, where that is plain."""
    with np.errstate(all="ignore"):
        if np.isnan(got[wrong]).any():
            return ": NaN: look for 0/0, inf − inf or log of a negative number"
        if not got.any():
            return ": it is all zeros"
        if got.ndim == 2 and got.shape[0] == got.shape[1] and np.allclose(got.T, want):
            return ": it is transposed"
        ratios = (got / want)[np.abs(want) > 1e-9 * np.abs(want).max()]
        if ratios.size > 1 and np.allclose(ratios, ratios.flat[0], rtol=1e-6):
            ratio = ratios.flat[0]
            if abs(ratio + 1) < 1e-6:
                return ": the sign is wrong"
            if abs(ratio - 1) > 1e-4:
                return f": every entry is {ratio:.6g} times what it should be"
        if np.allclose(got, want, rtol=1e-5, atol=1e-6 * np.abs(want).max()):
            return ": only the last digits differ: is it a difference, or float32?"
    return ""
