"""Running a cell again closes the explorers that it opened before."""

import pytest

from imbal_lab.explore import opened as module
from imbal_lab.explore.opened import opened


class Shown:
    closed = 0

    def close(self):
        self.closed += 1


@pytest.fixture
def run_cell(monkeypatch):
    monkeypatch.setattr(module, "_open", {})
    where = ["a", "1"]
    monkeypatch.setattr(module, "_where", lambda: tuple(where))

    def run(cell, execution):
        where[:] = [cell, execution]
        made = Shown()
        opened(made)
        return made

    return run


def test_the_same_cell_closes_its_old_ones_once(run_cell):
    first, second = run_cell("a", "1"), run_cell("a", "1")  # two in one run
    other = run_cell("b", "2")
    assert first.closed == second.closed == 0
    third = run_cell("a", "3")
    run_cell("a", "4")
    assert (first.closed, second.closed, third.closed, other.closed) == (1, 1, 1, 0)


def test_without_a_cell_nothing_is_noted(run_cell):
    first = run_cell(None, "")
    run_cell(None, "")
    assert first.closed == 0
    assert not module._open


def test_outside_a_notebook_there_is_no_cell():
    assert module._where() == (None, "")
