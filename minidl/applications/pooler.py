"""Pooler: from a vector for each token to one for the whole text."""

import numpy as np

from minidl.layers.dense import Dense


class Pooler(Dense):
    """The first position's vector, that of [CLS], through a tanh layer of the same width.

    Forward   y = tanh(x₀ W + b)       x: (N, T, D), x₀ its first position   y: (N, D)
    Backward  dx₀ as Dense's; 0 at all other positions
    Cache     Dense's, and x's shape

    A mask ends here.

    Raises    ValueError: x is not (N, T, D) with T ≥ 1
    Source:   Devlin et al. 2019, §3.1 (C); the tanh layer is in its published weights (D4 §3.1)
    """

    def __init__(self, units, **kwargs):
        super().__init__(units, "tanh", **kwargs)

    def forward(self, x, training=False):
        x = np.asarray(x)
        if x.ndim != 3 or x.shape[1] == 0:
            raise ValueError(
                f"{self.where}: x must have shape (N, T, D) with T ≥ 1, got {x.shape}: give it "
                "the hidden states of BERT"
            )
        y, cache = super().forward(x[:, 0])  # (N, T, D) -> (N, D)
        return y, (cache, x.shape)

    def backward(self, dy, cache):
        cache, shape = cache
        dfirst, grads = super().backward(dy, cache)
        dx = np.zeros(shape, dfirst.dtype)
        dx[:, 0] = dfirst
        return dx, grads

    def output_shape(self, input_shape):
        return (self.units,)

    def compute_mask(self, x, mask=None):
        return None
