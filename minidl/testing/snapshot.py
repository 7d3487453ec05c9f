"""Snapshot: all that a piece of code remembers at one moment, to compare and to put back.

A gradient check calls forward hundreds of times and must find the same world each time: the
same dropout mask, the same running mean, the same counter. Rather than ask the user to freeze
anything, the check records what forward could change and puts it back before every call.
"""

import functools
import random
import types

import numpy as np

STREAMS = np.random.Generator | np.random.RandomState | random.Random
CODE = types.FunctionType | types.ModuleType | type


class Snapshot:
    """Attributes, dict and list items, arrays, variables of functions and random streams
    reachable from `roots`, and NumPy's and Python's global random state."""

    def __init__(self, *roots, skip=()):
        self.seen, self.records = {id(a) for a in skip}, []
        self.records += [NumpyState(), PythonState()]
        for root in roots:
            self.visit(root)

    def restore(self):
        for record in self.records:
            if not record.same():
                record.restore()

    def changed(self):
        """The records that are no longer as they were."""
        return [record for record in self.records if not record.same()]

    def visit(self, thing):
        """Record `thing` and all below it, each object once."""
        if id(thing) in self.seen or isinstance(thing, type | types.ModuleType):
            return
        self.seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            self.records.append(Array(thing))
        elif isinstance(thing, STREAMS):
            self.records.append(Stream(thing))
        elif isinstance(thing, types.FunctionType | types.MethodType | functools.partial):
            self.visit_function(thing)
        elif isinstance(thing, tuple):
            self.visit_all(thing)
        elif isinstance(thing, dict | list):
            self.record_items(thing)
        elif hasattr(thing, "__dict__"):
            self.record_items(vars(thing))
            self.visit_methods(type(thing))

    def visit_all(self, things):
        for thing in things:
            self.visit(thing)

    def record_items(self, container):
        self.records.append((List if isinstance(container, list) else Items)(container))
        values = container if isinstance(container, list) else container.values()
        self.visit_all(list(values))

    def visit_function(self, function):
        """A function's memory: its closure, its defaults, the globals that it names."""
        if isinstance(function, functools.partial):
            return self.visit_all([function.func, function.args, function.keywords])
        if isinstance(function, types.MethodType):
            return self.visit_all([function.__self__, function.__func__])
        for cell in function.__closure__ or ():
            self.records.append(Cell(cell))
            self.visit(self.records[-1].saved)
        self.visit_all([function.__defaults__ or (), function.__kwdefaults__ or {}])
        names = [n for n in names_in(function.__code__) if n in function.__globals__]
        if names:
            self.records.append(Globals(function.__globals__, names))
            self.visit_all([function.__globals__[name] for name in names])

    def visit_methods(self, cls):
        """forward may draw from a stream, or keep its cache, in a variable of its module."""
        for name in ("forward", "backward", "__call__"):
            function = getattr(cls, name, None)
            if isinstance(function, types.FunctionType):
                self.visit(function)


def names_in(code):
    """The global names that a function uses, also in the functions defined inside it."""
    names = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            names.update(names_in(const))
    return sorted(names)


class Array:
    def __init__(self, array):
        self.live, self.saved = array, array.copy()

    def same(self):
        return same_array(self.live, self.saved)

    def restore(self):
        if self.live.flags.writeable:
            self.live[...] = self.saved


class Items:
    """The items of a dict, or the attributes of an object."""

    def __init__(self, live):
        self.live, self.saved = live, dict(live)

    def same(self):
        return self.live.keys() == self.saved.keys() and all(
            self.live[key] is value for key, value in self.saved.items()
        )

    def restore(self):
        # dict's own methods: a subclass may refuse or redirect an assignment.
        dict.clear(self.live)
        dict.update(self.live, self.saved)


class Globals(Items):
    """Only the variables that a function names."""

    def __init__(self, live, names):
        self.live, self.saved = live, {name: live[name] for name in names}

    def same(self):
        return all(self.live.get(name) is value for name, value in self.saved.items())

    def restore(self):
        self.live.update(self.saved)


class List:
    def __init__(self, live):
        self.live, self.saved = live, list(live)

    def same(self):
        return len(self.live) == len(self.saved) and all(
            a is b for a, b in zip(self.live, self.saved)
        )

    def restore(self):
        self.live[:] = self.saved


class Cell:
    """A variable that a function shares with the function around it."""

    def __init__(self, cell):
        self.live, self.saved = cell, self.value(cell)

    @staticmethod
    def value(cell):
        try:
            return cell.cell_contents
        except ValueError:  # not assigned yet
            return None

    def same(self):
        return self.value(self.live) is self.saved

    def restore(self):
        self.live.cell_contents = self.saved


class Stream:
    """A random stream."""

    random = True

    def __init__(self, live):
        self.live, self.saved = live, self.state(live)

    @staticmethod
    def state(live):
        if isinstance(live, np.random.Generator):
            return live.bit_generator.state
        return live.getstate() if isinstance(live, random.Random) else live.get_state()

    def same(self):
        return same_tree(self.state(self.live), self.saved)

    def restore(self):
        if isinstance(self.live, np.random.Generator):
            self.live.bit_generator.state = self.saved
        elif isinstance(self.live, random.Random):
            self.live.setstate(self.saved)
        else:
            self.live.set_state(self.saved)


class NumpyState(Stream):
    """np.random's global stream."""

    def __init__(self):
        super().__init__(np.random.mtrand._rand)


class PythonState(Stream):
    """The random module's global stream."""

    def __init__(self):
        super().__init__(random._inst)


def same_array(a, b):
    """Same shape, dtype and numbers, NaN where NaN."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return np.array_equal(a, b) or (
        a.dtype.kind in "fc" and np.array_equal(a, b, equal_nan=True)
    )


def same_tree(a, b, seen=()):
    """Are two nests of tuples, lists, dicts, arrays and objects the same in every number?"""
    if a is b or id(a) in seen:
        return True
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and same_array(a, b)
    if type(a) is not type(b):
        return False
    seen = (*seen, id(a))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_tree(a[k], b[k], seen) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same_tree(x, y, seen) for x, y in zip(a, b))
    if isinstance(a, STREAMS):
        return same_tree(Stream.state(a), Stream.state(b))
    if hasattr(a, "__dict__") and not isinstance(a, CODE):
        return same_tree(vars(a), vars(b), seen)
    return bool(a == b) or (a != a and b != b)
