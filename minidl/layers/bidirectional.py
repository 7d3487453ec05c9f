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
    Source    Schuster & Paliwal 1997
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
        check_pair(layer, self.backward_layer)
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
        return y, (factors, shown, f_cache, b_cache)

    def merge(self, f, b):
        if self.merge_mode is None:
            return f, b
        if self.merge_mode == "concat":
            return np.concatenate([f, b], axis=-1)  # (…, U), (…, U) -> (…, 2U)
        if self.merge_mode == "mul":
            return f * b
        return f + b if self.merge_mode == "sum" else (f + b) / 2

    def backward(self, dy, cache):
        factors, shown, f_cache, b_cache = cache
        outputs, states = dy, ()
        if self.return_state:
            n = 2 if self.merge_mode is None else 1
            outputs, states = (dy[:2] if n == 2 else dy[0]), dy[n:]
        df, db = self.split(outputs, factors)
        if shown is not None:
            df, db = df * shown, db * shown
        db = self.turned(db)
        if self.return_state:
            half = len(states) // 2
            df, db = (df, *states[:half]), (db, *states[half:])
        dx_f, f_grads = self.forward_layer.backward(df, f_cache)
        dx_b, b_grads = self.backward_layer.backward(db, b_cache)
        return dx_f + dx_b, self.collect(forward_layer=f_grads, backward_layer=b_grads)

    def split(self, dy, factors):
        """df and db: the backward of merge."""
        if self.merge_mode is None:
            return dy
        if self.merge_mode == "concat":
            return np.split(dy, 2, axis=-1)
        if self.merge_mode == "mul":
            f, b = factors
            return dy * b, dy * f
        return (dy, dy) if self.merge_mode == "sum" else (dy / 2, dy / 2)

    def turned(self, b):
        """b with its steps in the order of f; undoes itself."""
        return b[:, ::-1] if self.return_sequences else b

    def shown(self, mask):
        """(N, T, 1), False where y is to be 0; None if nowhere."""
        mask = self.forward_layer.compute_mask(None, mask) if self.return_sequences else None
        return None if mask is None else np.asarray(mask, dtype=bool)[:, :, None]

    def output_shape(self, input_shape):
        shape = self.forward_layer.output_shape(input_shape)
        y, *states = shape if self.return_state else (shape,)
        if self.merge_mode == "concat":
            y = (*y[:-1], 2 * y[-1])
        ys = (y, y) if self.merge_mode is None else (y,)
        return (*ys, *states, *states) if len(ys) + len(states) > 1 else y

    def compute_mask(self, x, mask=None):
        return self.forward_layer.compute_mask(x, mask)


def run(layer, x, training, mask):
    """layer.forward, with the mask if the layer knows of masks."""
    if layer.takes_mask:
        return layer.forward(x, training=training, mask=mask)
    return layer.forward(x, training=training)


def reversed_copy(layer):
    other = copy.deepcopy(layer)
    other.go_backwards, other.name = not layer.go_backwards, f"backward_{layer.name}"
    return other


def check_recurrent(layer):
    if not (hasattr(layer, "go_backwards") and hasattr(layer, "return_sequences")):
        raise TypeError(
            "Bidirectional: layer must be recurrent, with go_backwards and return_sequences, "
            f"got {type(layer).__name__}: use an LSTM(…)"
        )


def check_pair(layer, backward_layer):
    check_recurrent(backward_layer)
    if layer.go_backwards == backward_layer.go_backwards:
        raise ValueError(
            "Bidirectional: go_backwards must differ, got "
            f"{layer.go_backwards} in both layers: give backward_layer the other value"
        )
    for option in ("return_sequences", "return_state"):
        values = [getattr(one, option, False) for one in (layer, backward_layer)]
        if values[0] != values[1]:
            raise ValueError(
                f"Bidirectional: {option} must be the same in both layers, got {values[0]} and "
                f"{values[1]}: give backward_layer the value of layer"
            )
