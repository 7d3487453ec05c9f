"""Model and Sequential: how layers are put together. Nothing about epochs is here."""

import copy

from minidl import training, weights
from minidl.batches import as_inputs
from minidl.composite import Composite
from minidl.layer import Layer, shape_of, takes
from minidl.layers.activations import Function, Linear
from minidl.layers.input import Input
from minidl.memory import keep_freed_blocks
from minidl.random import new_generator
from minidl.summary import summary

keep_freed_blocks()  # arrays of the same sizes come and go at every step


class Model(Composite):
    """The base for a user's own composite: write forward and backward, get the rest.

    seed    where its random numbers start: weights, dropout, shuffling; same seed, same bits
    dtype   "float32" or "float64"
    """

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self.compiled, self.history, self.stop_training = None, None, False
        return self

    def __init__(self, *, name=None, seed=None, dtype=None, trainable=True):
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.seed = seed

    seed = None

    # ---- building ----

    def build(self, input_shape, rng=None, input_dtype="int64"):
        self.dtype = self.dtype or "float32"
        self.rng = new_generator(self.seed if rng is None else rng)
        super().build(input_shape, self.rng, input_dtype)

    def ensure_built(self, x):
        """Build on the shape and dtype of x, if it has not been done."""
        if not self.built:
            dtype = [p.dtype for p in x] if isinstance(x, tuple) else x.dtype
            self.build(shape_of(x), None, dtype)

    def __call__(self, x, training=False, **arguments):
        """The output for x (arrays or lists), in inference mode."""
        x = self.inputs(x)
        self.ensure_built(x)
        return self.outputs(x, training, **arguments)

    def inputs(self, x):
        """x as arrays in the model's dtype; (N,) becomes (N, 1) where the model takes that."""
        x = as_inputs(x, self.dtype or "float32")
        one_column = not isinstance(x, tuple) and x.ndim == 1 and self.input_shape == (1,)
        return x[:, None] if one_column else x

    def outputs(self, x, training=False, **arguments):
        return self.forward(x, training=training, **arguments)[0]

    def check_inputs(self, x):
        """Hold all rows of x against the model; a Sequential asks its first layer."""

    def split_head(self):
        """(the model without its last activation, that activation), or (self, None)."""
        return self, None

    # ---- training: see training.py ----

    def compile(self, optimizer="rmsprop", loss=None, metrics=None, weighted_metrics=None):
        """Settle optimizer, loss and metrics, by name or as objects."""
        self.compiled = training.compile(self, optimizer, loss, metrics, weighted_metrics)

    def fit(self, x, y, *args, **kwargs):
        """Train; see `minidl.training.fit` for the arguments. Returns a History."""
        return training.fit(self, x, y, *args, **kwargs)

    def evaluate(self, x, y, *args, **kwargs):
        """Loss and metrics on x, y; see `minidl.training.evaluate`."""
        return training.evaluate(self, x, y, *args, **kwargs)

    predict = training.predict  # the functions themselves: a small model feels every call
    train_on_batch = training.train_on_batch

    def loss_and_grads(self, x, y_true, loss=None):
        """(loss, {name: gradient}) on one batch; the loss of `compile` unless one is given."""
        return training.loss_and_grads(self, x, y_true, loss)

    optimizer = property(lambda self: self.compiled and self.compiled.optimizer)
    loss = property(lambda self: self.compiled and self.compiled.loss)

    # ---- weights ----

    def astype(self, dtype):
        """A deep copy that computes in `dtype`; it is to be compiled again."""
        other = super().astype(dtype)
        other.compiled = None
        return other

    @property
    def trainable_variables(self):
        """The trained arrays themselves, in the order of loss_and_grads."""
        return list(self.trainable_params.values())

    def save_weights(self, path):
        """Write every array to a .npz or .safetensors file."""
        weights.save({**self.params, **self.state}, path)

    def load_weights(self, path):
        """Read what `save_weights` wrote into this model, which must have the same arrays."""
        weights.load_into({**self.params, **self.state}, path, self.where)

    def summary(self, line_length=None, print_fn=None):
        """Print a table of layers, output shapes and parameter counts."""
        summary(self, line_length, print_fn)


