"""The command line: lessons listed, run, copied, turned into notebooks; files checked."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import minidl
from minidl.cli import main
from minidl.course import cells, runner

GOOD = """# %% [markdown]
# # A good lesson

# %%
from minidl.lesson import Lesson

lesson = Lesson("A good lesson  好", __file__)
item = lesson.item("F-D2-mse", source="D2 §4.1.1", verdict="holds", printed="mean", true="mean")
item.check("value", 2.0, 2.0)
print("full" if lesson.full else "short")
lesson.finish()
"""
FIGURE = """
from minidl.plots import bars
lesson.figure(bars({"a": 1}), "bars", "one bar")
lesson.finish()
"""
DRAWN = GOOD.replace("lesson.finish()\n", FIGURE)
BAD = GOOD.replace("2.0, 2.0", "2.0, 3.0").replace("F-D2-mse", "F-D2-rmse")
CRASH = GOOD.replace("print(", "from minidl.layers import Dense\nDense(0)\nprint(", 1)


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """A folder of lessons; call it with name=source."""
    folder = tmp_path / "lessons"
    folder.mkdir()
    monkeypatch.setenv(runner.FOLDER, str(folder))
    monkeypatch.chdir(tmp_path)

    def write(**sources):
        for name, source in sources.items():
            (folder / f"{name.lstrip('_')}.py").write_text(source, encoding="utf-8")
        return folder

    return write


def run(*arguments, capsys):
    status = main(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"minidl {minidl.__version__}\n"


def test_lessons_lists_name_title_and_items(lessons, capsys):
    lessons(_02_two=BAD, _01_one=GOOD)
    status, out, _ = run("lessons", capsys=capsys)
    assert status == 0
    assert out.index("01_one") < out.index("02_two")
    assert "A good lesson  好" in out
    assert "F-D2-mse" in out


def test_run_all_passes(lessons, capsys):
    lessons(_01_one=GOOD)
    status, out, _ = run("lessons", "run", capsys=capsys)
    assert status == 0
    assert "[1/1] 01_one" in out
    assert "\r" not in out  # no terminal, no carriage return
    assert "F-D2-mse  01_one  holds    1/1" in out
    assert "1 of 1 lessons passed: 1 items, 1 of 1 checks" in out


@pytest.mark.parametrize("name", ["01_one", "01", "one", "01_one.py"])
def test_a_lesson_has_three_names(lessons, capsys, name):
    lessons(_01_one=GOOD, _02_two=BAD)
    status, out, _ = run("lessons", "run", name, capsys=capsys)
    assert status == 0
    assert "02_two" not in out


def test_an_unknown_name_lists_the_lessons(lessons, capsys):
    lessons(_01_one=GOOD, _02_two=BAD)
    status, out, err = run("lessons", "run", "one", "three", capsys=capsys)
    assert (status, out) == (2, "")
    assert err == "minidl: no lesson is called 'three'; the lessons are: 01_one, 02_two\n"


def test_a_failed_check_gives_status_1_and_its_line(lessons, capsys):
    lessons(_01_one=GOOD, _02_two=BAD)
    status, out, _ = run("lessons", "run", capsys=capsys)
    assert status == 1
    assert "FAIL F-D2-rmse  value  expected 2  got 3  lessons/02_two.py:9" in out
    assert "the largest difference is 1" in out
    assert "1 of 2 lessons passed" in out
    assert "failed: 02_two" in out


def test_a_crash_keeps_what_was_checked_and_names_the_line(lessons, capsys):
    lessons(_01_one=CRASH)
    status, out, _ = run("lessons", "run", "--json", "out.json", capsys=capsys)
    assert status == 1
    assert "lessons/01_one.py:11: ValueError: Dense: units must be a positive integer" in out
    assert "dense.py" not in out  # the lesson's frames only
    (record,) = json.loads(Path("out.json").read_text("utf-8"))["lessons"]
    assert record["items"][0]["checks"][0]["passed"] is True
    assert record["passed"] is False


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def f(:\n", "01_one.py:1: SyntaxError"),
        ("import os\nos._exit(3)\n", "exit status 3"),
        ("x = 1\n", "finish() was not reached"),
        ("import nothing_of_that_name\n", "01_one.py:1: ModuleNotFoundError: No module named"),
        (GOOD.replace("lesson.finish()", ""), "finish() was not reached"),
        (GOOD.replace("item.check", "# "), "the item has a check"),
        ("from minidl.lesson import Lesson\nLesson('t', __file__).finish()\n", "no item"),
    ],
)
def test_what_is_no_good_lesson(lessons, capsys, source, sentence):
    lessons(_01_one=source)
    status, out, _ = run("lessons", "run", capsys=capsys)
    assert status == 1
    assert sentence in out


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_lesson_that_is_killed(lessons, capsys):
    lessons(_01_one="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    status, out, _ = run("lessons", "run", capsys=capsys)
    assert status == 1
    assert "ended by signal 9" in out


def test_an_item_has_one_home(lessons, capsys):
    lessons(_01_one=GOOD, _02_two=GOOD)
    status, out, _ = run("lessons", "run", capsys=capsys)
    assert status == 1
    assert "F-D2-mse has two homes: 01_one, 02_two" in out


def test_much_output_does_not_block(lessons, capsys):
    lessons(_01_one=GOOD.replace('print("full"', 'print("x" * 3_000_000)\nprint("full"'))
    assert run("lessons", "run", capsys=capsys)[0] == 0


def test_full_reaches_the_lesson(lessons, capsys):
    lessons(_01_one=GOOD)
    for arguments, word in ((["--full"], "full"), ([], "short")):
        run("lessons", "run", "--json", "out.json", *arguments, capsys=capsys)
        (record,) = json.loads(Path("out.json").read_text("utf-8"))["lessons"]
        assert f"\n{word}\n" in record["output"]


def test_json_has_the_agreed_form(lessons, capsys):
    lessons(_01_one=DRAWN)
    run("lessons", "run", "--json", "new/out.json", capsys=capsys)
    content = json.loads(Path("new/out.json").read_text("utf-8"))
    assert set(content) == {"passed", "lessons"}
    assert content["passed"] is True
    (record,) = content["lessons"]
    assert record["name"] == "01_one"
    assert record["title"] == "A good lesson  好"
    assert record["seconds"] > 0
    assert [figure["name"] for figure in record["figures"]] == ["bars"]
    (item,) = record["items"]
    assert {
        "id": "F-D2-mse",
        "verdict": "holds",
        "printed": "mean",
        "true": "mean",
    }.items() <= item.items()
    (check,) = item["checks"]
    assert {
        "what": "value",
        "expected": 2.0,
        "got": 2.0,
        "passed": True,
    }.items() <= check.items()


def test_report_is_written(lessons, capsys):
    lessons(_01_one=GOOD, _02_two=BAD)
    status, out, _ = run("lessons", "run", "--report", "deep/page", capsys=capsys)
    assert status == 1
    assert "report: " in out
    assert [file.name for file in Path("deep/page").iterdir()] == ["index.html"]


def test_no_lessons(lessons, capsys):
    lessons()
    for arguments in (["lessons"], ["lessons", "run"]):
        status, _, err = run(*arguments, capsys=capsys)
        assert status == 1
        assert "no lessons in" in err


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def heed_ctrl_c():
    """A shell starts background jobs deaf to it, and their children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_stops_the_lesson_too(lessons, tmp_path):
    mark = tmp_path / "started"
    lessons(
        _01_one=f"import pathlib, time\npathlib.Path({str(mark)!r}).touch()\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "minidl.cli", "lessons", "run"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"stopped" in err
    assert b"Traceback" not in err
    with pytest.raises(ProcessLookupError):  # nobody of the group is left
        os.killpg(process.pid, 0)


def test_output_is_ascii_where_the_terminal_is(lessons):
    lessons(_01_one=GOOD)
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "minidl.cli", "lessons"], capture_output=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u597d" in done.stdout


