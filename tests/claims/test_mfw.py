"""The protocol of Procrustean training: its statistics by hand, its rules, and tiny runs."""

import pytest
import torch

from imbal_lab.claims import Verdict, measured, mfw, trained
from imbal_lab.claims.trained import Trained
from imbal_lab.training.interval import Interval

MEASURED = [claim for claim in mfw.PAPER.claims if claim.measure]


@pytest.fixture
def tiny(monkeypatch):
    """Two epochs of a few examples, and no run kept from test to test."""

    def shorter(*given, **options):
        return trained.train_side_by_side(*given, **(options | {"epochs": 2}))

    monkeypatch.setattr(mfw, "train_side_by_side", shorter)
    few = {data: options | {"n_max": 40} for data, options in mfw.DATA.items()}
    monkeypatch.setattr(mfw, "DATA", few)
    monkeypatch.setattr(mfw, "N_TEST", {"mnist1d": 45, "digits": 20})
    mfw._run.cache_clear()
    yield
    mfw._run.cache_clear()


def claim(name):
    (found,) = [each for each in mfw.PAPER.claims if each.id == f"mfw-{name}"]
    return found


def test_every_measure_gives_what_its_rules_name(tiny):
    for each in MEASURED:
        measured(each, [0, 1])  # raises where a name or a shape does not fit


def test_the_same_again_and_no_global_random_state(tiny):
    before, each = torch.get_rng_state(), claim("equal-progress")
    first = measured(each, [0, 1]).values
    mfw._run.cache_clear()
    assert measured(each, [0, 1]).values == first
    assert torch.equal(torch.get_rng_state(), before)
    assert first["gap AUC, plain"][0] != first["gap AUC, plain"][1]


def test_a_seed_does_not_depend_on_the_others(tiny):
    found = [measured(claim("accuracy"), seeds).values for seeds in ([0, 1], [1, 0])]
    for name, values in found[0].items():
        assert found[1][name] == values[::-1]


def made():
    """Two networks, two epochs, ten classes of two training and two test examples each."""
    y = torch.arange(10).repeat_interleave(2)
    guesses = y.repeat(2, 2, 1).transpose(1, 2).clone()  # [T, n, K]: all right
    guesses[0, 10:, 0] = 0  # network 0 sends all minor examples to class 0 after epoch 1
    guesses[0, 10::2, 1] = 9  # network 1 half of them to class 9
    pulls = torch.ones(2, 2, 10)
    pulls[0, 0, 5:] = 4
    logits = torch.nn.functional.one_hot(y, 10).float()[:, None].repeat(1, 2, 1)
    logits[15:, 0] = torch.eye(10)[0]  # network 0: classes 8 and 9 and half of 7 wrong at test
    nothing = torch.zeros(0)
    return Trained(None, nothing, y, nothing, y, guesses, pulls, logits)


def test_statistics_by_hand():
    run = made()
    assert mfw._gap(run).tolist() == [0.5, pytest.approx(0.2)]  # (1 + 0)/2 and (0.4 + 0)/2
    assert mfw._log_ratio(run).exp().tolist() == pytest.approx([4, 1])  # first third: one epoch
    assert mfw._minor(run).tolist() == [0.5, 1]
    assert mfw._balanced(run).tolist() == [0.75, 1]
    major, minor = mfw._overfit(run)
    assert major.tolist() == [0, 0]
    assert minor.tolist() == [0.5, 0]


def test_differences_are_mfw_minus_plain(monkeypatch):
    better, worse = made(), made()
    worse.test_logits[:] = torch.eye(10)[0]
    runs = {mfw.MFW: better, mfw.PLAIN: worse}
    monkeypatch.setattr(mfw, "_run", lambda way, seeds: runs[way])
    found = mfw._accuracy([0, 1])
    assert found["minor test accuracy, plain"].tolist() == [0, 0]
    assert found["minor test accuracy, MFW minus plain"].tolist() == [0.5, 1]
    assert found["balanced test accuracy, MFW minus plain"].tolist() == pytest.approx([0.65, 0.9])


def test_what_each_control_weakens():
    counts = (300, 300, 15, 15)
    expected = {"frequent": [0.7, 0.7, 1, 1], "rare": [1, 1, 0.7, 0.7], "all": [0.7] * 4}
    for weakened, strengths in expected.items():
        found = mfw._strengths(mfw.Way(weakened=weakened), counts)
        assert found.tolist() == pytest.approx(strengths)
    assert mfw._strengths(mfw.Way("digits"), counts).tolist() == [0.5, 0.5, 1, 1]


def test_data_of_the_controls():
    sizes = {data: mfw._dataset(mfw.Way(data), 0).counts for data in mfw.DATA}
    assert sizes["step"] == (300,) * 5 + (15,) * 5
    assert sizes["digits"] == (100,) * 5 + (5,) * 5
    assert (sizes["long-tailed"][0], sizes["long-tailed"][-1]) == (300, 15)
    assert sizes["rho 1"] == (300,) * 10
    assert abs(sum(sizes["balanced"]) - sum(sizes["step"])) < 10


def test_deferred_weights_come_late():
    ways = mfw.Way(deferred=True), mfw.PLAIN
    late, plain = (mfw._criterion_at(way, (300, 15)) for way in ways)
    logits, y = torch.zeros(2, 2), torch.tensor([1, 1])
    assert late(13)(logits, y) == plain(13)(logits, y) == plain(14)(logits, y)
    assert late(14)(logits, y) > 1.5 * plain(14)(logits, y)


@pytest.mark.parametrize(
    ("name", "values", "verdict"),
    [
        ("equal-progress", (-0.3, -0.4), Verdict.REPRODUCED),
        ("equal-progress", (-0.3, 0.4), Verdict.NOT_HERE),
        ("equal-progress", (0.3, 0.4), Verdict.OPPOSITE),
        ("accuracy", (0.1, 0.05), Verdict.REPRODUCED),
        ("accuracy", (0.1, -0.05), Verdict.OPPOSITE),
        ("better-than-drw", (-0.02,), Verdict.OPPOSITE),
        ("better-than-drw", (0.02,), Verdict.REPRODUCED),
        ("direction", (0.3, -0.3, 0.1, 0.0), Verdict.REPRODUCED),
        ("direction", (0.3, 0.3, 0.1, 0.0), Verdict.NOT_HERE),  # weakened minors that gain
        ("group-norm", (-0.1, -0.3, 0.1), Verdict.REPRODUCED),
        ("group-norm", (0.05, -0.3, 0.03), Verdict.NOT_HERE),
        ("group-norm", (0.05, -0.3, -0.03), Verdict.OPPOSITE),
    ],
)
def test_rules(name, values, verdict):
    """In the order of the conditions; intervals of width 0.02, so that means alone do not do."""
    each = claim(name)
    names = [condition.statistic for condition in each.reproduced]
    intervals = {k: Interval(v, v - 0.01, v + 0.01) for k, v in zip(names, values, strict=True)}
    assert each.verdict(intervals) is verdict


@pytest.mark.parametrize("each", MEASURED, ids=lambda each: each.id)
def test_an_interval_that_only_straddles_a_bound_reproduces_nothing(each):
    wide = {c.statistic: Interval(0, -1e3, 1e3) for c in (*each.reproduced, *each.opposite)}
    assert each.verdict(wide) is Verdict.NOT_HERE
