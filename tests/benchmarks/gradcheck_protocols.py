"""Gradient-check protocols side by side on one bank of wrong and of right backwards.

    python -m tests.benchmarks.gradcheck_protocols [--seeds 5]

Each protocol is written here in NumPy from its public definition:

torch    torch.autograd.gradcheck: central differences with an absolute step of 1e-6, the whole
         Jacobian by one-hot upstream gradients, |a − n| ≤ 1e-5 + 1e-3 |n|; the backward runs
         twice and must repeat itself; a zero upstream gradient must give zeros
jax      jax.test_util.check_grads: one random direction through all arguments and one random
         upstream gradient, step 1e-4, tolerance 1e-5; the outputs of two calls must agree
cs231n   eval_numerical_gradient_array and rel_error: random upstream gradient, every entry,
         step 1e-5, largest |a − n| / max(1e-8, |a| + |n|) not above 1e-4

All run in float64. None restores random states; minidl.testing.gradcheck does so by itself.
"""

import argparse
import time

import numpy as np

from minidl.testing import gradcheck
from minidl.testing.gradcheck import as_target
from tests.testing import correct
from tests.testing.mutants import CASES


class Rejected(Exception):
    """A protocol's verdict."""


class Plain:
    """A target without minidl's care: no frozen randomness, no copies, no judgement of form."""

    def __init__(self, target, x, arguments):
        made = as_target(target, x, **arguments)
        self.target, self.tensors, self.outputs = made, made.tensors, made.outputs

    def forward(self):
        y, cache = self.target.split(self.target.call())
        return self.outputs.flat(y), cache

    def backward(self, dy, cache):
        """{tensor: gradient}; a gradient that is missing is an error in any protocol."""
        named, faults = self.target.named(
            self.target.call_backward(self.outputs.shaped(dy), cache)
        )
        if any(f.kind in ("missing gradient", "wrong return value") for f in faults):
            raise Rejected("no gradient")
        return {n: np.asarray(named[n]) for n in self.tensors}

    def slopes(self, array, step):
        """(P, O) central differences with an absolute step."""
        rows = []
        for index in np.ndindex(array.shape):
            theta = array[index]
            array[index] = theta + step
            up = self.forward()[0]
            array[index] = theta - step
            down = self.forward()[0]
            array[index] = theta
            rows.append((up - down) / (2 * step))
        return np.array(rows)


def torch(plain, rng):
    y, cache = plain.forward()
    first, again = (one_hot_jacobian(plain, cache, y.size) for _ in range(2))
    zero = plain.backward(np.zeros(y.size), cache)
    for name, array in plain.tensors.items():
        if first[name].shape != (y.size, *array.shape):
            raise Rejected("shape")
        if not np.array_equal(first[name], again[name]):
            raise Rejected("not reentrant")
        if not plain.target.is_loss and zero[name].any():
            raise Rejected("not multiplied by grad_output")
        numeric = plain.slopes(array, 1e-6).T
        analytic = first[name].reshape(y.size, -1)
        if not (np.abs(analytic - numeric) <= 1e-5 + 1e-3 * np.abs(numeric)).all():
            raise Rejected("mismatch")


def one_hot_jacobian(plain, cache, size):
    rows = [plain.backward(dy, cache) for dy in np.eye(size)]
    return {n: np.array([row[n] for row in rows], float) for n in plain.tensors}


def jax(plain, rng):
    y, cache = plain.forward()
    if not close(y, plain.forward()[0]):
        raise Rejected("primals differ")
    cotangent = np.ones(1) if plain.target.is_loss else rng.standard_normal(y.size)
    tangent = {n: rng.standard_normal(a.shape) for n, a in plain.tensors.items()}
    grads = plain.backward(cotangent, cache)
    saved = {n: a.copy() for n, a in plain.tensors.items()}
    ends = []
    for step in (1e-4, -1e-4):
        for n, a in plain.tensors.items():
            a[...] = saved[n] + step * tangent[n]
        ends.append(plain.forward()[0])
    for n, a in plain.tensors.items():
        a[...] = saved[n]
        if grads[n].shape != a.shape:
            raise Rejected("shape")
    expected = float(cotangent @ (ends[0] - ends[1]) / 2e-4)
    if not close(sum(float(np.vdot(grads[n], tangent[n])) for n in tangent), expected):
        raise Rejected("mismatch")


def close(a, b, tolerance=1e-5):
    return bool(np.all(np.abs(a - b) <= tolerance + tolerance * np.abs(b)))


def cs231n(plain, rng):
    y, cache = plain.forward()
    dy = np.ones(1) if plain.target.is_loss else rng.standard_normal(y.size)
    grads = plain.backward(dy, cache)
    for name, array in plain.tensors.items():
        numeric = (plain.slopes(array, 1e-5) @ dy).reshape(array.shape)
        a = grads[name]
        error = np.max(np.abs(a - numeric) / np.maximum(1e-8, np.abs(a) + np.abs(numeric)))
        if error > 1e-4:
            raise Rejected("mismatch")


def accepts(protocol, target, x, arguments, seed):
    """Does a protocol let this backward pass? An exception on the way is a rejection."""
    if protocol is gradcheck:
        return gradcheck(target, x, seed=seed, **arguments).passed
    try:
        protocol(Plain(target, x, arguments), np.random.default_rng([seed, 3]))
    except Exception:
        return False
    return True


def measure(protocol, seeds):
    """(mutants caught, right cases rejected, seconds), per seed."""
    caught = rejected = 0
    start = time.perf_counter()
    with np.errstate(all="ignore"):
        for seed in range(seeds):
            for case in CASES:
                target, x, arguments = case.make(np.random.default_rng(seed))
                caught += not accepts(protocol, target, x, arguments, seed)
            for make in correct.CASES.values():
                target, x, *rest = make(np.random.default_rng(seed))
                rejected += not accepts(protocol, target, x, rest[0] if rest else {}, seed)
    return caught / seeds, rejected / seeds, (time.perf_counter() - start) / seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    print(f"| protocol | mutants caught of {len(CASES)} | correct cases rejected of "
          f"{len(correct.CASES)} | seconds |")  # fmt: skip
    print("|---|---|---|---|")
    names = {"torch.autograd.gradcheck": torch, "jax.test_util.check_grads": jax,
             "CS231n": cs231n, "minidl.testing.gradcheck": gradcheck}  # fmt: skip
    for name, protocol in names.items():
        caught, rejected, seconds = measure(protocol, seeds)
        print(f"| {name} | {caught:.1f} | {rejected:.1f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
