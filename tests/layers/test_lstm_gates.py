"""lstm_gates against the equations: each step's gates from the state of the step before."""

import numpy as np
import pytest

from minidl.layers import LSTM, Sigmoid
from minidl.layers.lstm_gates import lstm_gates


def sigma(z):
    return 1 / (1 + np.exp(-z))


def built(**arguments):
    layer = LSTM(4, return_sequences=True, dtype="float64", **arguments)
    layer.build((None, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=array.shape) for array in layer.get_weights()])
    return layer


def by_hand(x, W, U, b, keep):
    """The five of one sequence (T, D), step after step."""
    h, c, n, path = np.zeros(len(U)), np.zeros(len(U)), len(U), []
    for x_t, kept in zip(x, keep):
        z = x_t @ W + h @ U + b
        i, f, o = sigma(z[:n]), sigma(z[n : 2 * n]), sigma(z[3 * n :])
        if kept:
            c = f * c + i * np.tanh(z[2 * n : 3 * n])
            h = o * np.tanh(c)
        path.append([i, f, o, c, h])
    return np.array(path)  # (T, 5, U)


class OwnSigmoid(Sigmoid):
    """Another type: the LSTM then takes its plain cell."""


@pytest.mark.parametrize("sigmoid", [Sigmoid, OwnSigmoid], ids=["fast cell", "plain cell"])
def test_the_five_are_the_equations(sigmoid):
    layer = built(recurrent_activation=sigmoid())
    x = np.random.default_rng(1).normal(size=(2, 5, 3))
    found = lstm_gates(layer, x)
    assert list(found) == ["i", "f", "o", "c", "h"]
    for row in range(2):
        expected = by_hand(x[row], *layer.get_weights(), [True] * 5)
        for place, array in enumerate(found.values()):
            np.testing.assert_allclose(array[row], expected[:, place], rtol=1e-12)


def test_a_masked_step_keeps_c_and_h():
    layer, x = built(), np.random.default_rng(1).normal(size=(1, 4, 3))
    keep = np.array([[True, False, True, True]])
    found, expected = lstm_gates(layer, x, keep), by_hand(x[0], *layer.get_weights(), keep[0])
    for name, place in (("c", 3), ("h", 4)):
        np.testing.assert_allclose(found[name][0], expected[:, place], rtol=1e-12)


def test_h_is_what_the_layer_returns():
    layer, x = built(go_backwards=True), np.random.default_rng(1).normal(size=(2, 5, 3))
    np.testing.assert_allclose(lstm_gates(layer, x)["h"], layer(x), rtol=1e-12)
    keep = np.array([[True, False, True, True, False], [True] * 5])
    found = lstm_gates(layer, x, keep)["h"]
    np.testing.assert_allclose(found, layer(x, mask=keep), rtol=1e-12)


def test_without_a_bias():
    layer, x = built(use_bias=False), np.random.default_rng(1).normal(size=(2, 3, 3))
    np.testing.assert_allclose(lstm_gates(layer, x)["h"], layer(x), rtol=1e-12)


def test_the_wrong_width_is_the_layers_own_error():
    with pytest.raises(ValueError, match=r"LSTM: x must have shape \(N, T, 3\)"):
        lstm_gates(built(), np.ones((1, 2, 5)))
