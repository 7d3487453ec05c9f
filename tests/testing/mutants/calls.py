"""Backwards whose formula is right and whose manners are wrong: state, copies, calls."""

import numpy as np

from tests.testing.mutants.bank import Case


class Dense:
    """A right layer that inherits nothing; the mutants below spoil its manners."""

    def __init__(self, rng):
        self.params = {"W": rng.standard_normal((5, 3)), "b": rng.standard_normal(3)}

    def forward(self, x, training=False):
        return np.tanh(x @ self.params["W"] + self.params["b"]), (x,)

    def dz(self, dy, x):
        return dy * (1 - np.tanh(x @ self.params["W"] + self.params["b"]) ** 2)

    def backward(self, dy, cache):
        (x,) = cache
        dz = self.dz(dy, x)
        return dz @ self.params["W"].T, {"W": x.T @ dz, "b": dz.sum(0)}


CASES = []


def mutant(*causes):
    def add(cls):
        def make(rng):
            return cls(rng), rng.standard_normal((4, 5)), {}

        CASES.append(Case("calls", cls.__name__, make, causes))
        return cls

    return add


@mutant("stale cache")
class CacheOnSelf(Dense):
    def forward(self, x, training=False):
        self.x = x
        return super().forward(x)

    def backward(self, dy, cache):
        return super().backward(dy, (self.x,))


@mutant("stale cache")
class BatchSizeOnSelf(Dense):
    def forward(self, x, training=False):
        self.N = len(x)
        return super().forward(x)

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "b": grads["b"] * len(dy) / self.N}


KEPT = {}


@mutant("stale cache")
class CacheInGlobal(Dense):
    def forward(self, x, training=False):
        KEPT["x"] = x.copy()
        return super().forward(x)

    def backward(self, dy, cache):
        return super().backward(dy, (KEPT["x"],))


@mutant("accumulates over calls")
class Accumulates(Dense):
    def __init__(self, rng):
        super().__init__(rng)
        self.total = {"W": 0, "b": 0}

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        for name in grads:
            self.total[name] = self.total[name] + grads[name]
        return dx, dict(self.total)


@mutant("accumulates over calls")
class AccumulatesInPlace(Dense):
    def __init__(self, rng):
        super().__init__(rng)
        self.grads = {"W": np.zeros((5, 3)), "b": np.zeros(3)}

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        for name in grads:
            self.grads[name] += grads[name]
        return dx, self.grads


@mutant("in-place damage")
class WritesIntoDy(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        dy *= 0.5
        return dx, grads


@mutant("in-place damage")
class WritesIntoX(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        cache[0][...] = 0
        return dx, grads


@mutant("in-place damage")
class ReturnsXAsDx(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        cache[0][...] = dx
        return cache[0], grads


@mutant("in-place damage")
class UpdatesItsWeights(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        self.params["W"] -= 0.01 * grads["W"]
        return dx, grads


@mutant("in-place damage")
class WritesIntoCache(Dense):
    def forward(self, x, training=False):
        y, _ = super().forward(x)
        return y, (x.copy(), 1 - y * y)

    def backward(self, dy, cache):
        x, slope = cache
        slope *= dy
        return slope @ self.params["W"].T, {"W": x.T @ slope, "b": slope.sum(0)}


@mutant("in-place damage")
class PopsTheCache(Dense):
    def forward(self, x, training=False):
        y, _ = super().forward(x)
        return y, [x]

    def backward(self, dy, cache):
        return super().backward(dy, (cache.pop(),))


@mutant("in-place damage")
class ForwardWritesIntoX(Dense):
    def forward(self, x, training=False):
        x += 1.0
        y, _ = super().forward(x)
        return y, (x.copy(),)


@mutant("changes from call to call")
class NoisyBackward(Dense):
    def __init__(self, rng):
        super().__init__(rng)
        self.rng = np.random.default_rng(0)

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx + 1e-3 * self.rng.standard_normal(dx.shape), grads


@mutant("not deterministic")
class UnseededForward(Dense):
    def forward(self, x, training=False):
        return super().forward(x + np.random.default_rng().standard_normal(x.shape))


@mutant("missing gradient")
class EmptyGrads(Dense):
    def backward(self, dy, cache):
        return super().backward(dy, cache)[0], {}


@mutant("wrong return value")
class GradsAsTuple(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, grads["W"], grads["b"]


@mutant("backward raises")
class NotWritten(Dense):
    def backward(self, dy, cache):
        raise NotImplementedError("backward")


@mutant("wrong type")
class GradIsNone(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "b": None}


@mutant("wrong shape")
class DxOfOneRow(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx.sum(0), grads


@mutant("NaN")
class NanInOneEntry(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        dx[1, 2] = np.nan
        return dx, grads


@mutant()
class OneEntryOff(Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        dx[1, 2] *= 1.001
        return dx, grads
