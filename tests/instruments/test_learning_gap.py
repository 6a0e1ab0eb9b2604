"""The learning gap by hand."""

import pytest
import torch

from imbal_lab.instruments import accuracy_gap, gap_auc, log_gradient_ratio

ACCURACY = torch.tensor(
    [[0.8, 0.6, 0.1, 0.0, 0.2], [1.0, 0.9, 0.5, 0.4, 0.3], [1.0, 1.0, 1.0, 0.7, 1.0]],
    dtype=torch.float64,
)


def test_by_hand():
    found = accuracy_gap(ACCURACY, num_major=2)
    assert found.tolist() == pytest.approx([0.7 - 0.1, 0.95 - 0.4, 1.0 - 0.9])
    assert gap_auc(ACCURACY, num_major=2).item() == pytest.approx((0.6 + 0.55 + 0.1) / 3)


def test_classes_count_alike_on_each_side():
    """A mean over 2 and a mean over 3 classes, and not one over all examples."""
    assert gap_auc(torch.tensor([[1.0, 0.0, 1.0, 1.0, 0.0]]), 2).item() == pytest.approx(-1 / 6)


def test_none_ahead_is_zero_and_the_other_way_round_is_negative():
    assert gap_auc(torch.full((4, 5), 0.3), num_major=3).item() == pytest.approx(0, abs=1e-7)
    assert gap_auc(1 - ACCURACY, 2).item() == pytest.approx(-gap_auc(ACCURACY, 2).item())


@pytest.mark.parametrize("num_major", [0, 5, -1, 6])
@pytest.mark.parametrize("measure", [accuracy_gap, gap_auc, log_gradient_ratio])
def test_one_side_without_classes_is_refused(measure, num_major):
    with pytest.raises(ValueError, match=r"num_major=.*0 < num_major < C"):
        measure(ACCURACY, num_major)


def test_one_epoch_needs_its_axis():
    with pytest.raises(ValueError, match=r"shape \(5,\): give \[T, C\]"):
        accuracy_gap(ACCURACY[0], 2)
