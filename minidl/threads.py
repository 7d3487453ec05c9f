"""Threads: pieces of work side by side, and a batch in parts, one a thread.

NumPy's elementwise functions use one core, and let go of Python's lock while they run. Layers
remember no call, so several threads may run the same model at once: of a step of 60 ms two
threads save a quarter, of one of 2 ms nothing.
"""

import copy
import os
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache

import numpy as np

from minidl.batches import count_rows, parts, take
from minidl.blas import one_blas_thread
from minidl.layer import Layer, takes


def spread(count, function, *arguments):
    """[function(*job) for job in zip(*arguments)], by this thread and count − 1 others."""
    jobs = list(zip(*arguments))
    count = min(count, len(jobs))
    if count < 2:
        return [function(*job) for job in jobs]
    done = [None] * len(jobs)

    def work(k):
        for i in range(k, len(jobs), count):
            done[i] = function(*jobs[i])

    others = [pool(count - 1).submit(quietly, work, k) for k in range(1, count)]
    try:
        work(0)
    finally:  # also after Ctrl-C: nobody works on when the caller goes on
        wait(others)
    for other in others:
        other.result()  # an error there is one here
    return done


@lru_cache
def pool(count):
    """That many threads, which wait for work from their first use on."""
    return ThreadPoolExecutor(count, "minidl")


if hasattr(os, "register_at_fork"):  # a forked process has none of these threads
    os.register_at_fork(after_in_child=pool.cache_clear)


def quietly(function, *arguments):
    """As fit does it: a diverging run says so itself. Other threads do not inherit errstate."""
    with np.errstate(over="ignore", invalid="ignore"):
        return function(*arguments)


def checked_count(where, count):
    """`count` as an int ≥ 1, or a sentence."""
    if type(count) is int and count > 0:
        return count
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"{where}: threads must be a positive integer, got {count!r}")
    return int(count)


def in_threads(compiled, count):
    """`compiled` with its net in that many threads; itself for one."""
    if count == 1:
        return compiled
    several = copy.copy(compiled)
    several.net = InThreads(compiled.net, count)
    return several


class InThreads:
    """A net whose batches run in parts, one a thread: what a training step needs of a net.

    Forward   y = the parts' y, one below the other
    Backward  grads = Σ over the parts: a row's share in a gradient is its own
    Cache     one cache a part, and how many rows it has

    The loss sees the whole batch, so any loss will do. Each thread has a twin of the net: the
    same arrays, another random stream for Dropout. Same seed and threads, same bits.

    Raises    ValueError: a layer mixes the rows of a batch (BatchNormalization)
    """

    def __init__(self, net, count):
        if net.mixes_batch:
            raise ValueError(
                f"{net.where}: threads={count} needs rows that do not depend on each other, "
                "and BatchNormalization mixes them: use threads=1"
            )
        self.nets = [net, *(twin(net) for _ in range(count - 1))]

    def forward(self, x, training=False):
        places = parts(count_rows(x), len(self.nets))
        run = self.each(lambda net, at: net.forward(take(x, at), training=training), places)
        outputs, caches = zip(*run)
        return stacked(outputs), (places, caches)

    def backward(self, dy, cache):
        def back(net, at, kept):
            options = {"needs_dx": False} if takes(net.backward, "needs_dx") else {}
            return net.backward(take(dy, at), kept, **options)[1]

        total, *rest = self.each(back, *cache)
        for grads in rest:
            total = {name: total[name] + g for name, g in grads.items()}
        return None, total

    def each(self, function, *arguments):
        """function(net, …) for all parts, BLAS at one thread in each."""
        with one_blas_thread():
            return spread(len(self.nets), function, self.nets, *arguments)

    def compute_mask(self, x):
        return self.nets[0].compute_mask(x)

    params = property(lambda self: self.nets[0].params)
    trainable_params = property(lambda self: self.nets[0].trainable_params)
    regularizers = property(lambda self: self.nets[0].regularizers)


def twin(layer, known=None):
    """A copy of the layer, and of all layers below it, that shares everything else.

    Each has a random stream of its own. A layer that two places share stays one."""
    known = {} if known is None else known
    if id(layer) not in known:
        other = known[id(layer)] = copy.copy(layer)
        for name, value in vars(layer).items():
            vars(other)[name] = twins_in(value, known)
        if layer.rng is not None:
            other.rng = layer.rng.spawn(1)[0]
    return known[id(layer)]


def twins_in(value, known):
    """An attribute of a layer with twins in place of the layers, in lists and dicts as well."""
    if isinstance(value, Layer):
        return twin(value, known)
    if type(value) in (list, tuple):
        return type(value)(twins_in(each, known) for each in value)
    if type(value) is dict:
        return {key: twins_in(each, known) for key, each in value.items()}
    return value


def stacked(outputs):
    """Outputs of parts of a batch, one below the other; of several outputs, each."""
    if isinstance(outputs[0], tuple):
        return tuple(np.concatenate(each) for each in zip(*outputs))
    return np.concatenate(outputs)
