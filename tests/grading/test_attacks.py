"""Attacks on the grader: no point gained, in bounded time, and the next student's result whole.

Each attack is code in an otherwise empty dense_rows.py. `{D}` stands for what the two blanks
do. Where the attack is one on gradients only, the honest forward is there.
"""

import time

import numpy as np
import pytest

from minidl.grading import honesty
from minidl.grading.classroom import grade_all
from minidl.grading.exam import Exam
from minidl.grading.folder import (
    assignments_folder,
    find_assignments,
    load_assignment,
    released_skeleton,
)
from minidl.grading.grade import grade
from minidl.grading.limits import Limits
from minidl.grading.sandbox import Sandbox
from minidl.grading.submissions import Submission

LIMITS = Limits(cpu=1, wall=3.0, hangs=1)
SHORT = Limits(cpu=1, wall=0.8, hangs=1)  # for what is to win nothing anyway
DENSE = load_assignment("dense_rows")
EXAM = Exam(DENSE)
SECRET = str(assignments_folder() / "dense_rows" / "solution.py")

BLANKS = """
def dense(x, W):
    {body}

def dense_backward(dy, cache):
    {body}
"""


def both(body, before=""):
    """A file whose two blanks do the same."""
    return before + "\nimport numpy as np\n" + BLANKS.format(body=body.replace("\n", "\n    "))


@pytest.fixture(scope="module")
def box():
    with Sandbox(LIMITS) as made:
        yield made


@pytest.fixture(scope="module")
def short():
    with Sandbox(SHORT) as made:
        yield made


def graded(source, box):
    """The attack's Result; it must be bounded, and the next student untouched."""
    started = time.monotonic()
    result = grade(source, EXAM, box)
    seconds = time.monotonic() - started
    assert seconds < 3 * (LIMITS.wall + 1), "the grader hung for more than its limit"
    assert next_student_is_right(box)
    return result


def next_student_is_right(box):
    """The next process gives the reference's answer."""
    case = EXAM.cases["dense"][0]
    with box.start(wall=60) as process:
        process.load(DENSE.solution, "dense_rows.py", DENSE.names)
        return np.array_equal(process.call("dense", case.args)[0], case.want[0])


