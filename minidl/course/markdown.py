"""Markdown: the subset that lessons use, as HTML.

Headings, paragraphs, lists, fenced code, tables, quotes; `code`, *stress*, **strong**, links,
$formula$ and $$formula$$.
"""

import re
from html import escape

from minidl.course import formula
from minidl.course.code import coloured

INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<math>[^$]+?)\$"
    r"|\*\*(?P<strong>.+?)\*\*|\*(?P<em>[^\s*](?:[^*]*[^\s*])?)\*"
    r"|\[(?P<text>[^]]+)\]\((?P<url>[^)\s]+)\)",
    re.DOTALL,
)
BLOCK = re.compile(r"#{1,6} |```|\$\$|>|\||[-*] |\d+\. ")
BULLET = re.compile(r"(?:[-*]|\d+\.) ")


def to_html(text, top=3):
    """Markdown as HTML; a first-level heading becomes <h{top}>."""
    lines, out = text.splitlines(), []
    while lines:
        if not lines[0].strip():
            lines.pop(0)
            continue
        for start, block in BLOCKS.items():
            if re.match(start, lines[0]):
                out.append(block(lines, top))
                break
    return "\n".join(out)


def _heading(lines, top):
    marks, title = lines.pop(0).split(" ", 1)
    level = min(len(marks) + top - 1, 6)
    return f"<h{level}>{inline(title)}</h{level}>"


def _fence(lines, top):
    language = lines.pop(0).strip("` ")
    code = "\n".join(_take(lines, lambda line: not line.startswith("```")))
    del lines[:1]
    return f"<pre>{coloured(code) if language == 'python' else escape(code)}</pre>"


def _display(lines, top):
    text = lines.pop(0)
    while lines and text.count("$$") < 2:
        text += "\n" + lines.pop(0)
    return f"<p>{inline(text)}</p>"


def _quote(lines, top):
    inner = _take(lines, lambda line: line.startswith(">"))
    text = "\n".join(line[1:].removeprefix(" ") for line in inner)
    return f"<blockquote>{to_html(text, top)}</blockquote>"


def _table(lines, top):
    rows = [line.strip().strip("|") for line in _take(lines, lambda line: line.startswith("|"))]
    rows = [re.split(r"(?<!\\)\|", row) for row in rows if not re.fullmatch(r"[\s|:-]+", row)]
    cells = [[inline(cell.strip().replace(r"\|", "|")) for cell in row] for row in rows]
    head = "".join(f"<th>{cell}</th>" for cell in cells[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in cells[1:]
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _list(lines, top):
    tag = "ol" if lines[0][0].isdigit() else "ul"
    items = []
    for line in _take(lines, lambda line: line.startswith("  ") or BULLET.match(line)):
        if BULLET.match(line):
            items.append(BULLET.sub("", line, count=1))
        else:
            items[-1] += "\n" + line.strip()
    body = "".join(f"<li>{inline(item)}</li>" for item in items)
    return f"<{tag}>{body}</{tag}>"


def _paragraph(lines, top):
    first = lines.pop(0)
    rest = _take(lines, lambda line: line.strip() and not BLOCK.match(line))
    return f"<p>{inline(chr(10).join([first, *rest]))}</p>"


BLOCKS = {r"#{1,6} ": _heading, "```": _fence, r"\$\$": _display, ">": _quote, r"\|": _table,
          BULLET.pattern: _list, "": _paragraph}  # fmt: skip


def _take(lines, wanted):
    """Remove and return the leading lines that are wanted."""
    count = next((i for i, line in enumerate(lines) if not wanted(line)), len(lines))
    taken, lines[:count] = lines[:count], []
    return taken


def inline(text):
    """One run of text, with its code, formulas, stress and links."""
    out, end = [], 0
    for found in INLINE.finditer(text):
        out += [_plain(text[end : found.start()]), _span(found)]
        end = found.end()
    return "".join([*out, _plain(text[end:])])


def _plain(text):
    return escape(text.replace(r"\$", "$"), quote=False)


def _span(found):
    kind = found.lastgroup
    if kind == "code":
        return f"<code>{escape(found['code'])}</code>"
    if kind in ("math", "display"):
        return formula.to_html(found[kind], display=kind == "display")
    if kind == "url":
        return f'<a href="{escape(found["url"])}">{inline(found["text"])}</a>'
    return f"<{kind}>{inline(found[kind])}</{kind}>"
