"""How time and memory grow: each axis in steps of two to ten, and the exponent fitted.

    python -m tests.benchmarks scaling

Time is the least of some training steps, in CPU time, which other programs disturb less; of an
Embedding it is a step's share of many, so that no rare one can hide. Memory is the peak
(tracemalloc, which NumPy reports its arrays to). An exponent is the slope of
log(value) over log(size) in the upper half of the sizes, where constant costs matter least; a
jump is a point above twice the line between its neighbours.
"""

import json
import time
import tracemalloc
from pathlib import Path

import numpy as np

import minidl as ml
from minidl import layers as nn
from tests.benchmarks import workloads
from tests.benchmarks.worker import least


def classifier(batch=64, width=256, depth=2):
    """Dense layers of one width under a softmax."""
    units = [width] * depth + [10]
    layers = workloads.dense(width, *units)().layers
    model = ml.Sequential([ml.Input((width,)), *layers, nn.Softmax()], seed=0)
    return model, workloads.numbers(width, 10), workloads.SPARSE, batch


def lstm(length):
    model = workloads.lstm(1000, 32, length, 32)
    return model, workloads.tokens(1000, length, 2), workloads.BCE, 32


def text_cnn(length):
    model = workloads.text_cnn(1000, 64, length)
    return model, workloads.tokens(1000, length, 5), workloads.SPARSE, 16


def bert(length):
    model = workloads.bert(1000, 64, length, 1)
    return model, workloads.tokens(1000, length, 2), workloads.BCE, 8


def table(rows):
    model = workloads.text_cnn(rows, 16, 32)
    return model, workloads.tokens(rows, 32, 5), workloads.SPARSE, 32


AXES = {
    "batch of a Dense network": (lambda n: classifier(batch=n), [32, 64, 128, 256, 512, 1024]),
    "width of a Dense network": (lambda n: classifier(width=n), [64, 128, 256, 512, 1024]),
    "depth of a Dense network": (lambda n: classifier(depth=n), [1, 2, 4, 8, 16, 32]),
    "length, LSTM": (lstm, [16, 32, 64, 128, 256, 512]),
    "length, text CNN": (text_cnn, [32, 64, 128, 256, 512, 1024]),
    "length, transformer": (bert, [32, 64, 128, 256, 512]),
    "rows of an Embedding": (table, [1_000, 10_000, 100_000, 1_000_000]),
}
ROWS = [1_000, 10_000, 100_000, 1_000_000]
COUNT = {"rows of an Embedding": 150}  # steps: the optimizer does some work only now and then


def measure(make, size, count):
    """(seconds, bytes) of a training step: its share of `count`, and the peak of them all."""
    model, data, loss, batch = make(size)
    model.compile("adam", loss)
    x, y = data(np.random.default_rng(0), batch)

    def steps():
        for _ in range(count):
            model.train_on_batch(x, y)

    return least(steps, 3 if count > 1 else 7, time.process_time) / count, peak(steps)


def measure_fit(rows):
    """(seconds, bytes) of an epoch of `fit` over that many rows."""
    model = workloads.dense(10, 64, 64, 1)()
    model.compile("adam", "mse")
    x, y = workloads.numbers(10)(np.random.default_rng(0), rows)

    def epoch():
        model.fit(x, y, batch_size=256, verbose=0)

    return least(epoch, 1, time.process_time), peak(epoch)


def peak(f):
    tracemalloc.start()
    try:
        f()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def exponent(sizes, values):
    """(slope, line): values ≈ c · sizes^slope, fitted to the upper half of the sizes."""
    half = len(sizes) // 2
    slope, offset = np.polyfit(np.log(sizes[half:]), np.log(values[half:]), 1)
    return float(slope), np.exp(offset + slope * np.log(sizes))


def jumps(sizes, values):
    """Sizes at which a value is above twice the line between its two neighbours (in logs)."""
    logs, places = np.log(values), np.log(sizes)
    found = []
    for i in range(1, len(sizes) - 1):
        part = (places[i] - places[i - 1]) / (places[i + 1] - places[i - 1])
        between = logs[i - 1] + part * (logs[i + 1] - logs[i - 1])
        if logs[i] - between > np.log(2):
            found.append(sizes[i])
    return found


def line(title, sizes, found):
    seconds, bytes_ = (np.array(part, float) for part in zip(*found))
    points = "  ".join(f"{n}: {s * 1e3:.3g} ms, {b / 1e6:.3g} MB"
                       for n, s, b in zip(sizes, seconds, bytes_))  # fmt: skip
    at = jumps(sizes, seconds)
    return (f"{title}: time ~ n^{exponent(sizes, seconds)[0]:.2f}, "
            f"memory ~ n^{exponent(sizes, bytes_)[0]:.2f}"
            f"{f', jump at {at}' if at else ', no jump'}\n    {points}")  # fmt: skip


def main(out):
    """Measures every axis, prints as it goes and keeps scaling.json."""
    kept = {}
    for title, (make, sizes) in [*AXES.items(), ("rows that fit trains on", (None, ROWS))]:
        count = COUNT.get(title, 1)
        found = [measure(make, n, count) if make else measure_fit(n) for n in sizes]
        kept[title] = {"sizes": sizes, "seconds, bytes": found}
        print(line(title, sizes, found), flush=True)
    Path(out).mkdir(parents=True, exist_ok=True)
    (Path(out) / "scaling.json").write_text(json.dumps(kept, indent=1))
    print(f"kept in {out}/scaling.json")
