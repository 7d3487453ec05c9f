"""kits: what a platform needs to run the grader: Gradescope's zip, Classroom 50's tests."""

import json
import zipfile
from pathlib import Path

import minidl
from minidl.grading.folder import FILES

SETUP = """#!/usr/bin/env bash
# Runs once, when the image is built: Python 3.11 or newer, NumPy and Matplotlib.
set -euo pipefail
python=$(command -v python3.13 || command -v python3.12 || command -v python3.11 || true)
if [ -z "$python" ]; then
    apt-get update && apt-get install -y python3.11 python3.11-venv
    python=python3.11
fi
"$python" -m venv /opt/minidl
/opt/minidl/bin/pip install "numpy>=1.26" "matplotlib>=3.8"
"""
RUN = """#!/usr/bin/env bash
# Runs for every submission: reads submission/, writes results/results.json.
root=${AUTOGRADER_ROOT:-/autograder}
python=${AUTOGRADER_PYTHON:-/opt/minidl/bin/python}
export PYTHONPATH="$root/source" MINIDL_LESSONS="$root/source"
exec "$python" -m minidl.cli grade "$root/submission" --assignment "$root/source/assignment" \\
    --format gradescope -o "$root/results/results.json"
"""
README = "See `minidl assignment gradescope --help`. Upload this zip as the autograder.\n"


def gradescope_zip(assignment, path):
    """The autograder zip: setup.sh, run_autograder, minidl's source, the assignment."""
    package = Path(minidl.__file__).parent
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("setup.sh", SETUP), ("run_autograder", RUN)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
        for file in sorted(package.rglob("*")):
            if file.is_file() and wanted(file.relative_to(package)):
                archive.write(file, f"minidl/{file.relative_to(package).as_posix()}")
        for name in FILES:
            archive.write(assignment.folder / name, f"assignment/{name}")
    return path


def wanted(path):
    """Not the lessons, the caches, or the larger data."""
    return not {"__pycache__", "_lessons"} & set(path.parts) and path.suffix != ".pyc"


def classroom50_tests(assignment):
    """The declarative tests: one entry for each item, each a run of the grader.

    The runner must have minidl installed. Everything that the runner has, the student's own
    workflow can read: held-back checks are only as secret as that."""
    file = f"{assignment.name}.py"
    return json.dumps(
        [
            {
                "name": part.name, "type": "python", "timeout": 60, "points": part.points,
                "run": f"python -m minidl.cli grade {file} --assignment {assignment.name} "
                       f"--only {part.name}",
            }
            for part in assignment.parts
        ],
        indent=1,
    ) + "\n"  # fmt: skip
