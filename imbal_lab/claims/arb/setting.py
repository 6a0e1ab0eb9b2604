"""What the claims of this paper have in common: two data sets, a perceptron, five losses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset, batches_of, load
from imbal_lab.instruments import LoopRecorder, LoopRecording
from imbal_lab.methods import (
    ARBLoss,
    ClassWeightedLoss,
    inverse_frequency_weights,
    reinitialize,
)
from imbal_lab.models import mlp
from imbal_lab.training import fit

RHO = 50
BATCH, LR, MOMENTUM = 64, 0.05, 0.9
EPOCHS = {"digits": 60, "mnist1d": 40}
FEATURES = 0.75  # share of the epochs that the first stage of two takes
TAIL = 3  # classes, the rarest; as many are the head
SETTING = (
    "ten classes, ρ = 50, long-tailed, which class is how frequent drawn by the seed; ReLU MLP "
    "with two hidden layers of 64; SGD with step size 0.05, momentum 0.9, cosine schedule, "
    "batches of 64; digits (120 to 2 examples, 60 epochs) and MNIST-1D (1000 to 20, 40 epochs)"
)

Counts = Sequence[int]

LOSSES: dict[str, Callable[[Counts], nn.Module]] = {
    "CE": lambda counts: nn.CrossEntropyLoss(),
    "ARB": lambda counts: ARBLoss(counts),
    "ARB, batch counts": lambda counts: ARBLoss(),
    "inverse ratio": lambda counts: ARBLoss([1 / n for n in counts]),
    "class weights": lambda counts: ClassWeightedLoss(inverse_frequency_weights(counts)),
}


class Trained(NamedTuple):
    """One run: what it left, and its first and last epoch batch by batch."""

    dataset: Dataset
    model: nn.Sequential
    recall: Tensor  # [C] on the test set
    first: LoopRecording
    last: LoopRecording

    @property
    def classifier(self) -> Tensor:
        """The classifier's vectors [C, d]."""
        weight = self.model[-1].weight
        assert isinstance(weight, Tensor)
        return weight.detach()


def dataset(name: str, seed: int, *, even: bool = False) -> Dataset:
    """The training set at rho = 50; ``even`` is the control, rho = 1 and as many in all."""
    drawn = load(name, rho=RHO, rare="random", seed=seed)
    if not even:
        return drawn
    each = len(drawn.y) // drawn.num_classes
    return load(name, counts=(each,) * drawn.num_classes, rare="random", seed=seed)


def network(data: Dataset, seed: int) -> nn.Sequential:
    """A perceptron with two hidden layers of 64; its last layer is the classifier."""
    return mlp([data.x.shape[1], 64, 64, data.num_classes], seed=seed, activation="relu")


def run(name: str, loss: str, seed: int, *, even: bool = False) -> Trained:
    """Train with one loss from the first epoch to the last; kept for the next claim."""
    return _trained(name, loss, seed, even)


@cache
def _trained(name: str, loss: str, seed: int, even: bool) -> Trained:
    data = dataset(name, seed, even=even)
    model, criterion = network(data, seed), LOSSES[loss](data.counts)
    training = Training(data, model, criterion, EPOCHS[name], seed)
    first = training.watched(1)
    training.run(EPOCHS[name] - 2)
    last = training.watched(1)
    return Trained(data, model, training.recall, first, last)


@cache
def two_stage(name: str, seed: int) -> Tensor:
    """cRT, as many epochs in all: the recalls [C] on the test set.

    The second stage sees the features as data, so that they stand still.
    """
    data = dataset(name, seed)
    model, epochs = network(data, seed), int(FEATURES * EPOCHS[name])
    Training(data, model, nn.CrossEntropyLoss(), epochs, seed).run(epochs)
    features, classifier = model[:-1], model[-1]
    with torch.no_grad():
        frozen = replace(data, x=features(data.x), x_test=features(data.x_test))
    reinitialize(classifier, seed=seed)
    epochs = EPOCHS[name] - epochs
    second = Training(frozen, classifier, nn.CrossEntropyLoss(), epochs, seed, equal=True)
    second.run(epochs)
    return second.recall


class Training:
    """One run of SGD, a few epochs at a time; ``equal`` batches hold each class equally often.

    ``recall`` [C] on the test set is that after the epochs trained so far.
    """

    def __init__(
        self,
        data: Dataset,
        model: nn.Module,
        criterion: nn.Module,
        epochs: int,
        seed: int,
        *,
        equal: bool = False,
    ) -> None:
        self.data, self.model, self.criterion = data, model, criterion
        self.batches = batches_of("equal" if equal else "mixed", data.y, BATCH, seed=seed)
        self.epoch = -(-len(data.y) // BATCH)  # steps, whatever the batches
        self.optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, epochs * self.epoch
        )

    def run(self, epochs: int) -> None:
        """Train for so many epochs more."""
        steps = epochs * self.epoch
        *_, end = fit(
            self.data,
            self.model,
            self.criterion,
            self.optimizer,
            steps=steps,
            every=steps,
            batches=self.batches,
            scheduler=self.schedule,
        )
        self.recall = end.recall

    def watched(self, epochs: int) -> LoopRecording:
        """The same, and what was seen in every batch."""
        recorder = LoopRecorder(
            self.model, self.criterion, self.optimizer, num_classes=self.data.num_classes, every=1
        )
        with recorder:
            self.run(epochs)
        return recorder.recording()


def tail(recall: Tensor) -> float:
    """Mean recall of the three rarest classes."""
    return recall[-TAIL:].mean().item()


def head(recall: Tensor) -> float:
    """Mean recall of the three most frequent classes."""
    return recall[:TAIL].mean().item()
