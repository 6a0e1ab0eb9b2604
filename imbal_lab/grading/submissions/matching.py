"""Which released cell each cell of a submission is, when ids and metadata may be gone.

What a cell says of itself comes first: nbgrader's grade id, then the cell's id. After that its
content: the same source; for an answer, the function's name; for a check, its call; for all else
the words. Several cells may stand for the same released one: they are copies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from imbal_lab.grading.submissions.reading import SubmittedCell
from imbal_lab.grading.submissions.released import ReleasedCell

MOST_COMPARED = 10_000  # characters of a cell whose words are compared
ALIKE = 0.6  # share of words that a cell has in common with the released one

Matches = list[int | None]  # for each submitted cell the released one's number


def match(cells: Sequence[SubmittedCell], released: Sequence[ReleasedCell]) -> Matches:
    """The number of the released cell that each submitted cell stands for; None for the others."""
    matches = by_claim(cells, released)
    _by_source(matches, cells, released)
    for number, cell in enumerate(released):
        name = cell.exercise or ""
        if cell.role == "answer" and _untouched(number, matches, cells, released):
            _take_last(matches, number, [name in each.defines for each in cells])
        elif cell.role == "check" and number not in matches:
            _take_last(matches, number, [name in each.checks for each in cells])
    _by_words(matches, cells, released)
    _by_place(matches, cells, released)
    return matches


def by_claim(cells: Sequence[SubmittedCell], released: Sequence[ReleasedCell]) -> Matches:
    """The matches by grade id and cell id alone."""
    ids: dict[str | None, int | None] = {cell.id: number for number, cell in enumerate(released)}
    grades: dict[str | None, int | None] = {
        cell.grade_id: number for number, cell in enumerate(released) if cell.grade_id
    }
    return [grades.get(cell.grade_id, ids.get(cell.id)) for cell in cells]


def same_source(one: str, other: str) -> bool:
    """Whether two sources differ in nothing but blanks at the ends of lines."""
    return _plain(one) == _plain(other)


def _plain(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().split("\n"))


def _by_source(
    matches: Matches, cells: Sequence[SubmittedCell], released: Sequence[ReleasedCell]
) -> None:
    known = {_plain(cell.source): number for number, cell in enumerate(released)}
    for place, cell in enumerate(cells):
        if matches[place] is None and cell.source.strip():
            matches[place] = known.get(_plain(cell.source))


def _untouched(
    number: int,
    matches: Matches,
    cells: Sequence[SubmittedCell],
    released: Sequence[ReleasedCell],
) -> bool:
    """Whether every copy of a released cell is as it was released, or there is none."""
    copies = [cell for cell, its in zip(cells, matches, strict=True) if its == number]
    return all(same_source(cell.source, released[number].source) for cell in copies)


def _take_last(matches: Matches, number: int, fits: list[bool]) -> None:
    """Let the last cell that fits and stands for nothing yet be a copy of a released one."""
    for place in reversed(range(len(matches))):
        if matches[place] is None and fits[place]:
            matches[place] = number
            return


def _by_words(
    matches: Matches, cells: Sequence[SubmittedCell], released: Sequence[ReleasedCell]
) -> None:
    words = [_words(cell.source) for cell in cells]
    for number, cell in enumerate(released):
        if number in matches or cell.role in ("answer", "check"):
            continue
        wanted = _words(cell.source)
        alike = [
            0.0 if its is not None else _alike(wanted, had, cell.role == "essay")
            for its, had in zip(matches, words, strict=True)
        ]
        best = max(range(len(cells)), key=alike.__getitem__, default=None)
        if best is not None and alike[best] >= ALIKE:
            matches[best] = number


def _alike(released: frozenset[str], had: frozenset[str], may_grow: bool) -> float:
    """The share of words in common; what is to be written in `may_grow` at no cost."""
    whole = len(released) if may_grow else max(len(released), len(had))
    return len(released & had) / whole if whole else 0.0


def _words(source: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", source[:MOST_COMPARED]))


def _by_place(
    matches: Matches, cells: Sequence[SubmittedCell], released: Sequence[ReleasedCell]
) -> None:
    """An essay written over its question is the one text between the essay's two neighbours."""
    for number, cell in enumerate(released):
        if cell.role != "essay" or number in matches or cell.kind != "markdown":
            continue
        between = range(
            max((p for p, its in enumerate(matches) if its == number - 1), default=-1) + 1,
            min((p for p, its in enumerate(matches) if its == number + 1), default=len(cells)),
        )
        texts = [p for p in between if matches[p] is None and cells[p].kind != "code"]
        if len(texts) == 1:
            matches[texts[0]] = number