IMPORTS = {
    "import minidl": both("import minidl\nreturn minidl.layers.Dense(2)(x), (x, W)"),
    "import a part of minidl": both("return loss", "from minidl.layers import Dense as loss"),
    "import by the machinery": both(
        "import importlib.machinery as m\n"
        f"return m.SourceFileLoader('s', {SECRET!r}).load_module().dense(x, W)"
    ),
    "import ctypes": both("import ctypes\nreturn ctypes.string_at(id(x), 64)"),
    "ctypes by way of numpy": both(
        "c = getattr(np._core._internal, 'ctypes', None) or np.zeros(1).ctypes._ctypes\n"
        "return c.CDLL(None).fork()"
    ),
    "subprocess": both("import subprocess\nreturn subprocess.run(['id'])"),
    "multiprocessing": both("import multiprocessing\nreturn 1"),
}
ENDS = {
    "sys.exit(0)": both("import sys; sys.exit(0)"),
    "sys.exit at import": "import sys\nsys.exit(0)\n",
    "os._exit(0)": both("import os; os._exit(0)"),
    "os._exit at import": "import os\nos._exit(0)\n",
    "kill the parent": both("import os; os.kill(os.getppid(), 9)"),
    "kill the parent's group": both("import os; os.killpg(os.getpgid(os.getppid()), 9)"),
    "kill everything": both("import os; os.kill(-1, 9)"),
    "abort": both("import os; os.abort()"),
    "an exception that lies": both(
        "class E(BaseException):\n    def __str__(self): raise SystemExit(0)\nraise E"
    ),
}
PATCHES = {
    "numpy's comparisons": both(
        "return np.zeros((0,))",
        "import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.abs = np.asarray = np.shape = lambda *a, **k: 0\n",
    ),
    "builtins": both(
        f"return open({SECRET!r}).read()",
        "import builtins\nbuiltins.any = lambda *a: True\nbuiltins.type = lambda *a: int\n"
        "builtins.PermissionError = None\n",
    ),
    "a false minidl and pytest": both(
        "return 1",
        "import sys, types\nfor n in ('minidl', 'pytest', 'minidl.grading.checking'):\n"
        "    sys.modules[n] = types.ModuleType(n)\n"
        "sys.modules['minidl'].close = sys.modules['pytest'].approx = lambda *a, **k: True\n",
    ),
    "the clock": both(
        "while True: pass", "import time\ntime.monotonic = time.time = lambda: 0.0\n"
    ),
    "the runner's frames": both(
        "import sys\nf = sys._getframe()\nwhile f:\n"
        "    for v in [*f.f_globals.values(), *f.f_locals.values()]:\n"
        "        if getattr(v, '__name__', '') == 'wire': v.pack = lambda *a: b''\n"
        "        if hasattr(v, 'send'): v.send = lambda *a: None\n"
        "    f = f.f_back\nreturn 1"
    ),
    "the audit hook's words": both(
        f"return open({SECRET!r}).read()",
        "import sys\nfor n, m in list(sys.modules.items()):\n"
        "    for k in ('REFUSED', 'MODULES'):\n"
        "        if hasattr(m, k): setattr(m, k, {})\n",
    ),
}
FORGED = {
    "a printed report": both(
        "print('{\"score\": 100, \"tests\": []}')\nprint('100 of 100 points')\nreturn 1"
    ),
    "a written report": both(
        "for p in ('results.json', '/autograder/results/results.json', '/tmp/results.json'):\n"
        "    open(p, 'w').write('{\"score\": 100}')\nreturn 1"
    ),
    "os.open for writing": both("import os\nreturn os.open('x', os.O_CREAT | os.O_RDWR)"),
    "frames on the channel": both(
        "import os, json, struct\n"
        "text = json.dumps([{'kind': 'value', 'score': 100, 'passed': True}, True]).encode()\n"
        "for fd in range(3, 32):\n"
        "    try: os.write(fd, struct.pack('>II', len(text), 0) + text)\n"
        "    except OSError: pass\nreturn None"
    ),
    "nonsense on the channel": both(
        "import os\nfor fd in range(3, 32):\n"
        "    try: os.write(fd, b'\\xff' * 64)\n    except OSError: pass\nreturn None"
    ),
    "closes the channel": both("import os\nos.closerange(0, 64)\nreturn x"),
}
LEFT = {
    "atexit": both("return 1", "import atexit\natexit.register(lambda: open('/tmp/x', 'w'))\n"),
    "threads": both(
        "import threading\nfor _ in range(8): threading.Thread(target=lambda: [0 for _ in"
        " iter(int, 1)]).start()\nreturn 1"
    ),
    "signal handlers": both(
        "while True: pass",
        "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n",
    ),
}
HUNGRY = {
    "an endless loop": both("while True: pass"),
    "an endless loop at import": "while True: pass\n",
    "an endless sleep": both("import time; time.sleep(1e6)"),
    "a loop that catches everything": both(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "deep recursion": both("return dense(x, W) if 'x' in dir() else dense_backward(dy, cache)"),
    "deeper recursion": both(
        "import sys; sys.setrecursionlimit(10**9)\nf = lambda: f()\nreturn f()"
    ),
    "100 GB": both("return np.ones(100 * 2**27)"),
    "100 GB of lists": both("a = []\nwhile True: a += [0] * 10**7"),
    "a large answer": both("return np.zeros(2**22), np.zeros(2**22)"),
    "a deep answer": both("a = []\nfor _ in range(10**5): a = [a]\nreturn a"),
    "a wide answer": both("return [0] * 10**6, 0"),
    "a fork bomb": both("import os\nwhile True: os.fork()"),
    "a fork bomb that goes on": both(
        "import os\nwhile True:\n    try: os.fork()\n    except BaseException: pass"
    ),
    "1 GB of output": both("import sys\nfor _ in range(1000): print('x' * 10**6)\nreturn 1"),
    "output without end": both(
        "import os\nwhile True:\n    try: os.write(1, b'x' * 10**6)\n    except OSError: pass"
    ),
}
READERS = {
    "open the reference": both(
        f"exec(open({SECRET!r}).read(), g := {{}})\nreturn g['dense'](x, W)"
    ),
    "io, os, numpy and pathlib": both(
        "import io, os, pathlib\n"
        f"for f in (io.FileIO, pathlib.Path.read_text, np.load, np.fromfile, np.loadtxt):\n"
        f"    try: print(f(pathlib.Path({SECRET!r})))\n    except OSError: pass\n"
        f"return os.read(os.open({SECRET!r}, 0), 9)"
    ),
    "a path that goes up": both(
        "import os\nreturn open(os.path.dirname(np.__file__) + '/../../../../../..'"
        f" + {SECRET!r}).read()"
    ),
    "list the folders": both(f"import os\nreturn os.listdir({str(assignments_folder())!r})"),
    "the memory": both("import gc\nreturn [o for o in gc.get_objects() if 'x1 @' in str(o)]"),
    "/proc": both("return open('/proc/self/mem', 'rb').read(9)"),
    "the parent's memory": both(
        "import os\nreturn open(f'/proc/{os.getppid()}/environ').read()"
    ),
    "the network": both("import socket\nreturn socket.create_connection(('127.0.0.1', 80))"),
}
LIARS = {
    "an ndarray subclass": both(
        "class L(np.ndarray):\n    def __eq__(self, o): return np.True_\n"
        "    def __array_ufunc__(self, *a, **k): return np.zeros(1)\n"
        "return np.zeros((1,)).view(L), np.zeros((1,)).view(L)"
    ),
    "an object that is equal to all": both(
        "class L:\n    __eq__ = __le__ = __ge__ = lambda s, o: True\n"
        "    __array__ = lambda s, *a, **k: np.zeros(1)\n    shape = ()\nreturn L(), L()"
    ),
    "a number that is equal to all": both(
        "class L(float):\n    __eq__ = __le__ = __ge__ = lambda s, o: True\nreturn L(), L()"
    ),
    "a tuple of another length": both(
        "class L(tuple):\n    __len__ = lambda s: 2\nreturn L(())"
    ),
    "objects in an array": both("return np.array([x if 0 else None] * 2, object), None"),
    "NaN": both("return np.full((4, 2), np.nan), (np.full((4, 4), np.nan), 0)"),
    "a generator": both("return (i for i in range(2))"),
    "text": both("return 'x' * 100, 'y\\x00\\x1b[2J\\ud800'"),
    "shapes that broadcast": both("return np.zeros((5000, 1)), np.zeros((1, 5000))"),
}
EVERY = IMPORTS | ENDS | PATCHES | FORGED | LEFT | HUNGRY | READERS | LIARS


@pytest.mark.parametrize("name", EVERY)
def test_an_attack_gains_nothing(name, short):
    result = graded(EVERY[name], short)
    won = {m.part.name: m.part.points for m in result.marks if m.passed}
    assert won == {}
    assert all(mark.text for mark in result.marks)


# ---- gradients that are not derived ----

# ---- the same for every assignment ----

THIEVES = {
    "reads the reference": "space = {{}}\n    exec(open({secret!r}).read(), space)\n"
    "    return space[{blank!r}](*args)",
    "imports the library": "from minidl.grading.folder import load_assignment\n"
    "    return load_assignment({name!r}).module",
    "looks for it in memory": "import gc\n"
    "    found = [o for o in gc.get_objects() if getattr(o, '__name__', '') == {blank!r}]\n"
    "    return [f for f in found if f.__code__.co_argcount][0](*args)",
    "ends the process": "import os\n    os._exit(0)",
}


@pytest.mark.parametrize("thief", THIEVES)
@pytest.mark.parametrize("name", [folder.name for folder in find_assignments()])
def test_no_assignment_can_be_stolen(name, thief, short):
    assignment = load_assignment(name)
    secret = str(assignments_folder() / name / "solution.py")
    source = "".join(
        f"def {blank}(*args):\n    "
        + THIEVES[thief].format(secret=secret, blank=blank, name=name)
        + "\n\n"
        for blank in assignment.names
    )
    started = time.monotonic()
    assert grade(source, Exam(assignment), short).score == 0
    assert time.monotonic() - started < 30


FORWARD = """
import numpy as np

def dense(x, W):
    x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    return x1 @ W.T, (x1, W)

def again(x1, W):
    return x1 @ W.T
"""
BY_BLANK = (
    FORWARD
    + """
def dense_backward(dy, cache):
    x1, W = cache
    return slopes(lambda x: dense(x, W)[0], x1[:, :-1], dy), slopes(
        lambda W: dense(x1[:, :-1], W)[0], W, dy)
"""
)
INLINE = (
    FORWARD
    + """
def dense_backward(dy, cache):
    x1, W = cache
    dx = slopes(lambda x: again(x, W), x1, dy)[:, :-1].copy()
    return dx, slopes(lambda W: again(x1, W), W, dy)
"""
)
CENTRAL = """
def slopes(f, a, dy):
    a, out = a.copy(), np.zeros(a.shape)
    for i in np.ndindex(a.shape):
        old = a[i]
        a[i] = old + 1
        up = f(a)
        a[i] = old - 1
        out[i] = ((up - f(a)) * dy).sum() / 2  # exact: the function is linear
        a[i] = old
    return out
"""
IMAGINARY = """
def slopes(f, a, dy):
    a, out = a.astype("complex128"), np.zeros(a.shape)
    for i in np.ndindex(a.shape):
        a[i] += 1e-30j
        out[i] = (f(a) * dy).sum().imag / 1e-30
        a[i] = a[i].real
    return out
"""
GIVES_UP = INLINE.replace(
    "x1, W = cache\n", "x1, W = cache\n    if W.size > 999: return x1, W\n"
)
HANGS_UP = INLINE.replace(
    "x1, W = cache\n", "x1, W = cache\n    if W.size > 999: raise OSError\n"
)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (BY_BLANK + CENTRAL, "difference quotient"),
        (INLINE + CENTRAL, "by differences"),
        (INLINE + IMAGINARY, "complex numbers"),
        (GIVES_UP + CENTRAL, "large case"),
        (HANGS_UP + CENTRAL, "large case"),
    ],
    ids=["by the blank", "by a copy", "an imaginary step", "wrong where large", "raises"],
)
def test_differences_lose_the_gradients(source, why, box, monkeypatch):
    monkeypatch.setattr(honesty, "PATIENCE", 1.0)
    monkeypatch.setattr(honesty, "SLOW", 1.0)
    result = graded(source, box)
    assert not result["dense_backward.dx"].passed
    assert not result["dense_backward.dW"].passed
    assert why in result["dense_backward.dW"].text
    assert result["dense.value"].passed  # an honest forward keeps its points


