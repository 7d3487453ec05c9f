"""load_snippets: from an archive inside an archive, from either one, from a folder."""

import io
import tarfile

import pytest

from minidl.datasets import load_snippets
from minidl.datasets.snippets import FILES

NEWS = (
    "1_1\t0.4\tRates rose.\n1_2\t0.1\tThe mayor spoke.\n"
    "12_1\t-1\tRates rose.\n12_2\t2\tTaxes fell.\n"
)
FILMS = "1\t2.2\tA joy.\n2\t-1.5\tDull, and long.\n3\t0\tA joy.\n"
TEXTS = ["Rates rose.", "The mayor spoke.", "Taxes fell.", "A joy.", "Dull, and long."]


def archive(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture(params=["source archive", "inner archive", "folder"])
def place(request, tmp_path):
    files = {name: text.encode() for name, text in zip(FILES, (NEWS, FILMS))}
    inner = archive({f"hutto/{name}": content for name, content in files.items()})
    if request.param == "folder":
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return tmp_path
    path = tmp_path / "snippets.tar.gz"
    outer = archive({"v/setup.py": b"x", "v/resources/inner.tar.gz": inner})
    path.write_bytes(outer if request.param == "source archive" else inner)
    return path


def test_texts_labels_and_groups(place):
    texts, labels, groups = load_snippets(place)
    assert texts == TEXTS  # a text that occurs again is left out
    assert labels.tolist() == [0, 0, 0, 1, 1]
    assert groups[0] == groups[1]  # of one editorial
    assert len(set(groups.tolist())) == 4


def test_it_says_what_to_download(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"pip download .* vadersentiment==3\.3\.2"):
        load_snippets(tmp_path / "nothing.tar.gz")
    with pytest.raises(FileNotFoundError, match="does not have nytEditorial"):
        load_snippets(tmp_path)
    (tmp_path / "text.tar.gz").write_text("no archive")
    with pytest.raises(ValueError, match=r"is no \.tar\.gz"):
        load_snippets(tmp_path / "text.tar.gz")
