"""Answers that nobody would think of: three lines all the same, and nothing stays behind."""

import sys

import pytest
import torch

from imbal_lab import checks
from imbal_lab.checks import CheckFailed, check
from imbal_lab.exercises import get


def judge(task, function, *, seed, hidden):
    """A function of this process, judged."""
    return checks.judge(
        checks.Known(task, seed), checks.asking(task, function, seed), hidden=hidden
    )


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Beyond(BaseException):
    pass


def nested(grads):
    return torch.nested.nested_tensor([grads])


def on_no_device(grads):
    torch.set_default_device("meta")
    return torch.empty_like(grads, device="meta")


def mute(grads):
    raise MuteError


def beyond(grads):
    raise Beyond("a base exception")


async def later(grads):
    return grads


def yields(grads):
    yield grads


def half_and_wrong(grads):
    return (torch.nn.functional.normalize(grads, dim=1) * 1.005).bfloat16()


def half_and_guarded(grads):
    return (grads / (grads.norm(dim=1, keepdim=True) + 1e-5)).half()


ODD = [nested, on_no_device, mute, beyond, later, yields, half_and_wrong, half_and_guarded]


@pytest.mark.parametrize("answer", ODD)
def test_an_odd_answer_gets_three_lines(answer, capfd):
    names = {"check": check, "unit_directions": answer}
    with pytest.raises(CheckFailed) as failure:
        eval("check('unit_directions')", names)
    assert len(failure.value.lines) == 3
    assert capfd.readouterr().err == ""
    assert torch.get_default_device() == torch.device("cpu")


def interrupted(grads):
    raise KeyboardInterrupt


def test_while_grading_an_interrupted_call_is_out_of_time(monkeypatch):
    """The executor interrupts; the judge must not go on to the next case, which hangs as well."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    calls = []

    def hangs(grads):
        calls.append(1)
        raise KeyboardInterrupt

    verdict = judge(get("unit_directions"), hangs, seed=3, hidden=True)
    assert len(calls) == 1
    assert (verdict.state, verdict.fraction, len(verdict.passed)) == ("not yet", 0, 4)
    assert "within the time limit" in verdict.finding.seen


def test_ctrl_c_in_a_notebook_is_the_learners_own():
    with pytest.raises(KeyboardInterrupt):
        judge(get("unit_directions"), interrupted, seed=0, hidden=False)


def test_who_takes_the_watch_away_is_noticed():
    def unwatched(grads):
        sys.setprofile(None)
        return torch.nn.functional.normalize(grads, dim=1)

    verdict = judge(get("unit_directions"), unwatched, seed=0, hidden=False)
    assert verdict.finding.outcome.used_library


def test_prints_are_cut(capsys):
    def chatters(grads):
        print("x" * 1_000_000)
        return torch.nn.functional.normalize(grads, dim=1)

    assert judge(get("unit_directions"), chatters, seed=0, hidden=False).state == "done"
    printed = capsys.readouterr().out
    assert len(printed) < 60_000
    assert "... cut" in printed


def test_one_entry_where_a_number_is_asked_for():
    names = {"check": check, "imbalance_ratio": lambda y: torch.tensor([3.0])}
    with pytest.raises(CheckFailed, match=r"\.squeeze\(\) makes one of a single entry"):
        eval("check('imbalance_ratio')", names)
