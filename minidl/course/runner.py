"""The runner: finds the lessons, runs each in its own process, and gathers their records."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from minidl.lesson import FULL, RECORD

FOLDER = "MINIDL_LESSONS"  # names another folder of lessons
PACKAGE = Path(__file__).resolve().parent.parent
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def lessons_folder():
    """Where the lessons are: beside the package in a checkout, inside it once installed."""
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER]).resolve()
    beside, inside = PACKAGE.parent / "lessons", PACKAGE / "_lessons"
    return inside if inside.is_dir() else beside


def find_lessons(folder=None):
    """The scripts NN_title.py, in reading order."""
    return sorted(Path(folder or lessons_folder()).glob("[0-9][0-9]_*.py"))


def choose(names, paths):
    """The paths that `names` mean: "01_neuron", "01" or "neuron"; all where there is no name.

    Raises LookupError with one sentence where a name means no lesson."""
    chosen = set()
    for name in names:
        key = name.removesuffix(".py")
        found = [p for p in paths if key in (p.stem, p.stem[:2], p.stem[3:])]
        if not found:
            known = ", ".join(p.stem for p in paths) or "none"
            raise LookupError(f"no lesson is called {name!r}; the lessons are: {known}")
        chosen.update(found)
    return [p for p in paths if p in chosen or not names]


def run_lesson(path, folder, full=False, tick=None):
    """Run one lesson; its record as a dict, with seconds, output, error and passed.

    folder   takes record.json and the figures
    tick     called with the seconds so far while the lesson runs"""
    started = time.perf_counter()
    status, output, errors = _run(path, Path(folder), _environment(folder, full), tick)
    record = _record(path, folder)
    record["seconds"] = round(time.perf_counter() - started, 3)
    record["output"], record["error"] = output, _fault(path, record, status, errors)
    checks = [check for item in record["items"] for check in item["checks"]]
    record["passed"] = record["error"] is None and all(c["passed"] for c in checks)
    return record


def _run(path, folder, environment, tick):
    """(exit status, standard output, standard error). Ctrl-C ends the lesson first."""
    files = folder / "output.txt", folder / "errors.txt"
    with open(files[0], "wb") as out, open(files[1], "wb") as err:
        process = subprocess.Popen(
            [sys.executable, str(path)], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            env=environment,
        )  # fmt: skip
        try:
            status = _wait(process, tick)
        finally:
            process.kill()  # nothing happens where it has ended
            process.wait()
    return status, *(f.read_text(encoding="utf-8", errors="replace") for f in files)


def _wait(process, tick):
    started = time.perf_counter()
    while True:
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            if tick:
                tick(time.perf_counter() - started)


def _environment(folder, full):
    here = {RECORD: str(folder), FULL: "1" if full else "", "MPLBACKEND": "Agg"}
    # Lessons multiply small matrices: a second BLAS thread costs more than it brings.
    threads = {name: os.environ.get(name, "1") for name in BLAS_THREADS}
    return {**os.environ, **threads, **here, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}


def _record(path, folder):
    """What the recorder wrote, or an empty record."""
    try:
        return json.loads((Path(folder) / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"name": path.stem, "title": "", "finished": False, "items": [], "figures": [],
                "prints": []}  # fmt: skip


def _fault(path, record, status, errors):
    """What went wrong besides failed checks, or None."""
    failed = any(not c["passed"] for item in record["items"] for c in item["checks"])
    if status not in (0, 1) or (status and not (record["finished"] and failed)):
        return trimmed_traceback(path, status, errors)
    if not record["finished"]:
        return f"{_short(path)}: lesson.finish() was not reached"
    if not record["items"]:
        return f"{_short(path)}: no item was declared: nothing was checked"
    return None


def trimmed_traceback(path, status, errors):
    """The error's sentence first, with the lesson's line; then the lesson's frames only."""
    if status < 0:
        return f"{_short(path)}: ended by signal {-status}"
    text = errors[max(0, errors.rfind("Traceback (most recent call last)")) :]
    places = list(re.finditer(r'^  File "(.+?)", line (\d+).*$', text, re.MULTILINE))
    own = [m for m in places if Path(m[1]).name == path.name]
    if not own:
        return f"{_short(path)}: exit status {status}\n{errors.strip()[-1000:]}".strip()
    message = re.search(r"^[\w.]+(:.*|$)", text[places[-1].end() :], re.MULTILINE | re.DOTALL)
    sentence = message[0].strip() if message else f"exit status {status}"
    frames = [f"    line {m[2]}: {_source_line(path, int(m[2]))}" for m in own[-3:]]
    return "\n".join([f"{_short(path)}:{own[-1][2]}: {sentence}", *frames])


def _source_line(path, number):
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _short(path):
    return f"{path.parent.name}/{path.name}"


def mark_double_homes(records):
    """An item may be at home in one lesson only: two that claim it both fail, and are named."""
    homes, sentences = {}, []
    for record in records:
        for item in record["items"]:
            homes.setdefault(item["id"], []).append(record)
    for id, claimants in homes.items():
        if len(claimants) > 1:
            names = ", ".join(record["name"] for record in claimants)
            sentence = f"{id} has two homes: {names}: keep it in one lesson"
            sentences.append(sentence)
            for record in claimants:
                record["error"] = "\n".join(filter(None, [record["error"], sentence]))
                record["passed"] = False
    return sentences


def as_json(records):
    """The JSON file's content."""
    passed = all(record["passed"] for record in records)
    return {"passed": passed, "lessons": [_public(record) for record in records]}


def _public(record):
    keys = ("name", "title", "seconds", "items", "figures", "output", "error", "passed")
    return {key: record[key] for key in keys}
