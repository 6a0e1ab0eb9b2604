"""Item analysis against numbers worked out by hand."""

import pytest

from imbal_lab.grading.judging.graded import ExerciseResult, GroupResult
from imbal_lab.grading.pages.item_analysis import GroupCount, analyse, hardest, repeated_mistakes

NAMES = ("three classes", "a missing class")


def result(exercise, score, *, points=2.0, mistake=None, passed=None, cpu=1.0):
    """One exercise of one student; not started where `passed` is not given."""
    state = "not started" if passed is None else "done" if all(passed) else "not yet"
    groups = tuple(
        GroupResult(name, hidden, bool(passed and passed[k]), 1.0)
        for k, (name, hidden) in enumerate(zip(NAMES, (False, True), strict=True))
    )
    return ExerciseResult(exercise, state, score, points, mistake, ("line",), groups, cpu)


def of_scores(first, second):
    """A class with these scores in two exercises."""
    return {
        f"s{k}": (result("first", a), result("second", b))
        for k, (a, b) in enumerate(zip(first, second, strict=True))
    }


CLASS = {
    "anna": (
        result("first", 2.0, passed=(True, True), cpu=1.0),
        result("second", 0.0, passed=(False, False), mistake="columns"),
    ),
    "ben": (
        result("first", 1.0, passed=(True, False), mistake="unguarded", cpu=4.0),
        result("second", 1.0, passed=(False, True), mistake="columns"),
    ),
    "cleo": (
        result("first", 0.0, passed=(False, False), mistake="columns", cpu=1.0),
        result("second", 0.0, passed=(False, False), mistake="columns"),
    ),
    "dora": (result("first", 0.0, cpu=0.0), result("second", 0.0)),
}


def test_states_means_and_times():
    first, second = analyse(CLASS)
    assert (first.exercise, first.students, first.points) == ("first", 4, 2.0)
    assert dict(first.states) == {"done": 1, "not yet": 2, "not started": 1}
    assert (first.mean, first.share, first.cpu_seconds) == (0.75, 0.375, 1.5)
    assert dict(second.states) == {"not yet": 3, "not started": 1}
    assert (second.mean, second.share) == (0.25, 0.125)


def test_a_bare_answer_fails_no_group():
    first, second = analyse(CLASS)
    assert first.groups == (
        GroupCount("three classes", False, failed=1, started=3),
        GroupCount("a missing class", True, failed=2, started=3),
    )
    assert [group.failed for group in second.groups] == [3, 2]


def test_groups_are_there_when_nobody_started():
    (item,) = analyse({"dora": (result("first", 0.0),)})
    assert [(group.failed, group.started) for group in item.groups] == [(0, 0), (0, 0)]


def test_mistakes_most_frequent_first():
    first, second = analyse(CLASS)
    assert list(first.mistakes.items()) == [("unguarded", 1), ("columns", 1)]
    assert second.mistakes == {"columns": 3}


def test_the_hardest_exercise_goes_by_share_of_points():
    few_points = {"anna": (result("small", 1.0, points=1.0), result("large", 4.0, points=9.0))}
    assert hardest(analyse(few_points)).exercise == "large"
    assert hardest(analyse(CLASS)).exercise == "second"


def test_no_exercise_is_hardest_where_all_are_alike():
    assert hardest(analyse(of_scores([1, 2], [2, 1]))) is None
    assert hardest(analyse({"anna": (result("only", 0.0),)})) is None
    assert hardest([]) is None


def test_discrimination_is_pearsons_correlation_with_the_rest():
    # Deviations: first (-1, -1, -1, -1, 1, 1, 1, 1), second (-1, -1, -1, 1, -1, 1, 1, 1):
    # products sum to 4, both squares to 8.
    first, second = analyse(of_scores([0, 0, 0, 0, 2, 2, 2, 2], [0, 0, 0, 2, 0, 2, 2, 2]))
    assert first.discrimination == pytest.approx(0.5)
    assert second.discrimination == pytest.approx(0.5)


def test_discrimination_sums_the_other_exercises():
    rest = [(0, 2), (1, 1), (2, 0), (2, 2)] * 2  # sums 2, 2, 2, 4
    own = [0, 0, 0, 2] * 2
    results = {
        f"s{k}": (result("own", a), result("x", b), result("y", c))
        for k, (a, (b, c)) in enumerate(zip(own, rest, strict=True))
    }
    assert analyse(results)[0].discrimination == pytest.approx(1.0)


def test_no_discrimination_of_seven_students():
    seven, eight = [0, 0, 0, 0, 2, 2, 2], [0, 0, 0, 0, 2, 2, 2, 2]
    assert analyse(of_scores(seven, seven))[0].discrimination is None
    assert analyse(of_scores(eight, eight))[0].discrimination == pytest.approx(1.0)


def test_no_discrimination_where_nothing_varies():
    first, second = analyse(of_scores([2] * 8, [0, 1] * 4))
    assert first.discrimination is None
    assert second.discrimination is None


def test_nobody_graded():
    assert analyse({}) == []


def test_the_same_mistake_twice():
    assert repeated_mistakes(CLASS["cleo"]) == {"columns": ["first", "second"]}
    assert repeated_mistakes(CLASS["ben"]) == {}
    assert repeated_mistakes(CLASS["dora"]) == {}
