"""The page: markdown, formulas, code; self-contained, and no wider than its screen."""

import ast
import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from minidl.course import code, formula, markdown
from minidl.course.cells import split_cells
from minidl.course.runner import find_lessons, run_lesson
from minidl.report import page, write_report

ROOT = Path(__file__).resolve().parent.parent
LESSON = r"""# %% [markdown]
# # A title  标题
#
# A formula $\frac{a}{b}$ and `code`, and one very long line:
#
# $$y = a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9 + a_{10} + a_{11} + a_{12}$$
#
# | document | printed | computed | corrected | where | remark on the number |
# |---|---|---|---|---|---|
# | D2 | 0.694236217 | 0.694236217 | 0.694236217 | section 4.1.3 | none |

# %%
from minidl.lesson import Lesson
from minidl.plots import bars

lesson = Lesson("A title  标题", __file__)
holds = lesson.item("F-D2-mse", source="D2 §4.1.1", verdict="holds", printed="<b>$x$", true="x",
                    formula=r"\frac{1}{n} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2")
wrong = lesson.item("F-D4-position", source="D4 §4.1.2, D0 §1", verdict="wrong",
                    printed=[1, 0.9933], true=[0.841471, 0.540302])

# %%
holds.check("a & b", 1.0, 1.0)
wrong.check("seven numbers", [0.123456789] * 7, [0.123456789] * 7)
print("a line of output that is rather long, " * 6 + "<end>")
lesson.figure(bars({"一": 1}), "bars", 'one "bar"')

# %%
wrong.check("does not hold", 1.0, 2.0)
lesson.finish()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(record, path of the script, the page) of one run."""
    folder = tmp_path_factory.mktemp("report")
    path = folder / "01_title.py"
    path.write_text(LESSON, encoding="utf-8")
    scratch = folder / "scratch"
    (scratch / path.stem).mkdir(parents=True)
    record = run_lesson(path, scratch / path.stem)
    return record, path, page([record], [path], scratch)


# ---- markdown ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Head", "<h3>Head</h3>"),
        ("## Head *x*", "<h4>Head <em>x</em></h4>"),
        ("two\nlines", "<p>two\nlines</p>"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("- a\n- b\n  more", "<ul><li>a</li><li>b\nmore</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("text\n- a", "<p>text</p>\n<ul><li>a</li></ul>"),
        ("**bold** and `a*b*c`", "<p><strong>bold</strong> and <code>a*b*c</code></p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("[x](y.html)", '<p><a href="y.html">x</a></p>'),
        (r"costs \$5", "<p>costs $5</p>"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("> quoted", "<blockquote><p>quoted</p></blockquote>"),
        (
            "| a | b |\n|---|---|\n| 1 | `x` |",
            '<div class="scroll"><table><tr><th>a</th><th>b</th></tr>'
            "<tr><td>1</td><td><code>x</code></td></tr></table></div>",
        ),
        ("", ""),
        ("```\nnot closed", "<pre>not closed</pre>"),
    ],
)
def test_markdown(text, expected):
    assert markdown.to_html(text) == expected


def test_formulas_inside_markdown():
    out = markdown.to_html("so $x_1 * y$ and *$z$*\n\n$$\na + b\n$$")
    assert out.count("<svg") == 3
    assert 'aria-label="x_1 * y"' in out
    assert 'class="math display"' in out


# ---- formulas ----


@pytest.mark.parametrize(
    "tex",
    [
        r"\sigma'(z) = \sigma(z)(1 - \sigma(z))",
        r"x \ge 0, y \le 1, z \ne 2",
        r"\tfrac{1}{2} \dfrac12 \frac12",
        r"\sqrt 2 + \sqrt2 + \sqrt d + \sqrt{\epsilon}",
        r"\lVert x \rVert \bm{x} \big( \displaystyle \sum_{i=1}^n",
        r"\begin{cases} 0, & x < 0 \\ x, & x \ge 0 \end{cases}",
        r"R = \begin{pmatrix} \cos t & -\sin t \\ \sin t & \cos t \end{pmatrix}",
        r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right) V",
    ],
)
def test_what_is_typeset(tex):
    out = formula.to_html(tex)
    assert "<svg" in out
    assert "<code" not in out
    assert f'aria-label="{html.escape(tex)}"' in out


def test_cases_are_rows_and_columns():
    out = formula.to_html(r"f = \begin{cases} 0 & x < 0 \\ x \end{cases}")
    assert "repeat(2,auto)" in out
    assert out.count("<span><svg") == 3  # the fourth place is empty


@pytest.mark.parametrize("tex", [r"\underbrace{x}_{y}", "a_{", "损失 = 0"])
def test_what_cannot_be_typeset_is_shown_as_it_is(tex):
    out = formula.to_html(tex)
    assert f'<code class="tex">{html.escape(tex)}</code>' in out


@pytest.mark.parametrize("path", find_lessons(ROOT / "lessons"), ids=lambda p: p.stem)
def test_every_formula_of_the_lessons_is_typeset(path):
    source = path.read_text(encoding="utf-8")
    for cell in split_cells(source):
        if cell.kind == "markdown":
            assert 'class="tex"' not in markdown.to_html(cell.text), f"line {cell.line}"
    for keyword in [k for k in ast.walk(ast.parse(source)) if isinstance(k, ast.keyword)]:
        if keyword.arg == "formula" and isinstance(keyword.value, ast.Constant):
            assert 'class="tex"' not in formula.to_html(keyword.value.value), (
                keyword.value.value
            )


# ---- code ----


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return x  # a comment\n",
        "s = f'{x!r} and {1 + 2}' + \"<b>\"\n",
        'text = """two\nlines"""\n\n\nx = 1e-3 if True else None',
        "for 变量 in range(3): print(变量)",
        "this is ( not closed",
        "",
    ],
)
def test_coloured_code_is_the_same_code(source):
    assert html.unescape(re.sub("<[^>]+>", "", code.coloured(source))) == source


