"""What goes to a worker and what comes back: plain data, the same here and on a cluster."""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("not started", "not yet", "done")


@dataclass(frozen=True)
class Job:
    """One submission to grade. No path, no gradebook: a worker elsewhere needs nothing else."""

    lesson: str
    student: str
    submission: bytes  # as it was handed in
    release: bytes  # the released notebook that it was made from
    seed: int  # draws the cases
    unsafe: bool = False  # without confinement: one's own notebooks only


@dataclass(frozen=True)
class Flag:
    """Something a person should look at. The score counts until then."""

    exercise: str | None  # None: in a cell that belongs to no exercise
    line: str  # of the student's code
    why: str


@dataclass(frozen=True)
class GroupResult:
    """One group of cases of an exercise, by its plain-words name."""

    name: str
    hidden: bool
    passed: bool
    weight: float


@dataclass(frozen=True)
class ExerciseResult:
    """How one exercise went: one line of success in `lines`, or three; points of the release."""

    exercise: str
    state: str  # of STATES
    score: float
    points: float
    mistake: str | None  # name of the recognised misunderstanding
    lines: tuple[str, ...]
    groups: tuple[GroupResult, ...]
    cpu_seconds: float


@dataclass(frozen=True)
class Graded:
    """What grading found: every submission gets one, however broken it is.

    `notebook` is the submission as it was understood, as notebook JSON (nbformat 4): the released
    cells in place, the student's sources, safe outputs only, the checks' lines below them.
    `notes` are what was mended and costs nothing; `doubts` ask for a person.
    """

    notebook: bytes
    exercises: tuple[ExerciseResult, ...]
    notes: tuple[str, ...]
    flags: tuple[Flag, ...]
    doubts: tuple[str, ...]
    cpu_seconds: float
