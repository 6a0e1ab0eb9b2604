"""The exercise-sized formulas, one number at a time; what refuses bad input is in test_mfw."""

import math

import pytest
import torch

from imbal_lab.methods import class_strengths, mfw_strengths, weaken, weaken_features


def test_strengths_one_class_at_a_time():
    counts = [400, 37, 90, 8]
    for lam_min in (0.5, 0.7, 1.0):
        found = class_strengths(torch.tensor(counts), lam_min).tolist()
        for n, lam in zip(counts, found, strict=True):
            place = math.log(n / 8) / math.log(400 / 8)  # 0 for the smallest, 1 for the largest
            assert lam == pytest.approx(1 * (1 - place) + lam_min * place, rel=1e-6)


def test_steps_have_two_strengths_and_equal_counts_one():
    assert class_strengths(torch.tensor([300.0, 300, 15, 15]), 0.7).tolist() == pytest.approx(
        [0.7, 0.7, 1, 1]
    )
    assert class_strengths(torch.tensor([9, 9, 9]), 0.7).tolist() == [1, 1, 1]


def test_mixed_one_number_at_a_time():
    generator = torch.Generator().manual_seed(3)
    h = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y, partner = torch.tensor([0, 2, 1, 0, 2]), torch.tensor([3, 0, 4, 1, 2])
    strengths = torch.tensor([0.6, 0.9, 1.0], dtype=torch.float64)
    found = weaken_features(h, y, partner, strengths)
    for i in range(5):
        lam = strengths[y[i]].item()
        for j in range(3):
            expected = lam * h[i, j].item() + (1 - lam) * h[partner[i], j].item()
            assert found[i, j].item() == pytest.approx(expected, rel=1e-12)


def test_the_checked_forms_are_the_same():
    h = torch.arange(24.0).view(4, 2, 3)
    y, partner = torch.tensor([0, 1, 1, 0]), torch.tensor([1, 2, 3, 0])
    strengths = mfw_strengths((90, 10), 0.7)
    assert torch.equal(strengths, class_strengths(torch.tensor([90.0, 10]).double(), 0.7))
    found = weaken(h, y, partner, strengths)
    flat = weaken_features(h.flatten(1), y, partner, strengths.float())
    assert torch.equal(found, flat.view(4, 2, 3))
