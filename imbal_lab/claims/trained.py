"""Training K networks side by side, one a seed, with mixed features and losses that change.

For what :func:`imbal_lab.training.sweep` does not do. K times the mean loss over the examples of
all networks has for each network the gradient of its own mean, and SGD works on each number alone.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import torch
from torch import Tensor, nn

from imbal_lab.claims.side_by_side import SideBySide
from imbal_lab.data import ClassBatches, Dataset, ShuffledBatches
from imbal_lab.instruments import mean_feature_gradients
from imbal_lab.methods import mixed_label_loss, weaken
from imbal_lab.training.one_thread import one_thread

BATCH = 64
LR, MOMENTUM, WEIGHT_DECAY = 0.1, 0.9, 2e-4
DROPS = (0.7, 0.9)  # of all epochs: there the step size falls to a tenth

Criterion = Callable[[Tensor, Tensor], Tensor]


class Weakening(NamedTuple):
    """Major Feature Weakening after ``layer``, with the share each class keeps, [C]."""

    layer: str
    strengths: Tensor
    mix_labels: bool = False
    detach: bool = False  # no gradient into the partner


class Trained(NamedTuple):
    """K networks after training, and what was seen after each of T epochs, in eval mode."""

    model: SideBySide
    x: Tensor  # [n, K, d]
    y: Tensor  # [n], the same for all networks, as are the counts
    x_test: Tensor  # [m, K, d]
    y_test: Tensor  # [m]
    guesses: Tensor  # [T, n, K], of the training examples
    pulls: Tensor  # [K, T, C], mean lengths of the feature gradients
    test_logits: Tensor  # [m, K, C], at the end

    @property
    def recall(self) -> Tensor:
        """Training accuracy of each class: [K, T, C]."""
        return class_shares(self.guesses == self.y[:, None], self.y).transpose(0, 1)

    @property
    def test_recall(self) -> Tensor:
        """Test accuracy of each class at the end: [K, C]."""
        return class_shares(self.test_logits.argmax(dim=2) == self.y_test[:, None], self.y_test)


def class_shares(hits: Tensor, y: Tensor) -> Tensor:
    """Share of true entries in each class: ``hits`` [..., n, K], ``y`` [n] -> [..., K, C].

    >>> class_shares(torch.tensor([[True], [False], [True]]), torch.tensor([0, 0, 1]))
    tensor([[0.5000, 1.0000]], dtype=torch.float64)
    """
    own = nn.functional.one_hot(y).double()
    return hits.double().transpose(-1, -2) @ own / own.sum(dim=0)


def train_side_by_side(
    datasets: Sequence[Dataset],
    models: Sequence[nn.Sequential],
    criterion_at: Callable[[int], Criterion],
    *,
    seeds: Sequence[int],
    epochs: int,
    weakening: Weakening | None = None,
    oversample: bool = False,
) -> Trained:
    """Train each model on its data set, with SGD as in the constants above.

    ``criterion_at(epoch)`` is the loss of mean reduction for that epoch. The data sets have equal
    counts. A seed draws the batches and the partners. With ``oversample`` every class is in each
    batch equally often; an epoch has as many batches as without.
    """
    model, y = SideBySide(models), datasets[0].y
    x = torch.stack([each.x for each in datasets], dim=1)
    x_test = torch.stack([each.x_test for each in datasets], dim=1)
    streams = [_rows(y, oversample, seed) for seed in seeds]
    partners = _Partners(seeds)
    optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
    drops = [int(share * epochs) for share in DROPS]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, drops)
    guesses, pulls = [], []
    with one_thread():
        for epoch in range(epochs):
            model.train()
            criterion = criterion_at(epoch)
            for _ in range(-(-len(y) // BATCH)):
                rows = torch.stack([next(stream) for stream in streams], dim=1)  # [B, K]
                seen = x[rows, torch.arange(len(seeds))]
                optimizer.zero_grad()
                loss = _loss(model, seen, y[rows], criterion, weakening, partners)
                (loss * len(seeds)).backward()
                optimizer.step()
            schedule.step()
            logits = _evaluated(model, x)
            guesses.append(logits.argmax(dim=2))
            pulls.append(_pulls(model, logits, y))
        test_logits = _evaluated(model, x_test)
    y_test = datasets[0].y_test
    return Trained(
        model, x, y, x_test, y_test, torch.stack(guesses), torch.stack(pulls, dim=1), test_logits
    )


def _rows(y: Tensor, oversample: bool, seed: int) -> Iterator[Tensor]:
    """Row numbers of batch after batch, epoch after epoch."""
    if oversample:
        return chain.from_iterable(repeat(ClassBatches(y, BATCH, oversample=True, seed=seed)))
    return chain.from_iterable(repeat(ShuffledBatches(y, BATCH, seed=seed)))


def _loss(
    model: SideBySide,
    x: Tensor,
    y: Tensor,
    criterion: Criterion,
    weakening: Weakening | None,
    partners: "_Partners",
) -> Tensor:
    """Mean over the examples of all networks; ``y`` [B, K]."""
    flat = y.flatten()
    if weakening is None:
        return criterion(model(x).flatten(0, 1), flat)
    partner, strengths = partners.draw(len(y)), weakening.strengths

    def after(layer: str, h: Tensor) -> Tensor:
        if layer != weakening.layer:
            return h
        if not weakening.detach:
            return weaken(h, flat, partner, strengths)
        both = torch.cat([h, h.detach()])  # partners are taken from the copy without gradient
        theirs = torch.cat([partner + len(h), partner])
        return weaken(both, flat.repeat(2), theirs, strengths)[: len(h)]

    logits = model(x, after).flatten(0, 1)
    if weakening.mix_labels:
        return mixed_label_loss(logits, flat, partner, strengths)
    return criterion(logits, flat)


class _Partners:
    """A partner out of its own network's batch for every example, and nobody its own."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw(self, n: int) -> Tensor:
        """Row numbers [n K] of the flattened batch: a random ring in each network."""
        rings = torch.stack([torch.randperm(n, generator=g) for g in self._generators], dim=1)
        partner = torch.empty_like(rings).scatter_(0, rings, rings.roll(1, dims=0))
        k = len(self._generators)
        return (partner * k + torch.arange(k)).flatten()


@torch.no_grad()
def _evaluated(model: SideBySide, x: Tensor) -> Tensor:
    model.eval()
    logits: Tensor = model(x)
    return logits


def _pulls(model: SideBySide, logits: Tensor, y: Tensor) -> Tensor:
    pairs = zip(logits.unbind(dim=1), model.classifiers, strict=True)
    return torch.stack([mean_feature_gradients(own, y, weight) for own, weight in pairs])
