"""The recorder: what passes, what fails and why, and what is written down."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from minidl.course.comparison import compare, jsonable, text
from minidl.lesson import FULL, RECORD, Lesson


@pytest.fixture(autouse=True)
def plain_python(monkeypatch):
    monkeypatch.delenv(RECORD, raising=False)
    monkeypatch.delenv(FULL, raising=False)


@pytest.fixture
def lesson(tmp_path):
    return Lesson("A title  标题", tmp_path / "01_title.py")


def declare(lesson, id="F-D2-relu", **changes):
    known = {"source": "D2 §4.1.3", "verdict": "holds", "printed": "x", "true": "x"}
    return lesson.item(id, **{**known, **changes})


NAN, INF = float("nan"), float("inf")
HOLDS = [
    (1.0, 1.0, "=="),
    (1.0, 1.0 + 9e-7, "=="),
    ([1, 2], np.array([1.0, 2.0], "float32"), "=="),
    (INF, INF, "=="),
    ("text", np.str_("text"), "=="),
    (True, np.bool_(True), "=="),
    ([True, False], np.array([True, False]), "=="),
    (["a", "b"], ("a", "b"), "=="),
    ([[1], [2, 3]], [(1,), (2, 3)], "=="),
    (None, None, "=="),
    (0.9, 0.95, ">="),
    (0.9, 0.9, ">="),
    (0.9, 0.9, "<="),
    (0, [1, 2, 3], ">"),
    ([1, 2], [0, 1], "<"),
]
FAILS = [
    (1.0, 1.001, "==", "difference is 0.001"),
    ([1.0, 2.0], [1.0, 2.5], "==", "difference is 0.5"),
    (1.0, NAN, "==", "NaN"),
    (NAN, NAN, "==", "NaN"),
    (0.5, NAN, "<=", "NaN"),
    (INF, -INF, "==", "difference is inf"),
    ([1, 2], [1, 2, 3], "==", "shape"),
    (np.ones((3, 1)), np.ones(3), "==", "shape"),
    (1.0, [1.0], "==", "shape"),
    ([], [], "==", "empty"),
    (1, True, "==", "truth value"),
    (True, 1.0, "==", "truth value"),
    ("a", "b", "==", "differ"),
    ("1", 1, "==", "differ"),
    (None, 0.0, "==", "differ"),
    (0.9, 0.9, ">", "not > 0.9"),
    (0.5, [0.6, 0.4], ">=", "not >= 0.5"),
    ("a", "b", "<", "needs numbers"),
]


@pytest.mark.parametrize(("expected", "got", "op"), HOLDS)
def test_what_holds(expected, got, op):
    assert compare(expected, got, op) is None


@pytest.mark.parametrize(("expected", "got", "op", "why"), FAILS)
def test_what_fails_says_why(expected, got, op, why):
    assert why in compare(expected, got, op)


def test_an_array_compared_with_itself_is_a_check_that_cannot_fail():
    x = np.ones(3)
    assert "cannot fail" in compare(x, x)
    assert compare(x, x.copy()) is None


def test_tolerances_are_the_callers():
    assert compare(1.0, 1.01, rtol=0.02) is None
    assert compare(0.0, 1e-3, atol=1e-2) is None
    assert compare(0.0, 1e-5, atol=0) is not None


def test_unknown_operator():
    with pytest.raises(ValueError, match="op must be one of"):
        compare(1, 1, "!=")


def test_numbers_stay_numbers_in_json():
    assert jsonable(np.float32(0.5)) == 0.5
    assert jsonable(np.int64(3)) == 3
    assert isinstance(jsonable(np.int64(3)), int)
    assert jsonable(np.arange(50.0)) == list(range(50))
    assert jsonable([NAN, INF, 1.0]) == ["nan", "inf", 1.0]
    assert jsonable([(3, 0), "x", None]) == [[3, 0], "x", None]
    assert jsonable({"a": 1}) == "{'a': 1}"


def test_a_large_array_becomes_its_shape_and_the_difference():
    x = np.zeros((10, 10))
    y = x.copy()
    y[3, 4] = 0.25
    assert jsonable(x) == {"shape": [10, 10]}
    assert jsonable(y, x) == {"shape": [10, 10], "max_difference": 0.25}
    y[0, 0] = NAN
    json.dumps(jsonable(y, x), allow_nan=False)


def test_text_is_short():
    assert text(0.1234567891) == "0.123457"
    assert text([1.0, 2.5]) == "[1, 2.5]"
    assert text(True) == "True"
    assert text("as it is") == "as it is"
    assert text(np.arange(100.0)) == "array (100,), 0 to 99"
    assert len(text(["word"] * 100)) == 80


def test_a_passed_check_prints_one_line(lesson, capsys):
    item = declare(lesson)
    capsys.readouterr()
    item.check("the value", 0.5, np.float32(0.5))
    out = capsys.readouterr().out
    assert out == "ok   F-D2-relu  the value  expected 0.5  got 0.5\n"


def test_a_failed_check_is_recorded_and_does_not_raise(lesson, capsys):
    item = declare(lesson)
    item.check("the value", 0.5, 0.75)
    (check,) = lesson.record()["items"][0]["checks"]
    assert {
        "expected": 0.5,
        "got": 0.75,
        "passed": False,
        "what": "the value",
    }.items() <= check.items()
    assert "FAIL F-D2-relu" in capsys.readouterr().out


def test_bounds_are_written_with_their_operator(lesson):
    item = declare(lesson)
    item.check("accuracy", 0.9, 0.95, op=">=")
    assert item.checks[0]["expected"] == ">= 0.9"


def test_gradient_reports(lesson, capsys):
    class Report(SimpleNamespace):
        def __str__(self):
            return "dW is wrong\nby a factor"

    item = declare(lesson)
    item.check_gradient(Report(passed=True, entries=[SimpleNamespace(relative_error=2e-9)]))
    item.check_gradient(Report(passed=False))
    assert [check["passed"] for check in item.checks] == [True, False]
    assert item.checks[1]["why"] == "dW is wrong\nby a factor"
    assert "2.0e-09" in capsys.readouterr().out


def test_finish_counts(lesson, capsys):
    declare(lesson).check("one", 1, 1)
    assert lesson.finish() is True
    assert "1 of 1 checks passed, 1 items" in capsys.readouterr().out


def test_finish_ends_with_status_1_after_a_failure(lesson):
    declare(lesson).check("one", 1, 2)
    with pytest.raises(SystemExit) as error:
        lesson.finish()
    assert error.value.code == 1


def test_an_item_without_a_check_fails(lesson):
    declare(lesson)
    with pytest.raises(SystemExit):
        lesson.finish()
    assert lesson.items[0].checks[0]["passed"] is False


def test_an_item_declared_twice(lesson):
    declare(lesson)
    with pytest.raises(ValueError, match="declared twice"):
        declare(lesson)


def test_an_unknown_verdict(lesson):
    with pytest.raises(ValueError, match="holds, partial, wrong"):
        declare(lesson, verdict="right")


@pytest.mark.parametrize(
    ("value", "full"), [(None, False), ("", False), ("0", False), ("1", True)]
)
def test_full_comes_from_the_environment(monkeypatch, tmp_path, value, full):
    if value is not None:
        monkeypatch.setenv(FULL, value)
    assert Lesson("t", tmp_path / "01_t.py").full is full


SCRIPT = """
from minidl.lesson import Lesson
lesson = Lesson("Title  标题", __file__)
item = lesson.item("F-D2-relu", source="D2", verdict="holds", printed="值", true=1)

