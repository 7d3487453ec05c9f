"""What students get: the skeleton, the handout, the public tests; `new`, `check` and pytest."""

import ast
import os
import subprocess
import sys

import pytest

from minidl.cli import main
from minidl.grading import release, skeleton
from minidl.grading.folder import find_assignments, load_assignment

NAMES = [folder.name for folder in find_assignments()]
SOLUTION = '''"""Two functions."""

ASSIGNMENT = "two"


def one(x):
    """1 + x"""
    ### BEGIN SOLUTION
    a_line_that_is_long_enough_to_tell = 1 + x
    return a_line_that_is_long_enough_to_tell
    ### END SOLUTION


def given(x):
    return x


def two(x):
    """2 x"""
    y = given(x)
    ### BEGIN SOLUTION
    return 2 * y
    ### END SOLUTION
'''


def test_the_skeleton():
    text = skeleton.skeleton(SOLUTION)
    assert (
        text
        == '''"""Two functions."""

ASSIGNMENT = "two"


def one(x):
    """1 + x"""
    raise NotImplementedError(
        "one is empty: write it here, in place of this error"
    )


def given(x):
    return x


def two(x):
    """2 x"""
    y = given(x)
    raise NotImplementedError(
        "two is empty: write it here, in place of this error"
    )
'''
    )
    assert skeleton.blanks_of(SOLUTION) == ["one", "two"]
    assert skeleton.empty_blanks(text, ["one", "two"]) == ["one", "two"]
    assert skeleton.empty_blanks(SOLUTION, ["one", "two"]) == []
    assert skeleton.empty_blanks("def one(:", ["one"]) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    ### END SOLUTION\n\n\ndef given", "\n\ndef given", "inside a solution"),
        ("    ### BEGIN SOLUTION\n    a_line", "    a_line", "without"),
    ],
)
def test_markers_that_do_not_match(old, new, sentence):
    with pytest.raises(ValueError, match=sentence):
        skeleton.skeleton(SOLUTION.replace(old, new))


def test_leaks():
    line = "a_line_that_is_long_enough_to_tell = 1 + x"
    assert skeleton.leaks(SOLUTION, "nothing") == []
    assert skeleton.leaks(SOLUTION, f"hint: {line}") == [line]
    assert skeleton.leaks(SOLUTION, "a_line_that_is_long_enough_to_tell=1+x") == [line]
    assert skeleton.leaks(SOLUTION, "### BEGIN SOLUTION") == ["### BEGIN SOLUTION"]
    assert skeleton.leaks(SOLUTION, "return 2 * y") == []  # too short to tell


@pytest.mark.parametrize("name", NAMES)
def test_released_files_are_whole_and_clean(name):
    files = release.released_files(load_assignment(name))
    assert list(files) == [f"{name}.py", f"{name}.md", f"test_{name}.py"]
    for file, text in files.items():
        if file.endswith(".py"):
            compile(text, file, "exec")
    tests = ast.parse(files[f"test_{name}.py"])
    found = [n.name for n in tests.body if isinstance(n, ast.FunctionDef)]
    public = [i.function.__name__ for i in load_assignment(name).public]
    assert [n for n in found if n.startswith("test_")] == [f"test_{n}" for n in public]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """{name: a student's folder with the reference's answers}."""
    made = {}
    for name in NAMES:
        assignment = load_assignment(name)
        made[name] = tmp_path_factory.mktemp(name)
        release.write_release(assignment, made[name])
        (made[name] / f"{name}.py").write_text(assignment.solution, encoding="utf-8")
    return made


def test_pytest_runs_in_a_students_folder(folders, tmp_path):
    """All references pass their public tests, all skeletons fail each."""
    empty = tmp_path / "empty"
    for name in NAMES:
        release.write_release(load_assignment(name), empty / name)
    said = pytest_says([str(empty), *map(str, folders.values())], tmp_path)
    count = sum(len(load_assignment(name).public) for name in NAMES)
    assert said.startswith(f"{count} failed, {count} passed"), said


def pytest_says(folders, tmp_path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "--import-mode=importlib", *folders],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ, timeout=120,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def test_new_writes_and_refuses_to_overwrite(tmp_path, capsys):
    assert main(["assignment", "new", "gru", str(tmp_path / "hw5")]) == 0
    assert "minidl check" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "hw5").iterdir()) == [
        "gru.md",
        "gru.py",
        "test_gru.py",
    ]
    (tmp_path / "hw5" / "gru.py").write_text("mine")
    assert main(["assignment", "new", "gru", str(tmp_path / "hw5")]) == 1
    assert "already has gru.py" in capsys.readouterr().err
    assert (tmp_path / "hw5" / "gru.py").read_text() == "mine"


def test_new_of_what_there_is_not(tmp_path, capsys):
    assert main(["assignment", "new", "gruu", str(tmp_path)]) == 2
    assert "no assignment is called 'gruu'" in capsys.readouterr().err


def test_list(capsys):
    assert main(["assignment", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in NAMES)


def test_check_of_an_empty_file(tmp_path, capsys):
    release.write_release(load_assignment("gru"), tmp_path)
    assert main(["check", str(tmp_path / "gru.py")]) == 1
    out = capsys.readouterr().out
    assert "gru_step is empty" in out
    assert "TypeError" not in out
    assert "0 of 10 public points so far" in out
    assert "90 points are held back" in out


def test_check_of_a_right_file(folders, capsys):
    assert main(["check", str(folders["gru"] / "gru.py")]) == 0
    out = capsys.readouterr().out
    assert "GRU: keeps the contract" in out
    assert "10 of 10 public points so far" in out


def test_check_of_a_wrong_gradient_says_so(folders, capsys, tmp_path):
    source = (folders["gru"] / "gru.py").read_text(encoding="utf-8")
    wrong = source.replace("dh = dh_new * z + drh * r +", "dh = dh_new * z +")
    (tmp_path / "gru.py").write_text(wrong, encoding="utf-8")
    assert main(["check", str(tmp_path / "gru.py")]) == 1
    out = capsys.readouterr().out
    assert "GRU: dx, dW, dU, db: with one time step all is right" in out
    assert "LOST  gru_step_backward.worked  dh[0, 0] is 0.75" in out


def test_check_of_a_file_that_is_not_python(tmp_path, capsys):
    (tmp_path / "gru.py").write_text('ASSIGNMENT = "gru"\ndef f(:\n')
    assert main(["check", str(tmp_path / "gru.py")]) == 1
    assert "gru.py:2: SyntaxError" in capsys.readouterr().out


def test_check_of_an_unknown_assignment(tmp_path, capsys):
    (tmp_path / "x.py").write_text('ASSIGNMENT = "nowhere"\n')
    assert main(["check", str(tmp_path / "x.py")]) == 2
    assert "no assignment is called 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_minidl_check_passes_on_a_complete_solution(name, tmp_path, capsys):
    """As a student has it: the files of `assignment new`, the blanks filled."""
    assignment = load_assignment(name)
    release.write_release(assignment, tmp_path)
    complete = (assignment.folder / "solution.py").read_text("utf-8")
    (tmp_path / f"{name}.py").write_text(complete, encoding="utf-8")
    assert main(["check", str(tmp_path / f"{name}.py")]) == 0, capsys.readouterr().out
