"""Cells: a lesson script in percent format, cut where `# %%` says, and as a notebook."""

import json
from pathlib import Path
from typing import NamedTuple

# A notebook has no __file__, which the recorder asks for.
FILE_CELL = "__file__ = {name!r}  # a notebook does not know its file's name"


class Cell(NamedTuple):
    """A piece of a lesson: "markdown" or "code", its text, and its first line in the file."""

    kind: str
    text: str
    line: int


def split_cells(source):
    """The cells of a script; what stands before the first `# %%` is a code cell."""
    cells, kind, lines, start = [], "code", [], 1
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("# %%"):
            cells.append(_cell(kind, lines, start))
            kind = "markdown" if "[markdown]" in line else "code"
            lines, start = [], number + 1
        else:
            lines.append(line)
    cells.append(_cell(kind, lines, start))
    return [cell for cell in cells if cell.text]


def _cell(kind, lines, start):
    while lines and not lines[0].strip():
        lines, start = lines[1:], start + 1
    if kind == "markdown":
        lines = [_uncomment(line) for line in lines]
    return Cell(kind, "\n".join(lines).rstrip(), start)


def _uncomment(line):
    return line[2:] if line.startswith("# ") else line.removeprefix("#")


def notebook(path):
    """The lesson as the text of a notebook, through jupytext where it is installed."""
    path = Path(path)
    first = f"# %%\n{FILE_CELL.format(name=path.name)}\n\n"
    source = first + path.read_text(encoding="utf-8")
    try:
        import jupytext
    except ImportError:
        return plain_notebook(source)
    return jupytext.writes(jupytext.reads(source, fmt="py:percent"), fmt="ipynb")


def plain_notebook(source):
    """A notebook of format 4.5 with what a reader needs and no more."""
    cells = []
    for number, cell in enumerate(split_cells(source)):
        entry = {"cell_type": cell.kind, "id": f"cell-{number}", "metadata": {}}
        entry["source"] = cell.text.splitlines(keepends=True)
        if cell.kind == "code":
            entry.update(execution_count=None, outputs=[])
        cells.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1) + "\n"
