"""The normal distribution, as GELU needs it: Φ(x), the share of numbers below x, and φ = Φ'."""

import numpy as np

from minidl.layers.erf import erf

SQRT_HALF = float(np.sqrt(0.5))
SQRT_2_OVER_PI = float(np.sqrt(2 / np.pi))
BLOCK = 131072  # entries at a time: what is in hand stays in the processor's cache

TWO_TERMS = (SQRT_2_OVER_PI, SQRT_2_OVER_PI * 0.044715)  # GELU's tanh form
# The same form carried on to seven terms, fitted so that the largest error of Φ is smallest:
# 3e-8, half of what float32 rounds off. With it, GELU is twice as fast as with erf.
SEVEN_TERMS = (7.97884941e-1, 3.63330846e-2, -3.25949788e-5, -5.53061921e-5, 3.96474409e-6,
               -1.32263311e-7, 1.75616985e-9)  # fmt: skip


def exact_Phi(x, out):
    """Φ(x) = ½ (1 + erf(x / √2)); in float32 by seven terms of the tanh form, within 1e-7."""
    if x.dtype == np.float32:
        tanh_Phi(x, out, SEVEN_TERMS)
    else:
        np.multiply(0.5, 1 + erf(x * SQRT_HALF), out=out)


def exact_phi(x, Phi):
    """φ(x) = e^(−x²/2) / √(2π)"""
    phi = x * x
    phi *= -0.5
    np.exp(phi, out=phi)
    phi *= SQRT_2_OVER_PI / 2
    return phi


def tanh_Phi(x, out, a=TWO_TERMS):
    """½ (1 + tanh u),  u = x (a₀ + a₁ x² + a₂ x⁴ + …); a large x makes u ±∞, its tanh is ±1."""
    with np.errstate(over="ignore"):
        square = x * x
        u = np.multiply(square, a[-1], out=out)
        for coefficient in a[-2:0:-1]:  # Horner's scheme, in place
            u += coefficient
            u *= square
        u += a[0]
        u *= x
    np.tanh(u, out=u)
    u *= 0.5
    u += 0.5


def tanh_phi(x, Phi):
    """The slope of the form with two terms: 2 Φ (1 − Φ) u', since 1 − tanh² = 4 Φ (1 − Φ)."""
    phi = x * x
    phi *= 6 * TWO_TERMS[1]
    phi += 2 * TWO_TERMS[0]
    phi *= Phi
    phi *= 1 - Phi
    return phi


def in_blocks(*arrays):
    """The arrays, flat, a block of each at a time."""
    flat = [a.reshape(-1) for a in arrays]
    for start in range(0, flat[0].size, BLOCK):
        yield [a[start : start + BLOCK] for a in flat]
