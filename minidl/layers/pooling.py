"""Pooling: many time steps become one, without parameters."""

import numpy as np

from minidl.layer import Layer
from minidl.layers.windows import (
    Windows,
    as_sequences,
    as_size,
    check_channels_last,
    check_padding,
)


class _GlobalPooling1D(Layer):
    """What the two global poolings share: (N, T, C) -> (N, C), or (N, 1, C) with keepdims."""

    windows = Windows(1)  # at least one time step

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        check_channels_last(type(self).__name__, data_format)
        self.keepdims = keepdims

    def output_shape(self, input_shape):
        return (1, input_shape[-1]) if self.keepdims else (input_shape[-1],)

    def compute_mask(self, x, mask=None):
        return None

    def check(self, x):
        """x as floats, or a sentence on what is wrong with its shape."""
        return as_sequences(self, x)


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest value of each channel over all time steps.

    Forward   y = maxₜ xₜ                        x: (N, T, C)   y: (N, C)
    Backward  dxₜ = dy at the first t where the maximum is, else 0
              (where several are equal any share is right; here the first takes all)
    Cache     x and y: which t it was is looked up by backward, and not at all in inference

    A mask is not used, as in Keras: padding takes part in the maximum.

    Raises    ValueError: x is not (N, T, C), or T is 0
    Source:   D0 §5.2; Collobert et al. 2011 (max over time)
    """

    def forward(self, x, training=False):
        x = self.check(x)
        y = x.max(axis=1, keepdims=True)  # (N, T, C) -> (N, 1, C); 5 times as fast as argmax
        return y if self.keepdims else y[:, 0], (x, y)

    def backward(self, dy, cache):
        x, y = cache
        first = (x == y).argmax(axis=1)[:, None]  # (N, 1, C)
        dx = np.zeros(x.shape, dy.dtype)
        np.put_along_axis(dx, first, dy if self.keepdims else dy[:, None], axis=1)
        return dx, {}


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each channel over the time steps, those that the mask leaves out not counted.

    Forward   y = Σₜ mₜ xₜ / Σₜ mₜ               x: (N, T, C)   m: (N, T), all 1 without a mask
    Backward  dxₜ = mₜ dy / Σₜ mₜ
    Cache     the weights mₜ / Σₜ mₜ, (N, T, 1)

    A row whose steps are all left out has mean 0 and gradient 0 (Keras: 0/0, NaN).

    Raises    ValueError: x is not (N, T, C), T is 0, or the mask is not (N, T)
    Source:   D4 §5.2 (tf.reduce_mean over positions, there with the padding in it)
    """

    def forward(self, x, training=False, mask=None):
        x = self.check(x)
        if mask is None:
            weights = np.full((1, x.shape[1], 1), 1 / x.shape[1], x.dtype)
            y = x.mean(axis=1, keepdims=True)
        else:
            keep = self.check_mask(mask, x)[:, :, None]  # (N, T, 1)
            weights = keep / np.maximum(keep.sum(axis=1, keepdims=True), 1).astype(x.dtype)
            # What is left out may be NaN, so it is cut out first and not only multiplied by 0.
            y = (np.where(keep, x, 0) * weights).sum(axis=1, keepdims=True)
        return y if self.keepdims else y[:, 0], weights

    def backward(self, dy, cache):
        weights = cache
        return (dy if self.keepdims else dy[:, None]) * weights, {}  # (N, 1, C) * (N, T, 1)

    def check_mask(self, mask, x):
        """The mask as booleans, or a sentence on its shape."""
        if np.shape(mask) != x.shape[:2]:
            raise ValueError(
                f"{self.where}: mask must have shape {x.shape[:2]}, one boolean for each time "
                f"step of x, got {np.shape(mask)}: pass x != 0 of the ids"
            )
        return np.asarray(mask, dtype=bool)


class _Pooling1D(Layer):
    """What the two local poolings share: one output for each window of `pool_size` steps."""

    def __init__(
        self, pool_size=2, strides=None, padding="valid", data_format=None, name=None, **kwargs
    ):
        super().__init__(name=name, **kwargs)
        kind = type(self).__name__
        check_channels_last(kind, data_format)
        self.pool_size = as_size(kind, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else as_size(kind, "strides", strides)
        self.padding = check_padding(kind, padding, ("valid", "same"))
        self.windows = Windows(self.pool_size, self.padding, self.strides)

    def output_shape(self, input_shape):
        T, C = input_shape
        return (None if T is None else self.windows.count(T), C)

    def compute_mask(self, x, mask=None):
        return None

    def check(self, x):
        """x as floats, or a sentence on what is wrong with its shape."""
        return as_sequences(self, x)


class MaxPooling1D(_Pooling1D):
    """The largest value of each window.

    Forward   yₜ = max over the window of x from t·strides on      x: (N, T, C)   y: (N, T', C)
    Backward  dy goes to the first place in the window where the maximum is
    Cache     that place for each window and channel, and x's shape

    Padding counts as −∞. A mask ends here, as in Keras.

    Raises    ValueError: x is not (N, T, C), or too short for one window
    Source:   LeCun et al. 1998 (subsampling); Boureau et al. 2010 (by the maximum)
    """

    def forward(self, x, training=False):
        x = self.check(x)
        windows = self.windows.cut(x, fill=-np.inf)  # (N, T, C) -> (N, T', K, C)
        first = windows.argmax(axis=2)[:, :, None]  # (N, T', 1, C)
        return np.take_along_axis(windows, first, axis=2)[:, :, 0], (first, x.shape)

    def backward(self, dy, cache):
        first, (N, T, C) = cache
        dwindows = np.zeros((N, dy.shape[1], self.pool_size, C), dy.dtype)
        np.put_along_axis(dwindows, first, dy[:, :, None], axis=2)
        return self.windows.fold(dwindows, T), {}


class AveragePooling1D(_Pooling1D):
    """The mean of each window; padding is not counted.

    Forward   yₜ = (1 / nₜ) Σ over the window of x from t·strides on      nₜ: its steps inside x
    Backward  every step in the window gets dyₜ / nₜ
    Cache     n (1, T', 1), and x's shape

    A mask ends here, as in Keras.

    Raises    ValueError: x is not (N, T, C), or too short for one window
    Source:   LeCun et al. 1998 (subsampling)
    """

    def forward(self, x, training=False):
        x = self.check(x)
        inside = np.ones((1, x.shape[1], 1), x.dtype)
        n = self.windows.cut(inside).sum(axis=2)  # (1, T', K, 1) -> (1, T', 1)
        return self.windows.cut(x).sum(axis=2) / n, (n, x.shape)

    def backward(self, dy, cache):
        n, (N, T, C) = cache
        share = (dy / n)[:, :, None]  # (N, T', 1, C), the same for each of K steps
        dwindows = np.broadcast_to(share, (N, dy.shape[1], self.pool_size, C))
        return self.windows.fold(dwindows, T), {}
