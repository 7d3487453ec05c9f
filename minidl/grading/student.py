"""Student: a student's blanks as functions, which run in the sandbox."""

import time
from functools import partial

from minidl.grading import wire
from minidl.grading.checking import Wrong
from minidl.grading.exam import sizes

SMALLEST = 1 << 16  # bytes that may always be returned


class Call:
    """A blank to call. Its slots are closed to a gradient check, which would find the state of
    the grader behind an ordinary function, and put it back before every call."""

    __slots__ = ("__name__", "__signature__", "function")

    def __init__(self, function, name, signature):
        self.function, self.__name__, self.__signature__ = function, name, signature

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


class Student:
    """`student.gru_step(x, h, W, U, b)` returns arrays, or raises Wrong.

    blank   while it is graded, calls of the blanks in `stubs` are answered by the reference
    stack   nothing is answered: the student's own blanks together
    """

    def __init__(self, sandbox, source, file, exam, stubs=(), cpu=None, wall=None):
        self._exam, self._limits, self._stubs = exam, sandbox.limits, stubs
        self._names = exam.assignment.names
        self._calls, self._seconds, self.forward_calls = 0, 0.0, 0  # of stubs
        self._process = sandbox.start(cpu, wall)
        try:
            self._found = self._process.load(source, file, self._names, stubs)
        except Wrong as error:
            self._process.close()
            error.loading = True
            raise

    def close(self):
        self._process.close()

    def renew(self):
        """A new check in the same process: the clock and the counts start again."""
        self._process.renew()
        self._calls, self._seconds = 0, 0.0

    @property
    def printed(self):
        return self._process.printed.decode("utf-8", "replace")

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._names:
            raise AttributeError(f"the assignment has no blank {name!r}")
        signature = getattr(self._exam.reference, name).__signature__
        return Call(partial(self.call, name), name, signature)

    def call(self, name, *args, **kwargs):
        """What the blank returns; a tuple of as many as it has outputs."""
        bound = getattr(self._exam.reference, name).__signature__.bind(*args, **kwargs)
        return self.answer(name, bound.args)

    def answer(self, name, args, readonly=False):
        if name not in self._found:
            raise Wrong(f"there is no function {name}: keep the name that the handout gives")
        self._process.largest = largest(self._exam, name, args)
        value = self._process.call(name, args, readonly, self._answer)
        outputs = self._exam.assignment[name].outputs
        if len(outputs) > 1 and not (
            isinstance(value, tuple | list) and len(value) == len(outputs)
        ):
            got = f"{len(value)} values" if isinstance(value, tuple | list) else kind(value)
            raise Wrong(f"{name} returns {got}, it should return {', '.join(outputs)}")
        return value

    def arguments(self):
        """The arguments of the last call as they are after it."""
        return tuple(self._process.after() or ())

    def overwritten(self):
        """The last call's result, once its arguments are filled with other numbers."""
        return self._process.overwrite()

    def _answer(self, name, value):
        """The reference's answer to a call of another blank."""
        if not (name in self._stubs and call_like(value)):
            return {"kind": "error", "text": "no such blank"}, None
        args, kwargs = value
        self._calls += 1
        if self._exam.assignment[name].of is None:
            self.forward_calls += 1
        if self._calls > self._limits.stub_calls or self._seconds > self._limits.stub_seconds:
            return {"kind": "error", "text": f"{name} is called too often"}, None
        bounds = self._exam.reference.bounds.get(name)
        if bounds is None or not bounds.allows(value):
            return {"kind": "error", "text": f"{name} is called with too much data"}, None
        started = time.perf_counter()
        try:
            answer = self._exam.reference.run(name, args, kwargs)
            return {"kind": "value"}, wire.checked(answer)
        except Exception as error:
            text = f"calling {name}: {type(error).__name__}: {str(error)[:300]}"
            return {"kind": "error", "text": text}, None
        finally:
            self._seconds += time.perf_counter() - started


def call_like(value):
    """Is it [arguments, keyword arguments]? A student's process may send anything."""
    return isinstance(value, list) and [type(v) for v in value] == [list, dict]


def kind(value):
    return "None" if value is None else f"one {type(value).__name__}"


def largest(exam, name, args):
    """How many bytes the blank may return: a generous multiple of what is handed in and out."""
    entries = [sizes(args)[1]]
    cases = [*exam.cases.get(name, []), *([exam.large[name]] if name in exam.large else [])]
    entries += [sizes(case.want)[1] for case in cases if sizes(case.args)[1] >= entries[0] // 4]
    return min(wire.BODY, max(SMALLEST, 8 * 8 * max(entries)))
