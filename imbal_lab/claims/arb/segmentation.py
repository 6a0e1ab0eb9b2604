"""Segmentation: every pixel an example, and most of them background."""

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.arb.setting import LOSSES, LR, MOMENTUM
from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import Dataset, ShuffledBatches, load
from imbal_lab.models import mlp
from imbal_lab.training import Run, fit, sweep

POINTS = 100  # percentage points
METHODS = {"CE": "sgd", "ARB": "arb"}  # in the registry
STEPS = {"early": 100, "late": 600}
NOISES = (0.25, 0.5)  # standard deviation of what is added, on a contrast of 0.5
WINDOW = 5  # pixels: of the patch by which one of these is judged
IMAGES = 60  # for training, and as many for the test
PIXELS, PIXEL_STEPS = 256, 800  # a batch, and how many


def confusion(guesses: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Pixels of class j taken for k at (j, k): [C, C]."""
    pairs = (y * num_classes + guesses).flatten()
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, -1).double()


def mean_iou(confused: Tensor) -> float:
    """Mean over the classes of intersection over union, over all pixels, in per cent."""
    both = confused.diagonal()
    union = confused.sum(dim=0) + confused.sum(dim=1) - both
    return POINTS * (both / union).mean().item()


def mean_recall(confused: Tensor) -> float:
    """Mean class accuracy, in per cent."""
    return POINTS * (confused.diagonal() / confused.sum(dim=1)).mean().item()


def pixel_accuracy(confused: Tensor) -> float:
    """Share of all pixels that are right, in per cent."""
    return POINTS * (confused.trace() / confused.sum()).item()


MEASURES = {"mean IoU": mean_iou, "mean recall": mean_recall, "pixel accuracy": pixel_accuracy}


@cache
def network(loss: str, when: str, seed: int) -> Tensor:
    """Confusion [C, C] of a small FCN trained for so many steps."""
    run = Run(
        data="textures_seg",
        rho=3,
        data_options={"n_test": 50},
        model="fcn",
        method=METHODS[loss],
        steps=STEPS[when],
        batch=8,
        lr=0.1,
        momentum=MOMENTUM,
        schedule="cosine",
        seed=seed,
    )
    (result,) = sweep([run], cache=None, progress=False)
    return confusion(result.test_logits.argmax(dim=1), run.dataset().y_test, 5)


def patches(images: Tensor) -> Tensor:
    """The window around every pixel, mirrored at the edge: [n, 1, h, w] -> [n h w, 25]."""
    padded = F.pad(images, (WINDOW // 2,) * 4, mode="reflect")
    return F.unfold(padded, WINDOW).transpose(1, 2).flatten(0, 1)


def noisy_pixels(noise: float, seed: int) -> Dataset:
    """A pixel a row; the test images are drawn like those for training."""
    data = load("textures_seg", rho=10, n_max=2 * IMAGES, n_test=1, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    rows = patches(data.x + noise * torch.randn(data.x.shape, generator=generator))
    (x, x_test), (y, y_test) = rows.chunk(2), data.y.flatten().chunk(2)
    return replace(data, x=x, y=y, x_test=x_test, y_test=y_test)


@cache
def patch_network(loss: str, noise: float, seed: int) -> Tensor:
    """Confusion [C, C] of a perceptron that sees the window around a pixel."""
    data = noisy_pixels(noise, seed)
    model = mlp([WINDOW**2, 64, 64, data.num_classes], seed=seed, activation="relu")
    optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM)
    training = fit(
        data,
        model,
        LOSSES[loss](data.counts),
        optimizer,
        steps=PIXEL_STEPS,
        every=PIXEL_STEPS,
        batches=ShuffledBatches(data.y, PIXELS, seed=seed),
        scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, PIXEL_STEPS),
    )
    list(training)
    with torch.no_grad():
        guesses = model(data.x_test).argmax(dim=1)
    return confusion(guesses, data.y_test, data.num_classes)


def _early_and_late(what: str, seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for when in STEPS:
        ce, arb = (MEASURES[what](network(loss, when, seed)) for loss in METHODS)
        found |= {f"CE, {when}": ce, f"ARB minus CE, {when}": arb - ce}
    return found


@per_seed
def _iou(seed: int) -> dict[str, float]:
    return _early_and_late("mean IoU", seed)


@per_seed
def _recall(seed: int) -> dict[str, float]:
    return _early_and_late("mean recall", seed)


@per_seed
def _noisy(seed: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for noise in NOISES:
        ce, arb = (patch_network(loss, noise, seed) for loss in ("CE", "ARB"))
        for what, measure in MEASURES.items():
            found[f"{what}, noise {noise}"] = measure(arb) - measure(ce)
        weighted = mean_iou(patch_network("class weights", noise, seed))
        found[f"class weights minus CE, mean IoU, noise {noise}"] = weighted - mean_iou(ce)
    return found


@per_seed
def _batch_counts(seed: int) -> dict[str, float]:
    batch, everything = (
        patch_network(loss, NOISES[0], seed) for loss in ("ARB, batch counts", "ARB")
    )
    return {
        f"batch minus global, {what}": MEASURES[what](batch) - MEASURES[what](everything)
        for what in ("mean IoU", "mean recall")
    }


FCN = (
    "textures_seg, ρ = 3 in images and about 40 in pixels (the background is everywhere, so "
    "that there is no balanced control); FCN, SGD with step size 0.1, momentum 0.9, cosine "
    "schedule, batches of 8 images; every texture in each of the 50 test images. Early: 100 "
    "steps, late: another run of 600. Percentage points"
)
PATCHES = (
    "textures_seg at ρ = 10 with noise added; ReLU MLP 25-64-64-5 on the 5×5 pixels around each, "
    "800 steps of 256 pixels; 60 test images drawn like the 60 for training"
)


GAIN_EARLY = Within("ARB minus CE, early", low=1)
GAIN_LATE = Within("ARB minus CE, late", low=1)
LOST_LATE = Within("ARB minus CE, late", high=-1)

CLAIMS = (
    Claim(
        id="arb-segmentation-iou",
        says="In segmentation ARB-Loss raises the mean intersection over union.",
        origin="abstract, on larger data",
        setting=FCN,
        measure=_iou,
        reproduced=(GAIN_EARLY, GAIN_LATE),
        early=(GAIN_EARLY,),
        opposite=(LOST_LATE,),
    ),
    Claim(
        id="arb-segmentation-recall",
        says="In segmentation ARB-Loss raises the mean recall of the classes.",
        origin="abstract, on larger data",
        setting=FCN,
        measure=_recall,
        reproduced=(GAIN_EARLY, GAIN_LATE),
        early=(GAIN_EARLY,),
        opposite=(LOST_LATE,),
    ),
    Claim(
        id="arb-segmentation-overlap",
        says="The gain in mean IoU is there where classes overlap as well.",
        origin="abstract, on larger data",
        setting=f"{PATCHES}; ARB minus CE, percentage points",
        measure=_noisy,
        reproduced=tuple(Within(f"mean IoU, noise {noise}", low=1) for noise in NOISES),
        opposite=tuple(Within(f"mean IoU, noise {noise}", high=-1) for noise in NOISES),
    ),
    Claim(
        id="arb-segmentation-counts",
        says="Counts of the pixels of a batch serve as well as those of the training set.",
        origin="question of ours; the released code has no segmentation",
        setting=f"{PATCHES}, 0.25 of it; percentage points",
        measure=_batch_counts,
        reproduced=(
            Within("batch minus global, mean IoU", low=-2),
            Within("batch minus global, mean recall", low=-2),
        ),
    ),
)
