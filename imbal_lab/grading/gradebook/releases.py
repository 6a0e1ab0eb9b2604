"""Which release a submission is graded against: the one it was made from, where that is known."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from imbal_lab.grading.course import Course, CourseError, lesson_metadata, read_notebook
from imbal_lab.grading.gradebook import tables


@dataclass(frozen=True)
class Chosen:
    """A row of the table of releases, its notebook as handed out, and what to tell the teacher."""

    release: dict
    notebook: bytes
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def made_from(submission: bytes) -> str | None:
    """The source_sha256 of the release that a submission names; None where it names none."""
    try:
        source = lesson_metadata(read_notebook(submission)).get("source_sha256")
    except ValueError:
        return None
    return source[:64] if isinstance(source, str) and source.isalnum() else None


def choose(connection: Connection, course: Course, lesson: str, source: str | None) -> Chosen:
    """The release made from `source` (see `made_from`), else the newest one.

    A release of a time when notebooks were not kept gives way to the newest, with a doubt.
    Raises CourseError for a lesson that was not released, or whose release is gone from disk.
    """
    newest = tables.require_release(connection, lesson)
    named = _made_from(connection, lesson, source) if source else newest
    kept = _notebook(connection, named or newest)
    if named is None:
        doubt = "made from a version of the lesson that was not released here"
    elif kept is None and named["id"] != newest["id"]:
        doubt = f"made from version {named['version']}, whose notebook was not kept"
    else:
        notes = _notes(connection, newest, named, source)
        return Chosen(named, kept or _on_disk(course, lesson), notes)
    doubt = f"{doubt}; graded as version {newest['version']}"
    notebook = _notebook(connection, newest) or _on_disk(course, lesson)
    return Chosen(newest, notebook, (), (doubt,))


def _notes(
    connection: Connection, newest: dict, named: dict, source: str | None
) -> tuple[str, ...]:
    """A note where it was not simply the newest that was named."""
    if named["id"] != newest["id"]:
        return (f"made from the earlier version {named['version']} and graded as that",)
    count = select(func.count()).select_from(tables.releases)
    several = connection.execute(count.where(tables.releases.c.lesson == newest["lesson"]))
    if source is None and several.scalar_one() > 1:
        return (f"it does not say of which version it is; graded as {newest['version']}",)
    return ()


def keep_notebook(connection: Connection, lesson: str, notebook: bytes) -> None:
    """Keep what was handed out with the newest release, where it is not kept already."""
    release = tables.require_release(connection, lesson)
    if _notebook(connection, release) is None:
        values = {"release_id": release["id"], "content": notebook}
        connection.execute(insert(tables.release_notebooks).values(values))


def _made_from(connection: Connection, lesson: str, source: str) -> dict | None:
    table = tables.releases
    same = (table.c.lesson == lesson) & (table.c.source_sha256 == source)
    row = connection.execute(select(table).where(same).order_by(table.c.id.desc())).mappings()
    found = row.first()
    return dict(found) if found else None


def _notebook(connection: Connection, release: dict) -> bytes | None:
    table = tables.release_notebooks
    return connection.execute(
        select(table.c.content).where(table.c.release_id == release["id"])
    ).scalar()


def _on_disk(course: Course, lesson: str) -> bytes:
    path = course.notebook("release", ".", lesson)
    if not path.is_file():
        raise CourseError(f"{path} is gone; run imbal-lab release {lesson} again")
    return path.read_bytes()
