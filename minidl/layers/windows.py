"""Windows: where a kernel of K taps lies on the time axis. Conv1D and the pooling share it."""

import numpy as np

from minidl.layers.dense import positive_integer

PADDINGS = ("valid", "same", "causal")


class Windows:
    """The windows of K steps, `dilation` apart, that begin every `stride` steps.

    span = (K − 1) · dilation + 1 is what a window reaches over. T' windows fit on T steps:

    valid   T' = ⌈(T − span + 1) / stride⌉     the kernel stays inside
    same    T' = ⌈T / stride⌉                  padded on both sides, the odd step on the right
    causal  T' = ⌈T / stride⌉                  padded on the left: no window sees the future
    """

    def __init__(self, K, padding="valid", stride=1, dilation=1):
        self.K, self.padding, self.stride, self.dilation = K, padding, stride, dilation
        self.span = (K - 1) * dilation + 1

    def pads(self, T):
        """(left, right): how many steps of padding."""
        if self.padding == "valid":
            return 0, 0
        if self.padding == "causal":
            return self.span - 1, 0
        count = -(-T // self.stride)  # ⌈T / stride⌉
        total = max((count - 1) * self.stride + self.span - T, 0)
        return total // 2, total - total // 2

    def count(self, T):
        """T', the number of windows; below 1 where not even one fits."""
        return (sum(self.pads(T)) + T - self.span) // self.stride + 1

    def cut(self, x, fill=0):
        """Every window of x, padded with `fill`: (N, T, C) -> (N, T', K, C), mostly a view."""
        left, right = self.pads(x.shape[1])
        if left or right:
            x = np.pad(x, ((0, 0), (left, right), (0, 0)), constant_values=fill)
        view = np.lib.stride_tricks.sliding_window_view(x, self.span, axis=1)
        return view[:, :: self.stride, :, :: self.dilation].swapaxes(2, 3)

    def fold(self, dwindows, T):
        """The way back: a step gets the sum over its windows, (N, T', K, C) -> (N, T, C)."""
        N, count, K, C = dwindows.shape
        left, right = self.pads(T)
        dx = np.zeros((N, left + T + right, C), dwindows.dtype)
        reach = (count - 1) * self.stride + 1
        for k in range(K):
            start = k * self.dilation
            dx[:, start : start + reach : self.stride] += dwindows[:, :, k]
        return dx[:, left : left + T]


def as_sequences(layer, x, C=None):
    """x as floats of shape (N, T, C) that hold a window, or a sentence on what is wrong."""
    x = np.asarray(x)
    if x.ndim != 3 or (C is not None and x.shape[2] != C):
        mend = "give it one row of channels for each time step, batch first"
        if x.ndim == 2:
            mend = "x[:, :, None] makes a series of one channel; ids need an Embedding first"
        elif x.ndim == 3:
            mend = "match the last axis to the layer's input"
        raise ValueError(
            f"{layer.where}: x must have shape (N, T, {C or 'C'}), got {x.shape}: {mend}"
        )
    check_length(layer, x.shape[1])
    return x if x.dtype.kind == "f" else x.astype(layer.dtype or "float32")


def check_length(layer, T):
    """A sentence where T steps are too few for one window."""
    if layer.windows.count(T) < 1:
        raise ValueError(
            f"{layer.where}: x must have at least {layer.windows.span} time steps, as many as "
            f"one window reaches over, got {T}: use longer sequences (pad_sequences with a "
            "larger maxlen), a smaller window, or padding='same'"
        )


def as_size(layer, name, value):
    """A positive integer, given as one or, as Keras allows, as a tuple of one."""
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    return positive_integer(layer, name, value)


def check_padding(layer, padding, choices=PADDINGS):
    """One of the names of padding, in small letters."""
    name = padding.lower() if isinstance(padding, str) else padding
    if name not in choices:
        raise ValueError(f"{layer}: padding must be one of {choices}, got {padding!r}")
    return name


def check_channels_last(layer, data_format):
    """minidl knows one layout."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{layer}: data_format must be 'channels_last', got {data_format!r}: move the "
            "channels to the end with np.moveaxis(x, 1, -1)"
        )
