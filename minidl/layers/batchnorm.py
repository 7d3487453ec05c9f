"""BatchNormalization: every feature brought to mean 0 and variance 1 over the batch."""

import numpy as np

from minidl import initializers, regularizers
from minidl.layer import Layer
from minidl.layers.layernorm import positive_epsilon
from minidl.layers.rows import column_sums, from_rows, to_rows


class BatchNormalization(Layer):
    """Brings every feature to mean 0 and variance 1 over the batch, then scales and shifts.

    Forward   μ = Σᵣ xᵣ / R     s² = Σᵣ (xᵣ − μ)² / R     over all R rows: batch, time, space
              x̂ = (x − μ) / √(s² + ε)     y = γ x̂ + β
              x, y: (N, …, C)   γ, β, μ, s²: (C,)
              in inference μ and s² are the running ones, which training keeps up:
              moving ← momentum · moving + (1 − momentum) · (μ or s²)
    Backward  dγ = Σᵣ x̂ dy     dβ = Σᵣ dy
              dx = γ (dy − (dβ + x̂ dγ) / R) / √(s² + ε)        in training: μ, s² depend on x
              dx = γ dy / √(s² + ε)                            in inference: they do not
    Cache     x̂, 1 / √(s² + ε), each row's share in μ (1 / R; none in inference), x's shape

    axis           the axis that stays, C; statistics are taken over all others
    mask           True where a position counts: the others are left out of μ, s² and R
    center, scale  False leaves β, γ out
    trainable      False: the running statistics serve in training too, and stay as they are

    s² divides by R, not R − 1, in the running variance too (as Keras; PyTorch keeps R − 1).

    Raises    ValueError: an axis that x does not have, another size of it, a wrong mask
    Source:   Ioffe & Szegedy 2015, algorithm 1 and 2
    """

    mixes_batch = True

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.axis, self.momentum = axis, share_of_one("BatchNormalization", momentum)
        self.epsilon = positive_epsilon("BatchNormalization", epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        shape = ((None, *input_shape)[self.channels(len(input_shape) + 1)],)
        if self.scale:
            init, regularizer = self.gamma_initializer, self.gamma_regularizer
            self.add_param("gamma", shape, init, self.rng, regularizer)
        if self.center:
            init, regularizer = self.beta_initializer, self.beta_regularizer
            self.add_param("beta", shape, init, self.rng, regularizer)
        dtype = self.dtype or "float32"
        for name in ("moving_mean", "moving_variance"):
            start = getattr(self, f"{name}_initializer")(shape, self.rng)
            self.state[name] = start.astype(dtype)

    def forward(self, x, training=False, mask=None):
        x = self.check(x)
        axes = [self.channels(x.ndim)]
        rows = to_rows(x, axes)  # (N, …, C) -> (R, C)
        keep = self.check_mask(mask, x)
        share = self.share(rows, keep) if training and self.trainable else None
        mean, variance = self.moments(rows, share)
        inverse = 1 / np.sqrt(variance + self.epsilon)  # (C,)
        x_hat = rows - mean
        x_hat *= inverse
        y = x_hat * self.gamma(inverse)
        if self.center:
            y += self.params["beta"]
        return from_rows(y, x.shape, axes), (x_hat, inverse, share, x.shape)

    def share(self, rows, keep):
        """What a row counts in the mean: 1 / R; (R, 1) with 0 where masked; None: no rows."""
        count = len(rows) if keep is None else int(keep.sum())
        if count == 0:
            return None
        return 1 / count if keep is None else keep.astype(rows.dtype) / count

    def moments(self, rows, share):
        """Mean and variance of the columns, noted in the state; the state's without a share."""
        if share is None:
            return self.state["moving_mean"], self.state["moving_variance"]
        if isinstance(share, float):
            mean = column_sums(rows) * share
            variance = column_sums(np.square(rows - mean)) * share
        else:  # what is masked may be NaN, so it is cut out and not only multiplied by 0
            kept = share > 0
            mean = column_sums(np.where(kept, rows, 0) * share)
            variance = column_sums(np.square(np.where(kept, rows - mean, 0)) * share)
        for name, new in (("moving_mean", mean), ("moving_variance", variance)):
            self.state[name] *= self.momentum
            self.state[name] += (1 - self.momentum) * new
        return mean, variance

    def backward(self, dy, cache):
        x_hat, inverse, share, shape = cache
        axes = [self.channels(len(shape))]
        dy = to_rows(dy, axes)  # (N, …, C) -> (R, C)
        dgamma, dbeta = column_sums(dy * x_hat), column_sums(dy)
        if share is None:
            dx = dy * (self.gamma(inverse) * inverse)
        else:
            dx = x_hat * dgamma
            dx += dbeta
            dx *= share
            np.subtract(dy, dx, out=dx)
            dx *= self.gamma(inverse) * inverse
        grads = {"gamma": dgamma} if self.scale else {}
        if self.center:
            grads["beta"] = dbeta
        return from_rows(dx, shape, axes), grads

    def gamma(self, like):
        return self.params["gamma"] if self.scale else np.ones_like(like)

    def channels(self, ndim):
        """The axis that stays, counted from the front."""
        axis = self.axis
        if not isinstance(axis, int | np.integer) or not -ndim < axis < ndim or axis == 0:
            raise ValueError(
                f"{self.where}: axis must be 1 … {ndim - 1}, or −1 … {1 - ndim} from the back, "
                f"for x of {ndim} axes, got {axis}: axis 0 is the batch"
            )
        return int(axis) % ndim

    def check(self, x):
        """x in the dtype of the state, or a sentence on what is wrong with its shape."""
        x = np.asarray(x)
        if not self.state:
            self.params["gamma"]  # says that the layer is not built
        axis, mean = self.channels(x.ndim), self.state["moving_mean"]
        if x.shape[axis] != len(mean):
            raise ValueError(
                f"{self.where}: x must have size {len(mean)} along axis {self.axis}, got shape "
                f"{x.shape}: match it to the shape that the layer was built for"
            )
        return x.astype(mean.dtype, copy=False)

    def check_mask(self, mask, x):
        """The mask as (R, 1) booleans; None where every position counts."""
        if mask is None:
            return None
        axis = self.channels(x.ndim)
        if axis != x.ndim - 1 or np.shape(mask) != x.shape[:-1]:
            raise ValueError(
                f"{self.where}: mask must have shape {x.shape[:-1]}, x's without the last, "
                f"and axis must be -1, got {np.shape(mask)} and axis {self.axis}"
            )
        return np.asarray(mask, dtype=bool).reshape(-1, 1)


def share_of_one(layer, momentum):
    """The momentum as a float from 0 to 1."""
    if not isinstance(momentum, float | int | np.number) or not 0 <= momentum <= 1:
        raise ValueError(
            f"{layer}: momentum must be from 0 to 1, got {momentum!r}: it is the share of the "
            "old running mean that is kept"
        )
    return float(momentum)
