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
    for add in (_add_lessons, _add_check):
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
    check = subparsers.add_parser("check", help="check every layer and loss in a file")
    check.add_argument("file", type=Path, metavar="FILE.py")
    check.add_argument("names", nargs="*", metavar="NAME", help="only these classes")
    check.set_defaults(command=run_check)


def run_check(arguments):
    from minidl.testing.files import check_file  # the checker takes a moment to import

    return check_file(arguments.file, arguments.names)


if __name__ == "__main__":
    sys.exit(main())
