"""BLAS: the library behind NumPy's matrix products, its threads, and thin products."""

import ctypes
import sys
import threading
from contextlib import contextmanager
from functools import lru_cache, partial

import numpy as np

NAMES = ("scipy_openblas_{}64_", "openblas_{}64_", "openblas_{}")
SMALL = 100**3  # multiplications: OpenBLAS's limit (its sgemm_small_kernel_permit_skylakex.c)
WITH_SMALL_KERNELS = (b"SkylakeX", b"Cooperlake", b"SapphireRapids")  # processors with AVX-512


@lru_cache
def openblas(name):
    """A function of NumPy's OpenBLAS, such as "get_num_threads"; None where it is not found."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    try:
        library = ctypes.CDLL(core.__file__)
    except (OSError, AttributeError):  # an older NumPy, or one that cannot be opened so
        return None
    return next((getattr(library, n.format(name)) for n in NAMES
                 if hasattr(library, n.format(name))), None)  # fmt: skip


@lru_cache
def openblas_threads():
    """The functions that read and set OpenBLAS's threads; or two of no effect."""
    get, put = openblas("get_num_threads"), openblas("set_num_threads")
    return (get, put) if get and put else (lambda: 1, lambda count: None)


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


@lru_cache
def has_small_kernels():
    """Does OpenBLAS have kernels for small products, on this processor?"""
    core_name = openblas("get_corename")
    if core_name is None:
        return False
    core_name.restype = ctypes.c_char_p
    return core_name() in WITH_SMALL_KERNELS


def times(A, N):
    """A function f(B, out) that computes A @ B, for one A (M, K) and many B (K, N) in turn.

    OpenBLAS first copies both factors into an order of its own, which takes up to half of the
    time where B is thin; its kernels for small products take them as they lie. So with one
    thread and such kernels A is cut into pieces of at least 32 rows whose products are small:
    (512, 257) @ (257, 32) takes 55 µs in place of 75, in float64 103 in place of 185. `out`
    must be contiguous."""
    count = pieces(*A.shape, N) if has_small_kernels() and blas_threads() == 1 else 1
    if count == 1:
        return partial(np.dot, A)
    some = A.reshape(count, -1, A.shape[1])  # (count, M / count, K)
    some = some.transpose(0, 2, 1).copy().transpose(0, 2, 1)  # the order the kernels like best
    return lambda B, out: np.matmul(some, B, out.reshape(count, -1, N))


def pieces(M, K, N):
    """Into how many equal pieces M rows must be cut; 1 where they would have less than 32."""
    count, all_of_it = 1, M * K * N
    while all_of_it > SMALL * count and M % (2 * count) == 0:
        count *= 2
    return count if all_of_it <= SMALL * count and M // count >= 32 else 1
