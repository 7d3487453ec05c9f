"""Input: says the shape of what comes in."""

from minidl.layer import Layer


class Input(Layer):
    """The first line of a Sequential: `Input(shape=(10,))`. Computes nothing.

    Forward   y = x            Backward  dx = dy            Cache  nothing
    Source:   Keras's `Input`; the documents write `input_shape=(10,)` instead (D2 §3.2)
    """

    def __init__(self, shape, dtype=None, name=None):
        super().__init__(name=name, input_shape=shape)

    def forward(self, x, training=False):
        return x, None

    def backward(self, dy, cache):
        return dy, {}
