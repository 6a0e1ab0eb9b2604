"""Small data that can be learnt, and every criterion as a user would build it."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from imbal_lab import methods
from imbal_lab.models import mlp

COUNTS = (48, 32, 16)

Criteria = dict[str, Callable[[nn.Module], nn.Module]]

CRITERIA: Criteria = {
    "ABSGD": lambda model: methods.ABSGD(2.0, gamma=0.5),
    "ABSGD, lam < 0": lambda model: methods.ABSGD(-5.0, gamma=0.5),
    "ABSGD over class weights": lambda model: methods.ABSGD(
        3.0, base=methods.ClassWeightedLoss(torch.tensor([0.5, 1.0, 2.0]), reduction="none")
    ),
    "ABSGD over LDAM": lambda model: methods.ABSGD(
        9.0, base=methods.LDAMLoss(COUNTS, scale=3.0, reduction="none")
    ),
    "ABSGD over focal": lambda model: methods.ABSGD(
        1.0, base=methods.FocalLoss(1.0, reduction="none")
    ),
    "ARB": lambda model: methods.ARBLoss(COUNTS),
    "ARB, batch counts": lambda model: methods.ARBLoss(),
    "CDT": lambda model: methods.CDTLoss(COUNTS, gamma=0.3),
    "class weights": lambda model: methods.ClassWeightedLoss(
        methods.inverse_frequency_weights(COUNTS)
    ),
    "effective number": lambda model: methods.ClassWeightedLoss(
        methods.effective_number_weights(COUNTS, beta=0.99)
    ),
    "focal": lambda model: methods.FocalLoss(weights=torch.tensor([0.5, 1.0, 2.0])),
    "LDAM": lambda model: methods.LDAMLoss(COUNTS, scale=3.0),
    "logit adjustment": lambda model: methods.LogitAdjustedLoss(COUNTS),
    "PCNSGD": lambda model: methods.PerClass(model, 3),
}


@pytest.fixture(params=CRITERIA)
def build(request: pytest.FixtureRequest) -> Callable[[nn.Module], nn.Module]:
    """``build(model)`` makes a criterion; a test that asks for it runs for each of them."""
    return CRITERIA[request.param]


@pytest.fixture
def criteria() -> Criteria:
    return CRITERIA


@pytest.fixture
def model() -> nn.Module:
    """4 inputs, 3 classes; small enough for one row of a test to take milliseconds."""
    return mlp([4, 8, 3], seed=0)


@pytest.fixture
def data() -> tuple[Tensor, Tensor]:
    """96 points around three centres, 48 of class 0, 32 of class 1, 16 of class 2, shuffled.

    Batches of 32 and 48 all hold every class, as the per-class methods assume.
    """
    generator = torch.Generator().manual_seed(3)
    y = torch.tensor([0, 0, 0, 1, 1, 2]).repeat(16)
    centres = torch.tensor([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]])
    return centres[y] + 0.5 * torch.randn(96, 4, generator=generator), y


@pytest.fixture
def plain_loop() -> Callable[..., nn.Module]:
    """The loop of a textbook: what the others are compared with. Returns its model."""

    def train(
        model: nn.Module,
        build: Callable[[nn.Module], nn.Module],
        batches: list[tuple[Tensor, Tensor]],
        epochs: int,
        **options: float,
    ) -> nn.Module:
        model = copy.deepcopy(model)
        criterion = build(model)
        optimizer = torch.optim.SGD(model.parameters(), **options)
        for _ in range(epochs):
            for x, y in batches:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
        return model

    return train
