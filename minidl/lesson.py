"""Lesson: the small recorder through which a lesson says what it found.

    lesson = Lesson("One neuron  神经元", __file__)
    relu = lesson.item("F-D2-relu", source="D2 §4.1.3", verdict="holds", printed=..., true=...)
    relu.check("minidl's ReLU is the formula", expected=literal, got=ReLU()(x))
    lesson.figure(fig, "activations", "three curves through 0")
    lesson.finish()

A check prints one line and never raises, so that one run shows every failure. Under
`minidl lessons run` the same records become the JSON file and the page.
"""

import atexit
import io
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from minidl.course.comparison import compare, jsonable, text

VERDICTS = ("holds", "partial", "wrong")
RECORD = "MINIDL_RECORD"  # the folder for record.json and the figures; set by the runner
FULL = "MINIDL_FULL"  # set by `minidl lessons run --full`
LARGEST_SVG = 400_000  # bytes; a figure with more is a PNG


class Lesson:
    """One lesson's records: its items with their checks, and its figures.

    `full` is True where the reader asked for the long runs (`minidl lessons run --full`)."""

    def __init__(self, title, file):
        self.title, self.file = title, Path(file).resolve()
        self.name = self.file.stem
        self.full = os.environ.get(FULL, "") not in ("", "0")
        self.items, self.figures, self.prints = [], [], []
        self.finished, self.started = False, time.perf_counter()
        self.folder = Path(os.environ[RECORD]) if os.environ.get(RECORD) else None
        print_anything(sys.stdout)
        if self.folder:
            atexit.register(self.save)
            sys.stdout = _Tee(sys.stdout, self)
        self.say(f"{self.name}: {title}")

    def item(self, id, *, source, verdict, printed, true, formula=None):
        """Declare a catalogue item that this lesson is home to.

        printed, true    what the document says, and what is right: text, a number or a list
        formula          LaTeX for the page"""
        if verdict not in VERDICTS:
            raise ValueError(
                f"{id}: verdict must be one of {', '.join(VERDICTS)}, got {verdict!r}"
            )
        if id in [item.id for item in self.items]:
            raise ValueError(
                f"{id}: declared twice in {self.name}: keep one lesson.item({id!r})"
            )
        self.items.append(Item(self, id, source, verdict, printed, true, formula))
        return self.items[-1]

    def figure(self, fig, name, caption):
        """Keep a picture for the page; `caption` says what it shows. Returns fig.

        In a notebook it is shown below the cell, and nothing is returned."""
        record = {"name": name, "caption": caption, "line": self.line()}
        if self.folder:
            record["file"] = save_figure(fig, self.folder / f"{self.name}-{name}").name
        self.figures.append(record)
        seen = self.folder or in_notebook()
        hint = "" if seen else f"  (see it: minidl lessons run {self.name} --report DIR)"
        self.say(f"figure {name}: {caption}{hint}")
        return show(fig) if in_notebook() else fig

    def finish(self):
        """Print the summary; a script ends here with status 1 if a check failed."""
        self.finished = True
        for item in self.items:
            if not item.checks:
                item.check("the item has a check", expected=1, got=0, op=">=")
        checks = [check for item in self.items for check in item.checks]
        good = sum(check["passed"] for check in checks)
        self.say(
            f"{self.name}: {good} of {len(checks)} checks passed, {len(self.items)} items, "
            f"{time.perf_counter() - self.started:.1f} s"
        )
        interactive = hasattr(sys, "ps1") or in_notebook()
        if good < len(checks) and not interactive:
            sys.exit(1)
        return good == len(checks)

    # ---- for the items and the runner ----

    def say(self, line):
        """Print a line of the recorder's own: the page shows it as a check, not as output."""
        stream = sys.stdout.stream if isinstance(sys.stdout, _Tee) else sys.stdout
        print(line, file=stream, flush=True)

    def line(self):
        """The line of the lesson's script that is running now; 0 where none is."""
        frame, line = sys._getframe(1), 0
        while frame is not None:
            if os.path.basename(frame.f_code.co_filename) == self.file.name:
                line = frame.f_lineno  # the outermost wins: a helper's caller, not its inside
            frame = frame.f_back
        return line

    def record(self):
        """All of it, as JSON has it."""
        items = [item.record() for item in self.items]
        return {"name": self.name, "title": self.title, "finished": self.finished,
                "items": items, "figures": self.figures, "prints": self.prints}  # fmt: skip

    def save(self):
        (self.folder / "record.json").write_text(json.dumps(self.record()), encoding="utf-8")


