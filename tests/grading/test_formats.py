"""The report formats against their platforms' published facts, with partial credit."""

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from datetime import datetime

import pytest

from minidl.grading import formats
from minidl.grading.assignment import Part
from minidl.grading.result import Mark, Result

NASTY = 'y[0] is <1> & "2", it should be 3\x00\x1b[31m\ud800\ntry: ]]> | `x`'


@pytest.fixture
def partial():
    """A student with some points, and a text that every format has to quote."""
    parts = [
        Part("f.shape", 20),
        Part("f.value", 50),
        Part("f.worked", 10, True),
        Part("stack", 20),
    ]
    texts = ["", NASTY, "", "f: wrong"]
    marks = [Mark(part, not text, text) for part, text in zip(parts, texts)]
    return Result("ada", "f.py", "f", 7, marks, printed="hello", seconds=0.25)


@pytest.fixture
def broken():
    parts = [Part("f.shape", 40), Part("f.value", 60)]
    fault = "f.py: not UTF-8 (byte 5): save it as UTF-8"
    return Result("=cmd()", "f.py", "f", 7, [Mark(p, False, fault) for p in parts], fault)


def read(text):
    text.encode("utf-8")
    return json.loads(text)


def has(record, types):
    """The record has exactly these keys, of these types."""
    assert set(record) == set(types)
    for key, kind in types.items():
        assert isinstance(record[key], kind), key
        assert not (isinstance(record[key], bool) and kind is int), key


GRADESCOPE = {
    "score": int, "execution_time": float, "output": str, "output_format": str,
    "visibility": str, "stdout_visibility": str, "extra_data": dict, "tests": list,
}  # fmt: skip
GRADESCOPE_TEST = {
    "name": str, "number": str, "score": int, "max_score": int, "status": str, "output": str,
    "output_format": str, "visibility": str,
}  # fmt: skip
VISIBLE = {"hidden", "after_due_date", "after_published", "visible"}


def test_gradescope(partial, broken):
    for result, score in ((partial, 30), (broken, 0)):
        report = read(formats.as_gradescope(result))
        has(report, GRADESCOPE)
        assert report["score"] == score == sum(t["score"] for t in report["tests"])
        assert report["visibility"] in VISIBLE
        assert report["stdout_visibility"] in VISIBLE
        for test in report["tests"]:
            has(test, GRADESCOPE_TEST)
            assert test["status"] in {"passed", "failed"}
            assert test["visibility"] in VISIBLE
            assert test["output_format"] in {"text", "html", "simple_format", "md", "ansi"}
            assert 0 <= test["score"] <= test["max_score"]
    tests = read(formats.as_gradescope(partial))["tests"]
    assert [t["visibility"] for t in tests] == ["after_published"] * 2 + [
        "visible",
        "after_published",
    ]
    shown = read(formats.as_gradescope(partial, show_all=True))["tests"]
    assert {t["visibility"] for t in shown} == {"visible"}


PRAIRIELEARN = {
    "gradable": bool, "score": float, "message": str, "output": str, "images": list,
    "tests": list,
}  # fmt: skip
PRAIRIELEARN_TEST = {
    "name": str, "description": str, "points": int, "max_points": int, "message": str,
    "output": str,
}  # fmt: skip


def test_prairielearn(partial, broken):
    for result, score in ((partial, 0.3), (broken, 0.0)):
        text = formats.as_prairielearn(result)
        report = read(text)
        assert len(text.encode()) <= 1 << 20
        has(report, PRAIRIELEARN)
        assert report["score"] == score
        for test in report["tests"]:
            has(test, PRAIRIELEARN_TEST)
    assert read(formats.as_prairielearn(partial))["gradable"] is True
    assert read(formats.as_prairielearn(broken))["gradable"] is False


CLASSROOM50 = {
    "schema": str, "classroom": str, "assignment": str, "assignment_type": str, "owner": str,
    "submission": str, "commit": str, "release": str, "review": str, "datetime": str,
    "score": int, "max-score": int, "tests": list,
}  # fmt: skip
CLASSROOM50_TEST = {"test-name": str, "passed": bool, "score": int, "max-score": int}


def test_classroom50(partial, broken, monkeypatch):
    monkeypatch.setenv("GITHUB_SHA", "abc")
    for result, score in ((partial, 30), (broken, 0)):
        report = read(formats.as_classroom50(result))
        has(report, CLASSROOM50)
        assert report["schema"] == "classroom50/result/v1"
        assert (report["score"], report["max-score"]) == (score, 100)
        assert report["commit"] == "abc"
        assert datetime.fromisoformat(report["datetime"]).tzinfo is not None
        for test in report["tests"]:
            has(test, CLASSROOM50_TEST)


def test_junit(partial, broken):
    root = ElementTree.fromstring(formats.as_junit([partial, broken]).encode())
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert [s.get("name") for s in suites] == ["ada", "=cmd()"]
    assert [(s.get("tests"), s.get("failures")) for s in suites] == [("4", "2"), ("2", "2")]
    for suite in suites:
        assert {"name", "tests", "failures", "errors", "skipped", "time"} == set(suite.attrib)
        for case in suite.findall("testcase"):
            assert {"classname", "name", "time"} == set(case.attrib)
    failures = root.findall("testsuite/testcase/failure")
    assert failures[0].get("message").startswith('y[0] is <1> & "2"')
    assert "try: ]]>" in failures[0].text


def test_csv(partial, broken):
    rows = list(csv.reader(io.StringIO(formats.as_csv([partial]))))
    assert rows == [
        ["student", "score", "points", "f.shape", "f.value", "f.worked", "stack", "note"],
        ["ada", "30", "100", "20", "0", "10", "0", ""],
    ]
    (_, row) = csv.reader(io.StringIO(formats.as_csv([broken])))
    assert row[0] == "'=cmd()"  # no formula for a spreadsheet
    assert "not UTF-8" in row[-1]


def test_text(partial, broken):
    text = formats.as_text(partial)
    assert text.splitlines()[0] == "f  ada  30 of 100 points"
    assert 'LOST  f.value     0/50  y[0] is <1> & "2", it should be 3' in text
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "--seed 7" in text
    assert "not UTF-8" in formats.as_text(broken)


def test_feedback(partial, broken):
    page = formats.as_feedback(partial)
    assert "| `f.value` | 0 of 50 |" in page
    assert "    try: ]]>" in page  # quoted: Markdown does not read it
    assert "    hello" in page
    assert "not UTF-8" in formats.as_feedback(broken)
