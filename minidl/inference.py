"""Inference: a net's outputs, in blocks of rows that stay in the cache.

Rows do not depend on each other, so a batch may be cut. Between two layers of a block the
numbers then wait in the cache and not in memory: a BERT of width 128 took 350 ms for 128 texts
of 128 tokens in blocks of 8 rows, and 900 in one.
"""

import math
from contextlib import nullcontext

import numpy as np

from minidl.batches import count_rows, parts, take
from minidl.blas import one_blas_thread
from minidl.composite import Composite
from minidl.threads import spread, stacked

CACHE = 2_000_000  # bytes of the largest output of a layer


def outputs(net, x, threads=1):
    """net.outputs(x), block by block where x is large, or in several threads."""
    size, n = block_rows(net), count_rows(x)
    count = 1 if size is None else max(1, n // size)
    count = -(-count // threads) * threads  # the next multiple: as many for each thread
    if count < 2 or net.mixes_batch:
        return net.outputs(x)
    blocks = [take(x, rows) for rows in parts(n, count)]
    with one_blas_thread() if threads > 1 else nullcontext():
        return stacked(spread(threads, net.outputs, blocks))


def block_rows(net):
    """How many rows of x are a block, or None for all; reckoned at the first call."""
    if net._block_rows == "unknown":
        net._block_rows = reckon_block_rows(net)
    return net._block_rows


def reckon_block_rows(net):
    layers = [leaf for leaf in net.leaves() if not isinstance(leaf, Composite)]
    # A recurrent layer, known by its U, pays for each of its steps, however few the rows.
    if net.mixes_batch or any("U" in layer.own_arrays for layer in layers):
        return None
    largest = max((output_bytes(layer) for layer in layers), default=0)
    return max(8, CACHE // largest) if largest else None


def output_bytes(layer):
    """Bytes of one row of the layer's output; 0 where its shape is open."""
    shape = layer.input_shape
    if not shape or not all(isinstance(n, int | np.integer) for n in shape):
        return 0
    shape = layer.output_shape(shape)
    return 0 if None in shape else math.prod(shape) * np.dtype(layer.dtype).itemsize
