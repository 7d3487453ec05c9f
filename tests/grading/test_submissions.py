"""Submissions: what is read, what is refused with a sentence, and that the class goes on."""

import os
import stat
import zipfile

import pytest

from minidl.grading.classroom import grade_all
from minidl.grading.exam import Exam
from minidl.grading.folder import load_assignment
from minidl.grading.submissions import LARGEST, find_submissions

SOURCE = "x = 1\n"


def one(path):
    (found,) = find_submissions(path, "gru")
    return found


def zipped(path, **entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/gru.py", "no")
        for name, text in entries.items():
            archive.writestr(name.replace("__", "/").replace("_py", ".py"), text)
    return path


def test_a_file(tmp_path):
    path = tmp_path / "ada.py"
    path.write_text(SOURCE)
    assert (one(path).student, one(path).source, one(path).fault) == ("ada", SOURCE, "")


def test_a_byte_order_mark_is_no_matter(tmp_path):
    (tmp_path / "gru.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert one(tmp_path).source == SOURCE


def test_a_class_of_files_zips_and_folders(tmp_path):
    (tmp_path / "ada.py").write_text(SOURCE)
    zipped(tmp_path / "bob.zip", hw__gru_py=SOURCE, hw__test_gru_py="no")
    (tmp_path / "cyd").mkdir()
    (tmp_path / "cyd" / "gru.py").write_text(SOURCE)
    (tmp_path / "dan").mkdir()
    zipped(tmp_path / "dan" / "work.zip", gru_py=SOURCE)
    (tmp_path / "notes.txt").write_text("not a submission")
    (tmp_path / ".hidden.py").write_text("x")
    found = find_submissions(tmp_path, "gru")
    assert [s.student for s in found] == ["ada", "bob", "cyd", "dan"]
    assert [s.source for s in found] == [SOURCE] * 4


def test_not_utf8(tmp_path):
    (tmp_path / "ada.py").write_bytes(b"x = '\xe9'\n")
    assert "not UTF-8 (byte 5)" in one(tmp_path / "ada.py").fault


def test_too_large(tmp_path):
    (tmp_path / "ada.py").write_bytes(b"#" * (LARGEST + 1))
    assert "larger than 128 kB" in one(tmp_path / "ada.py").fault


def test_an_empty_folder(tmp_path):
    (tmp_path / "ada").mkdir()
    assert "no gru.py" in one(tmp_path).fault


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX's")
def test_links_and_pipes_are_not_followed(tmp_path):
    (tmp_path / "class").mkdir()
    secret = tmp_path / "secret.py"
    secret.write_text("SECRET = 1")
    (tmp_path / "class" / "ada.py").symlink_to(secret)
    (tmp_path / "class" / "bob").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "class" / "cyd.py")
    os.mkfifo(tmp_path / "class" / "eve.zip")
    (tmp_path / "class" / "dan").mkdir()
    (tmp_path / "class" / "dan" / "gru.py").symlink_to("/dev/zero")
    found = find_submissions(tmp_path / "class", "gru")
    assert [s.student for s in found] == ["ada", "bob", "cyd", "dan", "eve"]
    assert all(s.fault and not s.source for s in found)
    assert "symbolic link" in found[0].fault


def test_a_path_that_leads_out_of_a_zip(tmp_path):
    for name in ("../gru.py", "/etc/gru.py", "a/../../gru.py", "..\\gru.py", "C:\\gru.py"):
        path = tmp_path / "ada.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, SOURCE)
        assert "leads out of the zip" in one(path).fault, name
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ada.zip"]


def test_a_zip_bomb(tmp_path):
    path = tmp_path / "ada.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gru.py", bytes(64 << 20))
    assert path.stat().st_size < 1 << 20
    assert "zip bomb" in one(path).fault


def test_a_zip_bomb_that_lies_about_its_size(tmp_path):
    path = zipped(tmp_path / "ada.zip", gru_py="#" * (8 << 20))
    data = path.read_bytes().replace((8 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    path.write_bytes(data)
    assert one(path).fault or len(one(path).source) <= 9


def test_many_entries(tmp_path):
    path = tmp_path / "ada.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(600):
            archive.writestr(f"{i}.txt", "")
    assert one(path).fault


def test_a_link_in_a_zip(tmp_path):
    path = tmp_path / "ada.zip"
    entry = zipfile.ZipInfo("gru.py")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert "symbolic link" in one(path).fault


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all", b"PK\5\6" + bytes(18)])
def test_no_zip(tmp_path, data):
    path = tmp_path / "ada.zip"
    path.write_bytes(data)
    assert one(path).fault


def test_an_unusual_zip(tmp_path):
    """LZMA may ask for gigabytes before the first byte."""
    path = tmp_path / "ada.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("gru.py", SOURCE)
    assert "unusual kind" in one(path).fault


def test_a_zip_with_a_password(tmp_path):
    path = zipped(tmp_path / "ada.zip", gru_py=SOURCE)
    data = bytearray(path.read_bytes())
    for start in (data.find(b"PK\3\4") + 6, data.rfind(b"PK\1\2") + 8):
        data[start] |= 1
    path.write_bytes(bytes(data))
    assert one(path).fault


def test_two_files_that_could_be_it(tmp_path):
    assert "2 files" in one(zipped(tmp_path / "a.zip", a__gru_py=SOURCE, b__gru_py="")).fault


def test_a_class_of_good_and_bad_goes_on(tmp_path):
    """Every fault is 0 points with a sentence, in the order of the class; the good ones win."""
    assignment = load_assignment("dense_rows")
    good = assignment.solution
    files = {
        "a.py": good, "b.py": "def f(:", "c.py": "import os; os._exit(0)", "d.py": "",
        "e.py": good, "f.py": "def dense(x):\n    return 1\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "g.py").write_bytes(b"\xff\xfe")
    submissions = find_submissions(tmp_path, "dense_rows")
    results = grade_all(submissions, Exam(assignment), jobs=2)
    assert [r.student for r in results] == list("abcdefg")
    assert [r.score for r in results] == [100, 0, 0, 0, 100, 0, 0]
    lost = [r for r in results if r.score == 0]
    assert all(mark.text for r in lost for mark in r.marks)
    assert "line 1: SyntaxError" in results[1].fault
    assert "there is no function dense" in results[3]["dense.value"].text
    assert "UTF-8" in results[6].fault
