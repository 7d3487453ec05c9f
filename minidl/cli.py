"""cli: the `minidl` command."""

import argparse
import os
import sys
from pathlib import Path

import minidl
from minidl.course import commands
from minidl.lesson import print_anything


def main(argv=None):
    """Run one command; returns the exit status."""
    print_anything(sys.stdout)
    print_anything(sys.stderr)
    arguments = parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `minidl … | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser():
    top = argparse.ArgumentParser(prog="minidl", description=minidl.__doc__)
    top.add_argument("--version", action="version", version=f"minidl {minidl.__version__}")
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_lessons, _add_check, _add_assignment, _add_grade):
        add(subparsers)
    return top


def _add_lessons(subparsers):
    lessons = subparsers.add_parser(
        "lessons", help="list the lessons, run them, take them along"
    )
    lessons.set_defaults(command=commands.list_lessons)
    actions = lessons.add_subparsers(metavar="ACTION")

    run = actions.add_parser("run", help="run lessons and check every item (default: all)")
    run.add_argument("names", nargs="*", metavar="NAME", help="01_neuron, 01 or neuron")
    run.add_argument("--report", metavar="DIR", type=Path, help="write DIR/index.html")
    run.add_argument("--json", metavar="FILE", type=Path, help="write every check to FILE")
    run.add_argument("--full", action="store_true", help="the long runs, on all of the data")
    run.set_defaults(command=commands.run_lessons)

    copy = actions.add_parser("copy", help="copy the scripts into a folder of yours")
    copy.add_argument("folder", nargs="?", type=Path, default=Path("lessons"), metavar="DIR")
    copy.set_defaults(command=commands.copy_lessons)

    book = actions.add_parser("notebook", help="write a lesson as a Jupyter notebook")
    book.add_argument("name", metavar="NAME")
    book.add_argument("-o", "--output", metavar="FILE", type=Path, help="default: NAME.ipynb")
    book.set_defaults(command=commands.write_notebook)


def _add_check(subparsers):
    check = subparsers.add_parser(
        "check", help="check every layer and loss in a file, or a file of an assignment"
    )
    check.add_argument("file", type=Path, metavar="FILE.py")
    check.add_argument("names", nargs="*", metavar="NAME", help="only these classes")
    check.set_defaults(command=run_check)


def run_check(arguments):
    from minidl.testing.files import check_file  # the checker takes a moment to import

    name = _assignment_of(arguments.file)
    if name is None:
        return check_file(arguments.file, arguments.names)
    from minidl.grading.pupil import check_assignment

    try:
        return check_assignment(arguments.file, name, arguments.names)
    except LookupError as error:
        return commands.refuse(error)


def _assignment_of(path):
    """The assignment that a student's file says it belongs to, or None."""
    from minidl.grading.folder import assignment_of

    try:
        return assignment_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _grading(name):
    """A command of minidl.grading, imported when it is called."""

    def command(arguments):
        from minidl.grading import commands as grading

        return getattr(grading, name)(arguments)

    return command


def _add_assignment(subparsers):
    assignment = subparsers.add_parser(
        "assignment", help="course assignments: take one, build one, put one on a platform"
    )
    actions = assignment.add_subparsers(required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="the assignments that there are")
    listing.set_defaults(command=_grading("list_assignments"))

    new = actions.add_parser("new", help="write handout, skeleton and public tests")
    new.add_argument("name", metavar="NAME", help="a name from the list, or a folder")
    new.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="default: NAME")
    new.set_defaults(command=_grading("new_assignment"))

    build = actions.add_parser("build", help="an assignment from a solution file of yours")
    build.add_argument("file", type=Path, metavar="SOLUTION.py")
    build.add_argument("-o", "--output", type=Path, metavar="DIR", help="default: its name")
    build.set_defaults(command=_grading("build_assignment"))

    prove = actions.add_parser("prove", help="empty 0, reference 100, each mutant its items")
    prove.add_argument("name", metavar="NAME", help="a name from the list, or a folder")
    prove.add_argument("--seed", type=int, metavar="N")
    prove.set_defaults(command=_grading("prove_assignment"))

    kits = {"gradescope": "the autograder zip for Gradescope",
            "classroom50": "the declarative tests for Classroom 50"}  # fmt: skip
    for platform, what in kits.items():
        kit = actions.add_parser(platform, help=what)
        kit.add_argument("name", metavar="NAME", help="a name from the list, or a folder")
        kit.add_argument("-o", "--output", type=Path, metavar="FILE")
        kit.set_defaults(command=_grading(f"{platform}_kit"))


FORMATS = ("text", "gradescope", "classroom50", "prairielearn", "junit", "csv")


def _add_grade(subparsers):
    grade = subparsers.add_parser("grade", help="grade a submission, or a folder of them")
    grade.add_argument("path", nargs="?", type=Path, metavar="SUBMISSIONS",
                       help="a file, a zip, or a folder of files, zips or folders")  # fmt: skip
    grade.add_argument("--assignment", metavar="NAME", help="a name, or a folder")
    grade.add_argument("--format", choices=FORMATS, default="text")
    grade.add_argument("-o", "--output", type=Path, metavar="FILE",
                       help="a folder where the format is one file a student")  # fmt: skip
    grade.add_argument("--seed", type=int, metavar="N", help="the inputs of an earlier run")
    grade.add_argument("--jobs", type=int, default=2, metavar="N", help="side by side (2)")
    grade.add_argument("--feedback", type=Path, metavar="DIR", help="a page for each student")
    grade.add_argument("--similarity", type=Path, metavar="FILE", help="who shares code")
    grade.add_argument("--show-all", action="store_true", help="held-back items at once")
    grade.add_argument("--only", metavar="ITEM", help="exit status by this item alone")
    grade.add_argument("--limits", action="store_true", help="what the sandbox can do here")
    grade.set_defaults(command=_grading("grade_submissions"))


if __name__ == "__main__":
    sys.exit(main())
