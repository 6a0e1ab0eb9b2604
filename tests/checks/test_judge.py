"""What passes, what failed first, and when a wrong answer gets a name."""

from dataclasses import replace

import pytest
import torch

from imbal_lab import checks
from imbal_lab.checks import Case, Mistake, Outcome


def judge(task, function, *, seed, hidden):
    """A function of this process, judged."""
    return checks.judge(
        checks.Known(task, seed), checks.asking(task, function, seed), hidden=hidden
    )


def named(verdict):
    return verdict.mistake.name if verdict.mistake else None


def right(x):
    return x + x


@pytest.mark.parametrize(
    ("function", "hidden", "passed", "name"),
    [
        (right, False, (True, True), None),
        (right, True, (True, True, True), None),
        (lambda x: x * x, True, (False, False, False), "squared"),
        (lambda x: (x + x)[:3], True, (True, False, False), "short_only"),
        (lambda x: x.copy_(x + x), True, (False, False, False), "in_place"),
        (lambda x: x + x if len(x) != 7 else x, True, (True, True, False), None),
        (lambda x: x + x if len(x) != 7 else x, False, (True, True), None),
        (lambda x: x + x if len(x) != 50 else x, True, (True, False, True), None),
        (lambda x: x**2 if len(x) == 2 else x / 2, True, (False, False, False), None),
    ],
)
def test_groups_and_names(task, function, hidden, passed, name):
    verdict = judge(task, function, seed=3, hidden=hidden)
    assert verdict.passed == passed
    assert named(verdict) == name
    assert verdict.state == ("done" if all(passed) else "not yet")


def test_the_score_is_the_weight_of_what_passed(task):
    """Weights 1, 2 and a hidden 1."""
    long_fails = judge(task, lambda x: x + x if len(x) != 50 else x, seed=0, hidden=True)
    assert long_fails.fraction == 2 / 4
    hidden_fails = judge(task, lambda x: x + x if len(x) != 7 else x, seed=0, hidden=True)
    assert hidden_fails.fraction == 3 / 4


def test_a_name_needs_every_case_of_the_first_group_that_failed(task):
    """Wrong like "squared" on the second case alone: the first one was right."""
    verdict = judge(task, lambda x: x**2 if len(x) == 3 else x + x, seed=0, hidden=False)
    assert (verdict.state, named(verdict)) == ("not yet", None)


def test_a_name_needs_the_groups_before_the_one_that_failed(task):
    """ "short_only" cuts at three; a function that also cuts at two failed earlier."""
    cut_at_two = judge(task, lambda x: 2 * x[:2], seed=0, hidden=False)
    assert named(cut_at_two) is None
    half_of_it = replace(
        task,
        mistakes=(Mistake("wrong_on_long", "w.", "t.", (lambda x: x if len(x) > 9 else 2.0,)),),
    )
    verdict = judge(half_of_it, lambda x: x if len(x) > 9 else x + x, seed=0, hidden=False)
    assert (verdict.state, named(verdict)) == ("not yet", None)


def test_later_groups_do_not_decide_the_name(task):
    verdict = judge(task, lambda x: x**2 if len(x) < 9 else x, seed=0, hidden=True)
    assert named(verdict) == "squared"


def test_a_changed_input_alone_is_an_error_and_hides_no_other(task):
    def keeps_a_note(x):
        out = x + x
        x[0] = 1e3
        return out

    verdict = judge(task, keeps_a_note, seed=0, hidden=False)
    assert (verdict.state, named(verdict)) == ("not yet", "in_place")
    assert "changes its argument x in place" in verdict.finding.seen

    def also_wrong(x):
        out = x * x
        x[0] = 1e3
        return out

    verdict = judge(task, also_wrong, seed=0, hidden=False)
    assert "expected" in verdict.finding.seen
    assert named(verdict) is None


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        RuntimeError("two\nlines"),
        SystemExit(3),
        RecursionError(),
        ValueError(),
        OSError(2, "no"),
        StopIteration(),
        AssertionError(),
        NotImplementedError("conv for this device"),
    ],
    ids=repr,
)
def test_every_error_is_a_finding(task, error):
    def stops(x):
        raise error

    verdict = judge(task, stops, seed=0, hidden=True)
    assert (verdict.state, verdict.fraction, named(verdict)) == ("not yet", 0, None)
    assert verdict.finding.seen.startswith(f"it stopped with {type(error).__name__}")
    assert "\n" not in verdict.finding.seen


def test_each_case_is_asked_once_at_most_and_each_known_function_once_a_case(task):
    def counted(function):
        def counts(x):
            ours.append((function, len(x)))
            return function(x)

        return counts

    def ask(group, case):
        theirs.append(case.name)
        return Outcome(result=3 * task.draw(case, 0)["x"])

    ours, theirs = [], []
    counting = replace(
        task,
        reference=counted(task.reference),
        mistakes=tuple(
            replace(m, functions=tuple(map(counted, m.functions))) for m in task.mistakes
        ),
    )
    checks.judge(checks.Known(counting, 0), ask, hidden=True)
    assert theirs == ["2 entries", "50 entries", "7 entries", "3 entries"]  # 3 for the name alone
    assert len(ours) == len(set(ours))
    assert {n for f, n in ours if f is task.reference} == {2, 7, 50}


