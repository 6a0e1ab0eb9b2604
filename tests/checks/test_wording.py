"""What a learner reads: one line of success, or three that say what was seen, why, what to try."""

from dataclasses import replace

import pytest
import torch

from imbal_lab import checks
from imbal_lab.checks import Other, Outcome, Raised
from imbal_lab.checks.exercise import Case, Group
from imbal_lab.checks.wording import lines_of


def judge(task, function, *, seed, hidden):
    """A function of this process, judged."""
    return checks.judge(
        checks.Known(task, seed), checks.asking(task, function, seed), hidden=hidden
    )


def lines(task, function, hidden=False, seed=0):
    return lines_of(judge(task, function, seed=seed, hidden=hidden))


def breaks_seven(x):
    return x + x if len(x) != 7 else x * 3


def stops_at_seven(x):
    if len(x) == 7:
        raise ValueError(f"it was {x[0]:.4f}")
    return x + x


def test_success_says_what_was_shown_and_what_is_still_to_come(task):
    assert lines(task, lambda x: x + x) == [
        "✓ doubled: shown: short vectors; long vectors. 1 more part will be checked at grading."
    ]
    assert lines(task, lambda x: x + x, hidden=True) == [
        "✓ doubled: shown: short vectors; long vectors; secret vectors."
    ]
    both = replace(task, groups=(*task.groups, replace(task.groups[2], name="other")))
    assert lines(both, lambda x: x + x)[0].endswith(" 2 more parts will be checked at grading.")


def test_a_known_mistake_is_explained_in_its_own_words(task):
    seen, why, advice = lines(task, lambda x: x * x)
    assert seen.startswith("✗ doubled: short: entry 0: expected ")
    assert (why, advice) == ("Why: it is squared.", "Try: add.")


def test_an_unknown_one_names_the_broken_rule_or_the_first_difference(task):
    _, why, advice = lines(task, lambda x: -x)
    assert why == "Why: a rule is broken: signs must stay."
    assert advice == "Try: add it to itself."
    seen, why, _ = lines(task, lambda x: x * 3)
    x = task.draw(task.groups[0].cases[0], 0)["x"][0]
    assert seen == f"✗ doubled: short: entry 0: expected {2 * x:.4g}, got {3 * x:.4g}."
    assert why == "Why: no known mistake fits; this is where yours and the expected result part."


@pytest.mark.parametrize(
    ("function", "seen", "why"),
    [
        (lambda x: None, "got None", "ends without handing anything back"),
        (lambda x: [1, 2], "got the type list", "one tensor"),
        (lambda x: x.new_zeros(4), "got a tensor of shape [4]", "no known mistake"),
        (lambda x: {}[1], "stopped with KeyError: 1", "your line: "),
        (lambda: 1, "stopped with TypeError", "it is called as doubled(x)"),
    ],
)
def test_odd_values_and_errors_have_words_of_their_own(task, function, seen, why):
    first, second, third = lines(task, function)
    assert seen in first
    assert why in second
    assert third.startswith("Try: ")


def test_an_error_points_at_the_learners_own_line_deep_down(task):
    def helper(x):
        return x @ x.new_zeros(99)  # the line

    def answer(x):
        return helper(x)

    _, why, advice = lines(task, answer)
    assert why.startswith("Why: Python could not finish your line: return x @ x.new_zeros(99)")
    assert "in a new cell" in advice


def test_an_error_inside_torch_still_points_at_the_learners_line(task):
    def answer(x):
        return torch.nn.functional.softmax(x, dim=5)

    why = lines(task, answer)[1]
    assert why.startswith("Why: Python could not finish your line: return torch.nn.functional")


def test_a_wrong_number_of_arguments_deeper_down_is_the_learners_line(task):
    _, why, _ = lines(task, lambda x: (lambda: 1)(x))
    assert "could not finish your line" in why


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: torch.zeros(len(x)).index_add(0, torch.arange(len(x)), x),
        lambda x: torch.eye(len(x)) @ x,
        lambda x: torch.zeros(len(x)).index_put_((torch.arange(len(x)),), x),
    ],
)
def test_a_new_tensor_of_the_other_precision_is_told_how_to_match(task, answer):
    one = Case("x", lambda generator: {"x": torch.randn(3, generator=generator).double()})
    group = Group("in float64", "it works", 1, (one,), "read the docstring.")
    _, why, advice = lines(replace(task, groups=(group,)), answer)
    assert why.startswith("Why: Python could not finish your line")
    assert advice.startswith("Try: two tensors differ in precision")


def test_code_without_a_source_and_endless_lines_still_make_three(task):
    names = {}
    exec("def doubled(x):\n    return x.nothing", names)
    assert "Python stopped before there was a result" in lines(task, names["doubled"])[1]
    long = "x" * 300
    names = {"x": 1}
    exec(compile(f"def doubled(y):\n    raise ValueError('{long}')", __file__, "exec"), names)
    assert all(len(line) < 200 for line in lines(task, names["doubled"]))


