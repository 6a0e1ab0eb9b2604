"""Weights for drawing every class equally often."""

from fractions import Fraction

import pytest
import torch
from torch.utils.data import WeightedRandomSampler

from imbal_lab.methods import inverse_frequency_weights, sampling_weights


def test_by_counting_with_fractions():
    labels = [3, 0, 0, 3, 7, 0, 0, 3, 0]  # 5 zeros, 3 threes, 1 seven
    exact = [Fraction(1, 3 * labels.count(label)) for label in labels]
    assert sum(exact) == 1
    found = sampling_weights(torch.tensor(labels))
    assert found.tolist() == pytest.approx([float(w) for w in exact], rel=1e-15)


def test_torchs_sampler_then_meets_every_class_equally_often():
    y = torch.tensor([0] * 150 + [1] * 15 + [2] * 3)
    generator = torch.Generator().manual_seed(0)
    drawn = list(WeightedRandomSampler(sampling_weights(y), 30_000, generator=generator))
    shares = torch.bincount(y[drawn]) / len(drawn)
    assert (shares - 1 / 3).abs().max() < 0.01  # standard deviation 0.003


def test_it_is_the_class_weight_of_each_example_but_for_the_scale():
    y = torch.tensor([0, 1, 0, 0, 2, 1])
    by_class = inverse_frequency_weights((3, 2, 1))[y] / len(y)
    torch.testing.assert_close(sampling_weights(y).float(), by_class)


@pytest.mark.parametrize("y", [[0, 1, 2, 3], [5, 5, 5, 5]])
def test_balanced_labels_and_a_single_class_get_equal_weights(y):
    assert sampling_weights(torch.tensor(y)).tolist() == [0.25] * 4
