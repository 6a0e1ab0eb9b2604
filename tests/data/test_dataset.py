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


def test_many_counts_are_not_all_written_out():
    y = torch.arange(12).repeat_interleave(torch.arange(12, 0, -1))
    data = Dataset(
        "many", torch.zeros(78, 2), y, torch.zeros(1, 2), y[:1], tuple(map(str, range(12)))
    )
    assert repr(data).startswith("Dataset(many: 78 training (12, 11, 10, ..., 1), rho=12, ")


def test_in_segmentation_pixels_are_counted():
    y = torch.tensor([[[0, 0], [0, 1]], [[0, 0], [0, 0]]])
    data = Dataset(
        "pixels", torch.zeros(2, 1, 2, 2), y, torch.zeros(2, 1, 2, 2), y, ("a", "b", "c")
    )
    assert data.counts == (7, 1, 0)
    assert data.rho == 7
    assert repr(data) == "Dataset(pixels: 2 training (7, 1, 0), rho=7, 1x2x2 features, 2 test)"