class Sequential(Model):
    """Layers one after another.

    Forward   y = f_k(… f_1(f_0(x)))           masks travel along with x
    Backward  dx = ∂f_0ᵀ(∂f_1ᵀ(… ∂f_kᵀ dy))    the chain rule, last layer first
    Cache     one cache a layer

    Raises    TypeError: something in the list is no Layer
    Source:   D0 §4.2 Y = f(Z), D0 §5.2, D2 §3.2; backward: D3 §4.1.4
    """

    def __init__(self, layers=None, trainable=True, name=None, *, seed=None, dtype=None):
        self.layers = []
        super().__init__(name=name, seed=seed, dtype=dtype, trainable=trainable)
        for layer in layers or []:
            self._append(layer)
        if not trainable:
            self.trainable = False
        self._build_if_declared()

    def add(self, layer):
        """Put a layer at the end."""
        self._append(layer)
        self.built, self._shared = False, None
        self._build_if_declared()

    def pop(self):
        """Take the last layer off and return it."""
        self.compiled = None
        return self.layers.pop()

    def _append(self, layer):
        if isinstance(layer, Input) and not self.layers:
            self.input_shape = layer.input_shape
            return
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{self.where}: item {len(self.layers)} must be a layer, got {layer!r}: "
                "write Dense(10), not Dense or 'dense'"
            )
        if layer.label is None:
            layer.label = f"layer {len(self.layers)} ({type(layer).__name__})"
        self.layers.append(layer)
        self.compiled = None

    def _build_if_declared(self):
        if self.layers and self.input_shape is None:
            self.input_shape = self.layers[0].input_shape
        if self.layers and self.input_shape is not None and None not in self.input_shape:
            self.build(self.input_shape)

    def build(self, input_shape, rng=None, input_dtype=None):
        """Build each layer on the shape that the one before it gives."""
        if self.rng is None or rng is not None:
            self.rng = new_generator(self.seed if rng is None else rng)
        self.dtype = self.dtype or "float32"
        waiting = {id(layer): layer for layer in self.adopt(self.rng)}
        self.input_shape, shape = tuple(input_shape), tuple(input_shape)
        for layer in self.layers:
            if waiting.pop(id(layer), None) is not None:
                layer.build(shape, layer.rng)
            shape = layer.output_shape(shape)
        self.settle()

    @property
    def children(self):
        return {str(i): layer for i, layer in enumerate(self.layers)}

    def forward(self, x, training=False, mask=None):
        y, caches = x, []
        for layer in self.layers:
            x = y
            y, cache = _forward(layer, x, training, mask)
            mask = layer.compute_mask(x, mask)
            caches.append(cache)
        return y, caches

    def outputs(self, x, training=False, mask=None):
        y = x
        for layer in self.layers:
            x = y
            y = _forward(layer, x, training, mask)[0]  # a cache dies before the next layer runs
            mask = layer.compute_mask(x, mask)
        return y

    def backward(self, dy, cache, needs_dx=True):
        """With needs_dx=False the first layer may leave out its dx, which is then None."""
        found = []
        for i in range(len(self.layers) - 1, -1, -1):
            backward = self.layers[i].backward
            if i or needs_dx or not takes(backward, "needs_dx"):
                dy, grads = backward(dy, cache[i])
            else:
                dy, grads = backward(dy, cache[i], needs_dx=False)
            found.append((str(i), grads))
        return dy, self._collected(reversed(found))

    def output_shape(self, input_shape):
        for layer in self.layers:
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def compute_mask(self, x, mask=None):
        for layer in self.layers:
            mask, x = layer.compute_mask(x, mask), None
        return mask

    def check_inputs(self, x):
        if not self.layers:
            raise ValueError(f"{self.where}: it has no layers: add one before training")
        check = getattr(self.layers[0], "check_inputs", getattr(self.layers[0], "check", None))
        if check is not None:
            check(x)

    def split_head(self):
        if not self.layers:
            return self, None
        last = self.layers[-1]
        if isinstance(last, Function):
            return self._with_layers(self.layers[:-1]), getattr(last, "activation", last)
        if isinstance(last, Sequential):
            inner, head = last.split_head()
            return self._with_layers([*self.layers[:-1], inner]), head
        if last.ends_in_activation and isinstance(last.activation, Function):
            bare = copy.copy(last)  # shares the arrays, has no activation
            bare.activation = Linear()
            return self._with_layers([*self.layers[:-1], bare]), last.activation
        return self, None

    def _with_layers(self, layers):
        view = copy.copy(self)
        view.layers = layers
        return view


def _forward(layer, x, training, mask):
    """(y, cache) of a layer in a Sequential; the mask goes to those that take one."""
    if mask is not None and layer.takes_mask:
        return layer.forward(x, training=training, mask=mask)
    return layer.forward(x, training=training)