@pytest.mark.parametrize(
    ("length", "how", "passed", "asked"),
    [
        (2, "time", (False, False, False), [2]),
        (50, "time", (True, False, False), [2, 3, 50]),
        (2, "died", (False, True, True), [2, 50, 7]),
        (50, "died", (True, False, True), [2, 3, 50, 7]),
    ],
)
def test_after_the_time_is_up_nothing_more_is_asked_and_a_death_costs_its_group(
    task, length, how, passed, asked
):
    names = []

    def ask(group, case):
        names.append(case.name)
        if case.name == f"{length} entries":
            return Outcome(stopped=how)
        return Outcome(result=2 * task.draw(case, 0)["x"])

    verdict = checks.judge(checks.Known(task, 0), ask, hidden=True)
    assert (verdict.passed, verdict.state, named(verdict)) == (passed, "not yet", None)
    assert names == [f"{n} entries" for n in asked]


def test_no_name_for_an_answer_that_stopped_on_the_way_to_it(task):
    """The first case is wrong like a known mistake; the second of its group never came back."""

    def forgets_long_ones(x):
        return x**2 if len(x) == 2 else None

    def ask(group, case):
        x = task.draw(case, 0)["x"]
        return Outcome(result=x**2) if len(x) == 2 else Outcome(stopped="died")

    known = replace(task, mistakes=(Mistake("forgets", "w.", "t.", (forgets_long_ones,)),))
    assert named(checks.judge(checks.Known(known, 0), ask, hidden=False)) is None
    assert named(judge(known, forgets_long_ones, seed=0, hidden=False)) == "forgets"


def test_an_error_is_only_known_by_its_kind_and_its_whole_text(task):
    def stop_with(error):
        def stops(x):
            raise error

        return stops

    known = replace(task, mistakes=(Mistake("e", "w.", "t.", (stop_with(KeyError("a" * 60)),)),))
    for error, name in [
        (KeyError("a" * 60), "e"),
        (KeyError("a" * 50 + "b" * 10), None),
        (IndexError("a" * 60), None),
    ]:
        assert named(judge(known, stop_with(error), seed=0, hidden=False)) == name


def test_an_interrupt_is_the_learners_own(task):
    def waits(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(task, waits, seed=0, hidden=False)


def test_an_untouched_answer_is_not_started_however_far_it_gets(task):
    def bare(x):
        raise NotImplementedError()

    def bare_for_long(x):
        if len(x) > 9:
            raise NotImplementedError
        return x + x

    for function in (bare, bare_for_long):
        verdict = judge(task, function, seed=0, hidden=True)
        assert (verdict.state, verdict.fraction, named(verdict)) == ("not started", 0, None)


def test_the_reference_itself_is_no_answer_wherever_it_lives(task):
    for function in (task.reference, lambda x: task.reference(x)):
        verdict = judge(task, function, seed=0, hidden=True)
        assert (verdict.state, verdict.fraction) == ("not yet", 0)
        assert verdict.finding.outcome.used_library


def test_an_answer_may_not_take_class_gradients_from_the_engine(task):
    from imbal_lab.gradients import OneBackwardAClass

    def borrowed(x):
        weight = torch.ones(1, requires_grad=True)
        OneBackwardAClass(weight * torch.ones(1), torch.zeros(1), 1, [weight])
        return 2 * x

    verdict = judge(task, borrowed, seed=0, hidden=True)
    assert (verdict.state, verdict.fraction) == ("not yet", 0)
    assert verdict.finding.outcome.used_library


def test_not_a_function_at_all(task):
    for value in (None, 3, torch.zeros(2), "doubled"):
        verdict = judge(task, value, seed=0, hidden=True)
        assert (verdict.state, named(verdict)) == ("not yet", None)
        assert "TypeError" in verdict.finding.seen


def test_a_result_with_other_axes_than_a_listed_one_is_no_crash(task):
    """Two wrong answers of one shape, more axes than the exercise has, other values."""
    wide = replace(task, mistakes=(Mistake("wide", "w.", "t.", (lambda x: x.repeat(2, 1),)),))
    assert named(judge(wide, lambda x: x.repeat(2, 1) + 1, seed=0, hidden=False)) is None
    assert named(judge(wide, lambda x: x.expand(2, -1), seed=0, hidden=False)) == "wide"


def test_numbers_and_sparse_tensors_count_as_what_they_are(task):
    assert judge(task, lambda x: (x + x).to_sparse(), seed=0, hidden=True).state == "done"
    total = replace(task, reference=lambda x: x.sum(), axes=(), properties=(), mistakes=())
    for function in (
        lambda x: x.sum().item(),
        lambda x: x.numpy().sum(),
        lambda x: x.numpy().astype("f4").sum(),
    ):
        assert judge(total, function, seed=0, hidden=True).state == "done"
    assert judge(total, lambda x: True, seed=0, hidden=True).state == "not yet"


def test_the_seed_changes_the_cases_and_equal_seeds_do_not(task):
    case = task.groups[0].cases[0]
    first, again, other = (task.draw(case, seed)["x"] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert first is not again
    assert not torch.equal(first, other)


def test_two_cases_of_one_exercise_are_drawn_apart(task):
    twin = Case("2 entries, again", task.groups[0].cases[0].draw)
    a, b = task.draw(task.groups[0].cases[0], 0)["x"], task.draw(twin, 0)["x"]
    assert not torch.equal(a, b)
