"""Ratios of deviations on clouds whose deviation is known."""

from types import SimpleNamespace

import pytest
import torch

from imbal_lab.claims.deviation import DeviationRatios
from imbal_lab.claims.trained import Trained

MINOR, MAJOR, TEST = 10, 200, 60


def trained(*, shift=0.0, wide=1.0):
    """One network; classes 0 and 1 are major. The minor classes' test clouds are ``shift`` away
    from their training clouds, and ``wide`` times as wide as the others."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(4).repeat_interleave(torch.tensor([MAJOR, MAJOR, MINOR, MINOR]))
    y_test = torch.arange(4).repeat_interleave(TEST)
    x, x_test = (torch.randn(len(each), 1, 6, generator=generator) for each in (y, y_test))
    x[y > 1] *= wide
    x_test[y_test > 1] *= wide
    x_test[y_test > 1, :, 0] += shift
    model = SimpleNamespace(features=lambda x: 10 + x)
    nothing = torch.zeros(0)
    return Trained(model, x, y, x_test, y_test, nothing, nothing, nothing)


def ratios(**made):
    return DeviationRatios.of(trained(**made), 2, normalised=False)


def test_one_law_on_both_sides_has_no_excess_but_a_naive_ratio():
    found = ratios()
    assert found.excess.item() == pytest.approx(1, abs=0.3)
    assert found.null.item() == pytest.approx(1, abs=0.1)
    expected = ((1 / MINOR + 1 / TEST) / (1 / MAJOR + 1 / TEST)) ** 0.5  # 2.3: they are just few
    assert found.naive.item() == pytest.approx(expected, rel=0.35)
    assert found.naive > 1.4 * found.subsampled


def test_wider_clouds_have_a_ratio_and_no_excess():
    found = ratios(wide=3.0)
    assert found.subsampled > 2
    assert found.null > 2
    assert found.excess.item() == pytest.approx(1, abs=0.3)


def test_a_shift_is_an_excess():
    found = ratios(shift=4.0)
    assert found.null.item() == pytest.approx(1, abs=0.1)
    assert found.excess.item() == found.subsampled.item() / found.null.item() > 3


def test_lengths_are_divided_out_where_asked():
    """A length of its own for each example changes nothing then, and much otherwise."""
    found = []
    for stretch in (0, 3):
        run = trained(shift=4.0)
        run.model.features = lambda x, s=stretch: (3 + x) * (1 + s * x[..., 1:2] ** 2)
        found.append(DeviationRatios.of(run, 2, normalised=True).subsampled.item())
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    raw = DeviationRatios.of(run, 2, normalised=False).subsampled.item()
    assert raw != pytest.approx(found[1], rel=0.05)


def test_as_many_are_drawn_as_asked():
    few = DeviationRatios.of(trained(shift=4.0), 2, normalised=False, size=2)
    assert few.excess < ratios(shift=4.0).excess  # means of two lie far apart in any case
