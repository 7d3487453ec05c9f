"""serve: loads one student file and answers the grader's calls. Runs in the sandbox, alone."""

import linecache
import os
import socket
import sys
import types
from functools import partial

from . import wire  # of this file's package, whatever that is called


def serve(lockdown, channel, cpu):
    """Lock the process down, then answer: load, call, after, overwrite."""
    line = Line(channel)
    line.send({"kind": "ready", "limits": lockdown.apply(cpu)})
    lockdown = None
    student, kept, file = None, None, ""
    while True:
        request, value = line.receive()
        try:
            if request["kind"] == "load":
                file = request["file"]
                student = load(line, request, value)
                line.send({"kind": "value"}, found(student, request["blanks"]))
            elif request["kind"] == "call":
                args = line.again(writable=False) if request["readonly"] else value
                kept = args, getattr(student, request["name"])(*args)
                send_result(line, request["name"], kept[1])
            elif request["kind"] == "after":
                line.send({"kind": "value"}, kept[0])
            elif request["kind"] == "overwrite":
                overwrite(kept[0])
                send_result(line, "overwrite", kept[1])
        except BaseException as error:
            line.send(told(error, file))


def load(line, request, source):
    """The student's file as a module; the other blanks are answered by the grader."""
    name = request["file"]
    linecache.cache[name] = len(source), None, source.splitlines(True), name
    module = types.ModuleType(name.removesuffix(".py"))
    module.__file__ = name
    sys.modules[module.__name__] = module
    exec(compile(source, name, "exec", dont_inherit=True), vars(module))
    for blank in request["stubs"]:
        setattr(module, blank, Stub(line, blank))
    return module


def found(module, blanks):
    return [name for name in blanks if callable(getattr(module, name, None))]


def send_result(line, name, value):
    try:
        line.send({"kind": "value"}, value)
    except wire.BadFrame as error:
        text = f"{name} returns {error}: return plain arrays, numbers and tuples of them"
        line.send({"kind": "error", "type": "TypeError", "text": text, "line": 0})


def overwrite(value):
    """Put 7 into every array, wherever it lies in tuples, lists and dicts."""
    if isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            overwrite(part)
    elif hasattr(value, "fill"):
        value.fill(7)


class Stub:
    """Another blank: the grader runs the reference and sends what it returns."""

    def __init__(self, line, name):
        self.line, self.__name__ = line, name

    def __call__(self, *args, **kwargs):
        self.line.send({"kind": "stub", "name": self.__name__}, [list(args), kwargs])
        answer, value = self.line.receive()
        if answer["kind"] == "error":
            raise ValueError(answer["text"])
        return value


def told(error, file):
    """An exception as a header: its type, text, and the last line of the student's file."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        text = str(error)[:500]
    except BaseException:
        text = ""
    if isinstance(error, SyntaxError):
        text, line = str(error.msg)[:500], error.lineno or 0
    kind = type(error).__name__
    return {"kind": "error", "type": str(kind)[:80], "text": text, "line": int(line)}


class Line:
    """Frames over a file descriptor. What it needs is bound here: a student may change os."""

    def __init__(self, fd):
        if os.name != "posix":  # there a socket is no file
            whole = socket.socket(fileno=fd)
            self.read, self.write = whole.recv, whole.send
        else:
            self.read, self.write = partial(os.read, fd), partial(os.write, fd)
        self.leave = os._exit

    def receive(self, writable=True):
        sizes = wire.LENGTHS.unpack(self.exactly(wire.LENGTHS.size))
        self.last = [self.exactly(n) for n in sizes]
        return wire.unpack(*self.last, writable)

    def again(self, writable):
        """The last frame's value once more, in arrays of its own."""
        return wire.unpack(*self.last, writable)[1]

    def exactly(self, n):
        parts = []
        while n:
            part = self.read(min(n, 1 << 20))
            if not part:
                self.leave(0)  # the grader has gone
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def send(self, header, value=None):
        data = memoryview(wire.pack(header, value))
        while data:
            data = data[self.write(data) :]
