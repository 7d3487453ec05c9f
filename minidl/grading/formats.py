"""formats: a Result as each platform reads it. Every function gives text."""

import csv
import io
import json
import os
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

SEED = "inputs of this run: --seed {}"


def as_text(result):
    """For people: one line an item; what is wrong and what to try below it."""
    head = f"{result.assignment}  {result.student}  {result.score} of {result.points} points"
    lines = [head]
    if result.fault:
        return "\n".join([head, f"  {result.fault}", ""])
    width = max(len(mark.part.name) for mark in result.marks)
    for mark in result.marks:
        word = "ok  " if mark.passed else "LOST"
        line = f"  {word}  {mark.part.name:{width}}  {mark.score:3}/{mark.part.points}"
        told = mark.text.splitlines()
        lines.append(f"{line}  {told[0]}" if told else line)
        lines += [f"{'':{width + 8}}{more}" for more in told[1:]]
    return "\n".join([*lines, f"  {SEED.format(result.seed)}", ""])


def as_gradescope(result, show_all=False):
    """autograder/results/results.json: public items at once, the others once published."""
    tests = [
        {
            "name": mark.part.name, "number": str(number), "score": mark.score,
            "max_score": mark.part.points, "status": "passed" if mark.passed else "failed",
            "output": mark.text or "right", "output_format": "text",
            "visibility": "visible" if show_all or mark.part.public else "after_published",
        }
        for number, mark in enumerate(result.marks, 1)
    ]  # fmt: skip
    return dumps({
        "score": result.score, "execution_time": round(result.seconds, 3),
        "output": result.fault or SEED.format(result.seed), "output_format": "text",
        "visibility": "visible", "stdout_visibility": "hidden",
        "extra_data": {"assignment": result.assignment, "seed": result.seed}, "tests": tests,
    })  # fmt: skip


def as_prairielearn(result, show_all=False):
    """/grade/results/results.json. A file that cannot be graded does not cost an attempt."""
    tests = [
        {
            "name": mark.part.name, "description": mark.text.split("\n")[0] or "right",
            "points": mark.score, "max_points": mark.part.points,
            "message": mark.text or "right", "output": "",
        }
        for mark in result.marks
    ]  # fmt: skip
    return dumps({
        "gradable": not result.fault, "score": result.score / result.points,
        "message": result.fault or SEED.format(result.seed), "output": result.printed[:2000],
        "images": [], "tests": tests,
    })  # fmt: skip


def as_classroom50(result, show_all=False):
    """result.json. What the platform knows of the submission comes from its environment."""
    told = os.environ.get
    return dumps({
        "schema": "classroom50/result/v1",
        "classroom": told("CLASSROOM50_CLASSROOM", ""),
        "assignment": told("CLASSROOM50_ASSIGNMENT", result.assignment),
        "assignment_type": told("CLASSROOM50_ASSIGNMENT_TYPE", "individual"),
        "owner": told("CLASSROOM50_OWNER", result.student),
        "submission": told("CLASSROOM50_SUBMISSION", result.file),
        "commit": told("GITHUB_SHA", ""), "release": told("CLASSROOM50_RELEASE", ""),
        "review": told("CLASSROOM50_REVIEW", ""),
        "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "score": result.score, "max-score": result.points,
        "tests": [
            {"test-name": mark.part.name, "passed": mark.passed, "score": mark.score,
             "max-score": mark.part.points}
            for mark in result.marks
        ],
    })  # fmt: skip


def as_junit(results, show_all=False):
    """JUnit XML: a suite for each student, a case for each item."""
    suites = "\n".join(junit_suite(result) for result in results)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n{suites}\n</testsuites>\n'


def junit_suite(result):
    cases = []
    for mark in result.marks:
        name = quoteattr(f"{mark.part.name} ({mark.part.points} points)")
        case = f'  <testcase classname={quoteattr(result.assignment)} name={name} time="0"'
        first = mark.text.split("\n")[0]
        lost = f"><failure message={quoteattr(first)}>{escaped(mark.text)}</failure></testcase>"
        cases.append(case + ("/>" if mark.passed else lost))
    failures = sum(not mark.passed for mark in result.marks)
    head = (
        f'<testsuite name={quoteattr(result.student)} tests="{len(cases)}" '
        f'failures="{failures}" errors="0" skipped="0" time="{result.seconds:.3f}">'
    )
    return "\n".join([head, *cases, "</testsuite>"])


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_csv(results, show_all=False):
    """The gradebook: a row for each student, a column for each item."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    names = [mark.part.name for mark in results[0].marks] if results else []
    writer.writerow(["student", "score", "points", *names, "note"])
    for result in results:
        scores = [mark.score for mark in result.marks]
        row = [harmless(result.student), result.score, result.points, *scores]
        writer.writerow([*row, harmless(result.fault)])
    return output.getvalue()


def harmless(cell):
    """A spreadsheet would compute a cell that starts like a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def as_feedback(result):
    """Markdown for one student."""
    lines = [f"# {result.assignment}: {result.score} of {result.points} points", ""]
    if result.fault:
        return "\n".join([*lines, quoted(result.fault), ""])
    lines += ["| item | points |", "|---|---|"]
    lines += [f"| `{m.part.name}` | {m.score} of {m.part.points} |" for m in result.marks]
    for mark in (m for m in result.marks if not m.passed):
        lines += ["", f"## {mark.part.name}", "", quoted(mark.text)]
    if result.printed:
        lines += ["", "## What your file printed (the first lines)", "", quoted(result.printed)]
    return "\n".join([*lines, "", SEED.format(result.seed), ""])


def quoted(text):
    """A student's text as a block that Markdown does not read."""
    return "\n".join(f"    {line}" for line in text.splitlines()[:40])


def dumps(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


ONE = {"text": as_text, "gradescope": as_gradescope, "classroom50": as_classroom50,
       "prairielearn": as_prairielearn}  # fmt: skip
CLASS = {"csv": as_csv, "junit": as_junit}
ENDINGS = {"text": "txt", "gradescope": "json", "classroom50": "json", "prairielearn": "json"}
