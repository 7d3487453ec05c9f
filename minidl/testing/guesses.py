"""Guesses: constructor arguments and inputs for a class of which only the name is known."""

import inspect

import numpy as np

# What an argument is called -> what it gets; None is the last axis of x. First fit wins.
ARGUMENTS = {
    "heads": 2, "kernel": 2, "pool": 2, "stride": 1, "dilation": 2, "rank": 2, "groups": 2,
    "vocab": 7, "num_embeddings": 7, "input_dim": 7, "max": 12, "length": 12,
    "rate": 0.3, "prob": 0.3, "momentum": 0.9, "eps": 1e-5, "delta": 1.0, "alpha": 0.3,
    "activation": "tanh",
    "in_": None, "input_size": None, "d_in": None, "model": None, "embed_dim": None,
    "units": 3, "filters": 3, "out": 3, "hidden": 3, "classes": 3, "key_dim": 3,
    "dim": None, "features": None, "channels": None, "size": None,
}  # fmt: skip
SEQUENCES = ("lstm", "gru", "rnn", "recurrent", "conv1d", "pooling1d", "attention", "position",
             "bidirectional", "transformer", "encoder", "decoder", "time")  # fmt: skip
IMAGES = ("conv2d", "pooling2d", "image", "patch")
IDS = ("embed", "lookup", "onehot", "one_hot")


def constructor_arguments(cls, x):
    """{name: value} for the arguments without a default.

    Raises TypeError where a name says nothing."""
    arguments = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.default is not parameter.empty or "VAR" in parameter.kind.name:
            continue
        fits = [value for part, value in ARGUMENTS.items() if part in name.lower()]
        if not fits and name not in ("D", "M", "n", "d", "m"):
            raise TypeError(f"no guess for the argument {name!r}: give it a default")
        guess = fits[0] if fits else {"M": 3, "m": 3}.get(name)
        arguments[name] = x.shape[-1] if guess is None else guess
    return arguments


def inputs(name, layer=None):
    """Inputs to try, the likeliest first; `layer` may be built, and then says its D."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 5, size=(4, 6))
    shape = getattr(layer, "input_shape", None)
    if shape and all(isinstance(n, int | np.integer | None) for n in shape):
        given = [6 if n is None else n for n in shape]
        return [normal(rng, 4, *given), rng.integers(0, 5, size=(4, *given))]
    first = [D for a in getattr(layer, "params", {}).values() for D in a.shape[:1]][:1]
    own = [x for D in first for x in (normal(rng, 4, D), normal(rng, 2, 6, D))]
    rows, steps, images = normal(rng, 4, 5), normal(rng, 2, 6, 4), normal(rng, 2, 5, 5, 2)
    return [*own, *_ordered(name.lower(), rows, steps, images, ids)]


def normal(rng, *shape):
    return rng.normal(size=shape).astype("float32")


def _ordered(name, rows, steps, images, ids):
    if any(part in name for part in IDS):
        return [ids, rows, steps, images]
    if any(part in name for part in IMAGES):
        return [images, steps, rows, ids]
    if any(part in name for part in SEQUENCES):
        return [steps, rows, images, ids]
    return [rows, steps, images, ids]


def targets(name):
    """(y_true, y_pred) pairs to try for a loss; its name says of what kind."""
    rng = np.random.default_rng(0)
    numbers = normal(rng, 4, 3), normal(rng, 4, 3)
    probs = rng.uniform(0.1, 0.9, size=(4, 3)).astype("float32")
    classes = np.array([0, 2, 1, 2])
    both = rng.integers(0, 2, size=(4, 3)).astype("float32"), probs
    one_hot = np.eye(3, dtype="float32")[classes], probs / probs.sum(axis=1, keepdims=True)
    sparse = classes, one_hot[1]
    name = name.lower()
    if "sparse" in name or "nll" in name:
        return [sparse, one_hot, both, numbers]
    if "binary" in name or "focal" in name:
        return [both, one_hot, sparse, numbers]
    if "entropy" in name or "divergence" in name or "categorical" in name:
        return [one_hot, both, sparse, numbers]
    return [numbers, both, one_hot, sparse]


def say(x):
    """float (4, 5), or integers (4, 6)."""
    if isinstance(x, tuple):
        return " and ".join(map(say, x))
    x = np.asarray(x)
    return f"{'integers' if x.dtype.kind in 'iu' else 'float'} {x.shape}"
