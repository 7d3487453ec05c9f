"""Map: lessons/README.md, from each catalogue item to its formula, code, lesson and test.

    python -m minidl.course.map        writes it anew; a test holds it against the sources

The code of an item is what names the item's section in its Source line and takes part in the
item's checks. Nothing is run: lessons, docstrings and tests are read as text.
"""

import re

from minidl.course import runner
from minidl.course.comparison import text
from minidl.course.outline import read_outline
from minidl.course.places import Places
from minidl.course.sources import cited

DOCUMENTS = {
    "D0": "on what stands in the way of selling large models, and answers to it; no title",
    "D1": "on technology, data and markets as what makes large models sell; no title",
    "D2": "大模型应用落地加速，AI商业化进程提速",
    "D3": "创业者热情不减，追逐大模型商业化机遇",
    "D4": "创业者探索大模型新商业模式，打造AI产品矩阵",
}
KINDS = "FWSYT"  # formulas, worked examples, snippets, systems, techniques
LONGEST = 120  # characters of printed text in a cell

HEAD = """# Lessons: the map

<!-- written by `python -m minidl.course.map`: change the lessons and run it again -->

Each lesson is a script, and a chapter: it takes what a document prints, types it literally,
holds minidl's form against it, checks the gradient, and says what is wrong in print.

```sh
minidl lessons run 01 --report report       # one lesson as a page with formulas and figures
python lessons/01_neuron.py                 # or as a script; VS Code opens it as a notebook
```

## Reading order
"""
ITEMS = """
## From a formula to its code, lesson and test

Search this page for a section (`D2 §4.1.3`), an item, or a class. As printed an item **holds**,
is **partial** (right only under a reading that the lesson states), or is **wrong**. The formula
is the right one; where there is none, it is what the document prints.
`tests/test_planted_errors.py` plants an error in the code of each formula and sees that the
lesson fails.

The documents are five Chinese articles:
"""


def main():
    path = runner.lessons_folder() / "README.md"
    path.write_text(page(path.parent, runner.PACKAGE), encoding="utf-8")
    print(f"wrote {path}")


def page(lessons, package):
    """The map of a folder of lessons, as markdown."""
    outlines = [read_outline(path) for path in runner.find_lessons(lessons)]
    places, tables = Places(package), {document: [] for document in DOCUMENTS}
    for outline in outlines:
        code = places.code(outline)
        for item in outline.items:
            tables[first_document(item)].append((item, outline, code[item.id]))
    parts = [HEAD, order(outlines), ITEMS]
    parts += [f"- {name}: {about}" for name, about in DOCUMENTS.items()]
    for document, entries in tables.items():
        if entries:
            rows = [row(*entry, places) for entry in sorted(entries, key=reading_order)]
            parts += [f"\n### {document}\n", table([COLUMNS, *rows])]
    return "\n".join(parts) + "\n"


def order(outlines):
    """The table of lessons."""
    rows = [("", "lesson", "question", "items")]
    for outline in outlines:
        link = f"[{outline.title}]({outline.path.name})"
        rows.append((outline.path.stem[:2], link, outline.question, " ".join(outline.ids)))
    return table(rows)


def first_document(item):
    """The document in the item's id, or else the first in its source."""
    return re.search(r"\bD\d\b", f"{item.id} {item.source}")[0]


def reading_order(entry):
    """Formulas first; each kind in the order of the document's sections."""
    item, outline, _ = entry
    own = sorted(s for document, s in cited(item.source) if document == first_document(item))
    numbers = [int(n) for n in re.findall(r"\d+", own[0])] if own else []
    return KINDS.find(item.id[0]), numbers, outline.path, item.line


COLUMNS = ("item, verdict, section", "formula", "code", "lesson and tests")


def row(item, outline, code, places):
    """The cells of one item."""
    files = {}
    for named in code:
        files.setdefault(named.path, []).append(named.name)
    shown = [f"{link(path, places)} {', '.join(names)}" for path, names in files.items()]
    tests = dict.fromkeys(places.test(named) for named in code)
    tested = [link(path, places) for path in tests if path]
    head = f"**{item.id}**<br>{item.verdict}<br>{item.source}"
    lesson = f"[{outline.path.name}]({outline.path.name})"
    return head, formula(item), "<br>".join(shown), "<br>".join([lesson, *tested])


def formula(item):
    """The formula as repository sites draw it, or what the document prints."""
    if item.formula:
        return f"$`{item.formula}`$"
    shown = text(item.printed, most=20)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def link(path, places):
    """[layers/dense.py](../minidl/layers/dense.py)"""
    inside = path.relative_to(places.package.parent).as_posix()
    return f"[{inside.partition('/')[2]}](../{inside})"


def table(rows):
    """Rows as a markdown table, the first one its head."""
    lines = ["| " + " | ".join(c.replace("|", r"\|") for c in row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


if __name__ == "__main__":
    main()
