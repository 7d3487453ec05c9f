"""English sentences of two kinds, editorials and film reviews, from a package's source."""

import io
import tarfile
from pathlib import Path

import numpy as np

FILES = ("nytEditorialSnippets_GroundTruth.txt", "movieReviewSnippets_GroundTruth.txt")
COMMAND = "pip download --no-deps --no-binary :all: vadersentiment==3.3.2"


def load_snippets(path):
    """(texts, labels, groups): a list of str, (N,) int64 and (N,) int64.

    Label 0: 5,119 sentences of editorials in the New York Times; 1: 10,603 sentences of film
    reviews; about 18 words each. A text that occurs again is left out. Sentences of one
    editorial have the same number in `groups`: keep them on one side of a split, for they
    share names and subject. Every film sentence is a group of its own.

    path   vadersentiment-3.3.2.tar.gz, the archive hutto_ICWSM_2014.tar.gz inside it, or a
           folder with the two files

    The texts are their authors', collected by C. J. Hutto and E. Gilbert, *VADER*, ICWSM 2014;
    minidl does not carry them, and the package has them in its source archive only:

        pip download --no-deps --no-binary :all: vadersentiment==3.3.2
    """
    contents = _read(Path(path))
    if any(name not in contents for name in FILES):
        raise FileNotFoundError(
            f"load_snippets: {path} does not have {' and '.join(FILES)}: run {COMMAND} and "
            "give the .tar.gz"
        )
    rows = {}  # text: (label, group); the first of equal texts stays
    for label, name in enumerate(FILES):
        for line in contents[name].splitlines():
            number, _, text = line.split("\t", 2)
            rows.setdefault(text.strip(), (label, f"{label} {number.split('_')[0]}"))
    labels, groups = zip(*rows.values())
    return list(rows), np.array(labels), np.unique(groups, return_inverse=True)[1].ravel()


def _read(path):
    """{name: text} of those of FILES that the folder or the archive has."""
    if path.is_dir():
        return {file.name: _text(file.read_bytes()) for file in path.rglob("*_GroundTruth.txt")}
    if not path.is_file():
        raise FileNotFoundError(f"load_snippets: no such file: {path}: run {COMMAND}")
    try:
        return _members(path.read_bytes())
    except tarfile.TarError as error:
        raise ValueError(f"load_snippets: {path} is no .tar.gz: {error}") from error


def _members(archive):
    """The same of an archive's bytes; an archive inside it is opened too."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            name = Path(member.name).name
            if member.isfile() and name.endswith("_GroundTruth.txt"):
                found[name] = _text(members.extractfile(member).read())
            elif member.isfile() and name.endswith(".tar.gz"):
                found |= _members(members.extractfile(member).read())
    return found


def _text(content):
    return content.decode("utf-8", errors="replace")
