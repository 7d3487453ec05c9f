"""How weights start: each initializer is called with a shape and a generator."""

import numpy as np


class Zeros:
    def __call__(self, shape, rng):
        return np.zeros(shape)


class Ones:
    def __call__(self, shape, rng):
        return np.ones(shape)


class Constant:
    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, rng):
        return np.full(shape, self.value, dtype=float)


class RandomUniform:
    """U(minval, maxval); Keras's 'uniform' is U(−0.05, 0.05)."""

    def __init__(self, minval=-0.05, maxval=0.05):
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape, rng):
        return rng.uniform(self.minval, self.maxval, shape)


class RandomNormal:
    """N(mean, stddev²); Keras's 'normal' has stddev 0.05."""

    def __init__(self, mean=0.0, stddev=0.05):
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, rng):
        return rng.normal(self.mean, self.stddev, shape)


class VarianceScaling:
    """Keeps the variance of a signal from layer to layer.

    Variance  scale / fan          fan: fan_in, fan_out or their mean (fan_avg)
    Uniform   U(−l, l), l = √(3 · scale / fan)      Normal  N(0, scale / fan), cut at 2 σ
    Source    Glorot & Bengio 2010 (fan_avg); He et al. 2015 (fan_in, scale 2)
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal"):
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def __call__(self, shape, rng):
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[
            self.mode
        ]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = np.sqrt(3 * variance)
            return rng.uniform(-limit, limit, shape)
        # A normal cut at 2 σ keeps 0.8796 of its σ; dividing restores the variance asked for.
        return truncated_normal(shape, rng) * np.sqrt(variance) / 0.87962566103423978


class GlorotUniform(VarianceScaling):
    """U(−l, l), l = √(6 / (fan_in + fan_out)): Keras's default for kernels."""

    def __init__(self):
        super().__init__(1.0, "fan_avg", "uniform")


class GlorotNormal(VarianceScaling):
    def __init__(self):
        super().__init__(1.0, "fan_avg", "truncated_normal")


class HeUniform(VarianceScaling):
    def __init__(self):
        super().__init__(2.0, "fan_in", "uniform")


class HeNormal(VarianceScaling):
    def __init__(self):
        super().__init__(2.0, "fan_in", "truncated_normal")


class TruncatedNormal:
    """N(mean, stddev²) with what lies beyond 2 σ drawn again (BERT uses σ = 0.02)."""

    def __init__(self, mean=0.0, stddev=0.05):
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, rng):
        return self.mean + self.stddev * truncated_normal(shape, rng)


class Orthogonal:
    """Rows (or columns, whichever are fewer) of unit length at right angles.

    Q of the QR decomposition of a normal matrix, signs fixed so that Q is uniformly
    distributed. A recurrent state multiplied by it keeps its length.   Source  Saxe et al. 2014
    """

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, rng):
        rows, columns = int(np.prod(shape[:-1])), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def fans(shape):
    """(fan_in, fan_out) of a kernel; a convolution's are multiplied by its receptive field."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = int(np.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field


def truncated_normal(shape, rng):
    """Standard normal numbers, those beyond ±2 drawn again."""
    z = rng.normal(size=shape)
    while (beyond := np.abs(z) > 2).any():
        z[beyond] = rng.normal(size=int(beyond.sum()))
    return z


NAMES = {
    "zeros": Zeros, "ones": Ones, "constant": Constant,
    "uniform": RandomUniform, "random_uniform": RandomUniform,
    "normal": RandomNormal, "random_normal": RandomNormal, "truncated_normal": TruncatedNormal,
    "glorot_uniform": GlorotUniform, "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform, "he_normal": HeNormal, "orthogonal": Orthogonal,
}  # fmt: skip


def get(identifier):
    """The initializer for a name or an object that is one already."""
    if callable(identifier):
        return identifier() if isinstance(identifier, type) else identifier
    if identifier not in NAMES:
        raise ValueError(f"unknown initializer {identifier!r}: use one of {', '.join(NAMES)}")
    return NAMES[identifier]()
