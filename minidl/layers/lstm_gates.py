"""lstm_gates: what an LSTM's gates and memory do while it reads, for a picture."""

import numpy as np


def lstm_gates(layer, x, mask=None):
    """{"i", "f", "o", "c", "h"}: the gates, the memory and the output of every step.

    layer    a built LSTM        x: (N, T, D)        each value: (N, T, U)

    By the equations, step after step: nothing is kept for a backward. The steps come in the
    order in which the layer reads them: with go_backwards from T to 1.
    Source:   D1 §5.2, D3 §5.2; Hochreiter & Schmidhuber 1997
    """
    x, W, U = layer.check(x), layer.params["W"], layer.params["U"]
    keep = np.ones(x.shape[:2], bool) if mask is None else np.asarray(mask, bool)
    if layer.go_backwards:
        x, keep = x[:, ::-1], keep[:, ::-1]
    h, c = np.zeros((2, len(x), layer.units), x.dtype)
    found = {name: [] for name in "ifoch"}
    for t in range(x.shape[1]):
        z = x[:, t] @ W + h @ U + layer.params.get("b", 0)  # (N, 4U)
        zi, zf, zg, zo = np.split(z, 4, axis=1)
        i, f, o = (layer.recurrent_activation(part) for part in (zi, zf, zo))
        read = f * c + i * layer.activation(zg)
        kept = keep[:, t, None]
        h = np.where(kept, o * layer.activation(read), h)
        c = np.where(kept, read, c)
        for name, array in zip(found, (i, f, o, c, h)):
            found[name].append(array)
    return {name: np.stack(steps, axis=1) for name, steps in found.items()}
