"""The lessons hold together: their form, the catalogue, the Source lines, and the map.

The catalogue and the documents are not part of the project. Where they stand in a folder
`shared` beside the checkout, the lessons and the docstrings are held against them.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

import pytest

import minidl
from minidl.course import map as course_map
from minidl.course import runner
from minidl.course.cells import split_cells
from minidl.course.outline import read_outline
from minidl.course.places import Places
from minidl.course.sources import cited, find_named, source_line

ROOT = Path(__file__).parent.parent
CATALOGUE = ROOT.parent / "shared" / "catalogue.md"
DOCUMENTS = sorted((ROOT.parent / "shared" / "documents").glob("00[0-9]_*.txt"))
LESSONS = runner.find_lessons(ROOT / "lessons")
OUTLINES = [read_outline(path) for path in LESSONS]
ITEMS = [(item, outline.path.name) for outline in OUTLINES for item in outline.items]
LONGEST = 160  # lines

needs_catalogue = pytest.mark.skipif(not CATALOGUE.is_file(), reason=f"no {CATALOGUE}")
needs_documents = pytest.mark.skipif(len(DOCUMENTS) < 5, reason=f"no documents by {CATALOGUE}")
each_lesson = pytest.mark.parametrize("outline", OUTLINES, ids=lambda o: o.path.stem)
each_item = pytest.mark.parametrize(("item", "lesson"), ITEMS, ids=[i.id for i, _ in ITEMS])


# ---- (a) the form of a lesson ----


def test_the_reading_order_has_no_gap():
    numbers = [int(path.stem[:2]) for path in LESSONS]
    assert numbers == list(range(1, len(LESSONS) + 1))


@each_lesson
def test_title_in_english_and_chinese(outline):
    assert re.search(r"[A-Za-z]", outline.title)
    assert re.search(r"[\u4e00-\u9fff]", outline.title)
    heading = split_cells(outline.path.read_text("utf-8"))[0].text.splitlines()[0]
    assert heading == f"# {outline.title}"


@each_lesson
def test_it_begins_with_its_question(outline):
    assert outline.question.endswith("?")


@each_lesson
def test_it_fits_a_chapter(outline):
    lines = outline.path.read_text("utf-8").splitlines()
    assert len(lines) <= LONGEST, "divide the lesson, or move what it computes into minidl"


@each_lesson
def test_it_ends_in_exercises_and_finish(outline):
    *_, exercises, last = split_cells(outline.path.read_text("utf-8"))
    assert exercises.kind == "markdown"
    _, heading, text = exercises.text.rpartition("## Exercises\n\n")
    assert heading, "the last cell before lesson.finish() has no exercises"
    assert re.match(r"1\. .+\n(.+\n)*2\. ", text)
    assert (last.kind, last.text) == ("code", "lesson.finish()")


@each_lesson
def test_its_items_are_declared_in_literals(outline):
    assert outline.items
    for item in outline.items:
        assert re.fullmatch(r"[FWSYT]-[A-Za-z0-9-]+", item.id or ""), f"line {item.line}"
        assert item.verdict in ("holds", "partial", "wrong"), item.id
        assert cited(item.source or ""), f"{item.id}: source names no document"
        assert item.variable, f"{item.id}: no variable to check with"
    for node in ast.walk(outline.tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            assert "lessons" not in ast.dump(node), "a lesson imports no other lesson"


def test_an_item_has_one_home():
    ids = [item.id for item, _ in ITEMS]
    assert not {id for id in ids if ids.count(id) > 1}


# ---- (b) the catalogue ----


def catalogue():
    """{id: (where, verdict or None)}; only the table of formulas has verdicts."""
    rows = {}
    for line in CATALOGUE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"[FWSYT]-\S+", cells[0]):
            verdicts = [cell for cell in cells if cell in ("holds", "partial", "wrong")]
            rows[cells[0]] = (cells[1], verdicts[0] if cells[0][0] == "F" else None)
    return rows


@needs_catalogue
def test_the_catalogue_is_read_whole():
    rows, text = catalogue(), CATALOGUE.read_text("utf-8")
    assert len(rows) == len(re.findall(r"^\| [FWSYT]-", text, re.MULTILINE)) > 50
    assert rows["F-D2-relu"] == ("D2 §4.1.3", "holds")


@needs_catalogue
@each_item
def test_an_item_is_the_catalogues(item, lesson):
    where, verdict = catalogue()[item.id]
    assert verdict in (None, item.verdict)
    for document, section in cited(where):
        assert any(
            document == own and (not section or f"{part}.".startswith(f"{section}."))
            for own, part in cited(item.source)
        ), f"{lesson}: {item.id} is of {where}, its source says {item.source}"


@needs_catalogue
def test_every_id_is_at_home():
    missing = set(catalogue()) - {item.id for item, _ in ITEMS}
    if missing:
        pytest.skip(f"{len(missing)} ids are not at home yet: {', '.join(sorted(missing))}")


# ---- (c) Source lines ----

# These have no formula of their own: a subclass, or the layer inside, has the Source line.
ABSTRACT = {"Layer", "Function", "Composite", "Model", "Loss", "Activation"}


def public_classes():
    """Every public layer, loss and optimizer of minidl."""
    kinds = (minidl.Layer, minidl.Loss, minidl.optimizers.Optimizer)
    for found in pkgutil.walk_packages(minidl.__path__, "minidl."):
        if "_lessons" not in found.name and not found.name.endswith(("__main__", ".worker")):
            module = importlib.import_module(found.name)
            for name, kind in vars(module).items():
                own = inspect.isclass(kind) and kind.__module__ == found.name
                if own and issubclass(kind, kinds) and name[0] != "_":
                    yield kind


CLASSES = [kind for kind in public_classes() if kind.__name__ not in ABSTRACT]
NAMED = [n for n in find_named(ROOT / "minidl").values() if n.source]
SECTIONS = cache(lambda: [headings(path) for path in DOCUMENTS])
PLACES = cache(lambda: Places(ROOT / "minidl"))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_class_names_its_source(kind):
    source = source_line(inspect.getdoc(kind) if "__doc__" in vars(kind) else "")
    assert source, f"{kind.__name__}: write a `Source:` line into the docstring"
    paper = re.search(r"\b[A-Z]\w+.* (19|20)\d\d\b|Keras", source)
    assert cited(source) or paper, f"{kind.__name__}: {source!r} is no document and no paper"


def headings(path):
    """The numbers of a document's sections, "4.1.2", and of its questions, "Q4"."""
    text = path.read_text("utf-8")
    numbers = set(re.findall(r"^#{2,6} (\d+(?:\.\d+)*)\.? ", text, re.MULTILINE))
    questions = re.findall(r"^#{2,6} [\d.]+ 问题 (\d+)", text, re.MULTILINE)  # D4's form
    asked = set(re.findall(r"^\*{0,2}#*\s*(Q\d+)", text, re.MULTILINE))
    return numbers | asked | {f"Q{n}" for n in questions}


