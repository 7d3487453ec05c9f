"""Process: one process with student code in it: load, call, and how it ended."""

import os
import select
import time

from minidl.grading import wire
from minidl.grading.checking import Wrong

READY = 60.0  # seconds for a process to start: no student code runs yet


class Stopped(Wrong):
    """The process hung, died or broke the protocol: it answers nothing any more."""

    hung = False


class Hung(Stopped):
    hung = True


class Process:
    """Frames to and from one process. It is never believed: what it sends is checked."""

    def __init__(self, limits, channel, output, end, cpu, wall=None):
        self.limits, self.channel, self.output, self.end = limits, channel, output, end
        self.cpu, self.wall = cpu, wall or self.limits.wall
        self.deadline = time.monotonic() + READY
        self.printed, self.flooded, self.usage = b"", 0, None
        self.largest = wire.BODY
        self.channel.setblocking(False)
        header, _ = self.receive()
        self.held = [str(name) for name in header.get("limits", [])]
        self.renew()

    def renew(self):
        """Start the clock: a new check."""
        self.deadline = time.monotonic() + self.wall

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Kill it. Nothing it does later can count."""
        if self.usage is None:
            if self.output is not None:
                self.drain()
            self.channel.close()
            self.usage = self.end()
            if self.output is not None:
                os.close(self.output)
                self.output = None

    # ---- calls ----

    def load(self, source, file, blanks, stubs=()):
        """The blanks that the file has. stubs: those that `answer` of call is asked for."""
        header = {"kind": "load", "file": file, "blanks": blanks, "stubs": list(stubs)}
        names = self.request(header, source)
        return names if isinstance(names, list) else []

    def call(self, name, args, readonly=False, answer=None):
        """What the student's function returns, in fresh arrays; Wrong where it raises."""
        header = {"kind": "call", "name": name, "readonly": readonly}
        return self.request(header, list(args), answer)

    def after(self):
        """The arguments of the last call as they are now."""
        return self.request({"kind": "after"})

    def overwrite(self):
        """Fill the last call's arguments with 7; what its result is now."""
        return self.request({"kind": "overwrite"})

    def request(self, header, value=None, answer=None):
        self.send(header, value)
        while True:
            header, value = self.receive()
            kind = header.get("kind")
            if kind == "value":
                return value
            if kind == "stub" and answer is not None:
                self.send(*answer(header.get("name"), value))
            elif kind == "error":
                raise Wrong(sentence_of(header))
            else:
                raise self.stopped("it writes to the grader's own channel")

    # ---- frames ----

    def send(self, header, value=None):
        data = memoryview(wire.pack(header, value))
        while data:
            self.wait(write=True)
            try:
                data = data[self.channel.send(data[: 1 << 20]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self.stopped() from None

    def receive(self):
        sizes = wire.LENGTHS.unpack(self.exactly(wire.LENGTHS.size))
        if sizes[0] > wire.HEADER or sizes[1] > self.largest:
            raise self.stopped(f"it returns more than {self.largest >> 10} kB")
        try:
            return wire.unpack(*(self.exactly(n) for n in sizes))
        except wire.BadFrame as error:
            raise self.stopped(f"it writes to the grader's own channel ({error})") from None

    def exactly(self, n):
        parts = []
        while n:
            self.wait()
            try:
                part = self.channel.recv(min(n, 1 << 20))
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            if not part:
                raise self.stopped()
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def wait(self, write=False):
        """Until the channel is ready; what is printed meanwhile is read away."""
        while True:
            left = self.deadline - time.monotonic()
            if left <= 0:
                self.close()
                raise Hung(f"it takes longer than {self.wall:g} s: look for an endless loop")
            reads = [] if write else [self.channel]
            reads += [] if self.output is None else [self.output]
            ready, writable, _ = select.select(reads, [self.channel] * write, [], left)
            if self.output in ready:
                self.take()
            if self.channel in ready or writable:
                return

    def take(self):
        """One read of what the process prints; after the limit the pipe is closed."""
        try:
            part = os.read(self.output, 65536)
        except OSError:
            part = b""
        self.flooded += len(part)
        self.printed += part[: max(0, self.limits.shown - len(self.printed))]
        if not part or self.flooded > self.limits.output:
            os.close(self.output)
            self.output = None

    def drain(self):
        while self.output is not None and select.select([self.output], [], [], 0)[0]:
            self.take()

    def stopped(self, why=None):
        """The exception for a process that cannot go on, with the reason if there is one."""
        if why is None:
            time.sleep(0.01)  # it may be ending just now
        self.close()
        return (Hung if self.over_cpu() else Stopped)(why or self.ending())

    def over_cpu(self):
        """Did the system end it for its processor time? (9, 24: SIGKILL, SIGXCPU)"""
        killed = self.usage["code"] in (-9, -24)
        return self.usage["cpu"] >= (0.5 if killed else 0.9) * self.cpu

    def ending(self):
        code = self.usage["code"]
        if self.flooded > self.limits.output:
            return f"it prints more than {self.limits.output >> 20} MB: remove the prints"
        if self.over_cpu():
            return (
                f"it needs more than {self.cpu} s of processor time: look for an endless loop"
            )
        if code is not None and code < 0:
            return f"it crashes (signal {-code}): look for a recursion without an end"
        return "it ends its process: remove exit, os._exit and the like"


def sentence_of(header):
    """A student's exception in one line."""
    kind, text = str(header.get("type"))[:80], str(header.get("text"))[:500]
    line = header.get("line")
    if kind == "NotImplementedError" and "is empty" in text:
        return text
    if kind == "SystemExit":
        text = "the code ends the program: remove exit and quit"
    if kind == "ModuleNotFoundError":
        text += ": only NumPy and the standard library are there"
    if kind == "BrokenPipeError":
        text = "the code prints far too much: remove the prints"
    if kind == "MemoryError":
        text = "an array is far too large: look at its shape"
    where = f"line {line}: " if type(line) is int and line else ""
    return f"{where}{kind}: {text}"
