"""compare: a student's value against the reference's, whatever it is made of."""

import numpy as np

from minidl.grading.checking import off


def shape_fault(got, want, name):
    """None, or what is wrong with the form: type, length, keys, shape."""
    if isinstance(want, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return f"{name} is {kind(got)}, it should be a {type(want).__name__} of {len(want)}"
        return first(
            shape_fault(g, w, f"{name}[{i}]") for i, (g, w) in enumerate(zip(got, want))
        )
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            keys = sorted(got) if isinstance(got, dict) else kind(got)
            return f"{name} is {keys}, it should be a dict with the keys {sorted(want)}"
        return first(shape_fault(got[k], want[k], f"{name}[{k!r}]") for k in want)
    if want is None or isinstance(want, str):
        return None if type(got) is type(want) else f"{name} is {kind(got)}, not {kind(want)}"
    if isinstance(got, tuple | list | dict | str) or got is None:
        return f"{name} is {kind(got)}, it should be {kind(want)}: return it"
    if np.shape(got) != np.shape(want):
        return f"{name} has shape {np.shape(got)}, it should have {np.shape(want)}"
    return None


def value_fault(got, want, name, rtol, nan=False):
    """None, or where the numbers differ. Axes of length 1 more or fewer are no matter."""
    if isinstance(want, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return shape_fault(got, want, name)
        parts = enumerate(zip(got, want))
        return first(value_fault(g, w, f"{name}[{i}]", rtol, nan) for i, (g, w) in parts)
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            return shape_fault(got, want, name)
        return first(value_fault(got[k], want[k], f"{name}[{k!r}]", rtol, nan) for k in want)
    if want is None or isinstance(want, str | bool):
        return None if got == want else f"{name} is {got!r}, it should be {want!r}"
    if isinstance(got, tuple | list | dict | str) or got is None:
        return shape_fault(got, want, name)
    return array_fault(np.asarray(got), np.asarray(want), name, rtol, nan)


def array_fault(got, want, name, rtol, nan):
    if squeezed(got) != squeezed(want):
        return f"{name} has shape {got.shape}, it should have {want.shape}"
    got = got.reshape(want.shape)
    if want.dtype.kind in "iub":
        same = np.array_equal(got, want)
        return None if same else f"{name} is {short(got)}, it should be {short(want)}"
    return off(got.astype(float), want.astype(float), name, rtol, nan=nan)


def dtype_fault(got, name):
    """None, or the first array of floats that is not float64."""
    if isinstance(got, tuple | list | dict):
        items = got.items() if isinstance(got, dict) else enumerate(got)
        return first(dtype_fault(v, f"{name}[{k!r}]") for k, v in items)
    found = getattr(got, "dtype", None)
    if found is not None and found.kind == "f" and found != np.float64:
        return f"{name} is {found} for float64 arguments: keep the dtype of the arguments"
    return None


def numbers_in(value):
    """All numbers of a value in one row, whatever it is made of."""
    if isinstance(value, tuple | list | dict):
        parts = [numbers_in(v) for v in (value.values() if isinstance(value, dict) else value)]
        return np.concatenate(parts) if parts else np.zeros(0)
    if value is None or isinstance(value, str):
        return np.zeros(0)
    return np.ravel(np.asarray(value, dtype=float))


def squeezed(array):
    return [n for n in array.shape if n != 1]


def short(array):
    text = np.array2string(array, threshold=8, edgeitems=3).replace("\n", "")
    return text if len(text) <= 60 else text[:57] + "..."


def kind(value):
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"


def first(faults):
    return next((fault for fault in faults if fault), None)
