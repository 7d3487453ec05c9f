"""Answers: The LSTM: a memory with gates."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class Fading(Layer):
    """c_t = f c_{t-1} + x_t.

    Backward with dc from the step after: dx_t = dc, df += Σ dc c_{t-1}, and dc becomes f dc."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("f", (1,), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        f, c, before = self.params["f"], np.zeros_like(x[:, 0]), []
        for t in range(x.shape[1]):
            before.append(c)
            c = f * c + x[:, t]
        return c, np.stack(before, axis=1)  # (N, D), (N, T, D)

    def backward(self, dy, cache):
        before, f = cache, self.params["f"]
        dx, df = np.zeros_like(before), np.zeros_like(f)
        for t in reversed(range(before.shape[1])):
            dx[:, t] = dy
            df += (dy * before[:, t]).sum()
            dy = f * dy
        return dx, {"f": df}

    def output_shape(self, input_shape):
        return input_shape[1:]


class OneGate(Layer):
    """c_t = f c_{t-1} + (1 - f) x_t, f = σ(w x_t), number for number.

    With dc from the step after: df = dc (c_{t-1} - x_t), and z = w x_t has dz = df f (1 - f).
    dx_t = dc (1 - f) + dz w, dw = Σ dz x_t, dc_{t-1} = dc f."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("w", input_shape[-1:], GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        f = 0.5 + 0.5 * np.tanh(0.5 * self.params["w"] * x)  # (D,) * (N, T, D)
        c, before = np.zeros_like(x[:, 0]), []
        for t in range(x.shape[1]):
            before.append(c)
            c = f[:, t] * c + (1 - f[:, t]) * x[:, t]
        return c, (x, f, np.stack(before, axis=1))

    def backward(self, dy, cache):
        x, f, before = cache
        dc = np.empty_like(x)
        for t in reversed(range(x.shape[1])):
            dc[:, t] = dy
            dy = dy * f[:, t]
        dz = dc * (before - x) * f * (1 - f)
        return dc * (1 - f) + dz * self.params["w"], {"w": (dz * x).sum(axis=(0, 1))}

    def output_shape(self, input_shape):
        return input_shape[1:]


x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
CHECKS = [(Fading(), x), (OneGate(), x)]


def read(layer, values, **params):
    """What the layer with these parameters makes of one sequence of numbers."""
    layer.build((None, 1))
    layer.params.update(params)
    return layer.forward(np.array(values, dtype="float64").reshape(1, -1, 1))[0]


NUMBERS = [
    (read(Fading(), [1] + 9 * [0], f=np.array([0.5])), "0.001953"),
    (read(OneGate(), [1, -1], w=np.array([1.0])), "-0.6587"),
]
