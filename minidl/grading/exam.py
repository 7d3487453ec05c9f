"""Exam: an assignment's questions for one run, with the reference's answers.

Inputs are drawn from fresh entropy, the same for a whole class: to recognise them is useless.
"""

import ast
import inspect
import secrets
import time
import zlib
from dataclasses import dataclass

import numpy as np

from minidl.grading.assignment import CACHE
from minidl.grading.folder import reference_module


@dataclass(frozen=True)
class Case:
    """One call: its arguments, what the reference returns, the reference's calls of blanks."""

    args: tuple
    want: object
    calls: int
    seconds: float = 0.0


class Exam:
    def __init__(self, assignment, seed=None):
        self.assignment = assignment
        self.seed = secrets.randbits(32) if seed is None else int(seed)
        self.reference = Reference(assignment)
        given = assignment.cases(self.rng("cases"))
        self.cases = {b.name: self.cases_of(b, given, "cases") for b in assignment.blanks}
        self.large = {}
        if assignment.large is not None:
            large = {
                n: [args] for n, args in (assignment.large(self.rng("large")) or {}).items()
            }
            for blank in assignment.blanks:
                if blank.of in large or blank.name in large:
                    self.large[blank.name] = self.cases_of(blank, large, "large")[0]
        self.uses = {b.name: self.uses_of(b) for b in assignment.blanks}
        self.reference.preparing = False

    def rng(self, what):
        """A generator of its own for each purpose, the same in every run of this seed."""
        return np.random.default_rng([self.seed, zlib.crc32(what.encode())])

    def cases_of(self, blank, given, what):
        rng = self.rng(f"{what} {blank.name}")
        if blank.name in given:
            every = [tuple(args) for args in given[blank.name]]
        else:
            every = [
                self.backward_arguments(blank, args, rng) for args in given.get(blank.of, [])
            ]
        if not every and blank.points:
            where = f"{self.assignment.name}: cases(rng)"
            raise ValueError(f"{where} has no arguments for {blank.of or blank.name}")
        return [self.case(blank.name, args) for args in every]

    def case(self, name, args):
        self.reference.calls = 0
        started = time.perf_counter()
        want = self.reference.run(name, args)
        seconds = time.perf_counter() - started
        return Case(args, want, self.reference.calls - 1, seconds)

    def backward_arguments(self, blank, args, rng):
        """(upstream gradients, cache) for a backward, from its forward's arguments."""
        forward = self.assignment[blank.of]
        outputs = named(forward, self.reference.run(forward.name, args))
        upstream = [upstream_of(value, rng) for name, value in outputs.items() if name != CACHE]
        given = [*upstream, outputs[CACHE]] if CACHE in outputs else upstream
        count = len(inspect.signature(self.reference.functions[blank.name]).parameters)
        return tuple(given[-count:])

    def uses_of(self, blank):
        """The other blanks that its reference calls, and the forward it is the gradient of."""
        called = calls_in(self.assignment.solution).get(blank.name, set())
        return [
            n for n in self.assignment.names if n != blank.name and n in called | {blank.of}
        ]


def upstream_of(value, rng):
    return rng.standard_normal(np.shape(value)) if np.ndim(value) else float(rng.normal())


def named(blank, value):
    """{output: value} of what a blank returns."""
    return dict(zip(blank.outputs, (value,) if len(blank.outputs) == 1 else value))


def calls_in(source):
    """{function: names that it calls}."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    return {
        f.name: {n.id for n in ast.walk(f) if isinstance(n, ast.Name)} - {f.name}
        for f in functions
    }


class Reference:
    """The solution's blanks as attributes. It runs here, and never in a student's process."""

    def __init__(self, assignment):
        module = reference_module(assignment)
        self.calls = 0  # of blanks, by anyone: also by blanks
        self.preparing = True  # a student's calls do not widen the bounds
        self.bounds = {}  # {blank: Bounds of all calls so far}: what a student may ask for
        self.functions = {name: getattr(module, name) for name in assignment.names}
        for name, function in self.functions.items():
            counted = self.counted(name, function)
            setattr(module, name, counted)  # where blanks call each other
            setattr(self, name, counted)
        self.module = module

    def counted(self, name, function):
        def call(*args, **kwargs):
            self.calls += 1
            if self.preparing:
                self.bounds.setdefault(name, Bounds()).widen([args, kwargs])
            return function(*args, **kwargs)

        call.__signature__ = inspect.signature(function)
        call.__name__ = name
        return call

    def run(self, name, args, kwargs=None):
        with np.errstate(all="ignore"):
            return getattr(self, name)(*args, **(kwargs or {}))


class Bounds:
    """The sizes that a blank is called with, and whether another call is far beyond them.

    A student's code may call the reference of another blank; it must not be able to make the
    grader compute for hours."""

    def __init__(self):
        self.axis, self.total, self.number = 64, 4096, 4096  # an item may ask for more

    def widen(self, value):
        axis, total, number = sizes(value)
        self.axis, self.total = max(self.axis, axis), max(self.total, total)
        self.number = max(self.number, number)

    def allows(self, value):
        axis, total, number = sizes(value)
        return axis <= 2 * self.axis and total <= 4 * self.total and number <= 2 * self.number


def sizes(value):
    """(largest axis, number of entries, largest integer) of arrays, tuples, lists, dicts."""
    if isinstance(value, tuple | list | dict):
        parts = [sizes(v) for v in (value.values() if isinstance(value, dict) else value)]
        axis, total, number = zip(*parts) if parts else ([0], [0], [0])
        return max(len(value), *axis), sum(total), max(number)
    if isinstance(value, np.ndarray) and value.ndim:
        integers = value.dtype.kind in "iu" and value.size
        number = max(abs(int(value.min())), abs(int(value.max()))) if integers else 0
        return max(value.shape), value.size, number
    if isinstance(value, int | np.integer):
        return 0, 1, abs(int(value))
    return 0, 1, 0