LOOPS = (
    FORWARD
    + """
def dense_backward(dy, cache):
    x1, W = cache
    dx, dW = np.zeros((len(x1), W.shape[1] - 1)), np.zeros(W.shape)
    for n in range(len(x1)):
        for m in range(W.shape[0]):
            for k in range(W.shape[1]):
                dW[m, k] += dy[n, m] * x1[n, k]
                if k < W.shape[1] - 1:
                    dx[n, k] += dy[n, m] * W[m, k]
    return dx, dW
"""
)


def test_plain_loops_are_honest(sandbox):
    assert grade(LOOPS, EXAM, sandbox).lost == []


def test_a_forward_recomputed_in_the_backward_is_honest(sandbox):
    source = (
        FORWARD
        + """
def dense_backward(dy, cache):
    x1, W = cache
    y, (x1, W) = dense(x1[:, :-1], W)
    return dy @ W[:, :-1], dy.T @ x1
"""
    )
    assert grade(source, EXAM, sandbox).lost == []


# ---- the reference's answers ----

GRU = load_assignment("gru")


def test_a_blank_cannot_be_had_from_one_that_needs_it(box):
    """gru_step by way of the reference's gru: gru is no part that gru_step is graded on."""
    source = released_skeleton(GRU)
    head, tail = source.split("def gru_step(", 1)
    body, rest = tail.split("    raise NotImplementedError(", 1)
    rest = rest.split("    )\n", 1)[1]
    trick = "    y, cache = gru(x[:, None], h, W, U, b)\n    return y[:, 0], cache[0]\n"
    result = grade(f"{head}def gru_step({body}{trick}{rest}", Exam(GRU), box)
    assert result.score == 0


