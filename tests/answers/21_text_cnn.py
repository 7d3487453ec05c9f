"""Answers: A text CNN: filters that find n-grams."""

import numpy as np

from minidl import Layer
from minidl.initializers import GlorotUniform


class Depthwise(Layer):
    """y_t,c = Σ_k x_{t+k},c W_k,c with K = 2.

    dW_k,c = Σ_n,t dy_t,c x_{t+k},c, and x_t gets dy_t W_0 as the first of its window, and
    dy_{t-1} W_1 as the second: both are added."""

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.add_param("W", (2, input_shape[-1]), GlorotUniform(), self.rng)

    def forward(self, x, training=False):
        W = self.params["W"]
        return x[:, :-1] * W[0] + x[:, 1:] * W[1], x  # (N, T, C) -> (N, T - 1, C)

    def backward(self, dy, cache):
        x, W = cache, self.params["W"]
        dx = np.zeros_like(x)
        dx[:, :-1] += dy * W[0]
        dx[:, 1:] += dy * W[1]
        dW = [(dy * x[:, :-1]).sum(axis=(0, 1)), (dy * x[:, 1:]).sum(axis=(0, 1))]
        return dx, {"W": np.stack(dW)}

    def output_shape(self, input_shape):
        T, C = input_shape
        return (T - 1, C)


class SoftMaximum(Layer):
    """y_c = ln Σ_t e^{x_t,c}, with the largest taken out so that no e^x overflows.

    ∂y_c/∂x_t,c = e^{x_t,c} / Σ e^{x_s,c}: a softmax over the places shares dy out."""

    def forward(self, x, training=False):
        top = x.max(axis=1, keepdims=True)
        e = np.exp(x - top)
        total = e.sum(axis=1, keepdims=True)
        return (top + np.log(total))[:, 0], e / total  # (N, C), (N, T, C)

    def backward(self, dy, cache):
        return dy[:, None] * cache, {}

    def output_shape(self, input_shape):
        return input_shape[1:]


class TopTwo(Layer):
    """The sum of the two largest of each channel: dy goes to these two places, whole."""

    def forward(self, x, training=False):
        places = np.argsort(x, axis=1)[:, -2:]  # (N, 2, C)
        return np.take_along_axis(x, places, axis=1).sum(axis=1), (places, x.shape)

    def backward(self, dy, cache):
        places, shape = cache
        dx = np.zeros(shape, dy.dtype)
        np.put_along_axis(dx, places, dy[:, None], axis=1)
        return dx, {}

    def output_shape(self, input_shape):
        return input_shape[1:]


x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
CHECKS = [(Depthwise(), x), (SoftMaximum(), x), (TopTwo(), x)]

three = np.array([[[1.0], [2.0], [4.0]]])


def depthwise(W):
    layer = Depthwise()
    layer.build((None, W.shape[1]))
    layer.params["W"] = W
    return layer


NUMBERS = [
    (depthwise(np.array([[3.0], [-1.0]])).forward(three)[0], "1, 2"),
    (SoftMaximum().forward(three)[0], "4.1698"),
    (TopTwo().forward(three)[0], "6"),
]
