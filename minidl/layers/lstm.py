"""LSTM: a recurrent layer that learns what to keep and what to forget."""

import numpy as np

from minidl import initializers, regularizers
from minidl.layer import Layer
from minidl.layers import activations
from minidl.layers.dense import positive_integer
from minidl.layers.lstm_steps import cell_for, places, run, run_back, stack_inputs
from minidl.random import new_generator


class LSTM(Layer):
    """Reads a sequence step by step, with a memory c and gates that let in, keep and show.

    Forward   i, f, o = σ(x_t W + h_{t−1} U + b), each with its own columns of W, U and b
              g   = φ(x_t W + h_{t−1} U + b)
              c_t = f c_{t−1} + i g             h_t = o φ(c_t)             h₀ = c₀ = 0
              x: (N, T, D)   W: (D, 4U)   U: (U, 4U)   b: (4U,), columns in the order i, f, g, o
              y: h_T (N, U); with return_sequences every h_t (N, T, U); with return_state the
              tuple (y, h_T, c_T)
    Backward  from t = T to 1, with dh and dc from step t + 1, and dh also from dy:
              dc += dh o φ'(c_t)
              dzᵢ = dc g σ'    dz_f = dc c_{t−1} σ'    dz_g = dc i φ'    dz_o = dh φ(c_t) σ'
              dc_{t−1} = dc f      dh_{t−1} = dz Uᵀ      dx_t = dz Wᵀ
              dW = Σ x_tᵀ dz       dU = Σ h_{t−1}ᵀ dz    db = Σ dz       over steps and rows
              With return_state dy is a tuple of three (None: nothing comes from that part).
              If forward was given an initial_state (h₀, c₀), dx is the tuple (dx, dh₀, dc₀).
    Cache     columns [x_t; h_{t−1}; 1]; c₀; the masks; in training i, o, f, g, φ(c_t), c_{t−1}
              of every step: after a prediction, backward runs them once more

    mask: a step that is not kept is passed over. h and c stay, and y repeats the last y, which
    is 0 before the first step kept. go_backwards reads from T to 1, and returns steps and mask
    in that order. dropout drops features of x, in one sequence the same ones at every step.
    unroll is accepted and changes nothing.

    Raises    ValueError: wrong shape of x, mask, initial_state; units or dropout out of range;
              stateful or recurrent_dropout, which this layer does not have
    Source:   D1 §5.2, D3 §5.2; Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000
    """

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = positive_integer("LSTM", "units", units)
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias, self.unit_forget_bias = use_bias, unit_forget_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        check_options(dropout, recurrent_dropout, stateful)
        self.dropout, self.seed = float(dropout), seed
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards = go_backwards

    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        D, U = input_shape[-1], self.units
        init, regularizer = self.kernel_initializer, self.kernel_regularizer
        self.add_param("W", (D, 4 * U), init, self.rng, regularizer)
        init, regularizer = self.recurrent_initializer, self.recurrent_regularizer
        self.add_param("U", (U, 4 * U), init, self.rng, regularizer)
        if self.use_bias:
            self.add_param("b", (4 * U,), self.initial_bias, self.rng, self.bias_regularizer)
        if self.seed is not None:
            self.rng = new_generator(self.seed)  # a stream of its own, for dropout

    def initial_bias(self, shape, rng):
        """Zeros, but 1 for the forget gate: a new layer keeps what it has seen."""
        b = self.bias_initializer(shape, rng)
        if self.unit_forget_bias:
            b[self.units : 2 * self.units] = 1
        return b

    # ---- forward ----

    def forward(self, x, training=False, mask=None, initial_state=None):
        x = self.check(x)
        keep = self.check_mask(mask, x)  # (T, 1, N), or None where every step counts
        drop = self.draw_dropout(x) if training and self.dropout else None
        xs = self.in_order(x.transpose(1, 2, 0))  # (N, T, D) -> (T, D, N)
        inputs = stack_inputs(xs, self.units, self.use_bias, keep, drop)
        h = inputs[:, self.hidden]
        h[0], c = self.check_state(initial_state, h[0])
        skips = [None] * x.shape[1] if keep is None else [None if k.all() else ~k for k in keep]
        kept = self.read(inputs, c, skips, every_step=training)
        # (T, 1, N): before the first step kept, y is 0 even where h is h₀
        seen = None if keep is None or initial_state is None else np.logical_or.accumulate(keep)
        y, kept = self.output(h, kept[0][-1, 5], seen), kept if training else None
        return y, (inputs, c, skips, kept, seen, drop, initial_state is not None)

    def read(self, inputs, c, skips, every_step):
        """Run all steps: what is kept of each of them, or only of the last; their caches."""
        steps = places(len(inputs), c, every_step)
        return steps, run(self.cell(c), inputs, steps, self.stacked(), self.hidden, skips)

    def output(self, h, c_T, seen):
        """y, or (y, h_T, c_T); copies, for h and c belong to the cache."""
        if self.return_sequences:
            y = (h[1:] if seen is None else h[1:] * seen).transpose(2, 0, 1).copy()
        else:
            y = (h[-1] if seen is None else h[-1] * seen[-1]).T.copy()
        return (y, h[-1].T.copy(), c_T.T.copy()) if self.return_state else y

    def draw_dropout(self, x):
        """(N, D): 0 with probability p, else 1 / (1 − p); the same features at every step."""
        kept = self.rng.random(x[:, 0].shape, dtype="float32") >= self.dropout
        return kept.astype(x.dtype) / (1 - self.dropout)

    # ---- backward ----

    def backward(self, dy, cache):
        inputs, c, skips, kept, seen, drop, with_state = cache
        kept = kept or self.read(inputs.copy(), c, skips, every_step=True)
        back, M, hidden = self.split(dy, seen, c), self.stacked(), self.hidden
        dx, dM, dh, dc = run_back(self.cell(c), back, inputs, kept, M, hidden, skips)
        grads = {"W": dM[: hidden.start], "U": dM[hidden]}
        if self.use_bias:
            grads["b"] = dM[-1]
        dx = dx if drop is None else dx * drop
        dx = np.ascontiguousarray(self.in_order(dx).transpose(1, 0, 2))
        return ((dx, dh.T.copy(), dc.T.copy()) if with_state else dx), grads

    def split(self, dy, seen, c):
        """dy by what it reaches: every h_t (T, U, N) or None, the last h and c (U, N)."""
        dh, dc = np.zeros((2, *c.shape), c.dtype)
        if self.return_state:
            dy, dh_T, dc_T = self.check_parts(dy)
            dh += 0 if dh_T is None else np.transpose(dh_T)
            dc += 0 if dc_T is None else np.transpose(dc_T)
        if dy is None:
            return None, dh, dc
        if not self.return_sequences:
            dh += np.transpose(dy) if seen is None else np.transpose(dy) * seen[-1]
            return None, dh, dc
        dhs = np.ascontiguousarray(dy.transpose(1, 2, 0))
        return (dhs if seen is None else dhs * seen), dh, dc

    # ---- what both use ----

    @property
    def hidden(self):
        """The place of h in the columns [x_t; h_{t−1}; 1]."""
        D = len(self.params["W"])
        return slice(D, D + self.units)

    def stacked(self):
        """W, U and b under each other: (K, 4U)."""
        return np.vstack([self.params[name] for name in ("W", "U", "b")[: 2 + self.use_bias]])

    def cell(self, c):
        return cell_for(self.activation, self.recurrent_activation, c.shape, c.dtype)

    def in_order(self, steps):
        """The steps in the order in which they are read; undoes itself."""
        return steps[::-1] if self.go_backwards else steps

    def output_shape(self, input_shape):
        T, U = input_shape[0], self.units
        y = (T, U) if self.return_sequences else (U,)
        return (y, (U,), (U,)) if self.return_state else y

    def compute_mask(self, x, mask=None):
        if mask is None or not self.return_sequences:
            return None
        return np.asarray(mask)[:, ::-1] if self.go_backwards else mask

    # ---- what can be wrong ----

    def check(self, x):
        """x in the dtype of W, or a sentence on what is wrong with its shape."""
        x, W = np.asarray(x), self.params["W"]
        if x.ndim == 3 and x.shape[2] == len(W):
            return x.astype(W.dtype, copy=False)
        mend = "match its last axis to the layer's input"
        if x.ndim == 2:
            mend = "put an Embedding before it for ids, or give numbers a last axis"
        raise ValueError(
            f"{self.where}: x must have shape (N, T, {len(W)}), got {x.shape}: {mend}"
        )

    def check_mask(self, mask, x):
        """The mask as (T, 1, N) in reading order; None where it keeps every step."""
        mask = True if mask is None else np.asarray(mask, dtype=bool)
        if mask is not True and mask.shape != x.shape[:2]:
            raise ValueError(
                f"{self.where}: mask must have shape {x.shape[:2]}, one entry for each step of "
                f"x, got {mask.shape}: True where a step counts, False where it is padding"
            )
        return None if np.all(mask) else self.in_order(mask.T[:, None])

    def check_state(self, state, h):
        """h₀ and c₀ as h is, (U, N); zeros if none is given."""
        state = np.zeros((2, *h.T.shape)) if state is None else state
        shapes = [np.shape(part) for part in state]
        if shapes != [h.T.shape] * 2:
            raise ValueError(
                f"{self.where}: initial_state must be (h, c), each of shape {h.T.shape}, "
                f"got shapes {shapes}: pass what a layer with return_state returned after y"
            )
        return np.array(state, h.dtype).swapaxes(1, 2)

    def check_parts(self, dy):
        if isinstance(dy, tuple | list) and len(dy) == 3:
            return dy
        raise ValueError(
            f"{self.where}: dy must be a tuple of three with return_state, for y, h and c, "
            f"got {type(dy).__name__}: put None where there is no gradient"
        )


def check_options(dropout, recurrent_dropout, stateful):
    """A sentence on options that are out of range or not there."""
    if not isinstance(dropout, float | int | np.number) or not 0 <= dropout < 1:
        raise ValueError(f"LSTM: dropout must be at least 0 and below 1, got {dropout!r}")
    if recurrent_dropout:
        raise ValueError(
            f"LSTM: recurrent_dropout must be 0, got {recurrent_dropout!r}: only dropout is "
            "supported; use that, or a Dropout layer after this one"
        )
    if stateful:
        raise ValueError(
            "LSTM: stateful must be False, as no layer remembers a call: use return_state, "
            "and pass the state on as initial_state"
        )
