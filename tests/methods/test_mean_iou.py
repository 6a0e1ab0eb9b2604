"""Mean IoU, by hand and from sets of pixels."""

import pytest
import torch

from imbal_lab.methods import mean_iou


def test_by_hand():
    y = torch.tensor([[0, 0, 0, 0], [0, 0, 1, 2]])
    predictions = torch.tensor([[0, 0, 0, 1], [0, 0, 1, 1]])
    # class 0: 5 of 6, class 1: 1 of 3, class 2: 0 of 1, class 3: nowhere
    expected = (5 / 6 + 1 / 3 + 0) / 3
    assert mean_iou(predictions, y, 4).item() == pytest.approx(expected)


def test_is_that_of_sets_of_pixels():
    generator = torch.Generator().manual_seed(2)
    y, predictions = torch.randint(0, 4, (2, 3, 5, 7), generator=generator)
    shares = []
    for k in range(4):
        called, there = (
            {tuple(pixel) for pixel in (image == k).nonzero().tolist()}
            for image in (predictions, y)
        )
        shares.append(len(called & there) / len(called | there))
    assert mean_iou(predictions, y, 4).item() == pytest.approx(sum(shares) / 4)


def test_recall_rises_while_it_falls():
    """Twice as many of the rare pixels are found, with three false alarms each."""
    y = torch.tensor([0] * 94 + [1] * 6)
    careful = torch.tensor([0] * 97 + [1] * 3)
    eager = torch.tensor([0] * 76 + [1] * 24)

    def recall(predictions):
        return sum((predictions[y == k] == k).double().mean().item() for k in (0, 1)) / 2

    assert recall(careful) < recall(eager)
    assert mean_iou(careful, y, 2) > mean_iou(eager, y, 2) + 0.1


def test_all_right_is_one():
    y = torch.tensor([[0, 2], [1, 1]])
    assert mean_iou(y, y, 5) == 1
