"""Evidence: all that a rule may look at to recognise a mistake.

A Sample is one target at one x, measured: its Jacobians ∂y/∂θ answer, without another forward,
what the gradient would be for any other upstream gradient. A second Sample, with other numbers
and another batch size, tells apart what the first cannot: for N = 2, ½ and 1/N are the same.
"""

import numpy as np

from minidl.testing.slopes import value_at

SAME = 1e-6


class Sample:
    """A target with y, the K upstream gradients (K, O), and what was compared."""

    def __init__(self, target, y, dys, compared):
        self.target, self.y_flat, self.dys, self.compared = target, y, dys, compared
        shapes = target.outputs.shapes
        self.y_shape = shapes[0] if len(shapes) == 1 else (y.size,)
        self.y = y.reshape(self.y_shape)
        self.dy = dys.reshape(len(dys), *self.y_shape)
        self.x = target.tensors.get("y_pred") if target.is_loss else first_input(target)
        self.altered = {}

    @property
    def x_shape(self):
        return self.x.shape if self.x is not None else ()

    @property
    def N(self):
        return self.x_shape[0] if self.x_shape else 1

    @property
    def T(self):
        """Time steps, if x is (N, T, D), or (N, T) ids."""
        is_sequence = len(self.x_shape) == 3 or (
            len(self.x_shape) == 2 and self.x.dtype.kind in "iu"
        )
        return self.x_shape[1] if is_sequence and len(self.x_shape) > 1 else None

    def of(self, name):
        return Evidence(self, name)

    def as_if(self, key, alter):
        """{tensor: Jacobian} of an altered target (made by `alter`), or None; computed once."""
        if key not in self.altered:
            try:
                self.altered[key] = jacobians(alter(), self.y_shape)
            except Exception:  # the altered target does not exist
                self.altered[key] = None
        return self.altered[key]


class Evidence:
    """One tensor of a Sample. got and want are (K, *shape)."""

    def __init__(self, sample, name):
        made = sample.compared[name]
        self.sample, self.name, self.made = sample, name, made
        self.target, self.label = sample.target, sample.target.label(name)
        self.is_full = made.is_full and made.jacobian is not None
        self.got, self.want = made.got, np.nan_to_num(made.want)
        self.sharp, self.wrong, self.shape = made.sharp, made.wrong, made.shape
        if self.is_full:
            self.got, self.want = made.dense(self.got), made.dense(self.want)
            self.sharp = self.sharp.reshape(self.shape)
            self.wrong = self.wrong.reshape(self.shape)
        self.tensor = sample.target.tensors[name]
        self.is_input = name in sample.target.inputs

    def explained_by(self, predicted):
        """Is `predicted` (K, *shape) what backward returned, to 1e-6, beside the kinks?"""
        predicted = np.asarray(predicted)
        if predicted.shape != self.got.shape or not self.sharp.any():
            return False
        got, predicted = self.got[:, self.sharp], predicted[:, self.sharp]
        scale = np.abs(got).max(axis=1, keepdims=True)
        if not (self.wrong & self.sharp).any():
            return False  # wrong at kinks alone: every right formula would explain the rest
        return bool((np.abs(got - predicted) <= SAME * scale + 1e-300).all())

    def pull(self, dys, jacobian=None):
        """The true gradient for other upstream gradients (K, …y): (K, *shape)."""
        J = self.made.jacobian if jacobian is None else jacobian
        return (np.reshape(dys, (len(dys), -1)) @ J.T).reshape(len(dys), *self.shape)

    def as_if(self, key, alter):
        """The true gradient of an altered target for the same dy, or None."""
        found = self.sample.as_if(key, alter)
        if found is None or self.name not in found:
            return None
        J = found[self.name]
        return self.pull(self.sample.dys, J) if J.shape == self.made.jacobian.shape else None

    @property
    def is_elementwise(self):
        """y has x's shape, and each entry depends on its own x alone."""
        J = self.made.jacobian
        if self.shape != self.sample.y_shape or not self.is_input:
            return False
        return not (np.abs(J - np.diag(np.diag(J))) > 1e-12).any()


def jacobians(target, y_shape):
    """{tensor: (P, O)} of a target whose y has the same shape; None if it has another."""
    with np.errstate(all="ignore"):
        if target.outputs.shapes[0] != y_shape:
            return None
        return {name: central(target, tensor) for name, tensor in target.tensors.items()}


def central(target, tensor, step=1e-5):
    """∂y/∂θ by one central difference: ten digits, and six are asked for."""
    rows = []
    for index in np.ndindex(tensor.shape):
        h = step * max(1.0, abs(tensor[index]))
        (up, a), (down, b) = (value_at(target, tensor, index, s) for s in (h, -h))
        rows.append((up - down) / (a + b))
    return np.array(rows)


def first_input(target):
    """The array that x is, floats or ids."""
    for value in target.values.values():
        if isinstance(value, np.ndarray) and value.ndim:
            return value
    return None
