"""LSTM and Bidirectional against frozen vectors of Keras 3 and PyTorch (see make_lstm.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from minidl.layers import LSTM, Bidirectional

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "lstm.npz")
CASES = json.loads(str(FROZEN["cases"]))
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def arrays(prefix, name):
    """[prefix/name0, prefix/name1, …]"""
    found = (f"{prefix}/{name}{n}" for n in range(10))
    return [FROZEN[key] for key in found if key in FROZEN]


def make(kind, arguments, units, dtype):
    if kind == "LSTM":
        return LSTM(units, dtype=dtype, **arguments)
    if kind == "torch":
        lstm = LSTM(units, dtype=dtype, return_sequences=True, return_state=True)
        return Bidirectional(lstm, dtype=dtype) if arguments else lstm
    inner = LSTM(units, dtype=dtype, **arguments["layer"])
    return Bidirectional(inner, merge_mode=arguments["merge_mode"], dtype=dtype)


def as_list(value):
    return list(value) if isinstance(value, tuple) else [value]


def assert_close(name, got, expected, tolerance):
    assert got.shape == expected.shape, name
    assert got.dtype == expected.dtype, name
    error = np.abs(got - expected).max() / np.abs(expected).max()
    assert error <= tolerance, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_those_of_the_reference(case, dtype):
    kind, arguments, mask, with_state = CASES[case]
    prefix, tolerance = f"{case}/{dtype}", TOLERANCE[dtype]
    x, weights, states = (FROZEN[f"{prefix}/x"], arrays(prefix, "w"), arrays(prefix, "state"))
    layer = make(kind, arguments, weights[1].shape[0], dtype)
    layer.build(x.shape[1:], 0)
    layer.set_weights(weights)

    call = {"mask": FROZEN[f"{prefix}/mask"]} if mask else {}
    if with_state:
        call["initial_state"] = states
    y, cache = layer.forward(x, **call)
    dys = arrays(prefix, "dy")
    dx, grads = layer.backward(tuple(dys) if len(dys) > 1 else dys[0], cache)

    for n, (got, expected) in enumerate(zip(as_list(y), arrays(prefix, "y"), strict=True)):
        assert_close(f"y{n}", got, expected, tolerance)
    dx, *d_states = as_list(dx)
    assert_close("dx", dx, FROZEN[f"{prefix}/dx"], tolerance)
    for n, (got, expected) in enumerate(zip(d_states, arrays(prefix, "dstate"), strict=True)):
        assert_close(f"dstate{n}", got, expected, tolerance)
    assert list(grads) == list(layer.params)
    for name, expected in zip(grads, arrays(prefix, "dw"), strict=True):
        assert_close(f"d{name}", grads[name], expected, tolerance)


def test_every_kind_of_case_is_there():
    assert {kind for kind, *_ in CASES.values()} == {"LSTM", "Bidirectional", "torch"}
    assert {mask for _, _, mask, _ in CASES.values()} == {None, "pre", "post", "holes"}
