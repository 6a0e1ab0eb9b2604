"""Released cells that are missing from a submission, put back where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from imbal_lab.grading.submissions.layout import Entry
from imbal_lab.grading.submissions.matching import same_source
from imbal_lab.grading.submissions.planned import as_released
from imbal_lab.grading.submissions.released import ReleasedCell
from imbal_lab.grading.submissions.source_tree import bound_names

ELSEWHERE = "# The answer stands in another cell of this notebook; that one counts."


def put_back(entries: list[Entry], released: Sequence[ReleasedCell]) -> list[str]:
    """Complete `entries` in place; returns a note for each cell that was put back.

    A deleted answer comes back empty, unless another cell of the student's defines its function:
    then a comment stands in its place. Cells that the release neither marks nor locks may go.
    """
    notes = []
    for number, cell in enumerate(released):
        there = [k for k, entry in enumerate(entries) if entry.number == number]
        if not there and cell.role != "free":
            entries.insert(_place(entries, number, cell.role), Entry(number, as_released(cell)))
            notes.append(f"{cell.id} was missing; it was put back as released.")
    return notes + _point_elsewhere(entries, released)


def _point_elsewhere(entries: list[Entry], released: Sequence[ReleasedCell]) -> list[str]:
    """A comment in place of each untouched answer that the student wrote into another cell."""
    notes = []
    untouched = [place for place, entry in enumerate(entries) if _is_untouched(entry, released)]
    students = [entry.cell.source for entry in entries if _is_students(entry, released)]
    defined = frozenset().union(*map(bound_names, students)) if untouched else frozenset()
    for place in untouched:
        entry = entries[place]
        if entry.cell.exercise in defined:
            entries[place] = replace(entry, cell=replace(entry.cell, source=ELSEWHERE))
            notes.append(f"{entry.cell.id}: the function is in another cell; that one counts.")
    return notes


def _place(entries: list[Entry], number: int, role: str) -> int:
    """Below the last released cell before it; a check also below what was added there."""
    before = [entry.number for entry in entries if entry.number is not None]
    nearest = max((n for n in before if n < number), default=None)
    place = 0
    if nearest is not None:
        place = 1 + max(k for k, entry in enumerate(entries) if entry.number == nearest)
    while role == "check" and place < len(entries) and entries[place].number is None:
        place += 1
    return place


def _is_untouched(entry: Entry, released: Sequence[ReleasedCell]) -> bool:
    """Whether this is an answer cell as it was released."""
    if entry.number is None or released[entry.number].role != "answer":
        return False
    return same_source(entry.cell.source, released[entry.number].source)


def _is_students(entry: Entry, released: Sequence[ReleasedCell]) -> bool:
    """Whether this is code that the student wrote or may have changed."""
    role = None if entry.number is None else released[entry.number].role
    own = entry.cell.kind == "code" and role in (None, "answer", "free")
    return own and not _is_untouched(entry, released)
