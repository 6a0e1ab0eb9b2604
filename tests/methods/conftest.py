"""A small network in double precision and a batch with three uneven classes."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.models import mlp

Batch = tuple[Tensor, Tensor]


@pytest.fixture
def model() -> nn.Module:
    return mlp([3, 5, 3], seed=2).double()


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(5)
    y = torch.tensor([0, 1, 0, 2, 0, 1, 0, 0, 2, 0])
    return torch.randn(len(y), 3, generator=generator, dtype=torch.float64), y


@pytest.fixture
def logits(model: nn.Module, batch: Batch) -> Tensor:
    return model(batch[0]).detach()


@pytest.fixture
def y(batch: Batch) -> Tensor:
    return batch[1]


@pytest.fixture
def class_losses() -> Callable[[nn.Module, Tensor, Tensor, int], Tensor]:
    """f_l [C] in plain tensor algebra: no cross_entropy, no autograd."""

    def losses(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> Tensor:
        with torch.no_grad():
            logits = model(x)
            log_p = logits - logits.exp().sum(dim=1, keepdim=True).log()
            each = -log_p[torch.arange(len(y)), y]
            return torch.stack([each[y == c].sum() / len(y) for c in range(num_classes)])

    return losses


@pytest.fixture
def params_of() -> Callable[[nn.Module], Tensor]:
    return lambda model: parameters_to_vector(model.parameters()).detach().clone()


@pytest.fixture
def moved() -> Callable[[nn.Module, Tensor], nn.Module]:
    """The model at other parameters [P]."""

    def at(model: nn.Module, params: Tensor) -> nn.Module:
        vector_to_parameters(params.clone(), model.parameters())
        return model

    return at
