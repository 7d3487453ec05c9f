"""Threads: a batch in parts, each of them forward and back in a thread of its own.

NumPy's elementwise functions use one core. Layers remember no call, so several threads may run
the same model at once: of a step of 60 ms two threads save a quarter, of one of 2 ms nothing.
"""

import copy
import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from minidl.batches import count_rows, parts, take


@contextmanager
def in_threads(compiled, count):
    """`compiled` with its net in that many threads, BLAS at one in each; itself for one."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"fit: threads must be a positive integer, got {count!r}")
    if count == 1:
        yield compiled
        return
    with ThreadPoolExecutor(count - 1) as pool, one_blas_thread():
        several = copy.copy(compiled)
        several.net = InThreads(compiled.net, count, pool)
        yield several


class InThreads:
    """A net whose batches run in parts, one a thread: what a training step needs of a net.

    Forward   y = the parts' y, one below the other
    Backward  grads = Σ over the parts: a row's share in a gradient is its own
    Cache     one cache a part, and how many rows it has

    The loss sees the whole batch, so any loss will do. Each thread has a twin of the net: the
    same arrays, another random stream for Dropout. Same seed and threads, same bits.

    Raises    ValueError: a layer mixes the rows of a batch (BatchNormalization)
    """

    def __init__(self, net, count, pool):
        if net.mixes_batch:
            raise ValueError(
                f"{net.where}: threads={count} needs rows that do not depend on each other, "
                "and BatchNormalization mixes them: use threads=1"
            )
        self.nets = [net, *(twin(net) for _ in range(count - 1))]
        self.pool = pool

    def forward(self, x, training=False):
        places = parts(count_rows(x), len(self.nets))
        run = self.each(lambda net, at: net.forward(take(x, at), training=training), places)
        outputs, caches = zip(*run)
        return stacked(outputs), (places, caches)

    def backward(self, dy, cache):
        places, caches = cache
        run = self.each(
            lambda net, at, kept: net.backward(take(dy, at), kept)[1], places, caches
        )
        total, *rest = run
        for grads in rest:
            total = {name: total[name] + g for name, g in grads.items()}
        return None, total

    def each(self, function, *arguments):
        """function(net, …) for all parts, the first in this thread."""
        jobs = list(zip(self.nets, *arguments))
        others = [self.pool.submit(quietly, function, *job) for job in jobs[1:]]
        return [function(*jobs[0]), *(other.result() for other in others)]

    params = property(lambda self: self.nets[0].params)
    trainable_params = property(lambda self: self.nets[0].trainable_params)
    regularizers = property(lambda self: self.nets[0].regularizers)


def twin(net):
    """A deep copy that shares the arrays and has random streams of its own."""
    shared = [*net.params.values(), *net.state.values()]
    training = [vars(net).get("compiled"), vars(net).get("history")]
    memo = {id(a): a for a in shared} | {id(a): None for a in training}
    other = copy.deepcopy(net, memo)
    for layer, original in zip(every_layer(other), every_layer(net)):
        if original.rng is not None:
            layer.rng = original.rng.spawn(1)[0]
    return other


def every_layer(layer):
    """The layer and all below it, each once."""
    found = {id(layer): layer}
    for child in getattr(layer, "children", {}).values():
        found.update({id(each): each for each in every_layer(child)})
    return list(found.values())


def quietly(function, *arguments):
    """As fit does it: a diverging run says so itself. Other threads do not inherit errstate."""
    with np.errstate(over="ignore", invalid="ignore"):
        return function(*arguments)


def stacked(outputs):
    """Outputs of parts of a batch, one below the other; of several outputs, each."""
    if isinstance(outputs[0], tuple):
        return tuple(np.concatenate(each) for each in zip(*outputs))
    return np.concatenate(outputs)


@contextmanager
def one_blas_thread():
    """OpenBLAS, where it is found, at one thread: two calls of it would wait for each other.

    Elsewhere nothing is done: set OPENBLAS_NUM_THREADS=1 or its like before Python starts."""
    get_count, set_count = openblas_threads()
    before = get_count()
    set_count(1)
    try:
        yield
    finally:
        set_count(before)


def openblas_threads():
    """NumPy's OpenBLAS: the functions that read and set its threads; or two of no effect."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    try:
        library = ctypes.CDLL(core.__file__)
    except (OSError, AttributeError):  # an older NumPy, or one that cannot be opened so
        return lambda: 1, lambda count: None
    for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_",
                 "openblas_{}_num_threads"):  # fmt: skip
        if hasattr(library, name.format("set")):
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return lambda: 1, lambda count: None
