"""Sources: the document or paper that each public class and function of minidl names."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

LINE = re.compile(r"\bSource:[ ]+(.+(?:\n[ ]{6,}\S.*)*)")  # further lines are indented
SECTION = r"(?:§\d[\d.]*(?:[-–]\d[\d.]*)?|Q\d+)"
CITED = re.compile(rf"\b(D\d)\b((?:,? {SECTION}(?:, {SECTION})*)?)")


class Named(NamedTuple):
    """A public class or function, and its Source line; "" where it has none."""

    name: str
    path: Path
    source: str


def source_line(docstring):
    """The text of a docstring's Source line, on one line; "" where it has none."""
    found = LINE.search(docstring or "")
    return " ".join(found[1].split()) if found else ""


def cited(text):
    """{("D2", "4.1.3"), …}: the sections that a text names; "D2" alone gives ("D2", "")."""
    return {
        (document, section.strip(" §.,"))
        for document, sections in CITED.findall(text)
        for section in re.split(r", |[-–]", sections.strip(" ,"))
    }


def find_named(package):
    """{name: Named} of all public classes and functions below the folder `package`."""
    named = {}
    for path in sorted(Path(package).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_":
                source = source_line(ast.get_docstring(node))
                named.setdefault(node.name, Named(node.name, path, source))
    return named


def find_strings(package):
    """{"mse": "MeanSquaredError", …}: what a name in a string means in minidl."""
    meanings = {}
    for path in sorted(Path(package).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            name = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
            if name == "NAMES" and isinstance(node.value, ast.Dict):
                pairs = zip(node.value.keys, node.value.values)
                known = {key.value: v.id for key, v in pairs if isinstance(v, ast.Name)}
                meanings = known | meanings  # a loss and a metric may share a name
    return meanings
