"""Dropout: noise in training, so that no unit can rely on one other."""

import numpy as np

from minidl.layer import Layer
from minidl.random import new_generator


class Dropout(Layer):
    """In training sets each entry to zero with probability `rate`; in prediction does nothing.

    Forward   y = x ⊙ m,   m = 0 with probability p, else 1 / (1 − p)     so that E[y] = x
    Backward  dx = dy ⊙ m
    Cache     m, or None where nothing was dropped

    rate          p, from 0 up to but not including 1
    noise_shape   m's shape where it is to be shared: (None, 1, None) drops whole channels;
                  None stands for x's own size
    seed          gives the layer a random stream of its own

    Raises    ValueError: the rate is outside [0, 1), or noise_shape does not fit x
    Source:   D1 Q4; Srivastava et al. 2014, scaled in training as in Keras
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(rate, float | int | np.number) or not 0 <= rate < 1:
            raise ValueError(
                f"Dropout: rate must be at least 0 and below 1, got {rate!r}: it is the share "
                "of entries to drop, 0.5 for half of them"
            )
        self.rate, self.noise_shape, self.seed = float(rate), noise_shape, seed
        self.rng = new_generator(seed)  # until build gives the layer its own

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng if self.seed is None else self.seed)

    def forward(self, x, training=False):
        x = np.asarray(x)
        if not training or self.rate == 0:
            return x, None
        dtype = x.dtype if x.dtype.kind == "f" else self.dtype or "float32"
        keep = self.rng.random(self.mask_shape(x), dtype="float32") >= self.rate
        mask = keep.astype(dtype)
        mask *= 1 / (1 - self.rate)
        return x * mask, mask

    def backward(self, dy, cache):
        return (dy if cache is None else dy * cache), {}

    def mask_shape(self, x):
        """noise_shape with x's sizes in place of None."""
        if self.noise_shape is None:
            return x.shape
        shape = tuple(n if m is None else m for m, n in zip(self.noise_shape, x.shape))
        fits = all(m in (1, n) for m, n in zip(shape, x.shape))
        if len(self.noise_shape) != x.ndim or not fits:
            raise ValueError(
                f"{self.where}: noise_shape {self.noise_shape} must have one entry for each "
                f"axis of x {x.shape}: None, or 1 to share the mask along it"
            )
        return shape
