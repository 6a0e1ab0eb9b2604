from collections.abc import Callable

import pytest
import torch
from torch import nn

from imbal_lab.data import Dataset, load
from imbal_lab.models import mlp


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Two classes, ten to one, in double precision."""
    return load("gauss2d_binary", rho=10, n_max=40, n_test=5).to(torch.float64)


@pytest.fixture
def fresh() -> Callable[[], nn.Module]:
    """The same small untrained network at every call."""
    return lambda: mlp([2, 6, 2], seed=3).double()
