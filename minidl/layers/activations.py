"""Activation functions: layers without parameters, each entry (or row) on its own."""

import numpy as np

from minidl.layer import Layer
from minidl.layers.normal import exact_Phi, exact_phi, in_blocks, tanh_Phi, tanh_phi


class Function(Layer):
    """What activations are: layers without parameters that keep x's shape."""


class Activation(Function):
    """An activation function by name: `Activation("relu")` computes what `ReLU()` does.

    Forward, Backward, Cache and Source are those of the function, which is in `activation`.
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = get(activation)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.activation.build(input_shape, self.rng)

    def forward(self, x, training=False):
        return self.activation.forward(x, training)

    def backward(self, dy, cache):
        return self.activation.backward(dy, cache)


class Linear(Function):
    """No activation.

    Forward   y = x            Backward  dx = dy            Cache  nothing
    Source:   D2 §3.2 (the last Dense(1))
    """

    def forward(self, x, training=False):
        return x, None

    def backward(self, dy, cache):
        return dy, {}


class ReLU(Function):
    """Cuts negative values off.

    Forward   y = max(x, 0)
    Backward  dx = dy where x > 0, else 0     (at 0 any slope from 0 to 1 is right; here 0)
    Cache     y
    Source:   D2 §4.1.3
    """

    def forward(self, x, training=False):
        y = np.maximum(x, 0)
        return y, y

    def backward(self, dy, cache):
        return dy * (cache > 0), {}


class Sigmoid(Function):
    """Maps every number into (0, 1).

    Forward   y = σ(x) = 1 / (1 + e⁻ˣ) = e^min(x, 0) / (1 + e^−|x|), which cannot overflow
    Backward  dx = dy · y (1 − y)
    Cache     y
    Source:   D2 §4.1.3, D3 §4.1.1
    """

    def forward(self, x, training=False):
        y = sigmoid(x)
        return y, y

    def backward(self, dy, cache):
        return dy * cache * (1 - cache), {}


class Tanh(Function):
    """Maps every number into (−1, 1).

    Forward   y = tanh x = 2σ(2x) − 1            Backward  dx = dy (1 − y²)            Cache  y
    Source:   D2 §4.1.3, D3 §4.1.1
    """

    def forward(self, x, training=False):
        y = np.tanh(x)
        return y, y

    def backward(self, dy, cache):
        return dy * (1 - cache * cache), {}


class Softmax(Function):
    """Turns a row of logits into probabilities that sum to 1.

    Forward   yₖ = exp(xₖ) / Σⱼ exp(xⱼ)         after subtracting the row's maximum: no overflow
    Backward  dxₖ = yₖ (dyₖ − Σⱼ dyⱼ yⱼ)         the Jacobian is diag(y) − y yᵀ
    Cache     y
    Raises    ValueError: the axis has one entry, whose softmax is always 1
    Source:   D3 §4.2.2; D4 §4.1.3
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.check((None, *input_shape))

    def check(self, shape):
        """Refuse a softmax over one entry: in build already, before any training."""
        if shape[self.axis] == 1:
            raise ValueError(
                f"{self.where}: softmax over one unit is always 1 and learns nothing: use "
                "'sigmoid' for one output, or one unit for each class"
            )

    def forward(self, x, training=False):
        self.check(np.shape(x))
        y = softmax(x, self.axis)
        return y, y

    def backward(self, dy, cache):
        y = cache
        return y * (dy - (dy * y).sum(axis=self.axis, keepdims=True)), {}


class GELU(Function):
    """x times the probability that a standard normal number is below x.

    Forward   y = x Φ(x)
              Φ(x) = ½ (1 + erf(x / √2))             or, with approximate=True,
              Φ(x) ≈ ½ (1 + tanh u),  u = √(2/π) (x + 0.044715 x³)
    Backward  dx = dy (Φ + x φ)
              φ = e^(−x²/2) / √(2π), or the slope of the tanh form,
              φ = 2 Φ (1 − Φ) √(2/π) (1 + 3 · 0.044715 x²)
    Cache     x and Φ
    Source:   Hendrycks & Gimpel 2016; BERT's activation (D4 §3.1)
    """

    def __init__(self, approximate=False, **kwargs):
        super().__init__(**kwargs)
        self.approximate = approximate

    def forward(self, x, training=False):
        find_Phi, x = tanh_Phi if self.approximate else exact_Phi, as_floats(x)
        y, Phi = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
        for x_, y_, Phi_ in in_blocks(x, y, Phi):
            np.maximum(x_, -EDGE, out=y_)
            find_Phi(y_, out=Phi_)
            y_ *= Phi_
        return y, (x, Phi)

    def backward(self, dy, cache):
        x, Phi = cache
        phi = tanh_phi if self.approximate else exact_phi
        dx = np.empty(x.shape, np.result_type(dy, Phi))
        for x_, Phi_, dy_, dx_ in in_blocks(x, Phi, dy, dx):
            np.clip(x_, -EDGE, EDGE, out=dx_)
            dx_ *= phi(dx_, Phi_)
            dx_ += Phi_
            dx_ *= dy_
        return dx, {}


EDGE = 40.0  # beyond ±40 Φ is 0 or 1 to the last bit, and φ is 0: no ∞ · 0 is needed


def as_floats(x):
    """x as an array of floats; integers become float64."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def sigmoid(x):
    """σ(x) for any x, without overflow, and to full precision where it is close to 0."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def softmax(x, axis=-1):
    """exp(x) / Σ exp(x) along an axis, without overflow; a +∞ takes all, −∞ gets nothing."""
    top = np.max(x, axis=axis, keepdims=True)
    if not np.isfinite(top).all():  # ∞ − ∞ is NaN: a large number does what ∞ should
        large = float(np.finfo(x.dtype).max) / 4
        x, top = np.clip(x, -large, large), np.clip(top, -large, large)
    e = np.exp(x - top)
    e /= e.sum(axis=axis, keepdims=True)
    return e


NAMES = {
    "linear": Linear, "relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh, "softmax": Softmax,
    "gelu": GELU,
}  # fmt: skip


def get(identifier):
    """The activation layer for None, a name, a Layer, or a Layer class."""
    if identifier is None:
        return Linear()
    if isinstance(identifier, type) and issubclass(identifier, Layer):
        return identifier()
    if isinstance(identifier, Layer):
        return identifier
    if not isinstance(identifier, str) or identifier not in NAMES:
        mend = f"use one of {', '.join(NAMES)}, or an activation layer such as ReLU()"
        if callable(identifier):
            mend = "a function has no backward: write a Layer with forward and backward for it"
        raise ValueError(f"Could not interpret activation identifier {identifier!r}: {mend}")
    return NAMES[identifier]()
