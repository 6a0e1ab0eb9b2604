"""What a class's results say about each exercise: how hard, how telling, and what goes wrong."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imbal_lab.grading.judging.graded import ExerciseResult

FEWEST = 8  # students; a correlation over fewer says nothing

Results = Mapping[str, Sequence[ExerciseResult]]  # of each graded student, in the lesson's order


@dataclass(frozen=True)
class GroupCount:
    """A case group: how many of those who started the exercise failed it."""

    name: str
    hidden: bool
    failed: int
    started: int


@dataclass(frozen=True)
class Item:
    """One exercise of a class.

    `states` counts students by state, `mistakes` by named mistake, most frequent first. `mean` is
    in points, `cpu_seconds` the mean of a student. `discrimination` is the correlation with the
    points of the lesson's other exercises; None under FEWEST students and where nothing varies.
    """

    exercise: str
    students: int
    states: Mapping[str, int]
    mean: float
    points: float
    groups: tuple[GroupCount, ...]
    mistakes: Mapping[str, int]
    discrimination: float | None
    cpu_seconds: float

    @property
    def share(self) -> float:
        """Mean points as a share of the exercise's points: 1 where everybody has all."""
        return self.mean / self.points if self.points else 0.0


def analyse(results: Results) -> list[Item]:
    """The items of a lesson, in the order in which its exercises first appear."""
    names = dict.fromkeys(r.exercise for of_one in results.values() for r in of_one)
    return [_item(exercise, results) for exercise in names]


def hardest(items: Sequence[Item]) -> Item | None:
    """The exercise with the smallest share of its points; None where all have the same."""
    ordered = sorted(items, key=lambda item: item.share)
    return ordered[0] if len(ordered) > 1 and ordered[0].share < ordered[-1].share else None


def repeated_mistakes(of_one: Sequence[ExerciseResult]) -> dict[str, list[str]]:
    """Named mistakes that one student makes in two or more exercises -> those exercises."""
    found: dict[str, list[str]] = {}
    for result in of_one:
        if result.mistake:
            found.setdefault(result.mistake, []).append(result.exercise)
    return {mistake: exercises for mistake, exercises in found.items() if len(exercises) > 1}


def _item(exercise: str, results: Results) -> Item:
    own = [r for of_one in results.values() for r in of_one if r.exercise == exercise]
    mistakes = Counter(r.mistake for r in own if r.mistake)
    return Item(
        exercise,
        len(own),
        Counter(r.state for r in own),
        statistics.fmean(r.score for r in own),
        max(r.points for r in own),
        _groups(own),
        dict(mistakes.most_common()),
        _discrimination(exercise, results),
        statistics.fmean(r.cpu_seconds for r in own),
    )


def _groups(own: Sequence[ExerciseResult]) -> tuple[GroupCount, ...]:
    """By name and not by place: two releases of a lesson may differ in their groups."""
    started: Counter[tuple[str, bool]] = Counter()
    failed: Counter[tuple[str, bool]] = Counter()
    for result in own:
        for group in result.groups:
            key = (group.name, group.hidden)
            started[key] += result.state != "not started"
            failed[key] += result.state != "not started" and not group.passed
    return tuple(GroupCount(*key, failed[key], number) for key, number in started.items())


def _discrimination(exercise: str, results: Results) -> float | None:
    pairs = [
        (
            sum(r.score for r in of_one if r.exercise == exercise),
            sum(r.score for r in of_one if r.exercise != exercise),
        )
        for of_one in results.values()
        if any(r.exercise == exercise for r in of_one)
    ]
    if len(pairs) < FEWEST:
        return None
    own, rest = zip(*pairs, strict=True)
    try:
        return statistics.correlation(own, rest)
    except statistics.StatisticsError:  # everybody has the same
        return None
