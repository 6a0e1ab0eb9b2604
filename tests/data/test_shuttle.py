"""The reader of the real Shuttle: on a small file of the same format, and the real one if here."""

import os
import re
import sys

import numpy as np
import pandas as pd
import pytest
import rdata
import torch

from imbal_lab.data import load, shuttle

SMALL = dict(zip(shuttle.STATES, (40, 20, 12, 10, 8, 6, 4), strict=True))  # rows of each state


def frame(rows=SMALL, seed=0):
    """Readings like the real ones: each on a scale of its own, states in mixed order."""
    rng = np.random.default_rng(seed)
    states = rng.permutation(np.repeat(list(rows), list(rows.values())))
    x = rng.standard_normal((len(states), 9)) * 10.0 ** np.arange(-2, 7) + np.arange(9)
    return pd.DataFrame({**dict(zip(shuttle.READINGS, x.T, strict=True)), "Class": states})


def write(path, table, name="Shuttle"):
    table = table.assign(Class=pd.Categorical(table["Class"]))
    rdata.write_rda(path, {name: table}, compression="xz", format_version=2)  # as in mlbench
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write(tmp_path_factory.mktemp("shuttle") / "Shuttle.rda", frame())


@pytest.fixture(params=["small", "real"] if shuttle.INSTALLED.is_file() else ["small"])
def file_and_rows(request, small):
    if request.param == "small":
        return small, SMALL
    return shuttle.INSTALLED, shuttle.STATES


def halves(rows):
    return [n - n // 2 for n in rows.values()], min(n // 2 for n in rows.values())


def test_rows_go_to_their_state_and_to_one_side(file_and_rows):
    file, rows = file_and_rows
    counts, n_test = halves(rows)
    data = load("shuttle", file=file, counts=counts, n_test=n_test)
    assert data.counts == tuple(counts)
    assert data.class_names == tuple(rows)
    assert data.x.shape == (sum(counts), 9)
    assert torch.bincount(data.y_test).tolist() == [n_test] * 7
    every = [tuple(row) for row in torch.cat([data.x, data.x_test]).tolist()]
    assert len(set(every)) == len(every)


def test_readings_are_standardised_over_all_rows(small):
    data = load("shuttle", file=small, counts=halves(SMALL)[0], n_test=2)
    table = frame()
    x = table[shuttle.READINGS]
    expected = (x - x.mean()) / x.std(ddof=0)
    for rank, state in enumerate(SMALL):
        of_state = expected[table["Class"] == state].to_numpy()
        ours = torch.cat([data.x[data.y == rank], data.x_test[data.y_test == rank]]).numpy()
        apart = np.abs(ours[:, None] - of_state).max(axis=2)  # every one of ours from every row
        assert apart.min(axis=1).max() < 1e-5


def test_half_of_each_state_is_for_training_unless_said(small):
    """The natural counts are those of the real file: half of its rows, and half for the test."""
    natural, n_test = shuttle.SHUTTLE.natural, shuttle.SHUTTLE.n_test
    assert natural == (22793, 4452, 1634, 86, 25, 7, 5)
    assert [a + b for a, b in zip(natural, n_test, strict=True)] == list(shuttle.STATES.values())
    with pytest.raises(ValueError, match=r"n_test asks for 22793 test rows of Rad\.Flow"):
        load("shuttle", file=small)


def test_some_states_only(small):
    data = load("shuttle", file=small, classes=(6, 1), counts=(9, 2), n_test=2)
    assert data.class_names == ("High", "Bpv.Close")  # ordered by nature
    assert data.counts == (9, 2)


def test_the_seed_chooses_the_rows(small):
    a, b, c = (
        load("shuttle", file=small, counts=(5,) + (2,) * 6, n_test=2, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(a.x, b.x)
    assert not torch.equal(a.x, c.x)


def test_a_file_that_has_changed_is_read_again(tmp_path):
    path = tmp_path / "Shuttle.rda"
    options = {"file": path, "counts": (2,) * 7, "n_test": 2}
    write(path, frame(seed=0))
    before = load("shuttle", **options)
    write(path, frame(seed=1))
    os.utime(path, ns=(1, 1))  # whatever the clock's resolution
    assert not torch.equal(before.x, load("shuttle", **options).x)


def test_no_file_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr(shuttle, "INSTALLED", tmp_path / "Shuttle.rda")
    with pytest.raises(FileNotFoundError, match=r"no such file.*install r-cran-mlbench.*file="):
        load("shuttle", file=tmp_path / "none.rda")
    with pytest.raises(FileNotFoundError, match=r"Shuttle\.rda: no such file"):
        load("shuttle")


def test_without_rdata_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdata", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'imbal-lab[real]'")):
        load("shuttle", file=write(tmp_path / "Shuttle.rda", frame()))


@pytest.mark.parametrize("kept", [0, 100, -10])
def test_a_file_cut_short(tmp_path, small, kept):
    path = tmp_path / "cut.rda"
    path.write_bytes(small.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"cut\.rda cannot be read as the Shuttle\.rda"):
        load("shuttle", file=path)


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (lambda table: table, "Glass", r"cannot be read as the Shuttle\.rda.*'Shuttle'"),
        (lambda table: table.drop(columns="V4"), "Shuttle", r"cannot be read.*V4"),
        (
            lambda table: table[table["Class"] != "High"],
            "Shuttle",
            r"is not the Shuttle\.rda.*expected.*'High'",
        ),
        (lambda table: table.assign(V4=np.nan), "Shuttle", r"a reading is no finite number"),
    ],
)
def test_another_file(tmp_path, change, name, message):
    path = write(tmp_path / "other.rda", change(frame()), name)
    with pytest.raises(ValueError, match=message):
        load("shuttle", file=path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rho": 1}, r"rho=1: 'shuttle' is imbalanced by nature.*counts="),
        ({"rare": "random"}, r"rare='random'.*'shuttle'"),
        ({"file": 3}, r"file=3: give the path of a file"),
        ({"download": True}, r"download=True: options of 'shuttle' are: file"),
    ],
)
def test_errors_name_the_argument_and_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        load("shuttle", **arguments)
