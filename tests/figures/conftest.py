"""A recording whose curves are known exactly."""

import pytest
import torch

from imbal_lab.data import Dataset
from imbal_lab.figures import panels
from imbal_lab.instruments import Recording


def recording_of(loss, recall=None):
    """A recording with the given losses [T, C]; everything else simple."""
    loss = torch.tensor(loss, dtype=torch.float64)
    recall = (
        torch.full_like(loss, 0.5) if recall is None else torch.tensor(recall, dtype=torch.float64)
    )
    cosine = torch.eye(loss.shape[1], dtype=torch.float64).repeat(len(loss), 1, 1)
    return Recording(torch.arange(len(loss)) * 10, loss, recall, loss / 10, cosine)


def classes_of(*counts):
    """A data set with these counts and the names a, b, c, ..."""
    y = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    x = torch.zeros(len(y), 2)
    return Dataset("made", x, y, x, y, tuple("abcdefghij"[: len(counts)]))


@pytest.fixture
def make_recording():
    return recording_of


@pytest.fixture
def make_classes():
    return classes_of


@pytest.fixture
def ax():
    return panels.canvas(1, 1, square=(0,)).axes[0]
