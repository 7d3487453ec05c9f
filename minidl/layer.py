"""The Layer contract. Read this first: everything that computes in minidl keeps it.

    y, cache  = layer.forward(x, training=False)
    dx, grads = layer.backward(dy, cache)

No layer remembers a call: what backward needs, forward returns. The same object may therefore
be used twice, a validation pass may come between forward and backward, and two threads may
share it. A cache kept on `self` gets the first two silently wrong.
"""

import copy
import inspect
from functools import lru_cache

import numpy as np

from minidl.random import new_generator


class Layer:
    """What turns x into y, and ∂L/∂y into ∂L/∂x.

    params   dict of the arrays that training changes; optimizers update them in place
    state    dict of the arrays that are kept but not trained; written by forward(training=True)
    rng      the layer's own random stream (Dropout draws from it), given at build

    A subclass writes `forward` and `backward`, and, if it has parameters, `build`.
    Axes: N batch, T time, D features in, M features out; the batch axis comes first.
    """

    mixes_batch = False  # True where a row's output depends on other rows (BatchNorm)
    trainable = True  # False freezes: no update, while gradients still flow through
    ends_in_activation = False  # True where self.activation is the last thing forward does
    built = False
    dtype = None  # None: the parent's, or float32
    label = None  # how an error names the layer: "layer 2 (Dense)" in a Sequential
    input_shape = None
    rng = None

    def __new__(cls, *args, **kwargs):
        # Here and not in __init__, so that a subclass may forget super().__init__().
        self = super().__new__(cls)
        self.state, self.regularizers = {}, {}
        if isinstance(getattr(cls, "params", None), property):
            return self
        self.params = Parameters(self)
        return self

    def __init__(self, *, name=None, dtype=None, trainable=True, **shape_arguments):
        self.name = name or snake_case(type(self).__name__)
        self.dtype = None if dtype is None else np.dtype(dtype).name
        self.trainable = trainable
        self.input_shape = _declared_shape(self, **shape_arguments)

    # ---- what a subclass writes ----

    def build(self, input_shape, rng=None):
        """Create the parameters. `input_shape` leaves the batch axis out: (T, D)."""
        self.input_shape, self.built = input_shape, True
        self.rng = new_generator(rng)

    def forward(self, x, training=False):
        """(y, cache): the output, and all that backward needs."""
        raise NotImplementedError(f"{self.where}: forward is not written")

    def backward(self, dy, cache):
        """(dx, grads): ∂L/∂x, shaped like x, and {name: ∂L/∂param}, shaped like params.

        dy is ∂L/∂y. Leaves dy and cache as they are. One that has needs_dx=True as a further
        argument is told by False that it is the first layer in training: dx may be None."""
        raise NotImplementedError(f"{self.where}: backward is not written")

    def output_shape(self, input_shape):
        """The output's shape without the batch axis."""
        return input_shape

    def compute_mask(self, x, mask=None):
        """The mask of the output (N, T booleans), or None; here the input's, unchanged."""
        return mask

    # ---- what every layer has ----

    def __call__(self, x, training=False, **arguments):
        """The output alone: prediction, where the cache dies at once."""
        if not self.is_built:
            self.build(shape_of(x), self.rng)
        return self.forward(x, training=training, **arguments)[0]

    @property
    def is_built(self):
        return self.built or bool(self.params)

    @property
    def where(self):
        """The layer's name in an error message."""
        return self.label or type(self).__name__

    @property
    def takes_mask(self):
        """Does forward have a `mask=` argument?"""
        return takes(self.forward, "mask")

    def add_param(self, name, shape, initializer, rng, regularizer=None):
        """Create params[name]; a subclass calls it in build."""
        self.params[name] = initializer(shape, rng).astype(self.dtype or "float32")
        if regularizer is not None:
            self.regularizers[name] = regularizer

    def count_params(self):
        """How many numbers the layer keeps, trained or not."""
        return sum(a.size for a in (*self.params.values(), *self.state.values()))

    def get_weights(self):
        """Copies of all arrays, in Keras's order: trained ones, then state."""
        return [a.copy() for a in (*self.params.values(), *self.state.values())]

    def set_weights(self, weights):
        """Write arrays in the order of `get_weights`, in place."""
        arrays = {**self.params, **self.state}
        if len(weights) != len(arrays):
            raise ValueError(
                f"{self.where}: set_weights expects {len(arrays)} arrays "
                f"({', '.join(arrays)}), got {len(weights)}: use the order of get_weights()"
            )
        for (name, array), new in zip(arrays.items(), weights):
            if np.shape(new) != array.shape:
                raise ValueError(
                    f"{self.where}: {name} must have shape {array.shape}, got {np.shape(new)}: "
                    "check the order of the weights"
                )
        for array, new in zip(arrays.values(), weights):
            array[...] = new

    def astype(self, dtype):
        """A deep copy that computes in `dtype`."""
        other = copy.deepcopy(self)
        for leaf in other.leaves():
            leaf.dtype = np.dtype(dtype).name
            for arrays in (leaf.own_arrays, leaf.state):
                cast = {name: array.astype(dtype) for name, array in arrays.items()}
                dict.update(
                    arrays, cast
                )  # past Parameters, which would write into the old arrays
        return other

    def leaves(self):
        """Every layer below that has arrays of its own; a plain layer is its own only leaf."""
        return [self]

    @property
    def own_arrays(self):
        """The dict that owns this layer's parameters; a composite's `params` is a view."""
        return self.params