# ---- copies and notebooks ----


def test_copy(lessons, capsys):
    lessons(_01_one=GOOD, _02_two=BAD)
    status, out, _ = run("lessons", "copy", "mine", capsys=capsys)
    assert status == 0
    assert Path("mine/01_one.py").read_text("utf-8") == GOOD
    assert "2 lessons are in mine" in out
    Path("mine/01_one.py").write_text("my own work")
    status, _, err = run("lessons", "copy", "mine", capsys=capsys)
    assert status == 1
    assert "already has 01_one.py, 02_two.py" in err
    assert Path("mine/01_one.py").read_text() == "my own work"


def test_notebook_without_jupytext(lessons, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    lessons(_01_one=GOOD)
    status, _, _ = run("lessons", "notebook", "one", "-o", "x.ipynb", capsys=capsys)
    assert status == 0
    book = json.loads(Path("x.ipynb").read_text("utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    kinds = [cell["cell_type"] for cell in book["cells"]]
    assert kinds == ["code", "markdown", "code"]
    assert "".join(book["cells"][1]["source"]) == "# A good lesson"
    assert len({cell["id"] for cell in book["cells"]}) == 3
    code = "\n".join("".join(c["source"]) for c in book["cells"] if c["cell_type"] == "code")
    assert code.startswith("__file__ = '01_one.py'")
    exec(compile(code, "<notebook>", "exec"), {})
    assert "1 of 1 checks passed" in capsys.readouterr().out


def test_notebook_is_not_overwritten(lessons, capsys):
    lessons(_01_one=GOOD)
    Path("01_one.ipynb").write_text("mine")
    status, _, err = run("lessons", "notebook", "one", capsys=capsys)
    assert status == 1
    assert "exists" in err
    assert run("lessons", "notebook", "two", capsys=capsys)[0] == 2


def test_cells_know_their_first_line():
    source = "import a\n# %%\n\nx = 1\n# %% [markdown] title\n# # Head\n#\n# text\n"
    assert cells.split_cells(source) == [
        ("code", "import a", 1),
        ("code", "x = 1", 4),
        ("markdown", "# Head\n\ntext", 6),
    ]


# ---- minidl check ----

LAYERS = """
import numpy as np
from minidl.layer import Layer

class Doubled(Layer):
    def forward(self, x, training=False):
        return 2 * x, None
    def backward(self, dy, cache):
        return {slope} * dy, {{}}

class Scaled(Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units
    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        W = self.rng.normal(size=(input_shape[-1], self.units))
        self.params["W"] = W.astype("float32")
    def forward(self, x, training=False):
        return x @ self.params["W"], x
    def backward(self, dy, cache):
        W = self.params["W"]
        dW = cache.reshape(-1, W.shape[0]).T @ dy.reshape(-1, W.shape[1])
        return dy @ W.T, {{"W": dW}}
    def output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)
"""


def check(tmp_path, source, *names, capsys):
    file = tmp_path / "mine.py"
    file.write_text(source, encoding="utf-8")
    return run("check", str(file), *names, capsys=capsys)


def test_check_passes_right_layers(tmp_path, capsys):
    status, out, _ = check(tmp_path, LAYERS.format(slope=2), capsys=capsys)
    assert status == 0, out
    assert "Scaled, checked with float (4, 5), built with units=3" in out
    assert "2 of 2 keep the contract" in out


def test_check_fails_a_wrong_one(tmp_path, capsys):
    status, out, _ = check(tmp_path, LAYERS.format(slope=1), capsys=capsys)
    assert status == 1
    assert "\nDoubled: dx: is half of what it should be" in out
    assert "1 of 2 keep the contract" in out
    assert check(tmp_path, LAYERS.format(slope=1), "Scaled", capsys=capsys)[0] == 0


def test_check_takes_the_files_own_inputs(tmp_path, capsys):
    source = LAYERS.format(slope=2) + "\nCHECKS = [(Doubled(), np.ones((2, 7), 'float32'))]\n"
    status, out, _ = check(tmp_path, source, "Doubled", capsys=capsys)
    assert status == 0
    assert "Doubled, checked with float (2, 7)" in out


def test_check_guesses_ids_for_an_embedding(tmp_path, capsys):
    source = """
import numpy as np
from minidl.layer import Layer

class WordEmbedding(Layer):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.sizes = vocab_size, dim
    def build(self, input_shape, rng=None):
        super().build(input_shape, rng)
        self.params["W"] = self.rng.normal(size=self.sizes).astype("float32")
    def forward(self, x, training=False):
        return self.params["W"][x], x
    def backward(self, dy, cache):
        dW = np.zeros_like(self.params["W"])
        {scatter}
        return None, {{"W": dW}}
    def output_shape(self, input_shape):
        return (*input_shape, self.sizes[1])
"""
    good = source.format(scatter="np.add.at(dW, cache, dy)")
    status, out, _ = check(tmp_path, good, capsys=capsys)
    assert status == 0, out
    assert "integers (4, 6)" in out
    overwritten = source.format(scatter="dW[cache] = dy")
    assert check(tmp_path, overwritten, capsys=capsys)[0] == 1


def test_check_a_loss(tmp_path, capsys):
    source = """
from minidl.loss import Loss

class Half(Loss):
    def forward(self, y_true, y_pred, sample_weight=None):
        d = y_pred - y_true
        return 0.5 * float((d * d).sum()), d
    def backward(self, cache):
        return {slope} * cache
"""
    status, out, _ = check(tmp_path, source.format(slope=1), capsys=capsys)
    assert status == 0, out
    assert check(tmp_path, source.format(slope=2), capsys=capsys)[0] == 1


def test_check_says_what_it_tried(tmp_path, capsys):
    source = """
from minidl.layer import Layer

class Odd(Layer):
    def __init__(self, banana):
        pass
"""
    status, out, _ = check(tmp_path, source, capsys=capsys)
    assert status == 1
    assert "no guess for the argument 'banana'" in out
    assert "CHECKS = [(Odd(...), x)]" in out


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\ny = x / 0\n", "mine.py:2: ZeroDivisionError: division by zero\n    y = x / 0"),
        ("def f(:\n", "mine.py:1: SyntaxError"),
        ("import json\njson.loads('{')\n", "mine.py:2: JSONDecodeError"),
        ("raise SystemExit(0)\n", "ends the program"),
        ("from minidl.layer import Layer\nCHECKS = [Layer()]\n", "CHECKS: an entry is"),
    ],
)
def test_check_of_a_file_that_cannot_be_imported(tmp_path, capsys, source, sentence):
    status, out, _ = check(tmp_path, source, capsys=capsys)
    assert status == 1
    assert sentence in out
    assert "Traceback" not in out


def test_check_of_nothing(tmp_path, capsys):
    assert run("check", str(tmp_path / "none.py"), capsys=capsys)[0] == 2
    status, _, err = check(tmp_path, "x = 1\n", capsys=capsys)
    assert status == 2
    assert "no layer and no loss" in err
    status, _, err = check(tmp_path, LAYERS.format(slope=2), "Tripled", capsys=capsys)
    assert status == 2
    assert "has no Tripled; it has Doubled, Scaled" in err
