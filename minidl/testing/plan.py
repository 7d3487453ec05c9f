"""Plan: which entries are measured. All of them, or on a large target a sample."""

import time

import numpy as np

FEW = 256  # so many entries are always measured one by one
SECONDS = 3.0  # what measuring all entries may take
SAMPLE_SECONDS = 0.3  # what a sample of entries may take
MOST_SLOPES = 4_000_000  # a Jacobian larger than this is not kept


class Plan:
    """indices: {tensor: the entries to measure}; directions: how many more, through all."""

    def __init__(self, target, seed, limit=None):
        self.rng = np.random.default_rng([seed, 1])
        tensors = target.tensors
        total = sum(a.size for a in tensors.values())
        cost = 4 * duration(target)
        self.is_full = total <= FEW or total * cost <= SECONDS
        if limit is not None:
            self.is_full = max(a.size for a in tensors.values()) <= limit
        self.each = limit or max(2, int(SAMPLE_SECONDS / cost / max(1, len(tensors))))
        self.directions = 2
        self.draws = (
            2 if self.is_full else 1
        )  # of a large target the second only tests linearity
        self.keep = self.is_full and total * target.outputs.size <= MOST_SLOPES
        self.indices = {n: self.choose(a) for n, a in tensors.items()}

    def choose(self, tensor):
        """All entries of a tensor, or some at random, in order."""
        if self.is_full or tensor.size <= self.each:
            return list(np.ndindex(tensor.shape))
        chosen = sorted(set(self.rng.integers(0, tensor.size, self.each).tolist()))
        return [tuple(map(int, np.unravel_index(i, tensor.shape))) for i in chosen]

    def direction(self, size):
        """A random direction; uniform, because a sign pattern could cancel two equal errors."""
        return self.rng.random(size) * 2 - 1


def duration(target):
    """Seconds of one forward, the faster of two."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        target.value()
        times.append(time.perf_counter() - start)
    return min(times)
