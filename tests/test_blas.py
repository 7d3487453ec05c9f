"""Products in pieces are the products."""

import numpy as np
import pytest

from minidl import blas
from minidl.layers import LSTM
from minidl.testing import assert_gradients


@pytest.fixture(params=[False, True], ids=["whole", "pieces"])
def in_pieces(request, monkeypatch):
    """On a processor without kernels for small products, and with them."""
    monkeypatch.setattr(blas, "has_small_kernels", lambda: request.param)
    monkeypatch.setattr(blas, "blas_threads", lambda: 1)
    return request.param


@pytest.mark.parametrize(
    ("M", "K", "N", "count"),
    [
        (512, 257, 32, 8),  # 64 rows of 526,336 multiplications
        (256, 129, 32, 2),
        (100, 400, 32, 2),
        (100, 100, 100, 1),  # a million is small
        (512, 512, 257, 1),  # pieces would have 4 rows
        (33, 1000, 100, 1),  # 33 rows have no halves
        (0, 5, 3, 1),
        (64, 0, 7, 1),
    ],
)
def test_pieces(M, K, N, count):
    assert blas.pieces(M, K, N) == count


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("M", "K", "N"), [(256, 129, 32), (128, 512, 32), (3, 2, 1)])
def test_times_is_the_product(in_pieces, M, K, N, order, dtype):
    rng = np.random.default_rng(0)
    A = np.asarray(rng.integers(-9, 10, (M, K)), dtype, order=order)
    Bs = rng.integers(-9, 10, (2, K, N)).astype(dtype)
    out = np.full((M, N), np.nan, dtype)
    multiply = blas.times(A, N)
    for B in Bs:
        multiply(B, out)
        # integers: sums without any rounding, in whatever order they are added
        np.testing.assert_array_equal(out, np.einsum("mk,kn->mn", A, B))


@pytest.mark.parametrize("threads", [1, 2])
def test_only_one_thread_takes_pieces(monkeypatch, threads):
    monkeypatch.setattr(blas, "has_small_kernels", lambda: True)
    monkeypatch.setattr(blas, "blas_threads", lambda: threads)
    whole = getattr(blas.times(np.ones((256, 129)), 32), "func", None) is np.dot
    assert whole == (threads == 2)


def test_an_lstm_has_the_same_slopes_in_pieces(in_pieces):
    assert blas.pieces(256, 129, 32) == 2  # what 64 units do to 64 features, for 32 rows
    layer = LSTM(64, dtype="float64")
    layer.build((None, 64), 0)
    x = np.random.default_rng(1).normal(size=(32, 2, 64))
    assert_gradients(layer, x, kwargs={"training": True})
