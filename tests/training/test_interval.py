import pytest
import torch

from imbal_lab.training.interval import Interval


def test_interval_by_hand():
    """n = 4: the 97.5 % quantile of t with 3 degrees of freedom is 3.18245 (any table)."""
    interval = Interval.of(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    half = 3.18245 * (5 / 3) ** 0.5 / 2
    assert interval == pytest.approx((2.5, 2.5 - half, 2.5 + half), rel=1e-5)
    assert str(Interval(0.2, 0.1, 0.3)) == "0.2 [0.1, 0.3]"
    assert Interval.of(torch.zeros(5)) == (0, 0, 0)


def test_a_value_that_is_missing_is_not_averaged_away():
    interval = Interval.of(torch.tensor([1.0, float("nan"), 3.0]))
    assert all(bound != bound for bound in interval)
