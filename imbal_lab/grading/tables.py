"""Our own tables, beside nbgrader's in the same database.

nbgrader knows points per cell. These tables know what lies behind them: which release was graded,
with which seed, which case groups passed, and which misunderstanding was recognised.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    select,
)
from sqlalchemy.exc import DBAPIError

from .conversion import environment
from .course import Course, CourseError

metadata = MetaData()

releases = Table(
    "imbal_lab_releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lesson", String(128), nullable=False, index=True),
    Column("version", String(64), nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("notebook_sha256", String(64), nullable=False),
    Column("released", DateTime, nullable=False),  # UTC, as all times here
)

submissions = Table(
    "imbal_lab_submissions",
    metadata,
    Column("lesson", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("origin", String(256), nullable=False),  # "moodle 12345" or the name it came under
    Column("sha256", String(64), nullable=False),
    Column("collected", DateTime, nullable=False),
)

runs = Table(
    "imbal_lab_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lesson", String(128), nullable=False, index=True),
    Column("student", String(128), nullable=False, index=True),
    Column("release_id", ForeignKey(releases.c.id), nullable=False),
    Column("submission_sha256", String(64), nullable=False),
    Column("made_from", String(64)),  # source_sha256 in the submission; NULL where stripped
    Column("seed", BigInteger, nullable=False),
    Column("started", DateTime, nullable=False),
    Column("finished", DateTime),
    Column("status", String(16), nullable=False),  # running, graded, failed
    Column("reason", Text),  # why it failed
)

diagnoses = Table(
    "imbal_lab_diagnoses",
    metadata,
    Column("run_id", ForeignKey(runs.c.id), primary_key=True),
    Column("exercise", String(128), primary_key=True),
    Column("position", Integer, nullable=False),  # order in the notebook
    Column("state", String(16), nullable=False),  # not started, not yet, done, no result
    Column("score", Float, nullable=False),
    Column("points", Float, nullable=False),
    Column("mistake", String(128)),  # name of the recognised mistake
    Column("line_1", Text, nullable=False),
    Column("line_2", Text, nullable=False),
    Column("line_3", Text, nullable=False),
)

cases = Table(
    "imbal_lab_cases",
    metadata,
    Column("run_id", ForeignKey(runs.c.id), primary_key=True),
    Column("exercise", String(128), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(256), nullable=False),  # the group's plain-words name
    Column("hidden", Boolean, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("weight", Float, nullable=False),
)


def gradebook(course: Course) -> Any:
    """nbgrader's Gradebook, to be used in a `with` block."""
    from nbgrader.api import Gradebook

    directory = course.directory()
    # To a new database nbgrader applies the program alembic, which it looks for on the PATH.
    programs = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    with environment(PATH=programs):
        return Gradebook(directory.db_url, directory.course_id)


@contextmanager
def connect(course: Course) -> Iterator[Connection]:
    """One transaction on the course's database, with nbgrader's tables and ours in place.

    Raises CourseError where the database is locked, damaged or out of reach.
    """
    engine = create_engine(course.directory().db_url)
    try:
        # nbgrader stamps its schema version only into an empty database, so it must come first.
        with gradebook(course):
            pass
        metadata.create_all(engine)
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise CourseError(f"the gradebook cannot be used: {error.orig}") from error
    finally:
        engine.dispose()


def latest_release(connection: Connection, lesson: str) -> dict | None:
    """The newest row of `releases` for a lesson, or None."""
    query = select(releases).where(releases.c.lesson == lesson).order_by(releases.c.id.desc())
    row = connection.execute(query.limit(1)).mappings().first()
    return dict(row) if row else None


def latest_runs(connection: Connection, lesson: str) -> dict[str, dict]:
    """The newest run of each student for a lesson, by student."""
    query = select(runs).where(runs.c.lesson == lesson).order_by(runs.c.id)
    return {row["student"]: dict(row) for row in connection.execute(query).mappings()}


def require_release(connection: Connection, lesson: str) -> dict:
    """The newest release of a lesson. Raises CourseError where there is none."""
    release = latest_release(connection, lesson)
    if release is None:
        raise CourseError(f"{lesson} was not released; run imbal-lab release {lesson} first")
    return release
