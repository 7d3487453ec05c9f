"""Bidirectional: a sequence read from both ends."""

import copy

import numpy as np

from minidl.composite import Composite

MERGE_MODES = ("concat", "sum", "mul", "ave", None)


class Bidirectional(Composite):
    """Runs a recurrent layer forward in time, a copy of it backward, and merges their outputs.

    Forward   f = layer(x)     b = backward_layer(x), with return_sequences put back in the
              order of f       y = [f, b], f + b, f ⊙ b, (f + b) / 2 or the tuple (f, b)
              x: (N, T, D)     y: (N, 2U) or (N, T, 2U) with "concat", else U in place of 2U
              with return_state the tuple (y, states of f, states of b)
    Backward  df, db = the halves of dy; dy, dy; b ⊙ dy, f ⊙ dy; dy / 2, dy / 2; dy itself
              dx = the sum of what both layers give back
    Cache     what both layers keep; the mask; f and b for their product

    layer           one with go_backwards and return_sequences, such as LSTM
    merge_mode      "concat", "sum", "mul", "ave" or None
    weights         arrays to start from, those of the forward layer first
    backward_layer  to be used in place of the copy; it has to read the other way

    mask: both layers get it. With return_sequences, y is 0 at a step that is not kept.

    Raises    ValueError: an unknown merge_mode, or two layers that do not fit together
              TypeError: the layer is not recurrent
    Source:   Schuster & Paliwal 1997
    """

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        super().__init__(**kwargs)
        if merge_mode not in MERGE_MODES:
            raise ValueError(
                f"Bidirectional: merge_mode must be 'concat', 'sum', 'mul', 'ave' or None, got "
                f"{merge_mode!r}"
            )
        check_recurrent(layer)
        self.forward_layer = layer
        self.backward_layer = reversed_copy(layer) if backward_layer is None else backward_layer
        check_pair(layer, self.backward_layer, merge_mode)
        self.merge_mode, self.initial_weights = merge_mode, weights

    @property
    def return_sequences(self):
        return self.forward_layer.return_sequences

    @property
    def return_state(self):
        return getattr(self.forward_layer, "return_state", False)

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)

    def forward(self, x, training=False, mask=None):
        f, f_cache = run(self.forward_layer, x, training, mask)
        b, b_cache = run(self.backward_layer, x, training, mask)
        (f, *f_states), (b, *b_states) = (f, b) if self.return_state else ((f,), (b,))
        b = self.turned(b)
        shown = self.shown(mask)
        if shown is not None:
            f, b = f * shown, b * shown
        y = self.merge(f, b)
        if self.return_state:
            y = (*(y if self.merge_mode is None else (y,)), *f_states, *b_states)
        factors = (f, b) if self.merge_mode == "mul" else None
        return y, (factors, f.shape[-1], shown, f_cache, b_cache)

    def merge(self, f, b):
        if self.merge_mode is None:
            return f, b
        if self.merge_mode == "concat":
            return np.concatenate([f, b], axis=-1)  # (…, U), (…, U) -> (…, 2U)
        if self.merge_mode == "mul":
            return f * b
        return f + b if self.merge_mode == "sum" else (f + b) / 2

    def backward(self, dy, cache):
        factors, width, shown, f_cache, b_cache = cache
        (dy, *d_states) = self.parts(dy) if self.return_state else (dy,)
        df, db = (None, None) if dy is None else self.split(dy, factors, width)
        if shown is not None:
            df, db = (None if d is None else d * shown for d in (df, db))
        db = None if db is None else self.turned(db)
        if self.return_state:
            half = len(d_states) // 2
            df, db = (df, *d_states[:half]), (db, *d_states[half:])
        dx_f, f_grads = self.forward_layer.backward(df, f_cache)
        dx_b, b_grads = self.backward_layer.backward(db, b_cache)
        return dx_f + dx_b, self.collect(forward_layer=f_grads, backward_layer=b_grads)

    def split(self, dy, factors, width):
        """df and db: the backward of merge."""
        if self.merge_mode is None:
            return dy
        if self.merge_mode == "concat":
            return dy[..., :width], dy[..., width:]
        if self.merge_mode == "mul":
            f, b = factors
            return dy * b, dy * f
        return (dy, dy) if self.merge_mode == "sum" else (dy / 2, dy / 2)

    def parts(self, dy):
        """dy with the outputs in one place, then the states; or a sentence."""
        if not isinstance(dy, tuple | list):
            raise ValueError(
                f"{self.where}: with return_state dy must be a tuple, a part for each output, "
                f"got {type(dy).__name__}: put None where there is no gradient"
            )
        return ((dy[0], dy[1]), *dy[2:]) if self.merge_mode is None else dy

    def turned(self, b):
        """b with its steps in the order of f; undoes itself."""
        return b[:, ::-1] if self.return_sequences else b

    def shown(self, mask):
        """(N, T, 1), False where y is to be 0; None if nowhere."""
        mask = self.forward_layer.compute_mask(None, mask) if self.return_sequences else None
        return None if mask is None else np.asarray(mask, dtype=bool)[:, :, None]

    def output_shape(self, input_shape):
        f, b = (
            one.output_shape(input_shape) for one in (self.forward_layer, self.backward_layer)
        )
        (f, *f_states), (b, *b_states) = (f, b) if self.return_state else ((f,), (b,))
        y = (*f[:-1], f[-1] + b[-1]) if self.merge_mode == "concat" else f
        ys = (f, b) if self.merge_mode is None else (y,)
        return (*ys, *f_states, *b_states) if self.return_state or len(ys) == 2 else y

    def compute_mask(self, x, mask=None):
        return self.forward_layer.compute_mask(x, mask)


def run(layer, x, training, mask):
    """layer.forward, with the mask if the layer knows of masks."""
    if layer.takes_mask:
        return layer.forward(x, training=training, mask=mask)
    return layer.forward(x, training=training)


def reversed_copy(layer):
    other = copy.deepcopy(layer)
    other.go_backwards = not layer.go_backwards
    other.name = f"backward_{getattr(layer, 'name', 'layer')}"
    return other


def check_recurrent(layer):
    if not (hasattr(layer, "go_backwards") and hasattr(layer, "return_sequences")):
        raise TypeError(
            "Bidirectional: layer must be recurrent, with go_backwards and return_sequences, "
            f"got {type(layer).__name__}: use an LSTM(…)"
        )


def check_pair(layer, backward_layer, merge_mode):
    check_recurrent(backward_layer)
    if layer.go_backwards == backward_layer.go_backwards:
        raise ValueError(
            "Bidirectional: go_backwards must differ, got "
            f"{layer.go_backwards} in both layers: give backward_layer the other value"
        )
    options = ["return_sequences", "return_state"]
    if merge_mode in ("sum", "mul", "ave"):
        options.append("units")
    for option in options:
        f, b = (getattr(one, option, False) for one in (layer, backward_layer))
        if f != b:
            raise ValueError(
                f"Bidirectional: {option} must be the same in both layers, got {f} and {b}: "
                f"give backward_layer {option}={f}"
            )