def test_kinds_of_tokens():
    out = code.coloured("return 'a' + 1  # why")
    for kind, token in (("k", "return"), ("s", "'a'"), ("n", "1"), ("c", "# why")):
        assert f'<span class="{kind}">{token}</span>' in out


# ---- the page ----


def test_page_has_every_part(made):
    record, _, out = made
    assert record["error"] is None
    assert out.count('<section class="lesson"') == 1
    assert "3 of 3 checks" not in out
    assert "2 of 3 checks passed" in out
    for row in ('data-documents="D2" data-verdict="holds"',
                'data-documents="D0 D4" data-verdict="wrong"'):  # fmt: skip
        assert f"<tr {row}>" in out
    assert "a &amp; b" in out
    assert "&lt;end&gt;" in out
    assert 'alt="one &quot;bar&quot;"' in out
    assert "the largest difference is 1" in out
    assert out.count('<h2><span class="soft">01</span> A title  标题</h2>') == 1
    assert "<h3>A title" not in out  # said once


def test_output_stands_under_the_cell_that_printed_it(made):
    *_, out = made
    assert out.index("a line of output") > out.index("seven numbers")
    assert out.index("&lt;end&gt;") < out.index("does not hold")


def test_page_is_self_contained(made):
    *_, out = made
    sources = re.findall(r'(?:src|href)="([^"]*)"|url\("?([^")]*)', out)
    for source in filter(None, (a or b for a, b in sources)):
        assert source.startswith(("data:", "#")), source
    assert "@import" not in out


def test_links_have_targets(made):
    *_, out = made
    anchors = set(re.findall(r'id="([^"]*)"', out))
    assert {a[1:] for a in re.findall(r'href="(#[^"]*)"', out)} <= anchors


def test_chinese_font_in_the_page_has_only_what_is_used(made):
    *_, out = made
    assert "font-family: minidl-cjk" in out
    assert len(out) < 400_000


def test_a_crashed_lesson_is_on_the_page(tmp_path):
    path = tmp_path / "01_crash.py"
    path.write_text("x = 1 / 0\n")
    record = run_lesson(path, tmp_path)
    out = page([record], [path], tmp_path)
    assert "01_crash.py:1: ZeroDivisionError: division by zero" in out


# ---- in a browser ----

CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PROBE = """
<iframe style="width:{width}px;height:800px;border:0" srcdoc="{page}"></iframe>
<script>
onload = () => {{
  const frame = document.querySelector("iframe"), page = frame.contentDocument;
  const root = page.documentElement, select = page.querySelectorAll(".filters select");
  const shown = () => page.querySelectorAll("#verdicts tr[data-verdict]:not([hidden])").length;
  const counts = [shown()];
  select[1].value = "wrong"; select[1].dispatchEvent(new Event("change")); counts.push(shown());
  select[0].value = "D2"; select[0].dispatchEvent(new Event("change")); counts.push(shown());
  const loaded = frame.contentWindow.performance.getEntriesByType("resource")
    .map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
  document.title = [root.scrollWidth, root.clientWidth, counts, loaded.length].join(";");
}};
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium to open the page with")
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser(made, tmp_path, width):
    probe = tmp_path / "probe.html"
    probe.write_text(
        "<!doctype html><title>x</title>"
        + PROBE.format(width=width, page=html.escape(made[2])),
        encoding="utf-8",
    )
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
         "--window-size=1400,900", probe.as_uri()],
        capture_output=True, text=True, timeout=60, encoding="utf-8",
    )  # fmt: skip
    title = re.search(r"<title>(.*?)</title>", done.stdout)[1]
    scroll, client, counts, loaded = title.split(";")
    assert int(scroll) <= int(client) <= width  # nothing sticks out sideways
    assert counts == "2,1,0"  # all items, the wrong ones, the wrong ones of D2
    assert loaded == "0"  # nothing came over the network


def test_write_report_makes_the_folder(made, tmp_path):
    record, path, _ = made
    target = write_report([record], [path], tmp_path, tmp_path / "a" / "b")
    assert target.read_text("utf-8").startswith("<!doctype html>")
