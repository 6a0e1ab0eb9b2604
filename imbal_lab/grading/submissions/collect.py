"""Collect handed-in notebooks into nbgrader's `submitted/` folder; nothing is ever lost."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, insert, select

from imbal_lab.grading.course import Course, read_notebook, sha256, write_atomically
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.submissions import identity, intake
from imbal_lab.grading.submissions.identity import Sender
from imbal_lab.grading.submissions.intake import Found


@dataclass(frozen=True)
class Collected:
    """What became of one notebook."""

    student: str
    found: str  # where it stood
    result: str  # new, replaced, older, same
    damaged: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Collection:
    """All notebooks taken, by student, and a line for each thing that was left."""

    collected: list[Collected]
    skipped: list[str]


def collect(course: Course, lesson: str, source: Path) -> Collection:
    """Take every submission of `lesson` that a folder or an LMS zip holds.

    Of two versions from one student the newer (by file date) is kept as the submission and the
    other stays beside it, as `submitted/STUDENT/.older/LESSON.DATE.ipynb`, where nbgrader does not
    look. A damaged notebook is taken as it is, with a note.
    Raises CourseError for a lesson that was not released and a source that cannot be read.
    """
    with tables.connect(course) as connection:
        tables.require_release(connection, lesson)
        query = select(tables.submissions).where(tables.submissions.c.lesson == lesson)
        known = {row.student: row.origin for row in connection.execute(query)}
    taken = intake.read(source)
    skipped = list(taken.skipped)
    collected = []
    for student, group in sorted(_by_student(taken.notebooks, lesson, known).items()):
        chosen, doubts = _choose(student, group, lesson)
        skipped += doubts
        for sender, found in chosen:
            collected.append(_store(course, lesson, sender, found))
        if chosen:
            _remember(course, lesson, chosen[-1][0])
    skipped += [
        f"{found.path}: whose is it? Put it into a folder named after the student"
        for found in taken.notebooks
        if identity.identify(found, lesson) is None
    ]
    if taken.others:
        skipped.append(f"{taken.others} other files: no notebooks")
    return Collection(collected, skipped)


def _by_student(
    notebooks: list[Found], lesson: str, known: dict[str, str]
) -> dict[str, list[tuple[Sender, Found]]]:
    """What each student handed in; notebooks without a sender are left out."""
    pairs = [(identity.identify(found, lesson), found) for found in notebooks]
    owned = [(sender, found) for sender, found in pairs if sender is not None]
    senders = identity.tell_namesakes_apart([sender for sender, _ in owned], known)
    groups: dict[str, list[tuple[Sender, Found]]] = defaultdict(list)
    for sender, (_, found) in zip(senders, owned, strict=True):
        groups[sender.student].append((sender, found))
    return groups


def _choose(
    student: str, group: list[tuple[Sender, Found]], lesson: str
) -> tuple[list[tuple[Sender, Found]], list[str]]:
    """The versions of the lesson among a student's notebooks, oldest first, and lines of doubt."""
    if len({sender.origin for sender, _ in group}) > 1:
        return [], [f"{found.path}: several places claim the id {student!r}" for _, found in group]
    named = [pair for pair in group if identity.is_named_after(pair[0].file, lesson)]
    if len(group) > 1 and not named:
        why = f"one of {len(group)} notebooks of {student!r}, and none is called {lesson}.ipynb"
        return [], [f"{found.path}: {why}" for _, found in group]
    chosen = named or group
    left = [f"{pair[1].path}: not called {lesson}.ipynb" for pair in group if pair not in chosen]
    return sorted(chosen, key=lambda pair: pair[1].modified), left


def _store(course: Course, lesson: str, sender: Sender, found: Found) -> Collected:
    """Put one notebook in place, or aside where a newer one is there."""
    target = course.notebook("submitted", sender.student, lesson)
    damage = _damage(found.content)
    notes = [note for note in (damage, sender.note) if note]
    there = target.read_bytes() if target.exists() else None
    if there == found.content:
        result = "same"
    elif there is not None and found.modified < target.stat().st_mtime:
        result = "older"
        aside = _aside(course, lesson, sender.student, found.content, found.modified)
        notes.append(f"a newer one is here; kept as {aside}")
    else:
        result = "new" if there is None else "replaced"
        if there is not None:
            date = target.stat().st_mtime
            notes.append(f"the old one: {_aside(course, lesson, sender.student, there, date)}")
        _write(target, found.content, found.modified)
    return Collected(sender.student, str(found.path), result, bool(damage), tuple(notes))


def _aside(course: Course, lesson: str, student: str, content: bytes, modified: float) -> str:
    """Keep a version out of nbgrader's sight; returns its path below the course."""
    date = datetime.fromtimestamp(modified).strftime("%Y%m%d-%H%M%S")
    name = f"{lesson}.{date}.{sha256(content)[:8]}.ipynb"
    path = course.root / "submitted" / student / ".older" / name
    if not path.exists():
        _write(path, content, modified)
    return path.relative_to(course.root).as_posix()


def _write(path: Path, content: bytes, modified: float) -> None:
    write_atomically(path, content)
    os.utime(path, (modified, modified))


def _damage(content: bytes) -> str:
    """Why this is no readable notebook; '' for a sound one."""
    try:
        read_notebook(content)
    except ValueError as error:
        return f"not a readable notebook: {printable(str(error), 80)}"
    return ""


def _remember(course: Course, lesson: str, sender: Sender) -> None:
    table = tables.submissions
    content = course.notebook("submitted", sender.student, lesson).read_bytes()
    row = {"lesson": lesson, "student": sender.student, "origin": sender.origin}
    with tables.connect(course) as connection:
        same = (table.c.lesson == lesson) & (table.c.student == sender.student)
        connection.execute(delete(table).where(same))
        connection.execute(
            insert(table).values(
                **row, sha256=sha256(content), collected=datetime.now(UTC).replace(tzinfo=None)
            )
        )
