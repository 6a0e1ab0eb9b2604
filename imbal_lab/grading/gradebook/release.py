"""Release a lesson: register it with nbgrader and make what students get."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert

from imbal_lab.grading.course import (
    Course,
    CourseError,
    lesson_metadata,
    read_notebook,
    sha256,
    write_atomically,
)
from imbal_lab.grading.gradebook import releases, tables
from imbal_lab.grading.gradebook.conversion import ConversionError, convert

README = """\
{title}

1. You need the course "Imbal Lab" (version {version}) on your computer. Your teacher tells you how
   your class installs it. From a copy of the course folder it is one command:
       python run.py lab
2. Put {lesson}.ipynb into a folder of your own and open it in JupyterLab:
       jupyter lab {lesson}.ipynb
3. Write your answers where it says YOUR CODE HERE and run the check below each of them, as often
   as you like. Do not delete or copy cells: your marks are tied to them.
4. Save, and hand in {lesson}.ipynb, this one file, the way your teacher asked for.
"""


@dataclass(frozen=True)
class Release:
    """What a release made: the notebook, the student bundle and the lesson's version."""

    lesson: str
    version: str
    notebook: Path
    bundle: Path
    again: bool  # the very same notebook had been released before


def release(course: Course, lesson: str, *, force: bool = False) -> Release:
    """Register `lesson` in the gradebook and write `release/LESSON/` and `release/LESSON.zip`.

    nbgrader's source folder gets a copy of the built notebook, which holds no answer.
    Raises CourseError for an unknown lesson, a notebook that the build did not make, and, unless
    `force`, where work on another version of it was handed in already.
    """
    built = course.lesson_notebook(lesson)
    content = built.read_bytes()
    try:
        made_from = lesson_metadata(read_notebook(content))
    except ValueError:
        made_from = {}
    if made_from.get("lesson") != lesson or "version" not in made_from:
        raise CourseError(f"{built} was not made by imbal-lab build; run that first")

    with tables.connect(course) as connection:
        previous = tables.latest_release(connection, lesson)
    again = previous is not None and previous["notebook_sha256"] == sha256(content)
    handed_in = course.students("submitted", lesson)
    if previous and not again and handed_in and not force:
        raise CourseError(
            f"{lesson} was released as version {previous['version']} and {len(handed_in)} "
            "students handed in work on it; the notebook has changed since. "
            "To replace it all the same: --force, then grade again"
        )

    _register(course, lesson, content)
    bundle = course.root / "release" / f"{lesson}.zip"
    write_atomically(bundle, _bundle(course, lesson, made_from))
    with tables.connect(course) as connection:
        if not again:
            _record(connection, lesson, made_from, content)
        handed_out = course.notebook("release", ".", lesson).read_bytes()
        releases.keep_notebook(connection, lesson, handed_out)
    return Release(
        lesson, made_from["version"], course.notebook("release", ".", lesson), bundle, again
    )


def _record(connection: Connection, lesson: str, made_from: dict[str, str], content: bytes) -> None:
    connection.execute(
        insert(tables.releases).values(
            lesson=lesson,
            version=made_from["version"],
            source_sha256=made_from["source_sha256"],
            notebook_sha256=sha256(content),
            released=datetime.now(UTC).replace(tzinfo=None),
        )
    )


def _register(course: Course, lesson: str, content: bytes) -> None:
    """Let nbgrader take the notebook; where it refuses, everything stays as it was."""
    source = course.root / "source" / lesson / f"{lesson}.ipynb"
    before = source.read_bytes() if source.exists() else None
    directory = course.directory(assignment_id=lesson, student_id=".")
    write_atomically(source, content)
    try:
        convert("GenerateAssignment", directory)
    except ConversionError:
        source.unlink()
        if before is not None:
            write_atomically(source, before)
            convert("GenerateAssignment", directory)
        raise


def _bundle(course: Course, lesson: str, made_from: dict[str, str]) -> bytes:
    """The zip for students: the released notebook and how to open it, the same bytes each time."""
    readme = README.format(
        title=made_from.get("title", lesson), version=made_from["version"], lesson=lesson
    )
    released = course.notebook("release", ".", lesson).read_bytes()
    files = {f"{lesson}.ipynb": released, "README.txt": readme.encode("utf-8")}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(f"{lesson}/{name}", date_time=(2026, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return content.getvalue()
