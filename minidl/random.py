"""Where randomness starts: one generator for each model, all of them from one seed."""

import numpy as np

_root = np.random.SeedSequence()


def set_seed(seed):
    """Set what every model without a `seed=` of its own starts from: same seed, same bits.

    None starts from somewhere new."""
    global _root
    _root = _sequence(seed)


def new_generator(seed=None):
    """A NumPy Generator from `seed` (an int or a Generator), or the next one of the root."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(_root.spawn(1)[0] if seed is None else _sequence(seed))


def _sequence(seed):
    if isinstance(seed, np.random.SeedSequence):
        return seed
    try:
        return np.random.SeedSequence(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed must be an integer ≥ 0 or None, got {seed!r}") from None
