"""Read notebooks out of a folder or zip that strangers filled. Nothing is unpacked or run."""

from __future__ import annotations

import os
import stat
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from imbal_lab.grading.course import CourseError

MOST_MEMBERS = 20_000  # files and folders looked at
MOST_BYTES = 20 * 2**20  # a notebook; whole lessons with pictures stay under 5 MiB
MOST_BYTES_TOTAL = 2**30  # all notebooks together
MOST_RATIO = 200  # unpacked / packed size, for members over RATIO_FROM; notebooks reach about 30
RATIO_FROM = 2**20
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class Found:
    """A notebook that was handed in: where it stood, its bytes, its date (seconds, this clock)."""

    path: PurePosixPath
    content: bytes
    modified: float


@dataclass
class Intake:
    """Everything that was found, and a line for each thing that was not taken."""

    notebooks: list[Found] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    others: int = 0  # files that are no notebooks
    size: int = 0  # bytes of all notebooks

    def take(self, path: PurePosixPath, content: bytes, modified: float) -> None:
        """Add a notebook, while all of them together stay within bounds."""
        self.size += len(content)
        if self.size > MOST_BYTES_TOTAL:
            raise CourseError(
                f"more than {_mib(MOST_BYTES_TOTAL)} of notebooks; nothing was collected. "
                "Collect them in smaller parts"
            )
        self.notebooks.append(Found(path, content, modified))


def read(source: Path) -> Intake:
    """The notebooks in a folder or a zip file, with its paths relative to it.

    Links, devices, nested archives, paths that lead out of the archive and whatever is over the
    size limits above are skipped with a line each. Raises CourseError where the whole cannot be
    read or is too large; then nothing was taken.
    """
    if source.is_dir():
        return _read_folder(source)
    if source.is_file() and zipfile.is_zipfile(source):
        return _read_zip(source)
    if not source.exists():
        raise CourseError(f"{source} does not exist; give a folder or a zip file")
    raise CourseError(f"{source} is neither a folder nor a zip file")


def _read_folder(folder: Path) -> Intake:
    intake = Intake()
    for entry in _walk(folder):
        path = PurePosixPath(Path(entry.path).relative_to(folder).as_posix())
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            intake.skipped.append(f"{path}: a link or device, not a file")
        elif _wanted(path, status.st_size, intake):
            intake.take(path, Path(entry.path).read_bytes(), status.st_mtime)
    return intake


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All entries that are not folders, links not followed, sorted, hidden folders left out."""
    pending, seen = [str(folder)], 0
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                seen += 1
                if seen > MOST_MEMBERS:
                    raise CourseError(f"more than {MOST_MEMBERS} files; nothing was collected")
                if not entry.is_dir(follow_symlinks=False):
                    yield entry
                elif not entry.name.startswith("."):
                    pending.append(entry.path)


def _read_zip(file: Path) -> Intake:
    intake = Intake()
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise CourseError(f"more than {MOST_MEMBERS} files; nothing was collected")
            for member in members:
                _read_member(archive, member, file, intake)
    except zipfile.BadZipFile as error:
        raise CourseError(
            f"{file} is a damaged zip file ({error}); nothing was collected"
        ) from error
    return intake


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path, intake: Intake
) -> None:
    name = member.filename.replace("\\", "/")
    path = PurePosixPath(name)
    mode = member.external_attr >> 16  # Unix mode, 0 where the archive was made elsewhere
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        intake.skipped.append(f"{name}: the path leads out of the archive")
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        intake.skipped.append(f"{name}: a link or device, not a file")
    elif member.is_dir() or not _wanted(path, member.file_size, intake):
        return
    elif member.file_size > max(RATIO_FROM, MOST_RATIO * member.compress_size):
        intake.skipped.append(f"{name}: packed more than {MOST_RATIO} to 1, as no notebook is")
    else:
        try:
            content = archive.read(member)
        except (
            Exception
        ) as error:  # each packing method has its own: zlib.error, LZMAError, EOFError
            intake.skipped.append(f"{name}: cannot be unpacked ({error})")
        else:
            intake.take(path, content, _modified(member, file))


def _wanted(path: PurePosixPath, size: int, intake: Intake) -> bool:
    """Whether this is a notebook of a sensible size; notes it where it is not."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    suffix = path.suffix.lower()
    if hidden:
        return False
    if suffix in ARCHIVES:
        intake.skipped.append(
            f"{path}: an archive in an archive; unpack it and collect it by itself"
        )
    elif suffix != ".ipynb":
        intake.others += 1
    elif size > MOST_BYTES:
        intake.skipped.append(f"{path}: {_mib(size)}, and {_mib(MOST_BYTES)} is the most")
    else:
        return True
    return False


def _modified(member: zipfile.ZipInfo, file: Path) -> float:
    """The member's own date; the archive's where it has none (1980 is the format's zero)."""
    try:
        own = time.mktime((*member.date_time, 0, 0, -1))
    except (OverflowError, ValueError):
        own = 0.0
    return own if member.date_time[0] > 1980 and own > 0 else file.stat().st_mtime


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
