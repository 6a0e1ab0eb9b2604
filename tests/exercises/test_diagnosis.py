"""Every known mistake, written a second time by a stranger, is caught and gets its name."""

from dataclasses import replace

import pytest
from answers import ANSWERS

from imbal_lab import checks, exercises
from imbal_lab.checks.library_watch import LibraryWatch


def judge(task, function, *, seed, hidden):
    """A function of this process, judged."""
    return checks.judge(
        checks.Known(task, seed), checks.asking(task, function, seed), hidden=hidden
    )


SEEDS = (7, 2024)
HIDDEN_ONLY = {"left_over"}  # shows in a hidden part alone

SECOND = [
    pytest.param(exercise, name, function, id=f"{exercise}-{name}-{function.__name__}")
    for exercise, answers in ANSWERS.items()
    for name, functions in answers.mistakes.items()
    for function in functions
]
LISTED = [
    pytest.param(exercise, mistake, function, id=f"{exercise}-{mistake.name}-{k}")
    for exercise in exercises.names()
    for mistake in exercises.get(exercise).mistakes
    for k, function in enumerate(mistake.functions)
]
UNLISTED = [
    pytest.param(exercise, function, id=f"{exercise}-{name}")
    for exercise, answers in ANSWERS.items()
    for name, function in answers.unlisted.items()
]


def name_of(verdict):
    return verdict.mistake.name if verdict.mistake else None


def without(exercise, name):
    """The exercise with one mistake taken off its list."""
    return replace(exercise, mistakes=tuple(m for m in exercise.mistakes if m.name != name))


def test_every_exercise_and_every_mistake_was_written_a_second_time():
    assert set(ANSWERS) == set(exercises.names())
    for exercise, answers in ANSWERS.items():
        known = [mistake.name for mistake in exercises.get(exercise).mistakes]
        assert len(known) == len(set(known)) >= 6
        assert set(answers.mistakes) == set(known)
        assert len(answers.unlisted) >= 3
        assert len(answers.right) >= 5


@pytest.mark.parametrize(("exercise", "name", "function"), SECOND)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_second_version_is_caught_and_gets_the_same_name(exercise, name, function, seed):
    task = exercises.get(exercise)
    graded = judge(task, function, seed=seed, hidden=True)
    assert (graded.state, name_of(graded)) == ("not yet", name)
    practice = judge(task, function, seed=seed, hidden=False)
    if name in HIDDEN_ONLY:
        assert practice.state == "done"
    else:
        assert (practice.state, name_of(practice)) == ("not yet", name)


@pytest.mark.parametrize(("exercise", "name", "function"), SECOND)
def test_no_other_mistake_claims_the_second_version(exercise, name, function):
    task = without(exercises.get(exercise), name)
    assert name_of(judge(task, function, seed=3, hidden=True)) is None


@pytest.mark.parametrize(("exercise", "mistake", "function"), LISTED)
def test_each_listed_version_is_wrong_and_has_a_signature_of_its_own(
    exercise, mistake, function, monkeypatch
):
    """They are made from the reference, so the watch that refuses it must look away."""
    monkeypatch.setattr(LibraryWatch, "look", lambda *event: None)
    task = exercises.get(exercise)
    verdict = judge(task, function, seed=5, hidden=True)
    assert (verdict.state, name_of(verdict)) == ("not yet", mistake.name)
    others = without(task, mistake.name)
    assert name_of(judge(others, function, seed=5, hidden=True)) is None


@pytest.mark.parametrize(("exercise", "function"), UNLISTED)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_mistake_on_no_list_is_caught_and_gets_no_name(exercise, function, seed):
    verdict = judge(exercises.get(exercise), function, seed=seed, hidden=True)
    assert (verdict.state, name_of(verdict)) == ("not yet", None)


def test_names_and_sentences_are_fit_to_be_read():
    for exercise in map(exercises.get, exercises.names()):
        for mistake in exercise.mistakes:
            for sentence in (mistake.why, mistake.advice):
                assert sentence.endswith("."), mistake.name
                assert len(sentence) < 180, mistake.name
                assert "\n" not in sentence, mistake.name
