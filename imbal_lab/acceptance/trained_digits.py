"""Networks on imbalanced digits, one a seed: their recalls and the deviation of their features.

Data, perceptron and optimizer are those of the claims about class-dependent temperatures: five
digits with 100 images each and five with 5, drawn by the seed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import Dataset, batches_of, load
from imbal_lab.instruments import class_means, naive_deviation, null_deviation, subsampled_deviation
from imbal_lab.instruments.feature_deviation import Measure
from imbal_lab.methods import cdt_temperatures
from imbal_lab.models import mlp
from imbal_lab.training import fit
from imbal_lab.training.interval import Interval

GAMMA = 0.2
RHO = 20
DATA: dict[str, Any] = {"rho": RHO, "profile": "step", "n_max": 100, "n_test": 50, "rare": "random"}
WIDTHS = (64, 64, 64, 10)
LR, MOMENTUM, WEIGHT_DECAY, BATCH = 0.1, 0.9, 2e-4, 64
DROPS = (0.8, 0.9)  # of all steps: there the step size falls to a tenth
ROUNDS = 300  # draws for a deviation
FREQUENT, RARE = slice(0, 5), slice(5, 10)  # of ten ranks

CriterionOf = Callable[[Sequence[int]], nn.Module]


@dataclass(frozen=True, eq=False)
class Trained:
    """What S networks do after training, class by class: all [S, C], the rarest class last."""

    label: str
    counts: tuple[int, ...]
    train_recall: Tensor
    recall: Tensor  # on the balanced test set
    divided: Tensor  # the same, if test logits are divided by the temperatures too
    naive: Tensor  # distance of the means of all training and all test features
    deviation: Tensor  # with as few training examples drawn of every class
    null: Tensor  # as many test examples against the other test examples


def by_group(values: Tensor) -> Tensor:
    """Means over the frequent and over the rare classes: [S, C] to [S, 2]."""
    return torch.stack([values[:, ranks].mean(dim=1) for ranks in (FREQUENT, RARE)], dim=1)


def rare_over_frequent(values: Tensor) -> Tensor:
    """[S]: mean of the rare classes over that of the frequent ones."""
    frequent, rare = by_group(values).unbind(dim=1)
    return rare / frequent


def of_rare(values: Tensor) -> Interval:
    """Mean over the rare classes."""
    return Interval.of(by_group(values)[:, 1])


def train_digits(
    label: str, criterion_of: CriterionOf, measure: Measure, seeds: Iterable[int], steps: int
) -> Trained:
    """Train once a seed with ``criterion_of(counts)``, and look at every class."""
    rows = []
    for seed in seeds:
        data = load("digits", **DATA, seed=seed)
        model = mlp(WIDTHS, seed=seed, activation="relu")
        recall = _fitted(data, model, criterion_of(data.counts), seed, steps)
        rows.append(_looked_at(data, model, recall, measure))
    return Trained(label, data.counts, *map(torch.stack, zip(*rows, strict=True)))


def _fitted(data: Dataset, model: nn.Module, criterion: nn.Module, seed: int, steps: int) -> Tensor:
    """Train ``model``; its recall [C] on the test set."""
    optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
    drops = [int(share * steps) for share in DROPS]
    *_, last = fit(
        data,
        model,
        criterion,
        optimizer,
        steps=steps,
        every=steps,
        batches=batches_of("mixed", data.y, BATCH, seed=seed),
        scheduler=torch.optim.lr_scheduler.MultiStepLR(optimizer, drops),
        record_gradients=False,
    )
    return last.recall


@torch.no_grad()
def _looked_at(
    data: Dataset, model: nn.Sequential, recall: Tensor, measure: Measure
) -> tuple[Tensor, ...]:
    """The quantities of :class:`Trained`, each [C]; features are divided by their length."""
    train, test = (F.normalize(model[:-1](x), dim=1) for x in (data.x, data.x_test))
    both = (train, data.y, test, data.y_test)
    divided = model(data.x_test) / cdt_temperatures(data.counts, GAMMA)
    return (
        _recall(model(data.x), data.y),
        recall,
        _recall(divided, data.y_test),
        naive_deviation(*both, measure=measure),
        subsampled_deviation(*both, rounds=ROUNDS, measure=measure),
        null_deviation(test, data.y_test, size=min(data.counts), rounds=ROUNDS),
    )


def _recall(logits: Tensor, y: Tensor) -> Tensor:
    """Share of each class that is recognised: [C]."""
    return class_means((logits.argmax(dim=1) == y).to(logits.dtype), y, logits.shape[1])
