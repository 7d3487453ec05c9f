"""Residual: a layer with a way around it."""

import numpy as np

from minidl.composite import Composite
from minidl.layer import Layer


class Residual(Composite):
    """Adds to x what a layer makes of it: the layer learns the difference.

    Forward   y = x + f(x)             f: a layer whose output has x's shape
    Backward  dx = dy + ∂fᵀ dy         the first term reaches every layer below undiminished
    Cache     what f keeps

    mask: f gets it, if it uses masks.

    Raises    TypeError: f is no layer; ValueError: f(x) has another shape than x
    Source:   He et al. 2016, eq. 1
    """

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise TypeError(f"Residual: layer must be a layer, got {layer!r}: write Dense(10)")
        self.layer = layer

    def forward(self, x, training=False, mask=None):
        masks = {"mask": mask} if mask is not None and self.layer.takes_mask else {}
        x = np.asarray(x)
        fx, cache = self.layer.forward(x, training=training, **masks)
        if np.shape(fx) != x.shape:
            raise ValueError(
                f"{self.where}: {type(self.layer).__name__} must keep x's shape {x.shape}, got "
                f"{np.shape(fx)}: give it as many units as x has features"
            )
        return x.astype(fx.dtype, copy=False) + fx, cache

    def backward(self, dy, cache):
        dx, grads = self.layer.backward(dy, cache)
        return dy + dx, self.collect(layer=grads)

    def output_shape(self, input_shape):
        return input_shape
