"""Which of several copies of a released cell count."""

from __future__ import annotations

from collections.abc import Sequence

from imbal_lab.grading.submissions.matching import Matches, same_source
from imbal_lab.grading.submissions.reading import SubmittedCell
from imbal_lab.grading.submissions.released import ReleasedCell


def counting_copies(
    matches: Matches, cells: Sequence[SubmittedCell], released: Sequence[ReleasedCell]
) -> dict[int, list[int]]:
    """For each released cell that is there, the places of the copies that count.

    Of answers and essays all that were edited, or the last where none was; of a check the last;
    of all else the first.
    """
    places: dict[int, list[int]] = {}
    for place, number in enumerate(matches):
        if number is not None:
            places.setdefault(number, []).append(place)
    return {n: _counting(where, cells, released[n]) for n, where in places.items()}


def _counting(
    places: list[int], cells: Sequence[SubmittedCell], released: ReleasedCell
) -> list[int]:
    if released.role == "check":
        return places[-1:]
    if released.role not in ("answer", "essay"):
        return places[:1]
    edited = [p for p in places if not same_source(cells[p].source, released.source)]
    return edited or places[-1:]
