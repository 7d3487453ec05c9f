"""Optimizers: SGD, RMSprop, Adam and AdamW. What they share is in `minidl.optimizer`."""

import math

from numpy import maximum, sqrt

from minidl import schedules
from minidl.optimizer import Optimizer
from minidl.schedules import number

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "get", "schedules"]


class SGD(Optimizer):
    """Gradient descent, with momentum if asked: a ball that keeps part of its speed.

    Update    w ← w − α g                                       momentum μ = 0
              m ← μ m − α g,   w ← w + m                        momentum
              m ← μ m − α g,   w ← w + μ m − α g                nesterov: from where m will lead
    State     m, the speed, if μ > 0
    Compare   PyTorch keeps m ← μ m + g and w ← w − α m: the same path while α is constant
    Source:   D2 §4.1.2 θ ← θ − α ∇L(θ); momentum: Polyak 1964; nesterov: Sutskever et al. 2013
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **options):
        super().__init__(learning_rate, **options)
        self.momentum = number("SGD", "momentum", momentum, most=1)
        self.nesterov = bool(nesterov)

    @property
    def slots(self):
        return ("m",) if self.momentum else ()

    def update(self, w, g, rate, m=None):
        step = rate * g
        if m is None:
            w -= step
            return
        m *= self.momentum
        m -= step
        w += self.momentum * m - step if self.nesterov else m


class RMSprop(Optimizer):
    """Each entry's step is divided by the recent size of its gradient.

    Update    v ← ρ v + (1 − ρ) g²           w ← w − α g / √(v + ε)
              centered:  a ← ρ a + (1 − ρ) g,   with √(v − a² + ε): a variance and not a square
              momentum:  m ← μ m + α g / √(…),   w ← w − m
    State     v, the mean square; m if μ > 0; a, the mean, if centered
    Compare   ε stands inside the root, as in Keras: where g = 0 the divisor is √1e-7 = 3e-4.
              PyTorch has √v + ε. There is no correction of the first steps: v starts at 0, so
              the first step is α / √(1 − ρ), about 3.2 α.
    Source:   D3 §3.1.2 (named); Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013
    """

    def __init__(
        self,
        learning_rate=0.001,
        rho=0.9,
        momentum=0.0,
        epsilon=1e-7,
        centered=False,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.rho = number("RMSprop", "rho", rho, most=1)
        self.momentum = number("RMSprop", "momentum", momentum, most=1)
        self.epsilon = number("RMSprop", "epsilon", epsilon)
        self.centered = bool(centered)

    @property
    def slots(self):
        return ("v", *(["m"] if self.momentum else []), *(["a"] if self.centered else []))

    def update(self, w, g, rate, v, m=None, a=None):
        v *= self.rho
        v += (1 - self.rho) * (g * g)
        size = v + self.epsilon
        if a is not None:
            a *= self.rho
            a += (1 - self.rho) * g
            size -= a * a
        step = rate * g / sqrt(size)
        if m is not None:
            m *= self.momentum
            m += step
            step = m
        w -= step


class Adam(Optimizer):
    """Momentum divided by the recent size of the gradient, both corrected for starting at 0.

    Update    m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²          t = 1, 2, …
              w ← w − αₜ m / (√v + ε)        αₜ = α √(1 − β₂ᵗ) / (1 − β₁ᵗ)
              amsgrad:  v_max ← max(v_max, v) stands in the root, so the divisor never falls
    State     m, the mean gradient; v, the mean square; v_max if amsgrad

    After t steps the weights in m add up to 1 − β₁ᵗ and not to 1; αₜ divides by it, and by the
    root of the same for v. So the first step is α long whatever the gradient's scale, as long
    as √v is large beside ε.
    Compare   ε is added to the uncorrected √v, as in Keras and in the paper's §2 ("ε hat").
              Algorithm 1 of the paper and PyTorch add it to √(v / (1 − β₂ᵗ)), 32 times as large
              at t = 1. With g = 1e-6, ε = 1e-7, α = 1e-3, three steps move w by −9.0e-4
              here and by −2.7e-3 there.
    Source:   D2 §4.1.2, D3 §3.1.2, D4 §3.2 (named); Kingma & Ba 2015;
              amsgrad: Reddi et al. 2018
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.beta_1 = number(self.where, "beta_1", beta_1, below=1)
        self.beta_2 = number(self.where, "beta_2", beta_2, below=1)
        self.epsilon = number(self.where, "epsilon", epsilon)
        self.amsgrad = bool(amsgrad)

    @property
    def slots(self):
        return ("m", "v", "v_max") if self.amsgrad else ("m", "v")

    def step_size(self):
        t = self.iterations + 1
        correction = math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return self.learning_rate * correction

    @property
    def fades(self):
        """β₁, β₂ and ε: `minidl.fading` may take over a table. None: it could not."""
        able = not self.amsgrad and min(self.beta_1, self.beta_2) >= 0.5 and self.epsilon > 0
        return (self.beta_1, self.beta_2, self.epsilon) if able else None

    def update(self, w, g, rate, m, v, v_max=None):
        m *= self.beta_1
        m += (1 - self.beta_1) * g
        v *= self.beta_2
        v += (1 - self.beta_2) * (g * g)
        if v_max is not None:
            maximum(v_max, v, out=v_max)
            v = v_max
        size = sqrt(v)
        size += self.epsilon  # in place, as a new array for every operation costs a tenth
        step = m / size
        step *= rate
        w -= step


class AdamW(Adam):
    """Adam whose weight decay acts on the weights and not through the gradient.

    Update    w ← w − α λ w, then Adam's          λ = weight_decay
    State     Adam's

    An L2 penalty adds 2 l2 w to g, and Adam then divides it by √v: weights with large gradients
    are decayed less. Here all decay alike, biases and all rows of an Embedding too.
    Compare   The paper decays by λ w alone; Keras and PyTorch by α λ w, as here.
    Source:   Loshchilov & Hutter 2019, Algorithm 2; Keras's λ = 0.004
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay=0.004,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        **options,
    ):
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay=weight_decay,
            **options,
        )
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a number, got None: use Adam")


NAMES = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}


def get(identifier):
    """The optimizer for a name in upper or lower case, an Optimizer, or an Optimizer class."""
    if isinstance(identifier, str) and identifier.lower() in NAMES:
        return NAMES[identifier.lower()]()
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, Optimizer):
        return identifier
    raise ValueError(
        f"Could not interpret optimizer identifier {identifier!r}: use one of "
        f"{', '.join(NAMES)}, or an optimizer such as Adam(0.001)"
    )
