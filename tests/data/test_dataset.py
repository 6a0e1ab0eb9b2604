"""The record itself."""

import pytest
import torch

from imbal_lab.data import Dataset


@pytest.fixture
def tiny():
    y = torch.tensor([0, 0, 0, 0, 1, 1, 2])
    x = torch.zeros(7, 1, 5)
    return Dataset("tiny", x, y, x[:3], torch.arange(3), ("a", "b", "c"))


def test_counts_and_ratio_come_from_the_labels(tiny):
    assert tiny.num_classes == 3
    assert tiny.counts == (4, 2, 1)
    assert tiny.rho == 4


def test_repr_says_what_it_is(tiny):
    assert repr(tiny) == "Dataset(tiny: 7 training (4, 2, 1), rho=4, 1x5 features, 3 test)"


def test_to_changes_inputs_only(tiny):
    double = tiny.to(torch.float64)
    assert double.x.dtype == double.x_test.dtype == torch.float64
    assert double.y.dtype == torch.int64
    assert tiny.x.dtype == torch.float32
