"""Segmentation pixel by pixel: the runs, and what is read from them on the way.

Textures on grey, rho = 10 in images, which is more than 100 in pixels. A perceptron judges a
pixel by the 5 x 5 around it. Test images are drawn like those for training.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.own_losses import Losses, OwnLosses
from imbal_lab.data import Dataset, ShuffledBatches, load
from imbal_lab.instruments import class_means
from imbal_lab.models import mlp
from imbal_lab.training import fit

MeanIoU = Callable[[Tensor, Tensor, int], Tensor | float]

RHO, WINDOW = 10, 5
IMAGES, TEST_IMAGES = 60, 30
BATCH, LR, MOMENTUM = 256, 0.05, 0.9
STEPS, EVERY = 700, 100


@dataclass(frozen=True, eq=False)
class Runs:
    """What one loss did on the test pixels: S seeds, T moments from step 0."""

    label: str
    iou: Tensor  # [S, T] mean IoU
    recall: Tensor  # [S, T] mean recall of the classes


def pixels(seed: int) -> Dataset:
    """A pixel a row: the window around it [n, 25], mirrored at the edge, and its label."""
    data = load("textures_seg", rho=RHO, n_max=IMAGES + TEST_IMAGES, n_test=1, seed=seed)
    padded = F.pad(data.x, (WINDOW // 2,) * 4, mode="reflect")
    windows = F.unfold(padded, WINDOW).transpose(1, 2).flatten(0, 1)
    sizes = [each * data.y[0].numel() for each in (IMAGES, TEST_IMAGES)]
    (x, x_test), (y, y_test) = windows.split(sizes), data.y.flatten().split(sizes)
    return replace(data, x=x, y=y, x_test=x_test, y_test=y_test)


def measure(
    label: str, losses: Losses | None, iou: MeanIoU, seeds: Iterable[int], steps: int = STEPS
) -> Runs:
    """Train once a seed and measure every 100 steps; ``losses`` None is cross-entropy."""
    found = torch.tensor([_one(losses, iou, seed, steps) for seed in seeds], dtype=torch.float64)
    return Runs(label, *found.unbind(dim=2))


def _one(losses: Losses | None, iou: MeanIoU, seed: int, steps: int) -> list[tuple[float, float]]:
    data = pixels(seed)
    model = mlp([WINDOW**2, 64, 64, data.num_classes], seed=seed, activation="relu")
    optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM)
    training = fit(
        data,
        model,
        nn.CrossEntropyLoss() if losses is None else OwnLosses(losses, data.counts),
        optimizer,
        steps=steps,
        every=EVERY,
        batches=ShuffledBatches(data.y, BATCH, seed=seed),
        scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps),
        record_gradients=False,
    )
    return [_seen(model, data, iou) for _ in training]  # the model is as it is at each record


def _seen(model: nn.Module, data: Dataset, iou: MeanIoU) -> tuple[float, float]:
    with torch.no_grad():
        guesses = model(data.x_test).argmax(dim=1)
    shares = class_means((guesses == data.y_test).float(), data.y_test, data.num_classes)
    found = torch.as_tensor(iou(guesses, data.y_test, data.num_classes))
    if found.numel() != 1:
        raise ValueError(f"iou: must return one number, gave the shape {list(found.shape)}")
    return found.item(), shares.mean().item()