class Item:
    """One catalogue item, with its checks."""

    def __init__(self, lesson, id, source, verdict, printed, true, formula):
        self.lesson, self.id, self.source = lesson, id, source
        self.verdict, self.printed, self.true = verdict, printed, true
        self.formula, self.checks = formula, []

    def check(self, what, expected, got, *, op="==", rtol=1e-6, atol=1e-6):
        """Record whether `got op expected` holds, and print one line.

        Numbers, lists, arrays, strings and truth values; shapes must agree, and NaN fails.
        "==" means |got - expected| <= atol + rtol |expected|; >=, <=, > and < take a bound."""
        why = compare(expected, got, op, rtol, atol)
        wanted = jsonable(expected) if op == "==" else f"{op} {text(expected)}"
        self._keep(what, wanted, jsonable(got, expected), why)
        sign = "" if op == "==" else f"{op} "
        self._say(f"{what}  expected {sign}{text(expected)}  got {text(got)}")

    def check_gradient(self, report, what="the gradient check passes"):
        """Record a GradientReport; a failed one shows its text."""
        passed = bool(report.passed)
        self._keep(what, True, passed, None if passed else str(report))
        self.checks[-1]["note"] = _worst(report)
        self._say(f"{what}  {_worst(report)}")

    def _keep(self, what, expected, got, why):
        check = {"what": what, "expected": expected, "got": got, "passed": why is None}
        check["line"] = self.lesson.line()
        if why is not None:
            check["why"] = why
        self.checks.append(check)

    def _say(self, line):
        check = self.checks[-1]
        if check["passed"]:
            return self.lesson.say(f"ok   {self.id}  {line}")
        where = f"{self.lesson.file.parent.name}/{self.lesson.file.name}:{check['line']}"
        why = check["why"].replace("\n", "\n     ")
        return self.lesson.say(f"FAIL {self.id}  {line}  {where}\n     {why}")

    def record(self):
        return {"id": self.id, "verdict": self.verdict, "source": self.source,
                "formula": self.formula, "printed": jsonable(self.printed),
                "true": jsonable(self.true), "checks": self.checks}  # fmt: skip


class _Tee(io.TextIOBase):
    """Standard output that also remembers which line of the lesson printed what."""

    def __init__(self, stream, lesson):
        self.stream, self.lesson = stream, lesson

    def write(self, chars):
        self.lesson.prints.append([self.lesson.line(), chars])
        return self.stream.write(chars)

    def flush(self):
        self.stream.flush()

    def isatty(self):
        return False

    encoding = property(lambda self: self.stream.encoding)


def save_figure(fig, path):
    """Write fig as SVG, or as PNG where the SVG would be large; returns the path."""
    from minidl.plots import style

    with style():
        fig.savefig(path.with_suffix(".svg"), metadata={"Date": None})
        if path.with_suffix(".svg").stat().st_size <= LARGEST_SVG:
            return path.with_suffix(".svg")
        path.with_suffix(".svg").unlink()
        fig.savefig(path.with_suffix(".png"), dpi=160)
    return path.with_suffix(".png")


def in_notebook():
    return "ipykernel" in sys.modules


def show(fig):
    """Draw fig below the notebook's cell, in the lessons' style."""
    from IPython.display import Image, display

    from minidl.plots import style

    content = io.BytesIO()
    with style():
        fig.savefig(content, dpi=100)
    display(Image(content.getvalue()))


def print_anything(stream):
    """Let a terminal without Chinese show an escape in its place, and not stop the program."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _worst(report):
    """The largest relative error of a gradient report, where it says one."""
    entries = getattr(report, "entries", None) or []
    entries = entries.values() if isinstance(entries, dict) else entries
    errors = [e.relative_error for e in entries if hasattr(e, "relative_error")]
    errors = [e for e in errors if e is not None and np.isfinite(e)]
    return f"largest relative error {max(errors):.1e}" if errors else ""
