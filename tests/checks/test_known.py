"""The library's own functions: right results, kept, and from several threads at once."""

import logging
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from imbal_lab import checks, exercises
from imbal_lab.checks.known import Known

GLOBAL = [
    (os, "dup2"),
    (sys, "setprofile"),
    (torch, "set_default_dtype"),
    (torch.random, "fork_rng"),
    (torch, "manual_seed"),
    (logging, "disable"),
    (warnings, "catch_warnings"),
]


def test_nothing_global_is_touched(monkeypatch):
    """Threads of a grader share all of it."""
    touched = []
    with monkeypatch.context() as patch:
        for owner, name in GLOBAL:
            patch.setattr(owner, name, lambda *args, name=name: touched.append(name))
        for exercise in exercises.names():
            checks.judge(Known(exercises.get(exercise), 1), wrong_shape, hidden=True)
    assert touched == []


def wrong_shape(group, case):
    return checks.Outcome(result=torch.zeros(3, 3, 3))


@pytest.mark.parametrize("exercise", exercises.names())
def test_eight_threads_judge_as_one_does(exercise):
    """Autograd, seeds and dtypes: each of the threads sees its own."""
    task = exercises.get(exercise)
    mistakes = [m.functions[0] for m in task.mistakes]

    def name(function):
        known = Known(task, 5)
        verdict = checks.judge(
            known, lambda group, case: known.outcome(function, case), hidden=True
        )
        return verdict.mistake.name

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(name, mistakes)) == [m.name for m in task.mistakes]


def test_a_gradient_is_to_be_had_where_the_caller_switched_it_off():
    task = exercises.get("class_gradients")
    with torch.no_grad():
        assert Known(task, 0).expected(task.groups[0].cases[0]).shape == (3, 33)


def test_a_reference_that_fails_is_our_fault_and_says_so(task):
    broken = replace(task, reference=lambda x: {}[1])
    with pytest.raises(TypeError, match="the reference of doubled fails on case '2 entries'"):
        Known(broken, 0).expected(task.groups[0].cases[0])
