"""Training progress over seeds, plain or with weakened features: the runs, and what is read.

Ye, Zhan, Chao, ICCV 2021 (arXiv 2104.01769), at small scale: ten classes of curves, five of them
rare, a 1-D CNN with batch normalisation, SGD with momentum. Per seed (which draws the examples,
the initial weights, the batches and the partners), after each epoch, in eval mode:

    A_c = training accuracy of class c,    G_c = mean length of its feature gradients
    gap = mean over epochs of (mean A_c of the major - of the minor classes)
    pull = geometric mean over epochs of (mean G_c of the minor / of the major classes)
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset, ShuffledBatches, load
from imbal_lab.instruments import class_means, gap_auc
from imbal_lab.instruments.eval_mode import eval_mode
from imbal_lab.methods import MajorFeatureWeakening
from imbal_lab.methods.mfw import Mix
from imbal_lab.models import cnn1d
from imbal_lab.training.one_thread import one_thread
from imbal_lab.training.optimizer_loop import fit

Strengths = Callable[[Tensor, float], Tensor]  # (counts [C], lam_min) -> [C]
Gradients = Callable[[Tensor, Tensor, Tensor], Tensor]  # (logits, y, weight) -> [C]

CURVES: dict[str, Any] = {"profile": "step", "n_max": 200, "n_test": 50, "rare": "random"}
MAJOR = 5  # of ten classes
BATCH, LR, MOMENTUM, WEIGHT_DECAY = 64, 0.1, 0.9, 2e-4
DROPS = (0.7, 0.9)  # of all epochs: there the step size falls to a tenth
LAYER = "stem"  # whose output is weakened: the first block
LAM_MIN = 0.7


@dataclass(frozen=True, eq=False)
class Runs:
    """What one way of training did: S seeds, T epochs and the start, C classes."""

    label: str
    progress: Tensor  # [S, 1 + T, C] training accuracy
    recall: Tensor  # [S, 1 + T, C] on the balanced test set
    pull: Tensor  # [S, 1 + T, C] mean length of the feature gradients

    @property
    def gap(self) -> Tensor:
        """[S] how far the major classes run ahead, mean over epochs."""
        return torch.stack([gap_auc(run, MAJOR) for run in self.progress[:, 1:]])

    @property
    def log_ratio(self) -> Tensor:
        """[S] mean over epochs of ln(pull of the minor / of the major classes)."""
        major, minor = halves(self.pull[:, 1:])
        return (minor / major).log().mean(dim=1)

    @property
    def overfit(self) -> Tensor:
        """[S] training minus test accuracy of the minor classes at the end."""
        return halves(self.progress - self.recall)[1][:, -1]


@dataclass(frozen=True)
class Weakening:
    """Major Feature Weakening by two functions."""

    strengths: Strengths
    mix: Mix


def halves(values: Tensor) -> tuple[Tensor, Tensor]:
    """Means over the major and over the minor classes of the last axis."""
    return values[..., :MAJOR].mean(dim=-1), values[..., MAJOR:].mean(dim=-1)


def measure(
    label: str,
    gradients: Gradients,
    weakening: Weakening | None,
    *,
    rho: float,
    seeds: Iterable[int],
    epochs: int,
) -> Runs:
    """Train once a seed and keep what the claim is about; plain without a ``weakening``.

    ``gradients`` and the functions of ``weakening`` may be a learner's own. Raises ValueError
    where one of them returns another shape than [C], or [n, d] for the mix.
    """
    runs = []
    for seed in seeds:
        dataset = load("mnist1d", rho=rho, seed=seed, **CURVES)
        runs.append(list(_run(dataset, gradients, weakening, seed, epochs)))
    stacked = [
        torch.stack([torch.stack(column) for column in zip(*run, strict=True)]) for run in runs
    ]
    progress, recall, pull = torch.stack(stacked, dim=1)
    return Runs(label, progress, recall, pull)


def _run(
    dataset: Dataset, gradients: Gradients, weakening: Weakening | None, seed: int, epochs: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Training accuracy, test accuracy and pull [C] each, at the start and after each epoch."""
    model = cnn1d(dataset.num_classes, seed=seed, norm="batch")
    batches = ShuffledBatches(dataset.y, BATCH, seed=seed)
    optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY)
    classifier = model[-1]
    assert isinstance(classifier, nn.Linear)
    drops = [int(share * epochs) * len(batches) for share in DROPS]
    told = batches if weakening is None else _weakened(weakening, model, dataset, batches, seed)
    for record in fit(
        dataset,
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        steps=epochs * len(batches),
        every=len(batches),
        batches=told,
        scheduler=torch.optim.lr_scheduler.MultiStepLR(optimizer, drops),
        record_gradients=False,
    ):
        with torch.no_grad(), eval_mode(model), one_thread():
            logits = model(dataset.x)
        hits = (logits.argmax(dim=1) == dataset.y).to(logits)
        pull = gradients(logits, dataset.y, classifier.weight.detach())
        _expect("gradients", pull, dataset.num_classes)
        progress = class_means(hits, dataset.y, dataset.num_classes)
        yield progress, record.recall, pull.detach().to(logits)


def _weakened(
    weakening: Weakening,
    model: nn.Module,
    dataset: Dataset,
    batches: ShuffledBatches,
    seed: int,
) -> Iterator[Tensor]:
    """The batches, whose labels are told to a weakening of ``model`` before each is used."""
    counts = torch.tensor(dataset.counts)
    strengths = weakening.strengths(counts, LAM_MIN)
    _expect("strengths", strengths, dataset.num_classes)
    mfw = MajorFeatureWeakening(model, LAYER, dataset.counts, LAM_MIN, seed, weakening.mix)
    mfw.strengths.copy_(strengths)
    while True:
        for rows in batches:
            mfw.tell(dataset.y[rows])
            yield rows


def _expect(argument: str, returned: Any, num_classes: int) -> None:
    if not isinstance(returned, Tensor) or list(returned.shape) != [num_classes]:
        got = list(returned.shape) if isinstance(returned, Tensor) else type(returned).__name__
        raise ValueError(f"{argument}: must return one number a class, [{num_classes}], gave {got}")
