"""Outline: what a lesson declares, read from its source without running it."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

from minidl.course.cells import split_cells

QUESTION = re.compile(r"\*\*The question\.\*\*\s*(.+?\?)", re.DOTALL)


class Declared(NamedTuple):
    """An item as `variable = lesson.item(id, …)` declares it; no literal there: None."""

    id: str | None
    source: str | None
    verdict: str | None
    formula: str | None
    printed: object
    variable: str | None
    line: int


class Outline(NamedTuple):
    """A lesson: its title, its first question, its items, and its syntax tree."""

    path: Path
    title: str
    question: str
    items: list
    tree: ast.Module

    @property
    def ids(self):
        return [item.id for item in self.items if item.id]


def read_outline(path):
    """The Outline of a lesson's script."""
    source = Path(path).read_text(encoding="utf-8")
    tree = ast.parse(source, str(path))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    titles = [literal(c.args[0]) for c in calls if name_of(c.func) == "Lesson" and c.args]
    found = QUESTION.search(split_cells(source)[0].text) if source.strip() else None
    question = " ".join(found[1].split()) if found else ""
    return Outline(Path(path), (titles or [""])[0] or "", question, find_items(tree), tree)


def find_items(tree):
    """The items in the order of their lines."""
    variables = {
        node.value: getattr(node.targets[0], "id", None)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "item"]
    calls = [c for c in calls if c.args and c.keywords]  # not an array's .item()
    return [declared(c, variables.get(c)) for c in sorted(calls, key=lambda c: c.lineno)]


def declared(call, variable):
    """One call of lesson.item as a Declared."""
    given = {keyword.arg: literal(keyword.value) for keyword in call.keywords}
    keys = ("source", "verdict", "formula", "printed")
    return Declared(literal(call.args[0]), *map(given.get, keys), variable, call.lineno)


def literal(node):
    """The value of a literal, or None."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def name_of(node):
    """`Lesson` of Lesson and of course.Lesson."""
    return getattr(node, "id", getattr(node, "attr", None))
