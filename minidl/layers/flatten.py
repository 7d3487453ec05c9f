"""Flatten and Reshape: the same numbers in another shape."""

import math

import numpy as np

from minidl.layer import Layer
from minidl.layers.windows import check_channels_last


class Flatten(Layer):
    """Lays each row of the batch flat.

    Forward   y = x in shape (N, A · B · …)      x: (N, A, B, …)
    Backward  dx = dy in x's shape
    Cache     x's shape

    A mask ends here, as in Keras: there is no time axis left.

    Source:   LeCun et al. 1998 (from feature maps to the fully connected layers)
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        check_channels_last("Flatten", data_format)

    def forward(self, x, training=False):
        x = np.asarray(x)
        return x.reshape(len(x), math.prod(x.shape[1:])), x.shape

    def backward(self, dy, cache):
        return dy.reshape(cache), {}

    def output_shape(self, input_shape):
        return (None if None in input_shape else math.prod(input_shape),)

    def compute_mask(self, x, mask=None):
        return None


class Reshape(Layer):
    """Gives each row of the batch another shape.

    Forward   y = x in shape (N, *target_shape)      at most one entry is −1: what is left over
    Backward  dx = dy in x's shape
    Cache     x's shape

    A mask ends here, as in Keras.

    Raises    ValueError: the numbers of a row do not fit the target shape
    Source:   LeCun et al. 1998 (from feature maps to the fully connected layers, and back)
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def forward(self, x, training=False):
        x = np.asarray(x)
        return x.reshape(len(x), *self.output_shape(x.shape[1:])), x.shape

    def backward(self, dy, cache):
        return dy.reshape(cache), {}

    def output_shape(self, input_shape):
        if None in input_shape:
            return tuple(None if size == -1 else size for size in self.target_shape)
        numbers = math.prod(input_shape)
        known = math.prod(size for size in self.target_shape if size != -1)
        left_over = numbers // known if known else 0
        shape = tuple(left_over if size == -1 else size for size in self.target_shape)
        if math.prod(shape) != numbers or self.target_shape.count(-1) > 1:
            raise ValueError(
                f"{self.where}: target_shape {self.target_shape} does not fit rows of shape "
                f"{tuple(input_shape)}: it must hold {numbers} numbers, with at most one -1"
            )
        return shape

    def compute_mask(self, x, mask=None):
        return None
