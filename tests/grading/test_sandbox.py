"""The sandbox: what a process may do, layer by layer, and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minidl.grading import limits
from minidl.grading.checking import Wrong
from minidl.grading.exam import Exam
from minidl.grading.folder import load_assignment
from minidl.grading.grade import grade
from minidl.grading.limits import Limits
from minidl.grading.process import Hung, Stopped
from minidl.grading.sandbox import WORKER, Sandbox

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parts are Linux's")

SOURCE = """
import numpy as np
print("hello")

def double(x):
    return 2 * x

def twice(x):
    return double(double(x))

def state(x, seen=[]):
    seen.append(0)
    return len(seen)

def environment():
    import os, sys
    loaded = [m for m in sys.modules if m.split(".")[0] in ("minidl", "runner", "ctypes")]
    return dict(os.environ), os.getcwd(), sys.path, loaded
"""


def start(sandbox, source=SOURCE, stubs=()):
    process = sandbox.start()
    try:
        process.load(source, "f.py", ["double"], stubs)
    except Wrong:
        process.close()
        raise
    return process


def test_a_call(sandbox):
    with start(sandbox) as process:
        assert process.call("double", (np.array([1.0, 2.0]),)).tolist() == [2, 4]
        assert process.call("state", (1,)) == 1
        assert process.call("state", (1,)) == 2
    assert process.printed == b"hello\n"
    with start(sandbox) as other:
        assert other.call("state", (1,)) == 1


def test_another_blank_is_answered_here(sandbox):
    asked = []

    def answer(name, value):
        asked.append((name, value))
        return {"kind": "value"}, 10.0

    with start(sandbox, stubs=["double"]) as process:
        assert process.call("twice", (1.5,), answer=answer) == 10.0
    assert asked == [("double", [[1.5], {}]), ("double", [[10.0], {}])]


def test_nothing_is_inherited(sandbox):
    os.environ["MINIDL_TEST_SECRET"] = "1"
    try:
        with start(sandbox) as process:
            environment, folder, path, loaded = process.call("environment", ())
    finally:
        del os.environ["MINIDL_TEST_SECRET"]
    assert environment == {}
    assert Path(folder).name.startswith("minidl-")
    assert os.listdir(folder) == []
    assert not any("site-packages" in p or "minidl" in p for p in path)
    assert loaded == []


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def f(:\n", "line 1: SyntaxError: invalid syntax"),
        ("x = 1\n  y = 2\n", "line 2: IndentationError: unexpected indent"),
        ("x = 1\nraise OSError('no')\n", "line 2: OSError: no"),
        ("import nothing_like_it\n", "line 1: ModuleNotFoundError"),
        ("x = '\\0'\0", "null bytes"),
        ("(" * 5000, "SyntaxError|MemoryError|RecursionError"),
        ("exit()", "NameError|SystemExit"),
        ("raise SystemExit", "ends the program"),
    ],
)
def test_a_file_that_does_not_load(sandbox, source, sentence):
    with pytest.raises(Wrong, match=sentence):
        start(sandbox, source)


def test_the_sandbox_survives_its_worker(sandbox):
    with Sandbox() as own:
        start(own).close()
        own.zygote.kill()
        own.zygote.wait()
        with start(own) as process:
            assert process.call("double", (2,)) == 4


def test_endings_have_reasons():
    with Sandbox(Limits(cpu=1, wall=2.0)) as own:
        process = start(own, "def f():\n    import time\n    time.sleep(9)\n")
        with pytest.raises(Hung, match="longer than 2 s"):
            process.call("f", ())
        process = start(own, "def f():\n    import os\n    os._exit(0)\n")
        with pytest.raises(Stopped, match="ends its process"):
            process.call("f", ())


def test_without_fork_everything_works_too():
    """What Windows does: an interpreter for every process, over a socket of this machine."""
    assignment = load_assignment("dense_rows")
    with Sandbox(fork=False) as own:
        assert grade(assignment.solution, Exam(assignment), own).lost == []


def test_the_report_names_every_limit_that_is_missing():
    text = limits.report(["wall clock", "audit hook"])
    assert len(text.splitlines()) == len(limits.EVERY)
    assert "yes  wall clock" in text
    assert "no   memory: a huge array" in text


@linux
def test_linux_has_what_posix_gives(sandbox):
    with sandbox.start() as process:
        assert set(process.held) <= set(limits.EVERY)
        assert {"own session", "processor time", "memory", "file size"} <= set(process.held)
        assert {"no new privileges", "ends with the grader"} <= set(process.held)


KERNEL = """
import ctypes, errno, os, socket, sys
sys.path.insert(0, sys.argv[1])
from kernel import Kernel
libc = ctypes.CDLL(None, use_errno=True)
import threading
kernel = Kernel([os.path.dirname(os.__file__)], os.path.dirname(os.__file__))
held = kernel.apply()
tried = {
    "seccomp": [os.fork, lambda: os.kill(os.getpid(), 0), socket.socket, socket.socketpair,
                lambda: os.execv(sys.executable, ["x"]),
                lambda: threading.Thread(target=print).start()],
    "landlock": [lambda: open(sys.argv[2]), lambda: open("/proc/self/environ"),
                 lambda: open("new", "w"), lambda: os.mkdir("new"), lambda: os.listdir("/")],
}
for layer, attempts in tried.items():
    if any(layer in name for name in held):
        for attempt in attempts:
            try:
                attempt()
            except (OSError, RuntimeError):
                continue
            print(layer, "allows", attempt)
if any("seccomp" in name for name in held):
    for number in {56: "clone", 57: "fork", 435: "clone3", 425: "io_uring"}:
        if os.uname().machine == "x86_64" and libc.syscall(number, 0, 0, 0, 0, 0) != -1:
            print("seccomp allows", number)
open(os.__file__).close()
print("done", len(held))
"""


@linux
def test_the_kernel_refuses_without_the_audit_hook(tmp_path):
    """Landlock and seccomp alone: no Python hook is in this process."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    done = subprocess.run(
        [sys.executable, "-I", "-c", KERNEL, str(WORKER.parent), str(secret)],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert "allows" not in done.stdout, done.stdout
    assert done.stdout.startswith("done"), done.stderr
