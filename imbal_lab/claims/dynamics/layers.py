"""Layers that break what holds for examples one by one: dropout and batch normalisation."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.dynamics.setting import digits, imbalanced, network, share
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import Dataset
from imbal_lab.instruments import class_means
from imbal_lab.methods import class_gradients, pcngd_step
from imbal_lab.training.minority_drop import ROUNDING

RATE = 0.2
LR = 0.001
STEPS = 100


class Dropout(nn.Module):
    """Dropout with a fresh mask at every pass, or with one mask for all until the next draw."""

    def __init__(self, seed: int, *, held: bool) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)
        self.held = held
        self.mask = torch.ones(1)

    def draw(self, shape: torch.Size) -> Tensor:
        """A mask of zeros and 1 / (1 - rate)."""
        kept = torch.rand(shape, generator=self.generator, dtype=torch.float64) >= RATE
        return kept / (1 - RATE)

    def forward(self, x: Tensor) -> Tensor:
        """In training mode ``x`` [n, d] times a mask; unchanged in eval mode."""
        if not self.training:
            return x
        return x * (self.mask if self.held else self.draw(x.shape))


def with_dropout(dataset: Dataset, seed: int, *, held: bool) -> nn.Sequential:
    """The usual network with dropout after each activation."""
    first, tanh, second, other, last = network(dataset, seed, 24, 24)
    drops = [Dropout(2 * seed + k, held=held) for k in (0, 1)]
    return nn.Sequential(first, tanh, drops[0], second, other, drops[1], last)


def _losses(model: nn.Module, data: Dataset) -> Tensor:
    with torch.no_grad():
        each = F.cross_entropy(model(data.x), data.y, reduction="none")
    return class_means(each, data.y, 2)


def _both_losses(model: nn.Module, data: Dataset) -> Tensor:
    """[2 modes, 2 classes] with dropout, and in eval mode."""
    seen = [_losses(model.train(mode), data) for mode in (True, False)]
    model.train()
    return torch.stack(seen)


def _ups(seed: int, *, held: bool) -> list[float]:
    """Share of PCNGD steps in which a loss grew: with dropout, and in eval mode."""
    data = digits(seed, imbalanced(10))
    model, ups = with_dropout(data, seed, held=held), []
    for _ in range(STEPS):
        for layer in model:
            if isinstance(layer, Dropout):
                layer.mask = layer.draw(torch.Size([1, 24]))
        before = _both_losses(model, data)
        params = parameters_to_vector(model.parameters()).detach()
        new = pcngd_step(params, class_gradients(model, data.x, data.y, 2), LR)
        vector_to_parameters(new, model.parameters())
        ups.append(_both_losses(model, data) > before + ROUNDING)
    return [share(of_mode) for of_mode in torch.stack(ups, dim=1)]


@per_seed
def _dropout(seed: int) -> dict[str, float]:
    found = {}
    for name, held in (("a fresh mask a pass", False), ("one mask a step", True)):
        found[f"up-steps, {name}"], found[f"up-steps without dropout, {name}"] = _ups(
            seed, held=held
        )
    return found


def _distance(norm: nn.Module, seed: int) -> float:
    """Between the class gradients' sum and the gradient of the total loss, over its length."""
    data = digits(seed, imbalanced(10))
    first, *rest = network(data, seed, 24, 24)
    model = nn.Sequential(first, norm.double(), *rest)
    total = torch.autograd.grad(F.cross_entropy(model(data.x), data.y), list(model.parameters()))
    whole = torch.cat([g.flatten() for g in total])
    by_class = class_gradients(model, data.x, data.y, 2).sum(dim=0)
    return ((by_class - whole).norm() / whole.norm()).item()


@per_seed
def _normalisation(seed: int) -> dict[str, float]:
    return {
        "distance, BatchNorm": _distance(nn.BatchNorm1d(24), seed),
        "distance, GroupNorm": _distance(nn.GroupNorm(4, 24), seed),
    }


CLAIMS = (
    Claim(
        id="dynamics-dropout",
        says="Dropout with a fresh mask for every pass breaks PCNGD's steady decrease even for "
        "short steps; one mask for all classes of a step keeps it.",
        origin="the authors' code",
        setting="digits at ρ = 10, with dropout 0.2 after each layer; PCNGD, "
        "step size 0.001, 100 steps; share of steps and classes in which the training loss, as "
        "that step sees it, grows. Shown beside it: the loss with dropout off",
        measure=_dropout,
        reproduced=(
            Within("up-steps, a fresh mask a pass", low=0.1),
            Within("up-steps, one mask a step", 0, 0),
        ),
        opposite=(Within("up-steps, a fresh mask a pass", 0, 0),),
    ),
    Claim(
        id="dynamics-batchnorm",
        says="Batch normalisation mixes the classes, so that class gradients from passes of their "
        "own do not add up to the gradient; group normalisation does not.",
        origin="the authors' code",
        setting="digits at ρ = 10, with one such layer, before the first step; "
        "distance of the sum to the gradient, relative",
        measure=_normalisation,
        reproduced=(
            Within("distance, BatchNorm", low=0.05),
            Within("distance, GroupNorm", high=1e-9),
        ),
    ),
)
