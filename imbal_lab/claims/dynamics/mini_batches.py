"""SGD, PCNSGD, oversampling and rescaling in mini-batches: who learns when."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from imbal_lab.claims.censored import censored
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.dynamics.setting import LEARNT, digits, imbalanced, network
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import ClassBatches
from imbal_lab.methods import gd_step, pcngd_step, product_step, rescaled_step
from imbal_lab.training import train
from imbal_lab.training.minority_drop import ROUNDING

BATCH = 22  # 20 + 2 at rho = 10; 11 + 11 at rho = 1 and with oversampling
END = 250


class Algorithm(NamedTuple):
    """A step, its size, and the batches it takes."""

    step: Callable[..., Tensor]
    lr: float
    oversample: bool = False
    full_gradients: bool = False


ALGORITHMS = {
    "SGD": Algorithm(gd_step, 0.1),
    "SGD+O": Algorithm(gd_step, 0.1, oversample=True),
    "PCNSGD": Algorithm(pcngd_step, 0.01),
    "PCNSGD+O": Algorithm(pcngd_step, 0.01, oversample=True),
    "PCNSGD+R": Algorithm(product_step, 0.01, full_gradients=True),
    "PCNSGD+R, 1/p": Algorithm(rescaled_step, 0.01, full_gradients=True),
}


@cache
def _losses(name: str, seed: int, rho: int, whole: bool = False) -> Tensor:
    """[T, 2] mean class losses until both classes are learnt, or over all steps."""
    algorithm = ALGORITHMS[name]
    data = digits(seed, imbalanced(rho))
    records = train(
        data,
        network(data, seed, 24, 24),
        algorithm.step,
        lr=algorithm.lr,
        steps=END,
        batches=ClassBatches(data.y, BATCH, oversample=algorithm.oversample, seed=seed),
        full_gradients=algorithm.full_gradients,
    )
    losses, learnt = [], torch.tensor([False, False])
    for record in records:
        losses.append(record.loss)
        learnt |= record.loss < LEARNT
        if learnt.all() and not whole:
            break
    return torch.stack(losses)


def _rise(name: str, seed: int, rho: int) -> float:
    """How far the minority gets above its start before both classes are learnt."""
    loss = _losses(name, seed, rho)[:, 1]
    return (loss.max() - loss[0]).item()


def _times(name: str, seeds: Sequence[int], rho: int) -> Tensor:
    """[2, S] steps until each class is learnt, the start being step 1."""
    rows = []
    for seed in seeds:
        learnt = _losses(name, seed, rho) < LEARNT
        first = [c.nonzero()[0].item() + 1 if c.any() else math.nan for c in learnt.T]
        rows.append(first)
    times = torch.tensor(rows, dtype=torch.float64).T
    return torch.stack([censored(column, END + 1) for column in times])


def _lag(name: str, seeds: Sequence[int], rho: int) -> Tensor:
    """[S] log2 of minority time over majority time."""
    majority, minority = _times(name, seeds, rho)
    return (minority / majority).log2()


@per_seed
def _sgd(seed: int) -> dict[str, float]:
    return {
        "rise, SGD, ρ = 10": _rise("SGD", seed, 10),
        "rise, SGD+O, ρ = 10": _rise("SGD+O", seed, 10),
        "rise, SGD, ρ = 1": _rise("SGD", seed, 1),
    }


def _unbalanced(seeds: Sequence[int]) -> dict[str, Tensor]:
    lag, control = _lag("PCNSGD", seeds, 10), _lag("PCNSGD", seeds, 1)
    rises = [_rise("PCNSGD", seed, 10) for seed in seeds]
    return {
        "lag": lag,
        "lag, ρ = 1": control,
        "lag minus that": lag - control,
        "rise": torch.tensor(rises, dtype=torch.float64),
    }


def _repair(*names: str) -> Callable[[Sequence[int]], dict[str, Tensor]]:
    """Each repair beside PCNSGD, and beside PCNSGD on balanced data."""

    def measure(seeds: Sequence[int]) -> dict[str, Tensor]:
        found = {}
        for name in names:
            lag = _lag(name, seeds, 10)
            found[f"lag, {name}"] = lag
            found[f"PCNSGD minus {name}"] = _lag("PCNSGD", seeds, 10) - lag
            found[f"{name} minus PCNSGD at ρ = 1"] = lag - _lag("PCNSGD", seeds, 1)
        return found

    return measure


@per_seed
def _noise(seed: int) -> dict[str, float]:
    ups = {
        name: (_losses(name, seed, 10, whole=True).diff(dim=0) > ROUNDING).double().mean(dim=0)
        for name in ("PCNSGD", "PCNSGD+R", "PCNSGD+R, 1/p")
    }
    more = ups["PCNSGD+R, 1/p"] - ups["PCNSGD"]
    return {
        **{f"up-steps of the majority, {name}": share[0].item() for name, share in ups.items()},
        "majority, 1/p minus PCNSGD": more[0].item(),
        "minority, 1/p minus PCNSGD": more[1].item(),
    }


SETTING = (
    "digits at ρ = 10, batches of 20 + 2, with oversampling 11 + 11; step size 0.1 (SGD) and 0.01 "
    "(PCNSGD), at most 250 steps"
)


def _repaired(*names: str) -> tuple[Within, ...]:
    return tuple(
        condition
        for name in names
        for condition in (
            Within(f"PCNSGD minus {name}", low=0.3),
            Within(f"{name} minus PCNSGD at ρ = 1", high=0.3),
        )
    )


CLAIMS = (
    Claim(
        id="dynamics-sgd-drop",
        says="The drop shows under SGD as under GD, and oversampling removes it.",
        origin="figures of SGD and SGD+O",
        setting=f"{SETTING}, until both classes are learnt. Control: 150 of each",
        measure=_sgd,
        reproduced=(
            Within("rise, SGD, ρ = 10", low=0.05),
            Within("rise, SGD+O, ρ = 10", high=0.01),
            Within("rise, SGD, ρ = 1", high=0.01),
        ),
    ),
    Claim(
        id="dynamics-pcnsgd-unbalanced",
        says="In mini-batches normalising alone is not enough: under PCNSGD the minority no longer "
        "drops, but it is still learnt much later than the majority.",
        origin="abstract, poster",
        setting=SETTING,
        measure=_unbalanced,
        reproduced=(
            Within("lag", low=0.38),
            Within("lag minus that", low=0.3),
            Within("rise", high=0.01),
        ),
        opposite=(Within("lag minus that", high=0),),
    ),
    Claim(
        id="dynamics-pcnsgd-oversampled",
        says="PCNSGD with oversampling learns both classes together.",
        origin="abstract",
        setting=SETTING,
        measure=_repair("PCNSGD+O"),
        reproduced=_repaired("PCNSGD+O"),
        opposite=(Within("PCNSGD minus PCNSGD+O", high=0),),
    ),
    Claim(
        id="dynamics-pcnsgd-rescaled",
        says="So does PCNSGD+R, which divides each class's projection p_l out: in the form with "
        "∏p_j/p_l and in the form with 1/p_l.",
        origin="appendix F",
        setting=f"{SETTING}; p_l below 0.05 counts as 0.05",
        measure=_repair("PCNSGD+R", "PCNSGD+R, 1/p"),
        reproduced=_repaired("PCNSGD+R", "PCNSGD+R, 1/p"),
        opposite=(Within("PCNSGD minus PCNSGD+R", high=0),),
    ),
    Claim(
        id="dynamics-rescaling-noise",
        says="Dividing by p_l makes the noise of the rare class larger, and the majority pays for "
        "it.",
        origin="follows from the update",
        setting=f"{SETTING}; share of all 250 steps in which the class's loss grows",
        measure=_noise,
        reproduced=(Within("majority, 1/p minus PCNSGD", low=0.02),),
        opposite=(Within("majority, 1/p minus PCNSGD", high=-0.02),),
    ),
)
