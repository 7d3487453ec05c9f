"""Composite: a layer made of layers."""

from functools import partial

import numpy as np

from minidl.layer import Layer, Parameters, shape_of
from minidl.random import new_generator


class Composite(Layer):
    """A layer made of layers: attributes that are layers, or lists or dicts of them.

    A subclass calls its children's forward, keeps their caches, walks back through them, and
    hands their gradients to `collect`. Arrays of its own, if any, live in `own_arrays`.
    """

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self._own, self._trainable, self._shared = {}, True, None
        self._block_rows = "unknown"  # see minidl.inference
        return self

    own_arrays = property(lambda self: self._own)

    # ---- children, and what is gathered from them ----

    @property
    def children(self):
        """{name: layer}, in the order the attributes were set; "blocks.0" in a list."""
        found = {}
        for name, value in vars(self).items():
            if not name.startswith("_"):
                found.update(_layers_in(name, value))
        return found

    def leaves(self):
        below = [leaf for child in self.children.values() for leaf in child.leaves()]
        return list({id(leaf.own_arrays): leaf for leaf in [self, *below]}.values())

    def _gather(self, what):
        """{dotted name: item} of the own dict and the children's; a shared layer once."""
        found, seen = {}, set()
        for prefix, arrays in self._dicts(what):
            if id(arrays) not in seen:
                seen.add(id(arrays))
                found.update({prefix + name: item for name, item in arrays.items()})
        return found

    def _dicts(self, what, prefix=""):
        """(prefix, dict) of every layer below; a shared layer comes once for each use."""
        yield prefix, self._own if what == "params" else vars(self)[what]
        for name, child in self.children.items():
            if isinstance(child, Composite):
                yield from child._dicts(what, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}.", getattr(child, what)

    @property
    def params(self):
        return Parameters(self, self._gather("params"))

    @property
    def state(self):
        return self._gather("state")

    @state.setter
    def state(self, arrays):
        vars(self)["state"] = arrays

    @property
    def regularizers(self):
        return self._gather("regularizers")

    @regularizers.setter
    def regularizers(self, found):
        vars(self)["regularizers"] = found

    @property
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, flag):
        self._trainable = bool(flag)
        for child in self.children.values():
            child.trainable = flag

    @property
    def mixes_batch(self):
        return any(child.mixes_batch for child in self.children.values())

    @property
    def trainable_params(self):
        """params without the frozen layers'."""
        frozen = {id(a) for leaf in self.leaves() if not leaf.trainable
                  for a in leaf.own_arrays.values()}  # fmt: skip
        return {name: a for name, a in self.params.items() if id(a) not in frozen}

    def collect(self, *pairs, **grads_by_child):
        """Children's gradients under their dotted names; where a layer was used twice, the sum.

        collect(user=g1, item=g2), or collect(("user", g1), ("user", g2)) for one used twice."""
        return self._collected([*pairs, *grads_by_child.items()])

    def _collected(self, pairs):
        """The same for [(child, grads), …]."""
        total = {}
        aliases = self._aliases() if self._shared is None else self._shared
        for child, grads in pairs:
            for name, grad in grads.items():
                name = f"{child}.{name}"
                if name in aliases:
                    name = aliases[name]
                total[name] = total[name] + grad if name in total else grad
        return total

    def _aliases(self):
        """{dotted name of a later use: that of the first use} of every shared parameter."""
        first, aliases = {}, {}
        for prefix, arrays in self._dicts("params"):
            known = first.setdefault(id(arrays), prefix)
            if known != prefix:
                aliases.update({prefix + name: known + name for name in arrays})
        return aliases

    # ---- build ----

    @property
    def is_built(self):
        return self.built  # a child that is built already says nothing of the others

    def build(self, input_shape, rng=None, input_dtype="int64"):
        """One pass over zeros of the input's shape; each child is built at its first use."""
        rng = new_generator(rng)
        super().build(input_shape, rng)
        self.built = False  # until the pass below has come through
        waiting = self.adopt(rng)
        for child in waiting:
            child.forward = partial(_build_then_forward, child)
        try:
            self.forward(_zeros(input_shape, input_dtype))
        finally:
            for child in waiting:
                vars(child).pop("forward", None)
        self.settle()

    def settle(self):
        """All children are built: remember which names are second uses of a shared layer."""
        self.built, self._shared, self._block_rows = True, self._aliases(), "unknown"
        if not self.trainable:
            self.trainable = False  # as said when there were no children yet

    def adopt(self, rng):
        """Give dtype and a random stream to the children not built yet; returns them."""
        for name, child in self.children.items():
            child.label = child.label or f"{self.where}, {name}"  # for errors: where it is
        waiting = [c for c in unique(self.children.values()) if not c.is_built]
        for child, stream in zip(waiting, rng.spawn(len(waiting))):
            child.rng, child.dtype = stream, child.dtype or self.dtype
        return waiting

    def output_shape(self, input_shape):
        y, _ = self.forward(_zeros(input_shape, "int64"))
        return shape_of(y)


def _build_then_forward(child, x, *args, **kwargs):
    vars(child).pop("forward")
    child.build(shape_of(x), child.rng)
    return child.forward(x, *args, **kwargs)


def _layers_in(name, value):
    """{dotted name: layer} of an attribute that is a layer, or holds some in lists or dicts."""
    if isinstance(value, Layer):
        return {name: value}
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    found = {}
    if isinstance(value, dict):
        for k, v in value.items():
            if isinstance(v, Layer | list | tuple | dict):
                found.update(_layers_in(f"{name}.{k}", v))
    return found


def unique(layers):
    """Each layer once, in order."""
    return list({id(layer): layer for layer in layers}.values())


def _zeros(input_shape, dtype):
    """One row of zeros, or a tuple of them. Integers pass as ids and as numbers."""
    if input_shape and isinstance(input_shape[0], tuple | list):
        dtypes = dtype if isinstance(dtype, list) else [dtype] * len(input_shape)
        return tuple(_zeros(shape, kind) for shape, kind in zip(input_shape, dtypes))
    return np.zeros((1, *(1 if n is None else n for n in input_shape)), dtype)
