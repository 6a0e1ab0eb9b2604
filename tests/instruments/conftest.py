import pytest
import torch
from torch import nn

from imbal_lab.data import Dataset, load
from imbal_lab.models import mlp


@pytest.fixture
def dataset() -> Dataset:
    """Three classes of 12, 5 and 2 examples, in double precision."""
    return load("gauss2d", classes=(0, 1, 2), counts=(12, 5, 2), n_test=7).to(torch.float64)


@pytest.fixture
def model() -> nn.Module:
    return mlp([2, 6, 3], seed=1).double()
