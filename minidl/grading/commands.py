"""The commands of `minidl assignment` and `minidl grade`; each returns an exit status."""

import sys
from pathlib import Path

from minidl.course.commands import refuse
from minidl.grading import build, classroom, formats, kits, limits, proof, release, similarity
from minidl.grading.exam import Exam
from minidl.grading.folder import (
    assignment_of,
    find_assignments,
    load_assignment,
    released_skeleton,
)
from minidl.grading.sandbox import Sandbox
from minidl.grading.submissions import LARGEST, find_submissions


def list_assignments(arguments):
    for folder in find_assignments():
        made = load_assignment(folder)
        print(f"{made.name:16} {made.hours:>2} h  lesson {made.lesson:17} {made.title}")
    return 0


def new_assignment(arguments):
    folder = arguments.folder or Path(Path(arguments.name).name)
    try:
        paths = release.write_release(load_assignment(arguments.name), folder)
    except LookupError as error:
        return refuse(error)
    except (FileExistsError, ValueError) as error:
        return refuse(error, status=1)
    print(
        f"wrote {', '.join(map(str, paths))}; read the handout, then: minidl check {paths[0]}"
    )
    return 0


def build_assignment(arguments):
    try:
        paths = build.build(arguments.file, arguments.output)
    except (FileExistsError, FileNotFoundError, ValueError, SyntaxError) as error:
        return refuse(error, status=1)
    print("wrote", *paths, sep="\n  ")
    print(f"fill in cases in checks.py, then: minidl assignment prove {paths[0].parent}")
    return 0


def prove_assignment(arguments):
    """Empty 0, reference 100, each mutant its items; a line for each that is not so."""
    try:
        assignment = load_assignment(arguments.name)
        with Sandbox() as sandbox:
            faults = proof.faults(assignment, sandbox, arguments.seed)
    except (LookupError, ValueError) as error:
        return refuse(error, status=1)
    print(*faults or [f"{assignment.name} is proved: empty 0, reference 100"], sep="\n")
    return 1 if faults else 0


def gradescope_kit(arguments):
    try:
        assignment = load_assignment(arguments.name)
    except LookupError as error:
        return refuse(error)
    path = arguments.output or Path(f"{assignment.name}_gradescope.zip")
    if path.exists():
        return refuse(f"{path} exists: name another file with -o", status=1)
    print(f"wrote {kits.gradescope_zip(assignment, path)}")
    return 0


def classroom50_kit(arguments):
    try:
        assignment = load_assignment(arguments.name)
    except LookupError as error:
        return refuse(error)
    path = arguments.output or Path(f"{assignment.name}_classroom50.json")
    if path.exists():
        return refuse(f"{path} exists: name another file with -o", status=1)
    path.write_text(kits.classroom50_tests(assignment), encoding="utf-8")
    print(f"wrote {path}")
    return 0


# ---- minidl grade ----


def grade_submissions(arguments):
    if arguments.limits:
        with Sandbox() as sandbox, sandbox.start() as process:
            print(limits.report(["wall clock", "output", *process.held]))
        return 0
    if arguments.path is None or not arguments.path.exists():
        return refuse(f"{arguments.path}: no such file or folder of submissions")
    try:
        assignment = load_assignment(arguments.assignment or guess(arguments.path))
        exam = Exam(assignment, arguments.seed)
    except (LookupError, ValueError) as error:
        return refuse(error)
    submissions = find_submissions(arguments.path, assignment.name)
    if not submissions:
        return refuse(f"{arguments.path} has no submissions: .py files, zips or folders", 1)
    tick = classroom.progress_bar() if len(submissions) > 1 else None
    results = classroom.grade_all(submissions, exam, jobs=arguments.jobs, tick=tick)
    if arguments.only:
        return one_item(results, arguments.only)
    return write_all(arguments, submissions, results, assignment)


def guess(path):
    """The assignment that a file, or the files of a folder, name themselves."""
    files = [p for p in (sorted(path.glob("*.py")) if path.is_dir() else [path]) if p.is_file()]
    texts = [p.read_bytes()[:LARGEST].decode("utf-8", "replace") for p in files]
    found = {name for name in map(assignment_of, texts) if name}
    if len(found) == 1:
        return found.pop()
    raise LookupError(f"{path} does not say its assignment: add --assignment NAME")


def one_item(results, name):
    """For platforms that run a command for each item: 0 where it is passed by all."""
    if any(name not in [m.part.name for m in result.marks] for result in results):
        return refuse(f"the assignment has no item {name!r}")
    for result in results:
        print(result[name].text or f"{name}: right")
    return 0 if all(result[name].passed for result in results) else 1


def write_all(arguments, submissions, results, assignment):
    """The report in its format, then feedback and similarity where asked for."""
    try:
        write_report(arguments, results)
    except FileExistsError as error:
        return refuse(error, status=1)
    if arguments.feedback:
        for result, name in zip(results, file_names(results)):
            put(arguments.feedback / f"{name}.md", formats.as_feedback(result))
    if arguments.similarity:
        sources = {s.student: s.source for s in submissions if s.source}
        sources["(the reference)"] = assignment.solution
        rows = similarity.similarity_table(sources, released_skeleton(assignment))
        put(arguments.similarity, similarity.as_text(rows))
    return 0


def write_report(arguments, results):
    """One text for the class, or one for each student in a folder."""
    make = formats.CLASS.get(arguments.format)
    if make:
        return emit(make(results), arguments.output)
    make, ending = formats.ONE[arguments.format], formats.ENDINGS[arguments.format]
    extra = {} if arguments.format == "text" else {"show_all": arguments.show_all}
    if len(results) == 1 or arguments.format == "text":
        return emit("\n".join(make(result, **extra) for result in results), arguments.output)
    if arguments.output is None or arguments.output.is_file():
        raise FileExistsError(
            f"{arguments.format} is one file a student: name a folder with -o for a class"
        )
    for result, name in zip(results, file_names(results)):
        put(arguments.output / f"{name}.{ending}", make(result, **extra))


def file_names(results):
    """A harmless file name for each student, none twice."""
    names = []
    for result in results:
        name = "".join(c if c.isalnum() or c in "-_ ." else "_" for c in result.student)
        name = name.strip(". ") or "student"
        while name in names:
            name += "_"
        names.append(name)
    return names


def emit(text, path):
    if path is None:
        sys.stdout.write(text)
    else:
        put(path, text)


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
