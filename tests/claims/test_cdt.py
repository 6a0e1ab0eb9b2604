"""The protocol of CDT: its statistics by hand, its rules, and tiny runs."""

import math

import pytest
import torch
from torch import nn

from imbal_lab.claims import Verdict, cdt, measured, trained
from imbal_lab.training import Result
from imbal_lab.training.interval import Interval

MEASURED = [claim for claim in cdt.PAPER.claims if claim.measure]
KEPT = (cdt._swept, cdt._trained, cdt._linear)


@pytest.fixture
def tiny(monkeypatch):
    """Two epochs of a few examples, and no run kept from test to test."""

    def shorter(*given, **options):
        return trained.train_side_by_side(*given, **(options | {"epochs": 2}))

    few = {data: options | {"n_max": 40} for data, options in cdt.DATA.items()}
    monkeypatch.setattr(cdt, "train_side_by_side", shorter)
    monkeypatch.setattr(cdt, "DATA", few)
    monkeypatch.setattr(cdt, "STEPS", 12)
    forget()
    yield
    forget()


def forget():
    for kept in KEPT:
        kept.cache_clear()


def claim(name):
    (found,) = [each for each in cdt.PAPER.claims if each.id == f"cdt-{name}"]
    return found


def test_every_measure_gives_what_its_rules_name(tiny):
    for each in MEASURED:
        measured(each, [0, 1])  # raises where a name or a shape does not fit


@pytest.mark.parametrize("name", ["gamma", "gain-cnn"])
def test_the_same_again_and_no_global_random_state(name, tiny):
    before = torch.get_rng_state()
    first = measured(claim(name), [0, 1]).values
    forget()
    assert measured(claim(name), [0, 1]).values == first
    assert torch.equal(torch.get_rng_state(), before)
    assert any(values[0] != values[1] for values in first.values())


def test_temperatures_change_nothing_at_rho_1(tiny):
    values = measured(claim("gain"), [0, 1]).values
    assert values["the same at ρ = 1"] == [0, 0]
    assert values["γ = 0.15 minus plain"] != [0, 0]


def result(logits):
    """A result with test logits [500, 10]; fifty examples of each class, as in the protocol."""
    nothing = torch.zeros(1)
    y = torch.arange(10).repeat_interleave(50)
    hits = (logits.argmax(dim=1) == y).double().view(10, 50).mean(dim=1)
    return Result(nothing, nothing, hits[None], nothing, hits[None], logits, "")


def test_margins_by_hand():
    logits = torch.zeros(500, 10)
    logits[:50, 0], logits[:50, 3] = 5, 2  # class 0: own 5, best other 2
    logits[450:, 9], logits[450:, 4] = 1, 4  # class 9: own 1, best other 4
    logits[100:125, 2] = 2  # half of class 2: own 2, others 0
    (found,) = cdt._margins([result(logits)])
    assert found.tolist() == pytest.approx([3, 0, 1, 0, 0, 0, 0, 0, 0, -3])


def test_a_gain_is_over_plain_training():
    y = torch.arange(10).repeat_interleave(50)
    right, wrong = (result(nn.functional.one_hot(guess, 10).float()) for guess in (y, 0 * y))
    assert cdt._gain([right, wrong], [wrong, wrong]).tolist() == pytest.approx([0.9, 0])


def test_dividing_at_test_takes_minor_guesses_away(monkeypatch):
    """With equal largest logits the division by a > 1 lets the major class win."""
    logits = torch.zeros(500, 10)
    logits[:, 0] = 1.0
    y = torch.arange(10).repeat_interleave(50)
    own = torch.full((500, 1), 1.2)  # right for all, by less than a = 20^0.15 = 1.57
    logits.scatter_(1, y[:, None], own)
    both = {"cdt": result(logits), "plain": result(torch.zeros(500, 10))}
    monkeypatch.setattr(cdt, "_cdt", lambda seeds, gamma: [both["cdt"]])
    monkeypatch.setattr(cdt, "_swept", lambda seeds: [both["plain"]])
    found = cdt._divided([0])
    assert found["divided minus raw logits"].item() == pytest.approx(-0.5)
    assert found["divided minus plain training"].item() == pytest.approx(0.5 - 0.1)


def test_the_inverted_loss_multiplies():
    logits, y = torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([2])
    a = torch.tensor([1.0, 10**0.15, 100**0.15])
    counts = (5000, 500, 50)
    found = cdt._criterion("inverted CDT", counts)(logits, y)
    torch.testing.assert_close(found, nn.functional.cross_entropy(logits * a, y))
    found = cdt._criterion("CDT", counts)(logits, y)
    torch.testing.assert_close(found, nn.functional.cross_entropy(logits / a ** (0.2 / 0.15), y))


def test_own_logits_by_hand():
    logits = torch.tensor([[[1.0, 0.0], [3.0, 0.0]], [[0.0, 4.0], [0.0, 6.0]]])  # [n 2, K 2, C 2]
    assert cdt._own_logits(logits, torch.tensor([0, 1])).tolist() == [[1, 4], [3, 6]]
    assert cdt._own_logits(logits, torch.tensor([1, 1]))[:, 1].tolist() == [2, 3]
    assert math.isnan(cdt._own_logits(logits, torch.tensor([1, 1]))[0, 0])


@pytest.mark.parametrize(
    ("name", "values", "verdict"),
    [
        ("gain", (0.05, 0.0), Verdict.REPRODUCED),
        ("gain", (0.025, 0.0), Verdict.NOT_HERE),  # above the bound, its interval is not
        ("gain", (-0.05, 0.0), Verdict.OPPOSITE),
        ("inverted", (-0.1, -0.2), Verdict.REPRODUCED),
        ("inverted", (0.1, 0.2), Verdict.OPPOSITE),
        ("deviation-cnn", (1.5, 1.4, 1.0), Verdict.REPRODUCED),
        ("deviation-cnn", (1.5, 0.9, 1.0), Verdict.NOT_HERE),  # no more than the null
        ("deviation-cnn", (1.5, 1.4, 1.4), Verdict.NOT_HERE),  # as large when balanced
        ("deviation-cnn", (0.9, 0.9, 1.0), Verdict.OPPOSITE),
        ("linear-underfits", (0.1, 0.05, 0.1, 0.05), Verdict.REPRODUCED),
        ("linear-underfits", (0.95, 0.05, 0.95, 0.05), Verdict.OPPOSITE),
        ("below-logit-adjustment", (-0.05,), Verdict.REPRODUCED),
        ("below-logit-adjustment", (0.05,), Verdict.OPPOSITE),
    ],
)
def test_rules(name, values, verdict):
    """In the order of the conditions, with intervals that reach 0.01 to both sides of a mean."""
    each = claim(name)
    names = [condition.statistic for condition in each.reproduced]
    reach = {k: (v, 0.0 if v == 0 else 0.01) for k, v in zip(names, values, strict=True)}
    intervals = {k: Interval(v, v - width, v + width) for k, (v, width) in reach.items()}
    assert each.verdict(intervals) is verdict


@pytest.mark.parametrize("each", MEASURED, ids=lambda each: each.id)
def test_an_interval_that_only_straddles_a_bound_reproduces_nothing(each):
    wide = {c.statistic: Interval(0, -1e3, 1e3) for c in (*each.reproduced, *each.opposite)}
    assert each.verdict(wide) is Verdict.NOT_HERE
