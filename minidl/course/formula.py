"""Formulas: LaTeX-like text as inline SVG, drawn by matplotlib's mathtext."""

import re
from functools import cache
from html import escape

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

EM = 100  # text_to_path draws 100 units to the em
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
SYNONYMS = {  # what LaTeX writers use and mathtext calls otherwise, or has no need of
    r"\\(ge|le|ne)(?![a-zA-Z])": r"\\\1q",
    r"\\[lr]Vert(?![a-zA-Z])": r"\\Vert ",
    r"\\tfrac(?![a-zA-Z])": r"\\frac",
    r"\\(d?frac)\s*(\d)\s*(\d)": r"\\\1{\2}{\3}",
    r"\\sqrt(?:\s*(\d)|\s+([a-zA-Z]))": r"\\sqrt{\1\2}",
    r"\\bm(?![a-zA-Z])": r"\\boldsymbol",
    r"\\(displaystyle|textstyle|limits|[bB]igg?[lr]?)(?![a-zA-Z])": "",
}
ENVIRONMENT = re.compile(r"\\begin\{(cases|[pb]?matrix)\}(.*?)\\end\{\1\}", re.DOTALL)


def to_html(tex, display=False):
    """tex as SVG inside HTML; its source is the alternative text.

    `cases` and the matrices become grids. What mathtext cannot draw is shown as its source."""
    pieces, end, source = [], 0, tex
    if display:
        tex = re.sub(r"\\frac(?![a-zA-Z])", r"\\dfrac", tex)  # as large as the rest
    try:
        for found in ENVIRONMENT.finditer(tex):
            pieces += [_svg(tex[end : found.start()]), _grid(found[1], found[2])]
            end = found.end()
        body = "".join([*pieces, _svg(tex[end:])])
    except ValueError:
        body = f'<code class="tex">{escape(source.strip())}</code>'
    kind = "math display" if display else "math"
    label = escape(" ".join(source.split()))
    return f'<span class="{kind}" role="img" aria-label="{label}">{body}</span>'


def _grid(kind, body):
    """The rows of an environment, between its delimiters."""
    rows = [row.split("&") for row in re.split(r"\\\\", body) if row.strip()]
    columns = max(map(len, rows), default=1)
    cells = [
        f"<span>{_svg(c)}</span>" for row in rows for c in row + [""] * (columns - len(row))
    ]
    style = f"grid-template-columns:repeat({columns},auto)"
    return f'<span class="grid {kind}" style="{style}">{"".join(cells)}</span>'


@cache
def _svg(tex):
    """One formula as an SVG that stands on the text's baseline.

    Raises ValueError where mathtext does not know the notation."""
    tex = " ".join(tex.split())
    if not tex:
        return ""
    if re.search("[\u0080-\u00ff\u3000-\u9fff]", tex):  # ½ would silently become ρ
        raise ValueError("mathtext has neither Chinese nor Latin-1 signs: write \\frac{1}{2}")
    for pattern, instead in SYNONYMS.items():
        tex = re.sub(pattern, instead, tex)
    font = FontProperties(size=EM, math_fontfamily="cm")
    math = f"${tex}$"
    points, codes = text_to_path.get_text_path(font, math, ismath=True)
    w, h, d = text_to_path.get_text_width_height_descent(math, font, ismath=True)
    w, h, d = w + 4, h + 8, d + 4  # a little air, so that no stroke is cut
    size = f"width:{w / EM:.2f}em;height:{h / EM:.2f}em;vertical-align:{-d / EM:.2f}em"
    return (
        f'<svg style="{size}" viewBox="0 {d - h:.0f} {w:.0f} {h:.0f}" aria-hidden="true">'
        f'<path transform="scale(1,-1)" d="{_path(points, codes)}"/></svg>'
    )


def _path(points, codes):
    """Vertices and codes as an SVG path."""
    out, previous = [], None
    for (x, y), code in zip(points, codes):
        if code == Path.CLOSEPOLY:
            out.append("Z")
        elif code == previous and code in (Path.CURVE3, Path.CURVE4):
            out.append(f" {x:.0f},{y:.0f}")  # a curve's further points follow its letter
        else:
            out.append(f"{LETTERS[code]}{x:.0f},{y:.0f}")
        previous = code
    return "".join(out)
