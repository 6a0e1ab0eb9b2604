from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from imbal_lab.data import Dataset, load
from imbal_lab.models import mlp
from imbal_lab.training import Run


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Two classes, ten to one, in double precision."""
    return load("gauss2d_binary", rho=10, n_max=40, n_test=5).to(torch.float64)


@pytest.fixture
def fresh() -> Callable[[], nn.Module]:
    """The same small untrained network at every call."""
    return lambda: mlp([2, 6, 2], seed=3).double()


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Run]:
    """A run of a fraction of a second, in double precision; arguments replace what it has."""

    def tiny(**changes: Any) -> Run:
        settings = {
            "data": "gauss2d",
            "method": "sgd",
            "rho": 10,
            "steps": 6,
            "batch": 8,
            "dtype": "float64",
            "data_options": {"n_max": 40, "n_test": 5},
            "model_options": {"widths": (2, 6, 4)},
        }
        return Run(**settings | changes)

    return tiny
