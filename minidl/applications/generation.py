"""Generation: one token after another, each drawn from what the model makes of those before."""

import numpy as np

from minidl.layers.activations import softmax
from minidl.layers.dot_product import scaled_dot_product_attention
from minidl.layers.heads import merge_heads
from minidl.random import new_generator


class KeyValueCache:
    """What a GPT's blocks keep of the tokens read so far, so that each is read only once.

    Attention looks at a token through its key and its value alone, and these do not change
    when more tokens follow. With a cache a new token costs one row instead of all of them.

    keys, values   for each block an array (N, H, L, K), filled up to `length`
    logits = cache.read(ids)   (N, T) further tokens -> (N, T, V), as model.forward's of all

    Source:   Shazeer 2019, §3 (incremental inference)
    """

    def __init__(self, model, rows):
        config, W = model.config, model.word.params["W"]
        H, L = config["heads"], config["max_length"]
        shape = (len(model.blocks), 2, rows, H, L, config["dim"] // H)
        self.model, self.store, self.length = model, np.zeros(shape, W.dtype), 0

    def read(self, ids):
        model, start, stop = self.model, self.length, self.length + ids.shape[1]
        h = model.word.forward(ids)[0] + model.position.params["W"][start:stop]
        for block, kept in zip(model.blocks, self.store):
            h = self.through(block, h, kept, stop)
        self.length = stop
        return model.decoder.forward(model.norm.forward(h)[0])[0]

    def through(self, block, h, kept, stop):
        """The block's output for the new positions."""

        def attend(z):
            return self.attend(block.attention, z, kept, stop), None

        h, _ = block.around(h, block.norm1, attend, False)
        return block.around(h, block.norm2, block.ffn, False)[0]

    def attend(self, attention, z, kept, stop):
        """Attention of the new positions on all so far; their keys and values are kept."""
        keys, values = kept
        keys[:, :, self.length : stop] = attention.projected(z, "k")
        values[:, :, self.length : stop] = attention.projected(z, "v")
        causal = np.tri(z.shape[1], stop, self.length, dtype=bool)  # key ≤ query
        Q = attention.projected(z, "q")
        out, _ = scaled_dot_product_attention(Q, keys[:, :, :stop], values[:, :, :stop], causal)
        Wo = attention.params["Wo"]
        return merge_heads(out) @ Wo.reshape(-1, Wo.shape[2]) + attention.params["bo"]


def generate(model, ids, length, temperature=1.0, top_k=None, top_p=None, rng=None):
    """ids, (T,) or (N, T), with `length` more tokens behind each row.

    The arguments after `length` are those of `sample`; rng: a seed or a NumPy Generator. Beyond
    the model's max_length only the last so many tokens are read: each step then reads them
    all, since every one of them has moved to another position.

    Raises    ValueError: no token to start from, a negative length, or what `sample` refuses
    """
    ids, rng = np.asarray(ids), new_generator(rng)
    rows = ids if ids.ndim == 2 else ids[None]
    if rows.ndim != 2 or rows.shape[1] == 0 or length < 0:
        raise ValueError(
            f"generate: ids must be (T,) or (N, T) with T ≥ 1, and length ≥ 0, got {ids.shape} "
            f"and {length}: start from one token at least"
        )
    if not model.built:
        model.build(rows.shape[1:])
    L = model.config["max_length"]
    cache, new = KeyValueCache(model, len(rows)), rows[:, -L:]
    for _ in range(length):
        if cache.length + new.shape[1] > L:
            logits = model.outputs(rows[:, -L:])
        else:
            logits = cache.read(new)
        new = sample(logits[:, -1], temperature, top_k, top_p, rng)[:, None]  # (N, 1)
        rows = np.concatenate([rows, new.astype(rows.dtype)], axis=1)
    return rows if ids.ndim == 2 else rows[0]


def sample(logits, temperature=1.0, top_k=None, top_p=None, rng=None):
    """(N,) ids, one drawn from each row of logits (N, V).

    p = softmax(logits / temperature); then what is left out gets 0, and the rest is rescaled

    temperature   below 1 the likely becomes likelier; 0 takes the likeliest, always
    top_k         only the k likeliest
    top_p         only the likeliest that together have a probability of top_p or more

    Raises    ValueError: temperature below 0, top_k below 1, top_p outside (0, 1]
    Source:   top_k: Fan, Lewis & Dauphin 2018, §5.1; top_p: Holtzman et al. 2020, §3.1
    """
    check_sampling(temperature, top_k, top_p)
    if temperature == 0:
        return logits.argmax(axis=-1)
    order = np.argsort(-logits, axis=-1, kind="stable")  # the likeliest first
    z = np.take_along_axis(logits, order, -1).astype(float)
    with np.errstate(over="ignore"):  # a tiny temperature: −∞ is right for all but the maximum
        p = softmax((z - z[:, :1]) / temperature)
    if top_k is not None:
        p[:, top_k:] = 0
    if top_p is not None:
        before = np.cumsum(p, axis=-1) - p
        p[before >= top_p * p.sum(axis=-1, keepdims=True)] = 0
    upto = np.cumsum(p, axis=-1)
    drawn = new_generator(rng).random((len(p), 1)) * upto[:, -1:]
    place = (upto <= drawn).sum(axis=-1, keepdims=True)  # the first whose sum is above `drawn`
    return np.take_along_axis(order, place, -1)[:, 0]


def check_sampling(temperature, top_k, top_p):
    if not temperature >= 0:
        raise ValueError(
            f"sample: temperature must be at least 0, got {temperature!r}: use 1.0"
        )
    if top_k is not None and not top_k >= 1:
        raise ValueError(f"sample: top_k must be 1 or more, got {top_k!r}: None takes all")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"sample: top_p must lie in (0, 1], got {top_p!r}: None takes all")
