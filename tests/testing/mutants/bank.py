"""A bank of wrong backwards: each entry is a target, an x, and the mistake's name.

`causes` holds the names that are right for it; () says that no rule can know this mistake, so
that naming anything would be wrong.
"""

from dataclasses import dataclass, field

from minidl.testing import gradcheck


@dataclass
class Case:
    """make(rng) -> (target, x, arguments of gradcheck)."""

    family: str
    name: str
    make: object
    causes: tuple = ()

    @property
    def id(self):
        return f"{self.family}-{self.name}"

    def check(self, rng, seed):
        target, x, arguments = self.make(rng)
        return gradcheck(target, x, seed=seed, **arguments)


@dataclass
class Pairs:
    """Wrong backwards of one forward function: y, cache = forward(*x)."""

    family: str
    forward: object
    x: object
    arguments: dict = field(default_factory=dict)
    cases: list = field(default_factory=list)

    def mutant(self, *causes, x=None, forward=None, **arguments):
        def add(backward):
            def make(rng):
                pair = (forward or self.forward, backward)
                return pair, (x or self.x)(rng), {**self.arguments, **arguments}

            self.cases.append(Case(self.family, backward.__name__, make, causes))
            return backward

        return add


@dataclass
class Layers:
    """Wrong backwards of a layer: backward(layer, dy, cache), with layer.right(dy, cache)."""

    family: str
    layer: object
    x: object
    arguments: dict = field(default_factory=dict)
    cases: list = field(default_factory=list)

    def mutant(self, *causes, x=None, layer=None, **arguments):
        def add(backward):
            def make(rng):
                target = spoilt((layer or self.layer)(), backward)
                return target, (x or self.x)(rng), {**self.arguments, **arguments}

            self.cases.append(Case(self.family, backward.__name__, make, causes))
            return backward

        return add


def spoilt(layer, backward):
    """The layer with another backward."""
    cls = type(layer)
    wrong = type(cls.__name__, (cls,), {"backward": backward, "right": cls.backward})
    layer.__class__ = wrong
    return layer


@dataclass
class Losses:
    """Wrong gradients of a loss: gradient(y_true, y_pred)."""

    family: str
    value: object
    y: object
    cases: list = field(default_factory=list)

    def mutant(self, *causes, y=None, value=None, **arguments):
        def add(gradient):
            def make(rng):
                y_true, y_pred = (y or self.y)(rng)
                loss = Loss(value or self.value, gradient)
                return loss, y_pred, {"y_true": y_true, **arguments}

            self.cases.append(Case(self.family, gradient.__name__, make, causes))
            return gradient

        return add


class Loss:
    """A loss of two functions of (y_true, y_pred)."""

    def __init__(self, value, gradient):
        self.value, self.gradient = value, gradient

    def forward(self, y_true, y_pred, **weights):
        return self.value(y_true, y_pred, **weights), (y_true, y_pred, weights)

    def backward(self, cache):
        y_true, y_pred, weights = cache
        return self.gradient(y_true, y_pred, **weights)
