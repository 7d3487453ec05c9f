"""Release: what a student gets of an assignment: handout, skeleton, and the public checks."""

import ast
from pathlib import Path

from minidl.grading.folder import handout
from minidl.grading.skeleton import leaks, skeleton

TEST_HEAD = '''"""The public checks of {name}: run `pytest` here; {name}.md has the numbers."""

import importlib.util
from pathlib import Path

import numpy as np  # noqa: F401
import pytest

from minidl.grading.checking import close, finite, require  # noqa: F401


@pytest.fixture
def student():
    """Your file."""
    path = Path(__file__).with_name("{name}.py")
    spec = importlib.util.spec_from_file_location("{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
'''


def released_files(assignment):
    """{file name: text}; ValueError where one would give the solution away."""
    name = assignment.name
    files = {
        f"{name}.py": skeleton(assignment.solution),
        f"{name}.md": handout(assignment),
        f"test_{name}.py": public_tests(assignment),
    }
    for file, text in files.items():
        found = leaks(assignment.solution, text)
        if found:
            raise ValueError(f"{file} would give away {found}")
    return files


def write_release(assignment, folder):
    """The paths written; FileExistsError, and nothing written, where one is there already."""
    folder, files = Path(folder), released_files(assignment)
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise FileExistsError(f"{folder} already has {', '.join(taken)}: name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def public_tests(assignment):
    """A pytest file of the public items, cut out of checks.py with what they need."""
    source = (assignment.folder / "checks.py").read_text(encoding="utf-8")
    wanted = [item.function.__name__ for item in assignment.public]
    parts = [TEST_HEAD.format(name=assignment.name).rstrip("\n")]
    constants, tests = [], []
    for node in needed(ast.parse(source), wanted):
        text = ast.get_source_segment(source, node)
        if isinstance(node, ast.FunctionDef):
            own = node.name in wanted
            tests.append(text.replace("def ", "def test_", 1) if own else text)
        else:
            constants.append(text)
    parts += ["\n".join(constants)] if constants else []
    return "\n\n\n".join([*parts, *tests]) + "\n"


def needed(tree, names):
    """The top-level definitions of these names, and of what they use, in order."""
    defined = {name: node for node in tree.body for name in names_defined(node)}
    wanted, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name in defined and name not in wanted:
            wanted.add(name)
            todo += [n.id for n in ast.walk(defined[name]) if isinstance(n, ast.Name)]
    return [node for node in tree.body if wanted & set(names_defined(node))]


def names_defined(node):
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return []
