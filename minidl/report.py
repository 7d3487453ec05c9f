"""Report: what a run of the lessons found, as one self-contained HTML page."""

import re
from html import escape
from pathlib import Path

import minidl
from minidl.course import formula, markdown
from minidl.course.cells import split_cells
from minidl.course.code import coloured
from minidl.course.comparison import text
from minidl.course.embed import data_url, font_face

HERE = Path(__file__).parent
LONGEST_OUTPUT = 200  # lines of one cell's output; the rest is counted
NO_BREAK = "\u00a0"


def write_report(records, paths, figures, folder):
    """Write folder/index.html; returns its path.

    records   what `runner.run_lesson` returned, in the order of paths (the scripts)
    figures   the folder with one folder of figures for each lesson"""
    folder.mkdir(parents=True, exist_ok=True)
    html = page(records, paths, Path(figures))
    (folder / "index.html").write_text(html, encoding="utf-8")
    return folder / "index.html"


def page(records, paths, figures):
    """The whole page."""
    lessons = [lesson(r, path, figures / r["name"]) for r, path in zip(records, paths)]
    head, main = summary(records), "\n".join([verdicts(records), *lessons])
    style = _read("page.css") + font_face(head + main)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>minidl: the lessons</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<div class="layout">\n<header>{head}</header>\n{contents(records)}\n'
        f"<main>\n{main}\n</main>\n</div>\n"
        f"<script>\n{_read('page.js')}</script>\n</body>\n</html>\n"
    )


def _read(name):
    return (HERE / "course" / name).read_text(encoding="utf-8")


# ---- contents, summary, verdicts ----


def contents(records):
    entries = [
        f'<li><a href="#{r["name"]}">{heading(r)}</a>'
        + ("" if r["passed"] else ' <b style="color:var(--fail)">failed</b>')
        + "</li>"
        for r in records
    ]
    first = '<li><a href="#verdict-table">Verdicts</a></li>'
    return f'<nav aria-label="Contents"><b>Contents</b><ol>{first}{"".join(entries)}</ol></nav>'


def heading(record):
    """The lesson's number in the reading order, and its title."""
    number, _, name = record["name"].partition("_")
    return f'<span class="soft">{escape(number)}</span> {escape(record["title"] or name)}'


def summary(records):
    items = [item for r in records for item in r["items"]]
    checks = [check for item in items for check in item["checks"]]
    good = sum(check["passed"] for check in checks)
    by_verdict = {
        v: sum(i["verdict"] == v for i in items) for v in ("holds", "partial", "wrong")
    }
    counts = " ".join(f"{badge(v)} {n}&ensp;" for v, n in by_verdict.items())
    failed = [r["name"] for r in records if not r["passed"]]
    end = f" <b>Failed: {', '.join(failed)}.</b>" if failed else ""
    return (
        "<h1>Lessons: the documents' formulas, executed</h1>\n"
        f'<p class="summary">{good} of {len(checks)} checks passed, in {len(records)} lessons '
        f"and {sum(r['seconds'] for r in records):.1f} s.{end}</p>\n<p>{counts}</p>\n"
        '<p class="soft">As printed a formula <b>holds</b>, is <b>partial</b> (right only '
        "under a reading that the lesson states), or is <b>wrong</b>. "
        f"minidl {minidl.__version__}.</p>"
    )


def badge(verdict):
    return f'<span class="badge {verdict}">{verdict}</span>'


def verdicts(records):
    """The table of items, and the two choices that filter it."""
    rows = [(item, r) for r in records for item in r["items"]]
    documents = sorted({d for item, _ in rows for d in documents_of(item)})
    columns = ("item", "verdict", "source", "printed", "true", "checks", "lesson")
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "\n".join(verdict_row(item, r) for item, r in rows)
    return (
        '<h2 id="verdict-table">Verdicts</h2>\n<div class="filters">'
        f"{choice('Document', documents)}{choice('Verdict', ['holds', 'partial', 'wrong'])}"
        '<span id="shown" class="soft" aria-live="polite"></span></div>\n'
        f'<div class="scroll"><table id="verdicts"><tr>{head}</tr>\n{body}</table></div>'
    )


def choice(label, values):
    options = "".join(f"<option>{value}</option>" for value in values)
    return f'<label>{label} <select><option value="">all</option>{options}</select></label>'


def documents_of(item):
    """D0 … D4, from the item's source and name."""
    return sorted(set(re.findall(r"\bD\d\b", f"{item['id']} {item['source']}")))


def verdict_row(item, record):
    good = sum(check["passed"] for check in item["checks"])
    cells = (
        f'<td class="id"><a href="#{item["id"]}">{escape(item["id"])}</a></td>'
        f"<td>{badge(item['verdict'])}</td>"
        f"<td>{escape(item['source'].replace(' §', NO_BREAK + '§'))}</td>"
        f'<td class="wide" data-name="printed">{shown(item["printed"])}</td>'
        f'<td class="wide" data-name="true">{shown(item["true"])}</td>'
        f'<td class="count">{good}/{len(item["checks"])}</td>'
        f'<td><a href="#{record["name"]}">{record["name"].replace("_", " ")}</a></td>'
    )
    documents = " ".join(documents_of(item))
    return f'<tr data-documents="{documents}" data-verdict="{item["verdict"]}">{cells}</tr>'


