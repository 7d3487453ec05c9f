"""Data files inside other packages, found by path; the packages are never imported."""

from importlib.util import find_spec
from pathlib import Path


def find_installed(candidates, what, command):
    """The folder of the first installed candidate that has its file.

    candidates   (package, file inside it) pairs, the preferred first
    Raises       ModuleNotFoundError with the pip command that mends it
    """
    for package, file in candidates:
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            if (path := Path(folder, file)).is_file():
                return path.parent
    raise ModuleNotFoundError(
        f"{what} come with the package {candidates[0][0]}, which is not installed: "
        f"run {command}"
    )
