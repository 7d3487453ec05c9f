"""Faults: what is wrong with a gradient before any number is compared."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fault:
    """kind: a short name; tensor: "dW", or "" for the whole; text: one sentence."""

    kind: str
    tensor: str
    text: str

    def __str__(self):
        return f"{self.tensor}: {self.text}" if self.tensor else self.text


def shape_fault(label, grad, tensor):
    """The Fault of one gradient's type, shape, dtype or NaN; None if it has none."""
    if hasattr(grad, "to_dense"):
        grad = grad.to_dense()
    if not isinstance(grad, np.ndarray | np.generic | float):
        return Fault("wrong type", label, f"is {type(grad).__name__}, not an array")
    grad = np.asarray(grad)
    if grad.shape != tensor.shape:
        return Fault("wrong shape", label, wrong_shape(label, grad.shape, tensor.shape))
    if grad.dtype != np.float64:
        text = f"has dtype {grad.dtype}, computed from float64: keep the dtype of dy"
        return Fault("wrong dtype", label, text)
    if not np.isfinite(grad).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(grad))[0])
        share = np.mean(~np.isfinite(grad))
        text = f"holds {grad[index]} at {list(index)} ({share:.0%} of it): division by 0?"
        return Fault("NaN", label, text)
    return None


def wrong_shape(label, got, expected):
    """One sentence: the two shapes, and what probably happened."""
    text = f"has shape {got}, must have shape {expected}"
    if got == expected[::-1]:
        return f"{text}: transposed"
    if len(got) == len(expected) + 1 and got[1:] == expected:
        if got[0] == 1:
            return f"{text}: drop keepdims=True"
        return f"{text}: sum over the batch axis, every row adds its share"
    if int(np.prod(got)) == int(np.prod(expected)):
        return f"{text}: same size, so only a reshape or a keepdims is amiss"
    if got == ():
        return f"{text}: summed over all axes; sum over the batch only"
    return text


def missing(label, text):
    return Fault("missing gradient", label, text)


def kind_of(thing):
    if isinstance(thing, tuple):
        return f"a tuple of {len(thing)}"
    return (
        f"an array of shape {thing.shape}" if hasattr(thing, "shape") else type(thing).__name__
    )