def shown(value):
    """Text as markdown, numbers as code, a small table of them in full."""
    if isinstance(value, str):
        return markdown.inline(value)
    return code_of(text(value, most=20))


# ---- one lesson ----


def lesson(record, path, folder):
    """Title, error, items, and then the script cell by cell with what each one gave."""
    parts = [f'<section class="lesson" id="{record["name"]}">']
    parts.append(f"<h2>{heading(record)}</h2>")
    parts.append(f'<p class="soft">{record["name"]}.py, {record["seconds"]:.1f} s</p>')
    if record["error"]:
        parts.append(f'<pre class="error">{escape(record["error"])}</pre>')
    cells = split_cells(path.read_text(encoding="utf-8"))
    ends = [cell.line for cell in cells[1:]] + [float("inf")]
    for place, (cell, end) in enumerate(zip(cells, ends)):
        if cell.kind == "markdown":
            body = cell.text if place else re.sub(r"^# .*\n", "", cell.text)  # the <h2>
            parts.append(markdown.to_html(body))
        else:
            parts += [code(cell.text), *results(record, folder, cell.line, end)]
        if place == 0:  # the question comes first, then what the lesson is home to
            parts += [card(item) for item in record["items"]]
    return "\n".join([*filter(None, parts), "</section>"])


def code(source):
    """A code cell; the one that declares the items is folded, for the cards say the same."""
    tidy = re.sub(r"  # fmt: \w+$", "", re.sub(r"\n\n\n+", "\n\n", source), flags=re.MULTILINE)
    tidy = tidy.removesuffix("lesson.finish()").rstrip()
    block = f"<pre>{coloured(tidy)}</pre>" if tidy else ""
    if ".item(" not in source:
        return block
    return f"<details><summary>imports and items</summary>{block}</details>"


def card(item):
    """The item's formula and the two readings of it."""
    rows = [("printed", shown(item["printed"])), ("true", shown(item["true"]))]
    if item.get("formula"):
        rows.insert(0, ("formula", formula.to_html(item["formula"], display=True)))
    body = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    good = sum(check["passed"] for check in item["checks"])
    return (
        f'<div class="item" id="{escape(item["id"])}"><header><b>{escape(item["id"])}</b>'
        f'{badge(item["verdict"])}<span class="soft">{escape(item["source"])}</span>'
        f'<span class="soft">{good} of {len(item["checks"])} checks passed</span></header>'
        f"<dl>{body}</dl></div>"
    )


def results(record, folder, first, end):
    """Output, checks and figures of the lines from first to end."""
    printed = "".join(chars for line, chars in record["prints"] if first <= line < end).rstrip()
    if printed:
        lines = printed.splitlines()
        more = len(lines) - LONGEST_OUTPUT
        lines = lines[:LONGEST_OUTPUT] + ([f"... {more} more lines"] if more > 0 else [])
        yield f'<pre class="output">{escape(chr(10).join(lines), quote=False)}</pre>'
    checks = [(item["id"], check) for item in record["items"] for check in item["checks"]]
    here = [pair for pair in checks if first <= pair[1]["line"] < end]
    if here:
        here.sort(key=lambda pair: pair[1]["line"])
        yield f'<ul class="checks">{"".join(check_line(*pair) for pair in here)}</ul>'
    yield from (picture(f, folder) for f in record["figures"] if first <= f["line"] < end)


def check_line(id, check):
    sign, kind = ("&#10003; ok", "passed") if check["passed"] else ("&#10007; FAIL", "failed")
    expected, got = text(check["expected"]), text(check["got"])
    both = f"expected {code_of(expected)} got {code_of(got)}"
    if got.startswith(expected):  # of large arrays got says the largest difference
        both = f"expected and got {code_of(got)}"
    numbers = escape(check.get("note", "")) or both
    why = f'<pre class="error">{escape(check["why"])}</pre>' if "why" in check else ""
    return (
        f'<li class="{kind}"><b>{sign}</b><div>{markdown.inline(check["what"])} '
        f'<span class="id">{escape(id)}</span>'
        f'<div class="numbers">{numbers}</div>{why}</div></li>'
    )


def code_of(line):
    return f"<code>{escape(line)}</code>"


def picture(figure, folder):
    path = folder / figure.get("file", "")
    caption = escape(figure["caption"])
    if not path.is_file():
        return f"<p>(no picture: {caption})</p>"
    source = data_url(path.read_bytes(), path.suffix)
    return (
        f'<figure id="{escape(path.stem)}"><img src="{source}" alt="{caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
