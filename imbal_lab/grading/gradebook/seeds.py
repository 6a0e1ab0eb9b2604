"""The seed that draws a submission's cases: nobody can guess it, and a rerun finds it again."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets

from sqlalchemy import Connection, func, insert, select

from imbal_lab.grading.gradebook import tables


def course_secret(connection: Connection) -> bytes:
    """32 random bytes that are made once for a course and never leave its database."""
    table = tables.secrets
    value = connection.execute(select(table.c.value).where(table.c.name == "course")).scalar()
    if value is None:
        value = secrets.token_hex(32)
        connection.execute(insert(table).values(name="course", value=value))
    return bytes.fromhex(value)


def draw_seed(
    connection: Connection, lesson: str, student: str, submission_sha256: str, release: dict
) -> int:
    """The seed of the next run: 1 to 2**31 - 1, as 0 is the learner's own practice.

    It depends on the course's secret, the student, the submitted bytes, the release, and how many
    runs of these were finished. So a run that was killed has the same seed when it is made again,
    and one more run on the same work has another.
    """
    table = tables.runs
    same = (table.c.lesson == lesson) & (table.c.student == student)
    same &= (table.c.submission_sha256 == submission_sha256) & (table.c.status != "running")
    same &= table.c.release_id == release["id"]
    attempt = connection.execute(select(func.count()).select_from(table).where(same)).scalar_one()
    of = [lesson, student, submission_sha256, release["notebook_sha256"], attempt]
    digest = hmac.new(course_secret(connection), json.dumps(of).encode(), hashlib.sha256).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (2**31 - 1)
