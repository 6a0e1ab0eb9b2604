"""Explorers with short runs, in a folder of their own, closed after the test."""

from dataclasses import replace

import pytest

from imbal_lab.explore import answers, explore, settings


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(answers, "_here", {})


@pytest.fixture
def short_runs(monkeypatch):
    """Runs of 12 steps."""
    for name, setup in settings.SETUPS.items():
        monkeypatch.setitem(settings.SETUPS, name, replace(setup, steps=12))


@pytest.fixture
def open_explorer(short_runs):
    """`explore` with runs of 12 steps."""
    opened = []

    def open_one(*args, **kwargs):
        opened.append(explore(*args, **kwargs))
        return opened[-1]

    yield open_one
    for explorer in opened:
        explorer.close()
