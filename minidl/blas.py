"""BLAS: the library behind NumPy's matrix products, and how many threads it uses."""

import ctypes
import sys
import threading
from contextlib import contextmanager
from functools import lru_cache

NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_",
         "openblas_{}_num_threads")  # fmt: skip


@lru_cache
def openblas_threads():
    """NumPy's OpenBLAS: the functions that read and set its threads; or two of no effect."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    try:
        library = ctypes.CDLL(core.__file__)
    except (OSError, AttributeError):  # an older NumPy, or one that cannot be opened so
        return lambda: 1, lambda count: None
    for name in NAMES:
        if hasattr(library, name.format("set")):
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return lambda: 1, lambda count: None


def blas_threads():
    """How many threads a matrix product uses: 1 where OpenBLAS is not found."""
    return openblas_threads()[0]()


class _Inside:
    """How many callers want one thread now, and how many threads there were before them."""

    lock, callers, before = threading.Lock(), 0, 1


@contextmanager
def one_blas_thread():
    """OpenBLAS, where it is found, at one thread: two calls of it would wait for each other.

    Elsewhere nothing is done: set OPENBLAS_NUM_THREADS=1 or its like before Python starts."""
    get_count, set_count = openblas_threads()
    with _Inside.lock:
        if not _Inside.callers:
            _Inside.before = get_count()
            set_count(1)
        _Inside.callers += 1
    try:
        yield
    finally:
        with _Inside.lock:
            _Inside.callers -= 1
            if not _Inside.callers:
                set_count(_Inside.before)
