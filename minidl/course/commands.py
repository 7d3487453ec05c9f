"""The commands of `minidl lessons`; each takes the parsed arguments and returns a status."""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from textwrap import indent

from minidl.course import cells, runner
from minidl.course.comparison import text
from minidl.course.outline import read_outline


def list_lessons(arguments):
    paths = runner.find_lessons()
    if not paths:
        return refuse(f"no lessons in {runner.lessons_folder()}", status=1)
    for path in paths:
        lesson = read_outline(path)
        print(f"{path.stem:24} {lesson.title}\n{'':24} {' '.join(lesson.ids)}")
    return 0


def run_lessons(arguments):
    try:
        paths = runner.choose(arguments.names, runner.find_lessons())
    except LookupError as error:
        return refuse(error)
    if not paths:
        return refuse(f"no lessons in {runner.lessons_folder()}", status=1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        records = _run_all(paths, Path(scratch), arguments.full)
        print(*runner.mark_double_homes(records), sep="\n")
        print(verdict_table(records))
        print(summary(records, time.perf_counter() - started))
        if arguments.json:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            content = json.dumps(runner.as_json(records), ensure_ascii=False, indent=1)
            arguments.json.write_text(content + "\n", encoding="utf-8")
        if arguments.report:
            from minidl.report import write_report  # matplotlib is slow to import

            print(f"report: {write_report(records, paths, Path(scratch), arguments.report)}")
    return 0 if all(record["passed"] for record in records) else 1


def _run_all(paths, scratch, full):
    """Each lesson's record, with a line for each as it ends."""
    records, started, terminal = [], time.perf_counter(), sys.stdout.isatty()
    for number, path in enumerate(paths, 1):
        head = f"[{number}/{len(paths)}] {path.stem:24}"

        def tick(seconds, head=head):
            print(f"\r{head} {seconds:6.1f} s ...", end="", flush=True)

        if terminal:
            tick(0)
        folder = scratch / path.stem
        folder.mkdir()
        record = runner.run_lesson(path, folder, full, tick if terminal else None)
        total = time.perf_counter() - started
        line = f"{head} {record['seconds']:6.1f} s  {'ok  ' if record['passed'] else 'FAIL'}"
        print(("\r" if terminal else "") + f"{line}  {total:6.1f} s so far", flush=True)
        _print_failures(path, record)
        records.append(record)
    return records


def _print_failures(path, record):
    """Each failed check with its line and reason, then the error if there is one."""
    for item in record["items"]:
        for check in item["checks"]:
            if not check["passed"]:
                where = f"{path.parent.name}/{path.name}:{check['line']}"
                numbers = f"expected {text(check['expected'])}  got {text(check['got'])}"
                print(f"    FAIL {item['id']}  {check['what']}  {numbers}  {where}")
                print(indent(check["why"], "         "))
    if record["error"]:
        print(indent(record["error"], "    "))


def verdict_table(records):
    """One line an item: id, lesson, verdict, checks passed of all."""
    rows = [("item", "lesson", "verdict", "checks", "")]
    for record in records:
        for item in record["items"]:
            good, total = _count([item])
            mark = "" if good == total else "FAIL"
            rows.append((item["id"], record["name"], item["verdict"], f"{good}/{total}", mark))
        if record["error"]:
            rows.append(("-", record["name"], "-", "-", "FAIL"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def summary(records, seconds):
    items = [item for record in records for item in record["items"]]
    good, total = _count(items)
    passed = sum(record["passed"] for record in records)
    line = (
        f"\n{passed} of {len(records)} lessons passed: {len(items)} items, "
        f"{good} of {total} checks, {seconds:.1f} s"
    )
    failed = [record["name"] for record in records if not record["passed"]]
    return line + (f"\nfailed: {', '.join(failed)}" if failed else "")


def _count(items):
    checks = [check for item in items for check in item["checks"]]
    return sum(check["passed"] for check in checks), len(checks)


def copy_lessons(arguments):
    target, source = arguments.folder, runner.lessons_folder()
    scripts = sorted(source.glob("*.py"))
    taken = [script.name for script in scripts if (target / script.name).exists()]
    if taken:
        return refuse(f"{target} already has {', '.join(taken)}: name another folder", status=1)
    target.mkdir(parents=True, exist_ok=True)
    for script in scripts:
        shutil.copyfile(script, target / script.name)
    print(f"{len(scripts)} lessons are in {target}; try: python {target / scripts[0].name}")
    return 0


def write_notebook(arguments):
    try:
        (path,) = runner.choose([arguments.name], runner.find_lessons())
    except LookupError as error:
        return refuse(error)
    output = arguments.output or Path(f"{path.stem}.ipynb")
    if output.exists():
        return refuse(f"{output} exists: name another file with -o", status=1)
    output.write_text(cells.notebook(path), encoding="utf-8")
    print(f"wrote {output}")
    return 0


def refuse(sentence, status=2):
    """Say in one sentence why the command does nothing."""
    print(f"minidl: {sentence}", file=sys.stderr)
    return status
