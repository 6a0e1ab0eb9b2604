"""Our own tables, beside nbgrader's in the same database.

nbgrader knows points per cell. These tables know what lies behind them: which release was graded,
with which seed, which case groups passed, which misunderstanding was recognised, what was mended
and what a person should look at.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    inspect,
    select,
)
from sqlalchemy.exc import DBAPIError

from imbal_lab.grading.course import Course, CourseError
from imbal_lab.grading.gradebook.conversion import environment, printable

NBGRADERS_LAST = "alembic_version"  # the table that it makes when all others are there

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

release_notebooks = Table(
    "imbal_lab_release_notebooks",
    metadata,
    Column("release_id", ForeignKey(releases.c.id), primary_key=True),
    Column("content", LargeBinary, nullable=False),  # as it was handed out
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
    Column("status", String(16), nullable=False),  # graded, failed; running: of an older version
    Column("reason", Text),  # why it failed
    Column("cpu_seconds", Float),  # of the student's processes; NULL: failed, or an older version
    Column("notebook_sha256", String(64)),  # of the autograded notebook that this run wrote
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
    Column("cpu_seconds", Float),
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

remarks = Table(
    "imbal_lab_remarks",
    metadata,
    Column("run_id", ForeignKey(runs.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),  # note: mended, costs nothing; doubt: for a person
    Column("text", Text, nullable=False),
)

flags = Table(
    "imbal_lab_flags",
    metadata,
    Column("run_id", ForeignKey(runs.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("exercise", String(128)),  # NULL: in a cell that belongs to none
    Column("line", Text, nullable=False),  # the student's
    Column("why", Text, nullable=False),
)

secrets = Table(
    "imbal_lab_secrets",
    metadata,
    Column("name", String(32), primary_key=True),  # "course" is the only one
    Column("value", String(64), nullable=False),  # 32 random bytes, hexadecimal
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
def database(course: Course) -> Iterator[Engine]:
    """The course's database, with nbgrader's tables and ours in place, for several transactions.

    Raises CourseError where it is locked, full, read-only, damaged or out of reach.
    """
    engine = create_engine(course.directory().db_url)
    try:
        # nbgrader stamps its schema version only into an empty database, so it must come first.
        if not inspect(engine).has_table(NBGRADERS_LAST):
            with gradebook(course):
                pass
        _bring_up_to_date(engine)
        yield engine
    except DBAPIError as error:
        reason = printable(str(error.orig))
        advice = next((f". {text}" for sign, text in REMEDIES.items() if sign in reason), "")
        raise CourseError(f"the gradebook cannot be used: {reason}{advice}") from error
    finally:
        engine.dispose()


@contextmanager
def connect(course: Course) -> Iterator[Connection]:
    """One transaction on the course's database. Raises CourseError as `database` does."""
    with database(course) as engine, engine.begin() as connection:
        yield connection


REMEDIES = {  # part of the database's own words -> what to do
    "locked": "Close what else writes to it, then run this again",
    "full": "Free some space, then run this again; what was finished is kept",
    "readonly": "Make the file and its folder writable for you, then run this again",
}


def _bring_up_to_date(engine: Engine) -> None:
    """Make the tables that are missing, and the columns that an older version did not have."""
    metadata.create_all(engine)
    there = inspect(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            known = {column["name"] for column in there.get_columns(table.name)}
            for column in table.columns:
                if column.name not in known:
                    kind = column.type.compile(engine.dialect)
                    change = f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"
                    connection.execute(DDL(change))


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