def test_an_input_that_was_changed_by_a_stranger(task):
    unlisted = replace(task, mistakes=())
    seen, why, advice = lines(unlisted, lambda x: x.mul_(2))
    assert seen == "✗ doubled: short: it changes its argument x in place."
    assert why == "Why: the result is right, but the caller still needs x as it was."
    assert "clone()" in advice


def test_a_result_that_is_cut_off(task):
    wants = Case("x", lambda generator: {"x": torch.randn(3, generator=generator).requires_grad_()})
    group = Group("learning", "it works", 1, (wants,), "leave out detach().")
    learning = replace(task, groups=(group,), mistakes=())
    seen, why, advice = lines(learning, lambda x: 2 * x.detach())
    assert seen == "✗ doubled: learning: no gradient goes back through its result."
    assert why == "Why: the numbers are right, but what comes before could not learn from them."
    assert advice == "Try: leave out detach()."
    (passed,) = lines(learning, lambda x: x + x)
    assert passed.startswith("✓")


@pytest.mark.parametrize(
    "function", [breaks_seven, stops_at_seven, lambda x: x[:6] if len(x) == 7 else x + x]
)
def test_a_hidden_part_shows_no_values(task, function):
    seen, why, advice = lines(task, function, hidden=True)
    assert seen.startswith("✗ doubled: secret: ")
    secret = task.draw(task.groups[2].cases[0], 0)["x"]
    shown = f"{seen} {why} {advice}"
    assert "expected " not in shown.replace("the expected ", "")
    assert not any(
        f"{abs(value):.4g}"[:5] in shown for value in (*secret, *2 * secret, *3 * secret)
    )
    assert "7" not in seen


def test_a_hidden_error_shows_its_kind_and_not_its_line(task):
    shown = lines(task, stops_at_seven, hidden=True)
    assert "it stopped with ValueError." in shown[0]
    assert shown[1] == "Why: Python could not finish your function on an input that is not shown."
    assert shown[2] == "Try: think of seven."


def names_a_class_after_its_input(x):
    if len(x) == 7:
        raise type(f"Secret{int(x[0] * 1e4)}", (Exception,), {})
    return x + x


def answers_with_a_class_named_after_its_input(x):
    return type(f"Secret{int(x[0] * 1e4)}", (), {})() if len(x) == 7 else x + x


@pytest.mark.parametrize(
    "function", [names_a_class_after_its_input, answers_with_a_class_named_after_its_input]
)
def test_a_hidden_input_cannot_leave_in_the_name_of_a_class(task, function):
    assert not any("Secret" in line for line in lines(task, function, hidden=True))


def outcomes(task, **differs):
    """The lines where every case goes well, but for those whose outcome is given by length."""

    def ask(group, case):
        right = Outcome(result=2 * task.draw(case, 0)["x"])
        return differs.get("n" + case.name.split()[0], right)

    return lines_of(checks.judge(checks.Known(task, 0), ask, hidden=True))


@pytest.mark.parametrize(
    ("how", "seen", "why", "advice"),
    [
        ("time", "did not come to an end within the time limit", "a loop that never", "five"),
        ("died", "ended the whole Python process", "exit()", "take out"),
    ],
)
@pytest.mark.parametrize(("length", "group"), [("n50", "long"), ("n7", "secret")])
def test_an_answer_that_never_came_back(task, how, seen, why, advice, length, group):
    first, second, third = outcomes(task, **{length: Outcome(stopped=how)})
    assert first.startswith(f"✗ doubled: {group}: it {seen}")
    assert why in second
    assert advice in third


NASTY = "\x1b[31m\u202eevil\x00\udc80\n\r\t" * 400


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(raised=Raised(NASTY, NASTY, NASTY)),
        Outcome(raised=Raised("ValueError", NASTY, NASTY)),
        Outcome(raised=Raised("__builtins__", "", "")),
        Outcome(raised=Raised("", "", "")),
        Outcome(result=Other(NASTY)),
        Outcome(result=torch.zeros([1] * 60)),
        Outcome(result=torch.zeros(2, dtype=torch.complex64)),
        Outcome(result=torch.zeros(2, dtype=torch.bool)),
        Outcome(result=torch.full((2,), 255, dtype=torch.uint8)),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("length", ["n2", "n7"])
def test_a_strangers_words_make_three_short_lines_that_can_be_printed(task, outcome, length):
    made = outcomes(task, **{length: outcome})
    assert len(made) == 3
    assert all(line.isprintable() and len(line) < 320 for line in made)
    "".join(made).encode("utf-8")
