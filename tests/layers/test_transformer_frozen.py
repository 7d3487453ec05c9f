"""Norms, attention and blocks against frozen vectors of Keras 3 and PyTorch.

Keras: LayerNormalization, BatchNormalization, MultiHeadAttention. PyTorch: the blocks.
See fixtures/make_transformer.py.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from minidl import layers

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "transformer.npz")
CASES = json.loads(str(FROZEN["cases"]))
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def arrays_of(case, dtype, prefix):
    start = f"{case}/{dtype}/{prefix}"
    return {key[len(start) :]: FROZEN[key] for key in FROZEN.files if key.startswith(start)}


def mask_of(said):
    if isinstance(said, list):
        return tuple(map(mask_of, said))
    return said if said is None else FROZEN[f"mask/{said}"]


def call_of(call):
    """The call's arguments, masks by name replaced by the arrays."""
    masks = {k: mask_of(v) for k, v in call.items() if k in ("mask", "attention_mask")}
    return {**call, **masks}


def built_as_frozen(case, dtype):
    kind, arguments, _ = CASES[case]
    xs = tuple(arrays_of(case, dtype, "x").values())
    layer = getattr(layers, kind)(**arguments, dtype=dtype)
    layer.build(tuple(x.shape[1:] for x in xs) if len(xs) > 1 else xs[0].shape[1:], 0)
    weights, state = arrays_of(case, dtype, "p/"), arrays_of(case, dtype, "s/")
    assert weights.keys() == layer.params.keys()
    assert state.keys() == layer.state.keys()
    for name, array in weights.items():
        layer.params[name] = array
    for name, array in state.items():
        layer.state[name][...] = array
    return layer, xs if len(xs) > 1 else xs[0]


def assert_close(name, got, want, tolerance, scale=None):
    """Relative to the largest entry: a sum that cancels is no more exact than its terms."""
    assert got.shape == want.shape, name
    assert got.dtype == want.dtype, name
    error = np.abs(got - want).max() / (np.abs(want).max() if scale is None else scale)
    assert error <= tolerance, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_those_of_the_reference(case, dtype):
    layer, x = built_as_frozen(case, dtype)
    tolerance, prefix = TOLERANCE[dtype], f"{case}/{dtype}"
    y, cache = layer.forward(x, **call_of(CASES[case][2]))
    dx, grads = layer.backward(FROZEN[f"{prefix}/dy"], cache)
    assert_close("y", y, FROZEN[f"{prefix}/y"], tolerance)
    for i, got in enumerate(dx if isinstance(dx, tuple) else (dx,)):
        assert_close(f"dx{i}", got, FROZEN[f"{prefix}/dx{i}"], tolerance)
    if f"{prefix}/scores" in FROZEN:
        y, scores = layer(x, **call_of(CASES[case][2]), return_attention_scores=True)
        assert_close("y", y, FROZEN[f"{prefix}/y"], tolerance)
        assert_close("scores", scores, FROZEN[f"{prefix}/scores"], tolerance)
    assert grads.keys() == layer.params.keys()
    for name, want in arrays_of(case, dtype, "g/").items():
        scale = None
        if name.endswith("bk"):  # zero but for the reference's rounding: see the layer's page
            scale = np.abs(FROZEN[f"{prefix}/g/{name[:-1]}q"]).max()
            assert not grads[name].any()
        assert_close(f"d{name}", grads[name], want, tolerance, scale)
    for name, want in arrays_of(case, dtype, "t/").items():
        assert_close(name, layer.state[name], want, tolerance)


@pytest.mark.parametrize("case", [c for c in CASES if "coder" not in c])
def test_weights_come_in_the_order_of_keras(case):
    """Of Keras's layers the weights were frozen in the order of get_weights."""
    layer, _ = built_as_frozen(case, "float32")
    frozen = {**arrays_of(case, "float32", "p/"), **arrays_of(case, "float32", "s/")}
    for got, want in zip(layer.get_weights(), frozen.values(), strict=True):
        np.testing.assert_array_equal(got, want)


def test_every_kind_of_case_is_there():
    assert {kind for kind, *_ in CASES.values()} == {
        "BatchNormalization", "LayerNormalization", "MultiHeadAttention",
        "TransformerDecoderBlock", "TransformerEncoderBlock",
    }  # fmt: skip
    assert not FROZEN["mask/allowed"].any(axis=2).all()  # some query may look nowhere
