"""A dilated causal convolution, channels first, whose taps count back in time.

Write the four functions below. NumPy is all you need; do not import minidl.
The formulas, the shapes and worked numbers are in dilated_conv.md.
"""

import numpy as np

ASSIGNMENT = "dilated_conv"


def delay(x, s):
    """x, s steps later: y[..., t] = x[..., t − s], and 0 where t < s.

    x: (N, C, T)   s: 0, 1, 2, …, also T and more   y: (N, C, T)

    Returns y.
    """
    ### BEGIN SOLUTION
    T = x.shape[-1]
    y = np.zeros(x.shape)
    y[..., s:] = x[..., : max(T - s, 0)]
    return y
    ### END SOLUTION


def delay_backward(dy, s):
    """dx of delay for an upstream gradient dy: (N, C, T).

    Returns dx: (N, C, T).
    """
    ### BEGIN SOLUTION
    T = dy.shape[-1]
    dx = np.zeros(dy.shape)
    dx[..., : max(T - s, 0)] = dy[..., s:]
    return dx
    ### END SOLUTION


def dilated_conv(x, W, b, dilation):
    """y[n, f, t] = b[f] + Σ_c Σ_k W[f, c, k] x[n, c, t − k · dilation], x = 0 before t = 0.

    x: (N, C, T)   W: (F, C, K)   b: (F,)   dilation: 1, 2, …   y: (N, F, T)

    Returns y, cache with cache = (x, W, dilation).
    """
    ### BEGIN SOLUTION
    (N, _, T), (F, _, K) = x.shape, W.shape
    y = np.zeros((N, F, T)) + b[:, None]
    for k in range(K):
        y += W[:, :, k] @ delay(x, k * dilation)  # (F, C) @ (N, C, T) -> (N, F, T)
    return y, (x, W, dilation)
    ### END SOLUTION


def dilated_conv_backward(dy, cache):
    """The gradients for an upstream gradient dy: (N, F, T).

    cache: (x, W, dilation) as dilated_conv returns it

    Returns dx, dW, db with the shapes of x, W, b.
    """
    ### BEGIN SOLUTION
    x, W, dilation = cache
    dx, dW = np.zeros(x.shape), np.zeros(W.shape)
    for k in range(W.shape[2]):
        later = delay(x, k * dilation)
        dW[:, :, k] = np.einsum("nft,nct->fc", dy, later)  # over the batch and all steps
        dx += delay_backward(W[:, :, k].T @ dy, k * dilation)  # (C, F) @ (N, F, T)
    db = dy.sum(axis=(0, 2))
    return dx, dW, db
    ### END SOLUTION


class DilatedConv:
    """Your functions as a layer, for `minidl check`. Nothing to write here."""

    def __init__(self, C, F, K, dilation, rng):
        self.params = {"W": rng.standard_normal((F, C, K)), "b": rng.standard_normal(F)}
        self.dilation = dilation

    def forward(self, x):
        return dilated_conv(x, self.params["W"], self.params["b"], self.dilation)

    def backward(self, dy, cache):
        dx, dW, db = dilated_conv_backward(dy, cache)
        return dx, {"W": dW, "b": db}


rng = np.random.default_rng(0)
CHECKS = [(DilatedConv(3, 2, 3, 2, rng), rng.standard_normal((2, 3, 7)))]
