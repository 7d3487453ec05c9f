"""Schedules: the learning rate as a function of the step."""

import math


class Constant:
    """The same learning rate at every step: what a plain number means to an optimizer.

    Rate      α(t) = learning_rate
    Raises    TypeError: not a number;  ValueError: negative, infinite or NaN
    Source:   D2 §4.1.2 θ ← θ − α ∇J(θ)
    """

    def __init__(self, learning_rate, owner="Constant"):
        self.learning_rate = number(owner, "learning_rate", learning_rate)

    def __call__(self, step):
        return self.learning_rate

    def __repr__(self):
        return f"Constant({self.learning_rate})"


class ExponentialDecay:
    """The rate is multiplied by `decay_rate` once in every `decay_steps` steps.

    Rate      α(t) = α₀ · decay_rate ^ (t / decay_steps)            t = 0 at the first step
              staircase=True: t / decay_steps is rounded down, so the rate falls in jumps
    Raises    ValueError: decay_steps or decay_rate is not positive
    Source:   Keras 3, keras.optimizers.schedules.ExponentialDecay
    """

    def __init__(
        self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name=None
    ):
        self.name = name or "ExponentialDecay"
        self.initial_learning_rate = number(
            self.name, "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = positive(self.name, "decay_steps", decay_steps)
        self.decay_rate = positive(self.name, "decay_rate", decay_rate)
        self.staircase = bool(staircase)

    def __call__(self, step):
        periods = step / self.decay_steps
        if self.staircase:
            periods = math.floor(periods)
        return float(self.initial_learning_rate * self.decay_rate**periods)

    def __repr__(self):
        return (
            f"ExponentialDecay({self.initial_learning_rate}, {self.decay_steps:g}, "
            f"{self.decay_rate}, staircase={self.staircase})"
        )


class CosineDecay:
    """Half a wave of a cosine down from the first rate; before it, if asked, a straight rise.

    Rate      t < S:  α(t) = α₀ + (α₁ − α₀) t / S          S = warmup_steps, α₁ = warmup_target
              after:  α(t) = α₁ ((1 − alpha) ½ (1 + cos πu) + alpha)
                      u = (t − S) / decay_steps, at most 1: the rate ends at alpha · α₁
              Without warmup_target: S = 0 and α₁ = α₀ = initial_learning_rate.
    Raises    ValueError: decay_steps is not positive, or another number is negative
    Source:   Loshchilov & Hutter 2017 (SGDR); the rise: Goyal et al. 2017
    """

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        alpha=0.0,
        warmup_target=None,
        warmup_steps=0,
        name=None,
    ):
        self.name = name or "CosineDecay"
        self.initial_learning_rate = number(
            self.name, "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = positive(self.name, "decay_steps", decay_steps)
        self.alpha = number(self.name, "alpha", alpha)
        self.warmup_target = warmup_target
        if warmup_target is not None:
            self.warmup_target = number(self.name, "warmup_target", warmup_target)
        self.warmup_steps = number(self.name, "warmup_steps", warmup_steps)

    def __call__(self, step):
        first, peak, rise = self.initial_learning_rate, self.warmup_target, self.warmup_steps
        if peak is None:
            peak, rise = first, 0
        if step < rise:
            return float(first + (peak - first) * step / rise)
        u = min((step - rise) / self.decay_steps, 1.0)
        cosine = 0.5 * (1 + math.cos(math.pi * u))
        return peak * ((1 - self.alpha) * cosine + self.alpha)

    def __repr__(self):
        return (
            f"CosineDecay({self.initial_learning_rate}, {self.decay_steps:g}, "
            f"alpha={self.alpha}, warmup_target={self.warmup_target}, "
            f"warmup_steps={self.warmup_steps:g})"
        )


def number(owner, name, value, most=math.inf, below=math.inf):
    """`value` as a float in [0, most] and below `below`, or a sentence that names the owner."""
    try:
        x = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}") from None
    if not (0 <= x <= most and x < below):  # NaN too
        limit = f" and ≤ {most:g}" if most < math.inf else f" and < {below:g}"
        raise ValueError(f"{owner}: {name} must be ≥ 0{limit}, got {value!r}")
    return x


def positive(owner, name, value):
    """`value` as a finite float above 0, or a sentence."""
    x = number(owner, name, value)
    if x == 0:
        raise ValueError(f"{owner}: {name} must be above 0, got {value!r}")
    return x
