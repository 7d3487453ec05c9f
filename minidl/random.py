"""Where randomness starts: one generator for each model, all of them from one seed."""

import numpy as np

_root = np.random.SeedSequence()


def set_seed(seed):
    """Set what every model without a `seed=` of its own starts from: same seed, same bits."""
    global _root
    _root = np.random.SeedSequence(seed)


def new_generator(seed=None):
    """A NumPy Generator from `seed` (an int or a Generator), or the next one of the root."""
    if seed is None:
        seed = _root.spawn(1)[0]
    return np.random.default_rng(seed)
