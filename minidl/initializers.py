"""How weights start: each initializer is called with a shape and a generator.

    W = GlorotUniform()((D, M), np.random.default_rng(0))

Without a generator it takes the next one of `minidl.set_seed`; with a `seed=` of its own it
repeats itself. The numbers are float64; a layer casts them.
"""

import math

import numpy as np

from minidl.random import new_generator

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")


class Zeros:
    """All zeros: for biases. As weights they would make all units of a layer equal for ever.

    Values    0
    Source:   D0 §3.2.2
    """

    def __call__(self, shape, rng=None):
        return np.zeros(shape)


class Ones:
    """All ones: for factors such as LayerNormalization's gamma.

    Values    1
    Source:   Keras 3, keras.initializers.Ones
    """

    def __call__(self, shape, rng=None):
        return np.ones(shape)


class Constant:
    """One number everywhere, or a given array: embeddings that were trained before.

    Values    value          a number, or an array of the weight's shape
    Raises    ValueError: the array has another shape
    Source:   Keras 3, keras.initializers.Constant
    """

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, rng=None):
        if np.ndim(self.value) and np.shape(self.value) != tuple(shape):
            shapes = f"must have shape {tuple(shape)}, got {np.shape(self.value)}"
            raise ValueError(f"Constant: the array {shapes}: transpose or cut it first")
        return np.full(shape, self.value, dtype=float)


class Random:
    """An initializer that draws; a subclass writes `draw(shape, rng)`.   Source: D0 §3.2.2"""

    seed = None

    def __call__(self, shape, rng=None):
        return self.draw(shape, new_generator(rng if self.seed is None else self.seed))

    def draw(self, shape, rng):
        raise NotImplementedError(f"{type(self).__name__}: draw is not written")


class RandomUniform(Random):
    """Every number of an interval is as likely; 'uniform' is Keras's default for embeddings.

    Values    U(minval, maxval)         variance (maxval − minval)² / 12
    Source:   Keras 3, keras.initializers.RandomUniform: U(−0.05, 0.05)
    """

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def draw(self, shape, rng):
        return rng.uniform(self.minval, self.maxval, shape)


class RandomNormal(Random):
    """The bell curve.

    Values    N(mean, stddev²)
    Source:   Keras 3, keras.initializers.RandomNormal: stddev 0.05
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def draw(self, shape, rng):
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(Random):
    """The bell curve without its tails: no weight starts far out.

    Values    N(mean, stddev²), beyond 2 stddev drawn again: the spread left is 0.8796 stddev
    Source:   Keras 3, keras.initializers.TruncatedNormal; BERT's 0.02, Devlin et al. 2019
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def draw(self, shape, rng):
        return self.mean + self.stddev * truncated_normal(shape, rng)


class VarianceScaling(Random):
    """Keeps the variance of a signal from layer to layer: of z = Σ w x it is fan_in σ² var x.

    Variance  σ² = scale / fan        mode: fan_in, fan_out, or fan_avg, their mean; see `fans`
    Values    uniform             U(−l, l), l = √(3 σ²)
              truncated_normal    N(0, σ² / 0.8796²), cut at 2 of its standard deviations
              untruncated_normal  N(0, σ²)
    Raises    ValueError: an unknown mode or distribution, or a scale that is not positive
    Source:   D0 §3.2.2; Glorot & Bengio 2010; He et al. 2015
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
        if mode not in MODES or distribution not in DISTRIBUTIONS or not scale > 0:
            raise ValueError(
                f"VarianceScaling: needs a positive scale, a mode of {', '.join(MODES)} and a "
                f"distribution of {', '.join(DISTRIBUTIONS)}, got {(scale, mode, distribution)}"
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def draw(self, shape, rng):
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        sigma = math.sqrt(self.scale / max(1.0, fan[self.mode]))
        if self.distribution == "uniform":
            return rng.uniform(-math.sqrt(3) * sigma, math.sqrt(3) * sigma, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, sigma, shape)
        # A normal cut at 2 σ keeps 0.8796 of its σ; dividing restores the variance asked for.
        return truncated_normal(shape, rng) * (sigma / 0.87962566103423978)


class GlorotUniform(VarianceScaling):
    """For tanh and softmax; Keras's default for kernels. Also called Xavier's.

    Values    U(−l, l), l = √(6 / (fan_in + fan_out)); variance 2 / (fan_in + fan_out), between
              1 / fan_in, which keeps the signal's, and 1 / fan_out, which keeps the gradient's
    Source:   Glorot & Bengio 2010, eq. 16
    """

    def __init__(self, seed=None):
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """GlorotUniform's variance with a cut bell curve.

    Values    variance 2 / (fan_in + fan_out), none beyond 2.27 of its standard deviations
    Source:   Glorot & Bengio 2010, eq. 12
    """

    def __init__(self, seed=None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """For ReLU, which passes half of the signal's power on: twice the variance makes up for it.

    Values    U(−l, l), l = √(6 / fan_in): variance 2 / fan_in
    Source:   He et al. 2015, eq. 10
    """

    def __init__(self, seed=None):
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """HeUniform's variance with a cut bell curve.

    Values    variance 2 / fan_in
    Source:   He et al. 2015, eq. 10
    """

    def __init__(self, seed=None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class Orthogonal(Random):
    """Rows (or columns, the fewer of them) at right angles: a state times it keeps its length.

    Values    gain · Q of a normal matrix's QR decomposition, columns times the signs of R's
              diagonal, without which Q would not be uniformly distributed. (U, 4U) has
              orthonormal rows, (4U, U) columns; all axes but the last count as rows.
    Raises    ValueError: fewer than two axes
    Source:   Saxe et al. 2014; the signs, Mezzadri 2007
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain, self.seed = gain, seed

    def draw(self, shape, rng):
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: needs two axes or more, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def fans(shape):
    """(fan_in, fan_out): how many inputs a unit adds up, how many units an input feeds.

    A kernel (K, Cin, Cout) has K Cin and K Cout: the channels times its receptive field."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
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
    "glorot_uniform": GlorotUniform, "glorot_normal": GlorotNormal, "orthogonal": Orthogonal,
    "he_uniform": HeUniform, "he_normal": HeNormal, "variance_scaling": VarianceScaling,
}  # fmt: skip
KNOWN = NAMES | {kind.__name__: kind for kind in NAMES.values()}


def get(identifier):
    """The initializer for a name ('he_normal', 'HeNormal'), a class, or one that is made."""
    if callable(identifier):
        return identifier() if isinstance(identifier, type) else identifier
    if isinstance(identifier, str) and identifier in KNOWN:
        return KNOWN[identifier]()
    raise ValueError(
        f"Could not interpret initializer identifier {identifier!r}: use one of "
        f"{', '.join(NAMES)}, or a function of (shape, rng)"
    )