class Parameters(dict):
    """A dict of arrays that says what is missing, and writes into the arrays of a composite."""

    def __init__(self, owner, view=None):
        super().__init__(view or {})
        self.owner, self.is_view = owner, view is not None

    def __missing__(self, name):
        if self:
            raise KeyError(
                f"{self.owner.where} has no parameter {name!r}; it has {', '.join(self)}"
            )
        raise ValueError(
            f"{self.owner.where}: not built, so it has no {name!r} yet: call "
            "build(input_shape, rng) first, or put the layer in a Sequential and fit"
        )

    def __setitem__(self, name, array):
        """Creates an array, or writes into the one there is: who holds it sees the change."""
        if not self.is_view and name not in self:
            super().__setitem__(name, array)
        elif array is not self[name]:
            if np.shape(array) != self[name].shape:
                raise ValueError(
                    f"{self.owner.where}: {name} has shape {self[name].shape}, "
                    f"got {np.shape(array)}"
                )
            self[name][...] = array

    def update(self, *args, **kwargs):
        for name, array in dict(*args, **kwargs).items():
            self[name] = array

    def __ior__(self, arrays):  # type: ignore[misc]
        self.update(arrays)
        return self

    def __reduce__(self):
        return _restore_parameters, (self.owner, dict(self), self.is_view)


def _restore_parameters(owner, arrays, is_view):
    restored = Parameters(owner, arrays)
    restored.is_view = is_view
    return restored


def takes(method, argument):
    """Does the method have an argument of that name? As it is now: replaced or overridden."""
    return argument in _arguments(getattr(method, "__func__", method))


@lru_cache(256)
def _arguments(function):
    return frozenset(inspect.signature(function).parameters)


def shape_of(x):
    """The shape without the batch axis; of several inputs, a tuple of shapes."""
    return tuple(shape_of(part) for part in x) if isinstance(x, tuple) else np.shape(x)[1:]


def snake_case(name):
    """MaxPooling1D -> max_pooling1d, LSTM -> lstm, as Keras names layers."""
    out = ""
    for before, char, after in zip(" " + name, name, name[1:] + " "):
        if char.isupper() and (before.islower() or (before != " " and after.islower())):
            out += "_"
        out += char.lower()
    return out.replace("1_d", "1d").replace("2_d", "2d")


def _declared_shape(layer, input_shape=None, input_dim=None, input_length=None, **unknown):
    """What `input_shape=`, `input_dim=` or `input_length=` say of the input, or None."""
    if unknown:
        raise TypeError(
            f"{type(layer).__name__}: unknown argument {', '.join(unknown)}: "
            f"see help({type(layer).__name__})"
        )
    if input_shape is not None:
        return tuple(np.atleast_1d(np.array(input_shape, dtype=object)))
    if input_dim is not None:
        return (input_dim,) if input_length is None else (input_length, input_dim)
    return None if input_length is None else (input_length,)
