"""A submission made whole: the student's cells in their order, the released ones where they belong.

What the release locks (given cells, tasks, checks) is put back as it was released. Nothing that a
student does to a notebook by accident costs a point; each thing that was mended leaves a note.

**Copies.** All edited copies of an answer run, in the order of the student's notebook; the
definition that stands when the check is reached counts. Copies left as they were released are
ignored where another one was edited. Of a check's copies the last one's place counts, of a given
cell's the first one's.

**Pictures and outputs.** Outputs are made anew, so none of the submission's is kept. Pictures
pasted into text are not kept either: the notebook that was handed in still has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from imbal_lab.grading.course import lesson_metadata
from imbal_lab.grading.submissions.layout import TEXTS, Entry, Layout
from imbal_lab.grading.submissions.matching import by_claim, match, same_source
from imbal_lab.grading.submissions.planned import Repaired, as_released
from imbal_lab.grading.submissions.put_back import ELSEWHERE, put_back
from imbal_lab.grading.submissions.reading import Reading, UnreadableError, read
from imbal_lab.grading.submissions.released import ReleasedCell, released_cells

MOST_NOTES = 30


def repair(content: bytes, release: dict[str, Any]) -> Repaired:
    """The submission in `content` as a sound notebook of `release` (a released notebook's JSON).

    Never raises, whatever the bytes are: what cannot be read is a doubt.
    """
    released = released_cells(release)
    try:
        reading = read(content)
    except UnreadableError as error:
        doubt = f"The notebook cannot be read: {error}. Nothing in it was graded."
        return Repaired(tuple(map(as_released, released)), (), (doubt,), readable=False)
    layout = Layout(reading.cells, released, match(reading.cells, released))
    order = [entry.number for entry in layout.entries if entry.number is not None]
    joined = _join_essays(layout.entries, released)
    mended = [*layout.notes, *put_back(layout.entries, released), *joined]
    notes = [*reading.notes, *_of_the_whole(reading, layout, release), *mended]
    if order != sorted(order):
        notes.append("The cells stand in another order than released; they ran in theirs.")
    return Repaired(
        tuple(entry.cell for entry in layout.entries),
        tuple(_cut(notes)),
        (*reading.doubts, *_doubts(reading, layout, release)),
    )


def _join_essays(entries: list[Entry], released: Sequence[ReleasedCell]) -> list[str]:
    """Texts added right below an untouched essay question are the essay."""
    notes = []
    for place in reversed(range(len(entries))):
        number, essay = entries[place].number, entries[place].cell
        if number is None or released[number].role != "essay" or essay.grade_id is None:
            continue
        end = place + 1
        while end < len(entries) and entries[end].number is None and _is_text(entries[end]):
            end += 1
        if end > place + 1 and same_source(essay.source, released[number].source):
            source = "\n\n".join(entry.cell.source for entry in entries[place:end])
            entries[place:end] = [Entry(number, replace(essay, source=source))]
            notes.append(f"{essay.id}: the text in the cell below it was taken as its answer.")
    return notes


def _is_text(entry: Entry) -> bool:
    return entry.cell.kind == "markdown"


def _of_the_whole(reading: Reading, layout: Layout, release: dict[str, Any]) -> list[str]:
    """Notes that are about the notebook and not about one cell."""
    notes = []
    claims = by_claim(layout.cells, layout.released)
    cells = list(zip(layout.cells, layout.matches, claims, strict=True))
    lost = sum(number is not None and claimed is None for _, number, claimed in cells)
    added = sum(number is None and bool(cell.source.strip()) for cell, number, _ in cells)
    kernel = release.get("metadata", {}).get("kernelspec", {}).get("name")
    if lost:
        notes.append(f"Cells without their ids, recognised by their content: {lost}.")
    if added:
        notes.append(f"Cells that the release does not have, used where they stand: {added}.")
    if kernel and reading.kernel not in (None, kernel):
        notes.append(f"It asked for the kernel {reading.kernel!r}; it ran as plain Python.")
    if any(cell.pictures for cell in layout.cells):
        notes.append("Pictures pasted into text are only in the notebook as it was handed in.")
    return notes


def _doubts(reading: Reading, layout: Layout, release: dict[str, Any]) -> list[str]:
    doubts = []
    lesson = lesson_metadata(release).get("lesson")
    if lesson and reading.lesson not in (None, lesson):
        doubts.append(f"This is a notebook of the lesson {reading.lesson!r}, not of {lesson!r}.")
    roles = {layout.released[number].role for number in layout.matches if number is not None}
    elsewhere = any(entry.cell.source == ELSEWHERE for entry in layout.entries)
    if not roles & {"answer", "check"} and not elsewhere:
        doubts.append("None of the lesson's exercises was found in it.")
    added = zip(layout.cells, layout.matches, strict=True)
    texts = sum(cell.kind in TEXTS for cell, number in added if number is None)
    for number, cell in enumerate(layout.released):
        if cell.role == "essay" and number not in layout.matches and texts:
            doubts.append(f"{cell.id} was not found; it may be one of {texts} added texts.")
    return doubts


def _cut(notes: list[str]) -> list[str]:
    left = len(notes) - MOST_NOTES
    return notes if left <= 0 else [*notes[:MOST_NOTES], f"And {left} more of the kind."]