@pytest.mark.parametrize(
    "trick",
    [
        "return gru_step(np.zeros((9999, 1)), np.zeros((9999, 9999)), W, U, b)",
        "return gru_step(np.zeros((0, 10**7)), np.zeros((0, 3)), W, U, b)",
        "while True: gru_step(x[:, 0], h0, W, U, b)",
        "return gru_step(*[None] * 5)",
        "return gru_step(x=x[:, 0], nonsense=h0)",
        "return gru_step.__call__.__func__(gru_step, 'x' * 10**6)",
    ],
)
def test_the_reference_cannot_be_overworked(trick, box):
    """A student's code asks the grader for another blank: too much, too often, or nonsense."""
    head, tail = released_skeleton(GRU).split("def gru(", 1)
    body, rest = tail.split("    raise NotImplementedError(", 1)
    source = f"{head}def gru({body}    {trick}\n{rest.split('    )' + chr(10), 1)[1]}"
    started = time.monotonic()
    result = grade(source, Exam(GRU), box)
    assert result.score == 0
    assert time.monotonic() - started < 3 * LIMITS.wall


def test_inputs_that_are_recognised_are_of_no_use(box):
    """A table of one run's questions and answers wins in that run only."""
    case = EXAM.cases["dense"][0]
    table = f"""
import numpy as np
from numpy import array

def dense(x, W):
    assert np.allclose(x, {case.args[0].tolist()!r})
    return np.array({case.want[0].tolist()!r}), (np.array({case.want[1][0].tolist()!r}), W)
"""
    assert not np.array_equal(Exam(DENSE).cases["dense"][0].args[0], case.args[0])
    assert grade(table, Exam(DENSE), box).score == 0


def test_one_blank_that_kills_its_process_costs_that_blank_only(box):
    source = FORWARD + "\ndef dense_backward(dy, cache):\n    import os; os._exit(0)\n"
    result = graded(source, box)
    assert all(name.startswith(("dense_backward.", "stack")) for name in result.lost)
    assert result["dense.value"].passed
    assert result["dense.rows_alone"].passed


def test_a_class_with_attackers_in_it():
    """Side by side with what kills, floods and hangs, the honest ones keep every point."""
    names = ["kill everything", "a fork bomb that goes on", "output without end", "the clock",
             "closes the channel", "100 GB of lists", "nonsense on the channel"]  # fmt: skip
    submissions = []
    for name in names:
        submissions += [Submission(name, "dense_rows.py", EVERY[name]),
                        Submission("honest", "dense_rows.py", DENSE.solution)]  # fmt: skip
    results = grade_all(submissions, EXAM, LIMITS, jobs=2)
    assert [r.student for r in results] == [s.student for s in submissions]
    assert {r.score for r in results if r.student == "honest"} == {100}
    assert {r.score for r in results if r.student != "honest"} == {0}
