"""What the transformer's mutants are fed, and layers moved away from where they start."""

import numpy as np

SEQUENCE = (2, 3, 4)  # N, T, D
SAMPLED = {"max_entries": 2}  # and directions through all: fast, but little is named
ALL = {"max_entries": None}


def sequences(rng):
    return rng.standard_normal(SEQUENCE)


def two_sequences(rng):
    """A target and what it reads, of equal lengths: so mistakes keep their shape."""
    return sequences(rng), sequences(rng)


def ids(rng):
    """Some repeat."""
    return rng.permuted([[0, 2, 2], [1, 2, 3]], axis=1)


def away_from_start(make, *shape):
    """make, for built layers whose parameters are no longer all 0 or 1."""

    def made():
        layer, rng = make(), np.random.default_rng(5)
        layer.build(shape or SEQUENCE[1:], rng)
        for array in layer.params.values():
            array += 0.3 * rng.standard_normal(array.shape)
        return layer

    return made


def summed(*grads):
    """Several dicts of gradients as one."""
    return {name: sum(g[name] for g in grads if name in g) for d in grads for name in d}
