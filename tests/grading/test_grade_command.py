"""`minidl grade` over a file, a class, in every format; feedback, similarity, seed, limits."""

import csv
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

from minidl.cli import main
from minidl.grading import similarity
from minidl.grading.classroom import progress_bar
from minidl.grading.folder import assignments_folder, load_assignment, released_skeleton

DENSE = load_assignment("dense_rows")
HALF = DENSE.solution.replace("dx = dy @ W", "dx = -dy @ W")


@pytest.fixture
def course(tmp_path):
    """A class of three: right, one gradient wrong, empty."""
    folder = tmp_path / "class"
    folder.mkdir()
    sources = {"ada": DENSE.solution, "bob": HALF, "cyd": released_skeleton(DENSE)}
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return folder


def grade(*arguments, capsys):
    status = main(["grade", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_text_of_one_file(course, capsys):
    status, out, err = grade(course / "bob.py", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.startswith("dense_rows  bob  69 of 100 points\n")
    assert re.search(r"LOST  dense_backward.dx +0/16  dx\[", out)
    assert "the sign is wrong" in out
    assert "try: x has no share in the bias" in out


def test_a_class_as_csv(course, capsys, tmp_path):
    path = tmp_path / "out" / "grades.csv"
    status, out, err = grade(course, "--format", "csv", "-o", path, capsys=capsys)
    assert (status, out, err) == (0, "", "")  # no progress bar where there is no terminal
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [(r["student"], r["score"]) for r in rows] == [
        ("ada", "100"),
        ("bob", "69"),
        ("cyd", "0"),
    ]
    assert rows[1]["dense_backward.dx"] == "0"
    assert rows[1]["dense_backward.dW"] == "16"


def test_a_class_in_one_file_a_student(course, capsys, tmp_path):
    out = tmp_path / "out"
    status, _, _ = grade(course, "--format", "gradescope", "-o", out, capsys=capsys)
    assert status == 0
    scores = {p.stem: json.loads(p.read_text("utf-8"))["score"] for p in out.iterdir()}
    assert scores == {"ada": 100, "bob": 69, "cyd": 0}
    status, _, err = grade(course, "--format", "prairielearn", capsys=capsys)
    assert status == 1
    assert "name a folder with -o" in err


@pytest.mark.parametrize("format", ["gradescope", "classroom50", "prairielearn"])
def test_one_file_as_json(course, capsys, format):
    status, out, _ = grade(course / "ada.py", "--format", format, capsys=capsys)
    assert status == 0
    assert json.loads(out)["score"] in (100, 1.0)


def test_a_class_as_junit(course, capsys):
    _, out, _ = grade(course, "--format", "junit", capsys=capsys)
    suites = ElementTree.fromstring(out.encode()).findall("testsuite")
    assert [s.get("name") for s in suites] == ["ada", "bob", "cyd"]


def test_feedback_and_similarity(course, capsys, tmp_path):
    renamed = DENSE.solution.replace("x1", "with_ones").replace("ones =", "column =")
    (course / "dan.py").write_text(renamed, encoding="utf-8")
    pages, table = tmp_path / "feedback", tmp_path / "similar.txt"
    grade(course, "--feedback", pages, "--similarity", table, capsys=capsys)
    assert sorted(p.name for p in pages.iterdir()) == ["ada.md", "bob.md", "cyd.md", "dan.md"]
    assert "69 of 100 points" in (pages / "bob.md").read_text("utf-8")
    lines = table.read_text("utf-8").splitlines()
    assert any("100%" in line and "ada" in line and "dan" in line for line in lines)
    assert any("(the reference)" in line for line in lines)
    assert not any("cyd" in line for line in lines)  # an empty file is like nobody's


def test_similarity_does_not_see_what_all_have():
    given = "import numpy as np\n" * 20
    one = given + "def f(x):\n    return [a * b for a, b in zip(x, x[1:]) if a > b]\n"
    other = (
        given
        + "def g(x):\n    while x:\n        x = h(x) - 1 if x % 2 else None\n    return x\n"
    )
    assert similarity.similarity_table({"a": one, "b": other}, given) == []
    assert similarity.similarity_table({"a": one, "b": one}, given)[0][0] == 1
    assert similarity.similarity_table({"a": "(((", "b": "\x00", "c": ""}, given) == []


def test_a_seed_repeats_a_run(course, capsys):
    runs = [grade(course / "bob.py", "--seed", 5, capsys=capsys)[1] for _ in range(2)]
    assert runs[0] == runs[1]
    assert "--seed 5" in runs[0]
    assert grade(course / "bob.py", "--seed", 6, capsys=capsys)[1] != runs[0]


def test_a_folder_as_the_assignment(course, capsys, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(assignments_folder() / "dense_rows", own)
    status, out, _ = grade(course / "ada.py", "--assignment", own, capsys=capsys)
    assert (status, "100 of 100" in out) == (0, True)


def test_one_item_alone(course, capsys):
    only = ("--only", "dense_backward.dx")
    assert grade(course / "ada.py", *only, capsys=capsys)[:2] == (
        0,
        "dense_backward.dx: right\n",
    )
    status, out, _ = grade(course / "bob.py", *only, capsys=capsys)
    assert (status, out.startswith("dx[")) == (1, True)
    status, _, err = grade(course / "bob.py", "--only", "nothing", capsys=capsys)
    assert (status, "no item 'nothing'" in err) == (2, True)


def test_limits(capsys):
    status, out, _ = grade("--limits", capsys=capsys)
    assert status == 0
    assert "audit hook" in out
    assert "seccomp" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "no such file or folder"),
        (("nowhere",), "no such file or folder"),
        (("plain.py",), "does not say its assignment"),
        (("plain.py", "--assignment", "nothing"), "no assignment is called 'nothing'"),
        (("empty", "--assignment", "gru"), "has no submissions"),
    ],
)
def test_what_cannot_be_graded(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.py").write_text("x = 1\n")
    (tmp_path / "empty").mkdir()
    status, _, err = grade(*arguments, capsys=capsys)
    assert status in (1, 2)
    assert sentence in err


def test_the_progress_bar_is_for_terminals_only():
    class Terminal:
        text = ""

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    stream = Terminal()
    tick = progress_bar(stream)
    for done in range(1, 5):
        tick(done, 4)
    assert stream.text.endswith(f"\r[{'#' * 30}] 4/4\n")
    stream.isatty = lambda: False
    assert progress_bar(stream) is None
