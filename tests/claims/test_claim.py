import math

import pytest

from imbal_lab.claims import Claim, Verdict, Within
from imbal_lab.training.interval import Interval

NAN = Interval(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("interval", "holds"),
    [
        (Interval(2, 1, 3), True),  # the bounds belong to the range
        (Interval(2, 1.5, 2.5), True),
        (Interval(2, 0.9, 3), False),  # the mean is inside, the interval is not
        (Interval(2, 1, 3.1), False),
        (Interval(5, 4, 6), False),
        (NAN, False),
    ],
)
def test_the_whole_interval_lies_in_the_range(interval, holds):
    assert Within("a", 1, 3).holds({"a": interval, "b": Interval(9, 9, 9)}) is holds


def test_one_sided_ranges():
    above, below = Within("a", low=0.05), Within("a", high=0.05)
    high, low = {"a": Interval(1, 0.5, 1.5)}, {"a": Interval(-1, -1.5, -0.5)}
    assert (above.holds(high), above.holds(low)) == (True, False)
    assert (below.holds(high), below.holds(low)) == (False, True)
    assert not above.holds({"a": NAN})


@pytest.mark.parametrize(
    ("within", "words"),
    [
        (Within("a", low=0.05), "at least 0.05"),
        (Within("a", high=-2), "at most -2"),
        (Within("a", 0.7, 1.1), "0.7 to 1.1"),
        (Within("a", 0, 0), "exactly 0"),
    ],
)
def test_a_range_in_words(within, words):
    assert within.range == words
    assert str(within) == f"a: {words}"


@pytest.fixture
def claim() -> Claim:
    return Claim(
        id="x",
        says="",
        origin="",
        measure=lambda seeds: {},
        reproduced=(Within("late", low=1), Within("early", low=1)),
        early=(Within("early", low=1),),
        opposite=(Within("late", high=-1), Within("early", high=-1)),
    )


@pytest.mark.parametrize(
    ("late", "early", "verdict"),
    [
        (2, 2, Verdict.REPRODUCED),
        (0, 2, Verdict.EARLY),
        (-2, 2, Verdict.EARLY),
        (2, 0, Verdict.NOT_HERE),
        (-2, -2, Verdict.OPPOSITE),
        (-2, 0, Verdict.NOT_HERE),  # the opposite takes all of its conditions too
        (math.nan, 2, Verdict.EARLY),
        (math.nan, math.nan, Verdict.NOT_HERE),
    ],
)
def test_verdicts(late, early, verdict, claim):
    intervals = {name: Interval(v, v, v) for name, v in (("late", late), ("early", early))}
    assert claim.verdict(intervals) is verdict


def test_without_rules_of_their_own_there_is_no_early_and_no_opposite():
    claim = Claim(
        id="x", says="", origin="", measure=lambda s: {}, reproduced=(Within("a", low=1),)
    )
    assert claim.verdict({"a": Interval(-5, -6, -4)}) is Verdict.NOT_HERE


def test_a_claim_is_measured_or_says_why_not():
    assert Claim(id="x", says="", origin="", why_not="hours").verdict({}) is Verdict.UNTESTED
    measure, reproduced = (lambda seeds: {}), (Within("a", low=1),)
    for wrong in (
        {},
        {"measure": measure},
        {"reproduced": reproduced},
        {"measure": measure, "reproduced": reproduced, "why_not": "hours"},
    ):
        with pytest.raises(ValueError, match=r"claim 'x': give either measure= .* or why_not="):
            Claim(id="x", says="", origin="", **wrong)


def test_a_statistic_has_one_range():
    twice = (Within("a", low=1), Within("a", high=2))
    with pytest.raises(ValueError, match="claim 'x': reproduced= may name each statistic once"):
        Claim(id="x", says="", origin="", measure=lambda seeds: {}, reproduced=twice)
