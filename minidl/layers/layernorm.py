"""LayerNormalization: every row brought to mean 0 and variance 1 by itself."""

import numpy as np

from minidl import initializers, regularizers
from minidl.layer import Layer
from minidl.layers.rows import column_sums, from_rows, row_sums, to_rows


class LayerNormalization(Layer):
    """Brings the features of every position to mean 0 and variance 1, then scales and shifts.

    Forward   μ = Σⱼ xⱼ / D     s² = Σⱼ (xⱼ − μ)² / D     x̂ = (x − μ) / √(s² + ε)
              y = γ x̂ + β                      x, y: (N, …, D)   γ, β: (D,)   μ, s²: (N, …)
    Backward  g = γ dy
              dx = (g − Σⱼ gⱼ / D − x̂ Σⱼ gⱼ x̂ⱼ / D) / √(s² + ε)
              dγ = Σ x̂ dy     dβ = Σ dy        over all rows and positions
    Cache     x̂, 1 / √(s² + ε), x's shape

    axis           the axis or axes to normalise over; γ and β have their sizes
    epsilon        ε: Keras's 0.001 here, 1e-5 in PyTorch, 1e-12 in BERT
    center, scale  False leaves β, γ out

    Raises    ValueError: an axis that x does not have, the batch axis, or another size of it
    Source:   Ba, Kiros & Hinton 2016, eq. 3; Add & Norm of D4 §3.1's BERT
    """

    def __init__(
        self,
        axis=-1,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = positive_epsilon("LayerNormalization", epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        sizes = (None, *input_shape)
        shape = tuple(sizes[axis] for axis in self.axes(len(sizes)))
        if self.scale:
            init, regularizer = self.gamma_initializer, self.gamma_regularizer
            self.add_param("gamma", shape, init, self.rng, regularizer)
        if self.center:
            init, regularizer = self.beta_initializer, self.beta_regularizer
            self.add_param("beta", shape, init, self.rng, regularizer)

    def forward(self, x, training=False):
        x, axes = self.check(x), self.axes(np.ndim(x))
        rows = to_rows(x, axes)  # (N, …, D) -> (R, D)
        D = rows.shape[1]
        x_hat = rows - row_sums(rows) / D  # not E[x²] − μ²: that cancels for a large μ
        y = x_hat * x_hat
        inverse = 1 / np.sqrt(row_sums(y) / D + self.epsilon)  # (R, D) -> (R, 1)
        x_hat *= inverse
        np.multiply(x_hat, self.gamma(x_hat), out=y)
        if self.center:
            y += self.params["beta"].reshape(-1)
        return from_rows(y, x.shape, axes), (x_hat, inverse, x.shape)

    def backward(self, dy, cache):
        x_hat, inverse, shape = cache
        axes, gamma, D = self.axes(len(shape)), self.gamma(x_hat), x_hat.shape[1]
        dy = to_rows(dy, axes)  # (N, …, D) -> (R, D)
        dy_x_hat, grads = dy * x_hat, {}
        if self.scale:
            grads["gamma"] = column_sums(dy_x_hat).reshape(self.params["gamma"].shape)
        if self.center:
            grads["beta"] = column_sums(dy).reshape(self.params["beta"].shape)
        # Σ g = dy @ γ and Σ g x̂ = (dy x̂) @ γ: a product with γ is the sum over the row
        slope = (dy_x_hat @ gamma / D)[:, None]  # (R, D) @ (D,) -> (R, 1)
        dx = dy * gamma
        dx -= (dy @ gamma / D)[:, None]
        dx -= np.multiply(x_hat, slope, out=dy_x_hat)
        dx *= inverse
        return from_rows(dx, shape, axes), grads

    def gamma(self, rows):
        """γ as a row (D,); ones where there is none."""
        if self.scale:
            return self.params["gamma"].reshape(-1)
        return np.ones(rows.shape[1], rows.dtype)

    def axes(self, ndim):
        """The normalised axes in ascending order, counted from the front."""
        axes = np.atleast_1d(self.axis).tolist()
        if any(not -ndim < axis < ndim or axis == 0 for axis in axes):
            raise ValueError(
                f"{self.where}: axis must be 1 … {ndim - 1}, or −1 … {1 - ndim} from the back, "
                f"for x of {ndim} axes, got {self.axis}: axis 0 is the batch"
            )
        return sorted({axis % ndim for axis in axes})

    def check(self, x):
        """x as floats, or a sentence on what is wrong with its shape."""
        x = np.asarray(x)
        axes, sizes = self.axes(x.ndim), self.input_shape and (None, *self.input_shape)
        known = next((a.shape for a in self.params.values()), None)
        if known is None and sizes and len(sizes) == x.ndim:
            known = tuple(sizes[axis] for axis in axes)
        if known is not None and tuple(x.shape[axis] for axis in axes) != known:
            raise ValueError(
                f"{self.where}: x must have sizes {known} along axis {self.axis}, got shape "
                f"{x.shape}: match it to the shape that the layer was built for"
            )
        return as_floats(self, x)


def as_floats(layer, x):
    """x in the dtype of the layer's arrays; floats of a layer without any stay as they are."""
    arrays = [*layer.params.values(), *layer.state.values()]
    if arrays:
        return x.astype(arrays[0].dtype, copy=False)
    return x if x.dtype.kind == "f" else x.astype(layer.dtype or "float32")


def positive_epsilon(layer, epsilon):
    """ε as a float > 0: without it a constant row would be 0 / 0."""
    number = isinstance(epsilon, float | int | np.number) and not isinstance(epsilon, bool)
    if not number or not 0 < epsilon < np.inf:
        raise ValueError(
            f"{layer}: epsilon must be a positive number, got {epsilon!r}: 0.001 is usual"
        )
    return float(epsilon)
