"""The folders of assignments: where they are, and an assignment loaded from its folder."""

import re
import sys
import types
from pathlib import Path

from minidl.course.runner import lessons_folder
from minidl.grading.assignment import Assignment
from minidl.grading.skeleton import blanks_of, leaks, skeleton

FILES = ("solution.py", "checks.py", "mutants.py", "handout.md")


def assignments_folder():
    return lessons_folder() / "assignments"


def find_assignments():
    """The folders that have all of their files, by name."""
    folders = sorted(path.parent for path in assignments_folder().glob("*/checks.py"))
    return [folder for folder in folders if all((folder / name).is_file() for name in FILES)]


def load_assignment(name):
    """An Assignment by its name or its folder; LookupError where there is none."""
    folder = Path(name)
    if not (folder / "checks.py").is_file():
        folder = assignments_folder() / str(name)
    if not (folder / "checks.py").is_file():
        known = ", ".join(path.name for path in find_assignments()) or "none"
        raise LookupError(
            f"no assignment is called {str(name)!r}, nor is it a folder with checks.py; "
            f"the assignments are: {known}"
        )
    solution = (folder / "solution.py").read_text(encoding="utf-8")
    assignment = run_file(folder / "checks.py").ASSIGNMENT.at(folder, solution)
    validate(assignment)
    return assignment


def run_file(path):
    """A file of the assignment as a module; its name is its folder's, so two do not meet."""
    path = Path(path).resolve()
    name = f"minidl_assignment_{path.parent.name}_{path.stem}"
    return run_text(path.read_text(encoding="utf-8"), str(path), name)


def run_text(text, file, name):
    """A module of this source. Not by import: that would write bytecode beside the lessons."""
    module = types.ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module  # dataclasses look themselves up there
    exec(compile(text, file, "exec"), vars(module))
    return module


def validate(assignment: Assignment):
    """The blanks named in checks.py are those of solution.py, and the file names itself."""
    written = blanks_of(assignment.solution)
    where = f"assignment {assignment.name}"
    if sorted(written) != sorted(assignment.names):
        raise ValueError(
            f"{where}: solution.py has the blanks {written}, checks.py {assignment.names}"
        )
    if assignment_of(assignment.solution) != assignment.name:
        raise ValueError(f'{where}: solution.py needs a line ASSIGNMENT = "{assignment.name}"')
    found = leaks(assignment.solution, handout(assignment))
    if found:
        raise ValueError(f"{where}: the handout gives away {found}")


def assignment_of(source):
    """The assignment that a file says it belongs to, or None. Nothing is run."""
    found = re.search(r"^ASSIGNMENT = [\"']([\w-]+)[\"']", source, re.MULTILINE)
    return found[1] if found else None


def handout(assignment):
    return (assignment.folder / "handout.md").read_text(encoding="utf-8")


def released_skeleton(assignment):
    return skeleton(assignment.solution)


def reference_module(assignment):
    """The solution, run."""
    file = str(assignment.folder / "solution.py")
    return run_text(assignment.solution, file, f"minidl_reference_{assignment.name}")


def load_mutants(assignment):
    path = assignment.folder / "mutants.py"
    return run_file(path).MUTANTS if path.is_file() else []