def helper(got):
    item.check("数", 1, got)

helper(1)
helper({got})
lesson.finish()
"""


def run_script(tmp_path, got, **environment):
    script = tmp_path / "03_script.py"
    script.write_text(SCRIPT.format(got=got), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, env={**ENVIRONMENT, **environment}
    )


ENVIRONMENT = {"PATH": "", "OMP_NUM_THREADS": "1"}


def test_plain_python_gives_status_0_or_1_and_names_the_line(tmp_path):
    assert run_script(tmp_path, 1, PYTHONUTF8="1").returncode == 0
    done = run_script(tmp_path, 2, PYTHONUTF8="1")
    assert done.returncode == 1
    assert f"{tmp_path.name}/03_script.py:10" in done.stdout.decode()


def test_a_terminal_without_chinese_gets_escapes(tmp_path):
    done = run_script(tmp_path, 1, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\\u6807\\u9898" in done.stdout.decode("ascii")


def test_a_notebook_shows_the_figure(lesson, monkeypatch, capsys):
    shown = []
    display = SimpleNamespace(Image=bytes, display=shown.append)
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    ipython = SimpleNamespace(display=display, version_info=(8, 24), get_ipython=lambda: None)
    monkeypatch.setitem(sys.modules, "IPython", ipython)  # matplotlib asks for the latter two
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    fig = Figure(figsize=(2, 1))
    assert lesson.figure(fig, "empty", "nothing") is None  # or the cell would print it too
    (picture,) = shown
    assert picture.startswith(b"\x89PNG")
    assert "--report" not in capsys.readouterr().out
