"""The submitted cells in their order, each as what it was found to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from imbal_lab.grading.submissions.copies import counting_copies
from imbal_lab.grading.submissions.matching import Matches, same_source
from imbal_lab.grading.submissions.planned import PlannedCell, as_released
from imbal_lab.grading.submissions.reading import MOST_CODE, SubmittedCell
from imbal_lab.grading.submissions.released import ReleasedCell
from imbal_lab.grading.submissions.source_tree import additions, bound_names, without_checks

TEXTS = ("markdown", "raw")


@dataclass(frozen=True)
class Entry:
    """A planned cell, and the number of the released cell that it is, if any."""

    number: int | None
    cell: PlannedCell


@dataclass
class Layout:
    """Entries in the student's order, and a note for each thing that differs from the release."""

    cells: Sequence[SubmittedCell]
    released: Sequence[ReleasedCell]
    matches: Matches
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    own: int = 0  # cells of the student's own
    texts_edited: int = 0

    def __post_init__(self) -> None:
        self.counting = counting_copies(self.matches, self.cells, self.released)
        for place, number in enumerate(self.matches):
            self.entries += self._own(place) if number is None else self._known(place, number)
        for number in sorted(self.counting):
            self._note_copies(number)
        if self.texts_edited:
            self.notes.append(f"Texts of the lesson that read differently: {self.texts_edited}.")

    def _own(self, place: int) -> list[Entry]:
        cell = self.cells[place]
        if not cell.source.strip():
            return []
        return [self._own_code(cell.source)] if cell.kind == "code" else [self._text(cell.source)]

    def _own_code(self, source: str, exercise: str | None = None) -> Entry:
        self.own += 1
        source = without_checks(source)
        return Entry(None, PlannedCell("code", source, None, exercise, f"own-{self.own}"))

    def _text(self, source: str) -> Entry:
        self.own += 1
        return Entry(None, PlannedCell("markdown", source, None, None, f"own-{self.own}"))

    def _known(self, place: int, number: int) -> list[Entry]:
        released, counts = self.released[number], place in self.counting[number]
        if released.role == "check":
            return self._check(place, number, counts)
        if released.role in ("answer", "essay"):
            return [self._written(place, number)] if counts else []
        if not counts:
            return self._own(place)
        if released.role == "locked":
            return self._locked(place, number)
        return [Entry(number, self._free(place, number))]

    def _check(self, place: int, number: int, counts: bool) -> list[Entry]:
        """What was written into a check's cell runs before it: it may be the answer."""
        released = self.released[number]
        added = self._added(place, number)
        exercise = released.exercise if released.exercise in bound_names(added) else None
        before = [self._own_code(added, exercise)] if added else []
        return before + ([Entry(number, as_released(released))] if counts else [])

    def _locked(self, place: int, number: int) -> list[Entry]:
        added = self._added(place, number)
        after = [self._own_code(added)] if added else []
        return [Entry(number, as_released(self.released[number])), *after]

    def _added(self, place: int, number: int) -> str:
        cell, released = self.cells[place], self.released[number]
        if same_source(cell.source, released.source):
            return ""
        if released.kind != "code":
            self.texts_edited += 1
            return ""
        added = additions(cell.source, released.source) if len(cell.source) <= MOST_CODE else ""
        ran = " What was added to it ran in a cell of its own." if added else ""
        self.notes.append(f"{released.id} was edited; it was put back as released.{ran}")
        return added

    def _written(self, place: int, number: int) -> Entry:
        """An answer or essay: the student's source, whatever type the cell had."""
        cell, released = self.cells[place], self.released[number]
        if (cell.kind in TEXTS) != (released.kind in TEXTS):
            self.notes.append(f"{released.id} had become a {cell.kind} cell; it counts as before.")
        planned = replace(as_released(released), source=without_checks(cell.source))
        if released.kind in TEXTS:
            planned = replace(planned, source=cell.source)
        if place != self.counting[number][-1]:
            self.own += 1
            planned = replace(planned, grade_id=None, id=f"own-{self.own}", metadata={})
        return Entry(number, planned)

    def _free(self, place: int, number: int) -> PlannedCell:
        cell, released = self.cells[place], self.released[number]
        if cell.kind == "code":
            return replace(as_released(released), kind="code", source=without_checks(cell.source))
        return replace(as_released(released), kind="markdown", source=cell.source)

    def _note_copies(self, number: int) -> None:
        there, released = self.matches.count(number), self.released[number]
        if there == 1:
            return
        rule = {
            "answer": "all that were edited ran, and the last definition before the check counts",
            "essay": "all that were edited are shown",
            "check": "the last one's place counts",
        }.get(released.role, "the first is the released one, the others ran as added cells")
        self.notes.append(f"{released.id} is there {there} times: {rule}.")
