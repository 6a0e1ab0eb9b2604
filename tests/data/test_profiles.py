"""Counts: published totals, exact small cases, and errors that say what is allowed."""

from fractions import Fraction

import pytest

from imbal_lab.data import profiles

CIFAR_LT = [  # n_max, classes, rho, published total (Cao et al., 2019)
    *[
        (5000, 10, rho, total)
        for rho, total in {10: 20431, 50: 13996, 100: 12406, 200: 11203}.items()
    ],
    *[
        (500, 100, rho, total)
        for rho, total in {10: 19573, 50: 12608, 100: 10847, 200: 9502}.items()
    ],
]


@pytest.mark.parametrize(("n_max", "num_classes", "rho", "total"), CIFAR_LT)
def test_long_tailed_has_the_totals_of_cifar_lt(n_max, num_classes, rho, total):
    counts = profiles.counts_for("long-tailed", n_max, rho, num_classes)
    assert sum(counts) == total
    assert counts[0] == n_max


def test_two_classes_are_exact_for_every_whole_ratio():
    for rho in range(1, 201):
        for n_max in (rho, 3 * rho, 5 * rho + rho // 2):
            exact = int(Fraction(n_max, rho))
            assert profiles.long_tailed(n_max, rho, 2) == (n_max, exact)
            assert profiles.step(n_max, rho, 2) == (n_max, exact)


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_whole_percents_as_imb_factor_are_exact(profile):
    for percent in range(1, 101):
        rho = profiles.ratio(imb_factor=percent / 100)
        assert profiles.counts_for(profile, 100, rho, 2) == (100, percent)


def test_step_keeps_every_class_and_the_larger_half_is_frequent():
    assert profiles.step(100, 10, 4) == (100, 100, 10, 10)
    assert profiles.step(100, 10, 5) == (100, 100, 100, 10, 10)


def test_power_law_at_rho_c_is_zipfs_law():
    for n_max, num_classes in ((400, 200), (1000, 10), (7, 3)):
        counts = profiles.power_law(n_max, num_classes, num_classes)
        assert counts == tuple(n_max // rank for rank in range(1, num_classes + 1))


def test_power_law_is_straight_on_logarithmic_axes():
    """At ranks 1, 10 and 100 of 1000 the counts fall by the same factor: rho^(1/3)."""
    counts = profiles.power_law(8_000_000, 8, 1000)
    assert [counts[rank - 1] for rank in (1, 10, 100, 1000)] == [
        8_000_000,
        4_000_000,
        2_000_000,
        1_000_000,
    ]


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_ratio_one_is_balanced(profile):
    assert profiles.counts_for(profile, 37, 1.0, 5) == (37,) * 5


def test_ratio_reads_imb_factor_as_its_inverse():
    assert profiles.ratio(imb_factor=0.01) == pytest.approx(100)
    assert profiles.ratio(25) == 25


@pytest.mark.parametrize("rho", [0.99, 0, -3, float("nan"), float("inf")])
def test_bad_rho(rho):
    with pytest.raises(ValueError, match=rf"rho={rho}: .*>= 1.*imb_factor="):
        profiles.ratio(rho)


@pytest.mark.parametrize("imb_factor", [0, 1.01, 100, float("nan")])
def test_bad_imb_factor(imb_factor):
    with pytest.raises(ValueError, match=rf"imb_factor={imb_factor}: .*\(0, 1\].*rho="):
        profiles.ratio(imb_factor=imb_factor)


def test_rho_and_imb_factor_together():
    with pytest.raises(ValueError, match=r"rho=10 and imb_factor=0\.1 were both given"):
        profiles.ratio(10, 0.1)


def test_empty_class_says_what_fits():
    with pytest.raises(ValueError, match=r"rho=100 with n_max=50 leaves class 3 .*rho <= 50"):
        profiles.counts_for("long-tailed", 50, 100, 4)
    assert profiles.counts_for("long-tailed", 50, 50, 4)[-1] == 1  # the advice works


def test_unknown_profile_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'exp'.*'long-tailed', 'step'.*counts="):
        profiles.counts_for("exp", 50, 10, 4)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((5, 3), r"counts=\(5, 3\) has 2 numbers for 3 classes.*classes="),
        ((5, 3, 0), r"counts=\(5, 3, 0\): give a list of integers >= 1"),
        ((5, 9, 3), r"counts=\(5, 9, 3\) must fall.*rare="),
    ],
)
def test_bad_own_counts(counts, message):
    with pytest.raises(ValueError, match=message):
        profiles.own_counts(counts, 3)
