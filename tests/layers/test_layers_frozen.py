"""The layers against Keras 3: outputs and gradients frozen in fixtures/layers_basic.npz."""

import json
from pathlib import Path

import numpy as np
import pytest

from minidl import layers

FROZEN = np.load(Path(__file__).parents[1] / "fixtures" / "layers_basic.npz")
CASES = json.loads(str(FROZEN["cases"]))
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def arrays_of(name, dtype):
    start = f"{name}/{dtype}/"
    return {key[len(start) :]: FROZEN[key] for key in FROZEN.files if key.startswith(start)}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CASES)
def test_keras_agrees(name, dtype):
    kind, arguments = CASES[name]
    frozen = arrays_of(name, dtype)
    layer = getattr(layers, kind)(**arguments, dtype=dtype)
    layer.build(frozen["x"].shape[1:], 0)
    assert sorted(layer.params) == sorted(w for w in "Wb" if w in frozen)
    layer.set_weights([frozen[w] for w in layer.params])
    masks = {"mask": frozen["mask"]} if "mask" in frozen else {}
    y, cache = layer.forward(frozen["x"], **masks)
    dx, grads = layer.backward(frozen["dy"], cache)
    got = {"y": y, "dx": dx, **{"d" + w: np.asarray(grad) for w, grad in grads.items()}}
    assert got.keys() - {"dx"} == frozen.keys() - {"x", "mask", "dy", "W", "b", "dx"}
    assert (dx is None) == ("dx" not in frozen)
    assert layer.output_shape(frozen["x"].shape[1:]) == y.shape[1:]
    for array, value in got.items():
        if value is not None:
            want = frozen[array]
            assert value.dtype == dtype, array
            # relative to the largest entry: a sum that cancels is no more exact than its terms
            atol = TOLERANCE[dtype] * np.abs(want).max()
            np.testing.assert_allclose(value, want, TOLERANCE[dtype], atol, err_msg=array)