@needs_documents
@pytest.mark.parametrize(
    ("who", "source"),
    [(n.name, n.source) for n in NAMED] + [(i.id, i.source) for i, _ in ITEMS],
    ids=[n.name for n in NAMED] + [i.id for i, _ in ITEMS],
)
def test_a_source_is_a_section_of_the_document(who, source):
    for document, section in cited(source):
        known = SECTIONS()[int(document[1])]
        assert not section or section in known, f"{who}: {document} has no {section}"


def test_citations_are_read():
    assert cited("D4 §4.1.1, §4.2.1 (one-hot); D3 §4.2.1 Emb(u)") == {
        ("D4", "4.1.1"), ("D4", "4.2.1"), ("D3", "4.2.1")
    }  # fmt: skip
    assert cited("D1 §4.1-4.2; D1 Q2, Q4") == {(("D1"), s) for s in ("4.1", "4.2", "Q2", "Q4")}
    assert cited("D0, D4 Q4") == {("D0", ""), ("D4", "Q4")}
    assert cited("D4 §4.1.2; Vaswani et al. 2017, §3.5") == {("D4", "4.1.2")}
    text = "Dense.\n\nForward   y = x W\nSource:   D3 §4.1.2;\n          D2 §3.2\nRaises    x"
    assert source_line(text) == "D3 §4.1.2; D2 §3.2"


# ---- the map ----


def test_the_map_is_up_to_date():
    written = (ROOT / "lessons" / "README.md").read_text("utf-8")
    new = course_map.page(ROOT / "lessons", ROOT / "minidl")
    assert written == new, "run: python -m minidl.course.map"


@each_lesson
def test_every_item_has_code_and_a_test(outline):
    places = PLACES()
    for id, code in places.code(outline).items():
        assert code, f"{id}: its checks use nothing of minidl that has a Source line"
        assert [places.test(named) for named in code if places.test(named)], f"{id}: no test"


@pytest.mark.parametrize(
    ("id", "names"),
    [
        ("F-D2-relu", ["ReLU"]),
        ("F-D2-mse", ["MeanSquaredError"]),
        ("F-D3-halfsse", ["HalfSquaredError"]),
        ("F-D2-adam", ["Adam"]),
        ("F-D3-rmsprop", ["RMSprop"]),
        ("F-D3-layer", ["Dense"]),
        ("F-D3-diagnose", ["Softmax"]),
    ],
)
def test_the_map_finds_the_code(id, names):
    (outline,) = [o for o in OUTLINES if id in [item.id for item in o.items]]
    assert [named.name for named in PLACES().code(outline)[id]] == names


def test_the_map_links_to_files_and_keeps_its_columns():
    text = (ROOT / "lessons" / "README.md").read_text("utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 100
    for target in targets:
        assert (ROOT / "lessons" / target).is_file(), target
    tables = [part.split("\n") for part in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    for head, *rows in tables:
        columns = {len(re.findall(r"(?<!\\)\|", row)) for row in [head, *rows] if row}
        assert len(columns) == 1, head
