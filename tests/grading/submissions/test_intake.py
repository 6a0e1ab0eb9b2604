"""What is read out of folders and zips, and what is left where it is."""

import datetime
import os
import stat
import zipfile

import pytest

from imbal_lab.grading.course import CourseError
from imbal_lab.grading.submissions import intake


def zipped(path, members):
    """A zip at `path`; members are name -> bytes, or (ZipInfo, bytes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def names(taken):
    return [str(found.path) for found in taken.notebooks]


def test_zip_gives_notebooks_with_bytes_and_dates(tmp_path):
    info = zipfile.ZipInfo("a/x.ipynb", date_time=(2026, 3, 1, 12, 30, 10))
    taken = intake.read(zipped(tmp_path / "s.zip", {info: b"one", "b.ipynb": b"two"}))
    assert names(taken) == ["a/x.ipynb", "b.ipynb"]
    assert taken.notebooks[0].content == b"one"
    assert datetime.datetime.fromtimestamp(taken.notebooks[0].modified).isoformat() == (
        "2026-03-01T12:30:10"
    )
    assert taken.skipped == []


def test_date_of_the_archive_where_a_member_has_none(tmp_path):
    info = zipfile.ZipInfo("a.ipynb", date_time=(1980, 1, 1, 0, 0, 0))
    path = zipped(tmp_path / "s.zip", {info: b"{}"})
    os.utime(path, (10**9, 10**9))
    assert intake.read(path).notebooks[0].modified == 10**9


def test_folder_gives_the_same(tmp_path):
    (tmp_path / "s" / "a").mkdir(parents=True)
    (tmp_path / "s" / "a" / "x.ipynb").write_bytes(b"one")
    (tmp_path / "s" / "notes.pdf").write_bytes(b"")
    taken = intake.read(tmp_path / "s")
    assert names(taken) == ["a/x.ipynb"]
    assert (taken.others, taken.skipped) == (1, [])


@pytest.mark.parametrize(
    "name",
    ["../x.ipynb", "/etc/x.ipynb", "a/../../x.ipynb", "..\\x.ipynb", "C:\\x.ipynb", "C:/x.ipynb"],
)
def test_path_out_of_the_archive_is_skipped_with_a_line(tmp_path, name):
    taken = intake.read(zipped(tmp_path / "s.zip", {name: b"{}", "good.ipynb": b"{}"}))
    assert names(taken) == ["good.ipynb"]
    assert "leads out of the archive" in taken.skipped[0]


def test_link_in_a_zip_is_skipped(tmp_path):
    link = zipfile.ZipInfo("x.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    taken = intake.read(zipped(tmp_path / "s.zip", {link: b"/etc/passwd"}))
    assert names(taken) == []
    assert taken.skipped == ["x.ipynb: a link or device, not a file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
def test_links_and_pipes_in_a_folder_are_skipped(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    (tmp_path / "secret.ipynb").write_bytes(b"secret")
    (folder / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "pipe.ipynb")
    taken = intake.read(folder)
    assert names(taken) == []
    assert [line.split(":")[0] for line in taken.skipped] == ["link.ipynb", "pipe.ipynb", "up"]


def test_nested_archive_is_skipped(tmp_path):
    taken = intake.read(zipped(tmp_path / "s.zip", {"jane/work.zip": b"PK", "a.ipynb": b"{}"}))
    assert names(taken) == ["a.ipynb"]
    assert "jane/work.zip: an archive in an archive" in taken.skipped[0]


def test_bomb_is_skipped_and_its_neighbour_is_not(tmp_path):
    bomb = b"0" * (2 * intake.RATIO_FROM)  # packs about 1000 to 1
    taken = intake.read(zipped(tmp_path / "s.zip", {"bomb.ipynb": bomb, "a.ipynb": b"{}"}))
    assert names(taken) == ["a.ipynb"]
    assert "bomb.ipynb: packed more than 200 to 1" in taken.skipped[0]


def test_limits_on_size_number_and_total(tmp_path, monkeypatch):
    path = zipped(tmp_path / "s.zip", {"a.ipynb": b"12345", "b.ipynb": b"123"})
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.ipynb").write_bytes(b"123")

    monkeypatch.setattr(intake, "MOST_BYTES", 4)
    assert names(intake.read(path)) == ["b.ipynb"]
    monkeypatch.setattr(intake, "MOST_BYTES_TOTAL", 5)
    with pytest.raises(CourseError, match="nothing was collected"):
        intake.read(folder)
    monkeypatch.setattr(intake, "MOST_MEMBERS", 1)
    for source in (path, folder):
        with pytest.raises(CourseError, match="more than 1 files"):
            intake.read(source)


def test_member_that_lies_about_its_size_is_skipped(tmp_path):
    path = zipped(tmp_path / "s.zip", {"a.ipynb": b"x" * 50_000, "b.ipynb": b"{}"})
    true, lie = (50_000).to_bytes(4, "little"), (50).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, lie))
    taken = intake.read(path)
    assert names(taken) == ["b.ipynb"]
    assert "a.ipynb: cannot be unpacked" in taken.skipped[0]


@pytest.mark.parametrize(
    ("packing", "head"), [(zipfile.ZIP_DEFLATED, 0), (zipfile.ZIP_BZIP2, 0), (zipfile.ZIP_LZMA, 9)]
)
def test_damaged_member_is_skipped_and_its_neighbours_are_not(tmp_path, packing, head):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name in ("a.ipynb", "bad.ipynb", "c.ipynb"):
            archive.writestr(name, b"a notebook " * 99)
        bad = archive.getinfo("bad.ipynb")
    content = bytearray(path.read_bytes())
    packed = bad.header_offset + 30 + len(bad.filename)  # after the local file header
    content[packed + head : packed + bad.compress_size] = b"\xff" * (bad.compress_size - head)
    path.write_bytes(content)
    taken = intake.read(path)
    assert names(taken) == ["a.ipynb", "c.ipynb"]
    assert len(taken.skipped) == 1
    assert "bad.ipynb: cannot be unpacked" in taken.skipped[0]


def test_litter_of_systems_is_passed_over(tmp_path):
    litter = {"__MACOSX/._a.ipynb": b"", ".ipynb_checkpoints/a.ipynb": b"", "a.ipynb": b"{}"}
    taken = intake.read(zipped(tmp_path / "s.zip", litter))
    assert (names(taken), taken.skipped, taken.others) == (["a.ipynb"], [], 0)


def test_clear_words_for_what_cannot_be_read(tmp_path):
    with pytest.raises(CourseError, match="does not exist"):
        intake.read(tmp_path / "nothing.zip")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(CourseError, match="neither a folder nor a zip file"):
        intake.read(tmp_path / "text.zip")
    whole = zipped(tmp_path / "s.zip", {"a.ipynb": b"{}"}).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[len(whole) // 2 :])  # the list of members points before the file
    with pytest.raises(CourseError, match=r"damaged zip|neither"):
        intake.read(cut)
