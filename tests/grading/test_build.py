"""`minidl assignment build` and the kits: an instructor's own assignment, and the platforms."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from minidl.cli import main
from minidl.grading import build, kits
from minidl.grading.folder import load_assignment, load_mutants
from minidl.grading.skeleton import BEGIN

SOLUTION = '''"""A parabola and its slope."""

import numpy as np


def parabola(x):
    """y = x² + 1, element by element; returns y, cache with cache = x."""
    ### BEGIN SOLUTION
    y = x * x + 1.0
    return y, x.copy()
    ### END SOLUTION


def parabola_backward(dy, cache):
    """Returns dx."""
    ### BEGIN SOLUTION
    dx = 2.0 * cache * dy
    return dx
    ### END SOLUTION
'''


@pytest.fixture
def built(tmp_path, capsys):
    (tmp_path / "parabola.py").write_text(SOLUTION, encoding="utf-8")
    status = main(
        ["assignment", "build", str(tmp_path / "parabola.py"), "-o", str(tmp_path / "hw")]
    )
    assert status == 0
    assert "minidl assignment prove" in capsys.readouterr().out
    return tmp_path / "hw"


def test_build_writes_what_an_assignment_needs(built):
    names = sorted(str(p.relative_to(built)) for p in built.rglob("*.*"))
    assert names == [
        "checks.py",
        "handout.md",
        "mutants.py",
        "released/parabola.py",
        "solution.py",
    ]
    assert 'ASSIGNMENT = "parabola"' in (built / "solution.py").read_text("utf-8")
    released = (built / "released" / "parabola.py").read_text("utf-8")
    assert "parabola is empty" in released
    assert BEGIN not in released
    assert "2.0 * cache" not in released
    assignment = load_assignment(built)
    assert assignment.total == 100
    assert assignment["parabola"].outputs == ("y", "cache")
    assert assignment["parabola_backward"].of == "parabola"
    mutants = load_mutants(assignment)
    assert len(mutants) == 7
    assert len({mutant.name for mutant in mutants}) == 7
    for mutant in mutants:
        assert mutant.apply(assignment.solution) != assignment.solution


def test_a_built_assignment_is_proved_once_its_cases_are_there(built, capsys):
    assert main(["assignment", "prove", str(built)]) == 1
    assert "cases(rng) has no arguments for parabola" in capsys.readouterr().err
    checks = (built / "checks.py").read_text("utf-8")
    checks = checks.replace('"parabola": [],', '"parabola": [(rng.standard_normal((2, 3)),)],')
    (built / "checks.py").write_text(checks, encoding="utf-8")
    assert main(["assignment", "prove", str(built)]) == 1
    said = capsys.readouterr().out
    assert "the reference loses" not in said
    assert "the empty skeleton" not in said
    assert "also loses parabola.value" in said  # what to write into loses
    assert "7 mutants: write at least 12" in said


def test_build_refuses(tmp_path, built, capsys):
    path = str(tmp_path / "parabola.py")
    assert main(["assignment", "build", path, "-o", str(built)]) == 1
    assert "already has solution.py" in capsys.readouterr().err
    with pytest.raises(ValueError, match="no function holds"):
        build.built_files("x = 1\n", "x")
    longer = SOLUTION.replace("2.0 * cache * dy", "2.0 * cache * dy + 0.0 * dy")
    assert build.built_files(longer, "x")
    with pytest.raises(ValueError, match="give away"):
        build.built_files(longer + "\n# dx = 2.0 * cache * dy + 0.0 * dy\n", "x")


def test_prove_of_a_pilot(capsys):
    assert main(["assignment", "prove", "dense_rows", "--seed", "3"]) == 0
    assert "dense_rows is proved" in capsys.readouterr().out


def test_the_gradescope_zip_grades(tmp_path, capsys):
    """run_autograder on an unpacked zip, with nothing but the zip on the path."""
    path = tmp_path / "kit.zip"
    assert main(["assignment", "gradescope", "dense_rows", "-o", str(path)]) == 0
    assert main(["assignment", "gradescope", "dense_rows", "-o", str(path)]) == 1
    root = tmp_path / "autograder"
    (root / "submission").mkdir(parents=True)
    (root / "results").mkdir()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert {"setup.sh", "run_autograder", "assignment/checks.py", "minidl/cli.py"} <= set(
            names
        )
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        assert not any("__pycache__" in name for name in names)
        archive.extractall(root / "source")
    solution = load_assignment("dense_rows").solution
    (root / "submission" / "dense_rows.py").write_text(solution, encoding="utf-8")
    done = subprocess.run(
        ["bash", str(root / "source" / "run_autograder")], capture_output=True, text=True,
        env=os.environ | {"AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable},
        cwd=tmp_path, timeout=60,
    )  # fmt: skip
    report = json.loads((root / "results" / "results.json").read_text("utf-8"))
    assert report["score"] == 100, done.stderr
    assert subprocess.run(["bash", "-n", str(root / "source" / "setup.sh")]).returncode == 0


def test_the_classroom50_tests(tmp_path, capsys):
    path = tmp_path / "tests.json"
    assert main(["assignment", "classroom50", "dense_rows", "-o", str(path)]) == 0
    tests = json.loads(path.read_text("utf-8"))
    assert sum(test["points"] for test in tests) == 100
    for test in tests:
        assert set(test) == {"name", "type", "run", "timeout", "points"}
        assert test["type"] == "python"
        assert 10 <= test["timeout"] <= 600
    assert tests == json.loads(kits.classroom50_tests(load_assignment("dense_rows")))


def test_a_classroom50_test_runs(tmp_path):
    """The command of one item, as the runner starts it in the student's repository."""
    assignment = load_assignment("dense_rows")
    wrong = assignment.solution.replace("dx = dy @ W", "dx = -dy @ W")
    (tmp_path / "dense_rows.py").write_text(wrong, encoding="utf-8")
    tests = {t["name"]: t["run"] for t in json.loads(kits.classroom50_tests(assignment))}
    for name, status in (("dense_backward.dx", 1), ("dense_backward.dW", 0)):
        command = tests[name].replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, capture_output=True, timeout=60
        )
        assert done.returncode == status, done.stderr
