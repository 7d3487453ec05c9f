"""Where the time of a training step goes, beside what the machine could do.

    python -m tests.benchmarks profile W3

A layer's forward and backward are timed in place, inside real steps; the optimizer's update is
timed a layer by its parameters. Flops are those of the layer's matrix products, counted from
shapes. The bound is the larger of two: the flops at the machine's GEMM peak, measured here, and
the bytes that must move (weights, moments, x and y) at its copy speed, measured here.

The last line says what two threads lose: their halves of a batch side by side take longer than
one half alone, as each of NumPy's calls may have to wait for Python's lock.
"""

import time

import numpy as np

from minidl import layers as nn
from minidl.batches import count_rows, take
from minidl.blas import one_blas_thread
from minidl.gradients import RowGradient
from minidl.models import Sequential
from minidl.threads import InThreads
from tests.benchmarks.worker import least
from tests.benchmarks.workloads import WORKLOADS

STEPS = 15


class Stopwatch:
    """Wraps a method of an object and keeps the time of each call."""

    def __init__(self, owner, name):
        self.times, self.result, method = [], None, getattr(owner, name)

        def timed(*args, **kwargs):
            start = time.perf_counter()
            self.result = method(*args, **kwargs)
            self.times.append(time.perf_counter() - start)
            return self.result

        setattr(owner, name, timed)

    def least(self):
        """Milliseconds."""
        return min(self.times[2:], default=0.0) * 1e3


def main(names):
    for name in names:
        print(profile(name), end="\n\n", flush=True)


def profile(name):
    """A table of the layers of one workload."""
    workload = WORKLOADS[name]
    model = workload.compiled()
    x, y = workload.arrays()
    half, halves = in_halves(model.compiled.net, x)
    parts = parts_of(model.compiled.net)
    forward = {at: Stopwatch(layer, "forward") for at, layer in parts.items()}
    backward = {at: Stopwatch(layer, "backward") for at, layer in parts.items()}
    whole = least(lambda: model.train_on_batch(x, y), STEPS) * 1e3
    grads = model.loss_and_grads(x, y)[1]
    peak, copy = gemm_peak(), copy_speed()
    rows, total = [], np.zeros(4)
    for at, layer in parts.items():
        own = {n.removeprefix(f"{at}."): g for n, g in grads.items() if n.startswith(f"{at}.")}
        shape = np.shape(forward[at].result[0])
        flops, moved = flops_of(layer, shape), bytes_of(shape, own)
        times = forward[at].least(), backward[at].least(), update_time(workload, layer, own)
        bound = max(flops / peak, moved / copy) * 1e3
        share = flops / peak / (times[0] + times[1]) * 1e5
        rows.append(line(f"{at} {type(layer).__name__}", times, flops, share, moved, bound))
        total += (*times, bound)
    rest = whole - total[:3].sum()
    return "\n".join([
        f"{name} {workload.text}, batch {workload.batch}: GEMM peak {peak / 1e9:.0f} GFLOP/s, "
        f"copy {copy / 1e9:.1f} GB/s, times in ms",
        f"{'layer':28} {'forward':>9} {'backward':>9} {'update':>9} {'GFLOP':>8} "
        f"{'of peak':>8} {'MB':>8} {'bound':>8}",
        *rows,
        f"{'sum':28} {total[0]:9.3f} {total[1]:9.3f} {total[2]:9.3f} {'':26} {total[3]:8.3f}",
        f"train_on_batch {whole:.3f}: {rest:.3f} for the loss, checks and the rest; "
        f"{whole / total[3]:.1f} times the bound",
        f"forward and backward of half of the batch: {half:.3f} alone, {halves:.3f} beside the "
        "other half in a second thread",
    ])  # fmt: skip


def in_halves(net, x):
    """Milliseconds of forward and backward: of half of the batch, of both in two threads."""

    def milliseconds(net, x):
        def there_and_back():
            z, cache = net.forward(x, training=True)
            net.backward(np.ones_like(z), cache)

        return least(there_and_back, STEPS) * 1e3

    with one_blas_thread():
        half = milliseconds(net, take(x, slice(0, count_rows(x) // 2)))
        return half, milliseconds(InThreads(net, 2), x)


def line(name, times, flops, share, moved, bound):
    used = f"{share:6.0f} %" if flops else f"{'-':>8}"
    numbers = " ".join(f"{t:9.3f}" for t in times)
    return f"{name:28} {numbers} {flops / 1e9:8.3f} {used} {moved / 1e6:8.2f} {bound:8.3f}"


def parts_of(net):
    """{name: layer}: a Sequential's layers, another model's children."""
    layers = net.layers if isinstance(net, Sequential) else net.children.values()
    names = range(len(net.layers)) if isinstance(net, Sequential) else net.children
    return dict(zip(map(str, names), layers))


def update_time(workload, layer, grads):
    """Milliseconds of the optimizer on this layer's gradients alone."""
    if not grads:
        return 0.0
    optimizer = workload.compiled().optimizer
    params = {name: a.copy() for name, a in layer.params.items()}
    return least(lambda: optimizer.step(params, grads), STEPS) * 1e3  # s -> ms


def flops_of(layer, y):
    """Multiplications and additions of the products: one forward, two backward, 2 each."""
    rows = y[0] * (y[1] if len(y) > 2 else 1)
    if isinstance(layer, nn.Dense | nn.Conv1D):
        return 6 * rows * layer.params["W"].size
    if isinstance(layer, nn.LSTM):
        steps = layer.input_shape[0]
        return 6 * y[0] * steps * (layer.params["W"].size + layer.params["U"].size)
    if isinstance(layer, nn.TransformerEncoderBlock):
        N, T, D = y
        kernels = sum(a.size for n, a in layer.params.items() if a.ndim > 1 and "b" not in n)
        return 6 * N * T * kernels + 3 * 2 * 2 * N * T * T * D
    return 0


def bytes_of(y, grads):
    """Bytes of y and dy, written and read once, and of what the update reads and writes:
    w, m, v and g; of a table, the rows that have a gradient."""
    moved = 4 * 4 * int(np.prod(y))
    for g in grads.values():
        size = g.values.size if isinstance(g, RowGradient) else np.size(g)
        moved += 7 * 4 * size
    return moved


def gemm_peak(n=1024):
    """Flops a second of a large float32 matrix product."""
    a, b = np.ones((n, n), "float32"), np.ones((n, n), "float32")
    out = np.empty((n, n), "float32")
    return 2 * n**3 / least(lambda: np.matmul(a, b, out=out), 8)


def copy_speed(size=16_000_000):
    """Bytes a second, read and written, of a large copy."""
    a = np.ones(size, "float32")
    b = np.empty_like(a)
    return 2 * a.nbytes / least(lambda: np.copyto(b, a), 8)
