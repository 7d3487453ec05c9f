"""Submissions: the file of each student, read without trust, or the sentence why not."""

import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

LARGEST = 128 << 10  # bytes of a student's file; a reference has some 5 kB
ZIP_FILES, ZIP_BYTES = 500, 20 << 20  # in a zip: entries, and bytes once unpacked


@dataclass(frozen=True)
class Submission:
    """fault: why there is no source; then every item is lost, and the class goes on."""

    student: str
    file: str
    source: str = ""
    fault: str = ""


class Unreadable(Exception):
    """Why a file cannot be a submission."""


def find_submissions(path, name):
    """One Submission for a file, a zip, or a folder with NAME.py; else one for each entry."""
    path = Path(path)
    if path.is_dir() and not (path / f"{name}.py").exists():
        entries = sorted(p for p in path.iterdir() if not p.name.startswith((".", "__")))
        taken = [
            p for p in entries if p.is_symlink() or p.is_dir() or p.suffix in (".py", ".zip")
        ]
        return [read_submission(entry, name) for entry in taken]
    return [read_submission(path, name)]


def read_submission(path, name):
    """The Submission of a file, a zip, or a student's folder."""
    folder = path.is_dir() and not path.is_symlink()
    student = path.name if folder else path.stem
    try:
        if folder:
            path = file_in(path, name)
        data = from_zip(path, name) if path.suffix == ".zip" else from_file(path)
        return Submission(student, f"{name}.py", source=as_text(data))
    except Unreadable as error:
        return Submission(student, path.name, fault=f"{path.name}: {error}")


def file_in(folder, name):
    """NAME.py in a folder, or its only zip, or its only Python file."""
    if (folder / f"{name}.py").exists() or (folder / f"{name}.py").is_symlink():
        return folder / f"{name}.py"
    for suffix in ("zip", "py"):
        found = [p for p in folder.glob(f"*.{suffix}") if not p.name.startswith("test_")]
        if len(found) == 1:
            return found[0]
    raise Unreadable(f"there is no {name}.py in it")


def from_file(path):
    """The bytes of a regular file that is no link."""
    with opened(path) as file:
        return file.read(LARGEST + 1)


def opened(path):
    """A regular file of reasonable size, opened; no link is followed, no pipe waited for."""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            raise Unreadable("a symbolic link: hand in the file itself")
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("no regular file")
        if found.st_size > ZIP_BYTES:
            raise Unreadable(f"larger than {ZIP_BYTES >> 20} MB")
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(path, flags | getattr(os, "O_NONBLOCK", 0)), "rb")
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None


def from_zip(path, name):
    """The bytes of NAME.py in a zip. Nothing is unpacked to disk."""
    try:
        with (
            opened(path) as whole,
            zipfile.ZipFile(whole) as archive,
            archive.open(entry_of(archive.infolist(), name)) as file,
        ):
            return file.read(LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError,
            EOFError, ValueError) as error:  # fmt: skip
        raise Unreadable(f"no zip that can be read: {error}") from None


def entry_of(entries, name):
    """The entry that is the student's file; refuses bombs, links, paths that lead out."""
    if len(entries) > ZIP_FILES or sum(e.file_size for e in entries) > ZIP_BYTES:
        raise Unreadable(f"the zip unpacks to more than {ZIP_BYTES >> 20} MB: a zip bomb?")
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            raise Unreadable(f"an entry leads out of the zip: {entry.filename!r}")
    own = [e for e in entries if not e.is_dir() and not e.filename.startswith("__MACOSX")]
    found = [e for e in own if PurePosixPath(e.filename).name == f"{name}.py"]
    found = found or [e for e in own if e.filename.endswith(".py")
                      and not PurePosixPath(e.filename).name.startswith("test_")]  # fmt: skip
    if len(found) != 1:
        raise Unreadable(f"{len(found)} files could be {name}.py: the zip should hold one")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("an unusual kind of zip: zip it again with the usual tools")
    if stat.S_ISLNK(found[0].external_attr >> 16):
        raise Unreadable("a symbolic link in the zip: hand in the file itself")
    return found[0]


def as_text(data):
    if len(data) > LARGEST:
        raise Unreadable(f"larger than {LARGEST >> 10} kB: hand in the one file only")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 (byte {error.start}): save it as UTF-8") from None
