"""check() as a cell calls it: practice, validation, grading."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from imbal_lab import exercises
from imbal_lab.checks import Case, CheckFailed, Group, check


def right(x):
    return x + x


def half(x):
    """Right but for the long vectors, which weigh 2 of 4."""
    return x + x if len(x) != 50 else x


@pytest.fixture
def cell(task):
    """Runs check() in names of its own, as a notebook's cell would; returns what it returned."""

    def run(source="check('doubled', points=4)", **names):
        names |= {"check": check}
        exec(f"result = {source}", names)
        return names["result"]

    return run


@pytest.fixture
def grading(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")


def test_success_prints_one_line_and_returns_none(cell, capsys):
    assert cell(doubled=right) is None
    out, err = capsys.readouterr()
    assert out.startswith("✓ doubled: shown: ")
    assert out.count("\n") == 1
    assert err == ""


@pytest.mark.parametrize("wrong", [half, torch.exp])
@pytest.mark.parametrize("mode", ["", "validate"])
def test_outside_grading_anything_missing_raises(cell, wrong, mode, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    with pytest.raises(CheckFailed) as caught:
        cell(doubled=wrong)
    assert len(caught.value.lines) == 3
    assert caught.value._render_traceback_() == list(caught.value.lines)
    assert str(caught.value) == "\n".join(caught.value.lines)


def test_an_answer_that_was_never_run_is_not_started(cell):
    def bare(x):
        raise NotImplementedError()

    for names in ({}, {"doubled": bare}):
        with pytest.raises(CheckFailed, match="○ doubled: not started"):
            cell(**names)


def test_the_answer_is_what_the_name_stands_for(cell):
    """Whatever it calls itself: so the answer of one exercise earns nothing in another."""
    for answer in (right, lambda x: x + x, partial(lambda k, x: k * x, 2)):
        assert cell(doubled=answer, unit_directions=half) is None


def test_an_exercise_that_does_not_exist_lists_those_that_do(cell):
    with pytest.raises(ValueError, match=r"exercise='tripled': choose one of .*doubled"):
        cell("check('tripled')")


def test_partial_credit_prints_the_lines_and_returns_the_points(cell, grading, capsys):
    assert cell(doubled=half) == 2.0
    assert cell("check('doubled', points=3)", doubled=half) == 1.5
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 6
    assert out[0].startswith("✗ doubled: long: ")


def test_hidden_parts_count_at_grading_alone(cell, capsys, monkeypatch):
    def not_seven(x):
        return x + x if len(x) != 7 else x

    assert cell(doubled=not_seven) is None
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert cell(doubled=not_seven) == 3.0
    assert cell(doubled=right) is None


def test_nothing_right_raises_at_grading(cell, grading):
    with pytest.raises(CheckFailed):
        cell(doubled=lambda x: x * x)
    with pytest.raises(CheckFailed):
        cell()


def test_without_points_there_is_no_partial_credit(cell, grading):
    with pytest.raises(CheckFailed):
        cell("check('doubled')", doubled=half)


def test_the_seed_of_the_environment_changes_the_cases(cell, monkeypatch):
    given = {}

    def listens(x):
        given[seed] = x.clone()
        return x + x

    for seed in ("0", "1", "1 again"):
        monkeypatch.setenv("IMBAL_LAB_SEED", seed.split()[0])
        cell(doubled=listens)
    assert not torch.equal(given["0"], given["1"])
    assert torch.equal(given["1"], given["1 again"])
    monkeypatch.delenv("IMBAL_LAB_SEED")
    seed = "default"
    cell(doubled=listens)
    assert torch.equal(given["0"], given["default"])


def test_the_cases_do_not_depend_on_the_notebooks_own_dtype(cell, task, monkeypatch):
    """Nor may the expected results."""
    free = Case("free", lambda g: {"x": torch.randn(4, generator=g)})
    group = Group("free", "any dtype", 1, (free,), "try.")
    monkeypatch.setitem(exercises.EXERCISES, "doubled", replace(task, groups=(group,)))
    seen = []

    def listens(x):
        seen.append(x.dtype)
        return x + x

    torch.set_default_dtype(torch.float64)
    try:
        assert cell(doubled=listens) is None
    finally:
        torch.set_default_dtype(torch.float32)
    assert seen == [torch.float32]
