"""Protocol: Procrustean training, or Major Feature Weakening.

Ye, Zhan, Chao, ICCV 2021 (arXiv 2104.01769). What is said, how it is measured, what decides, and
which seeds. Settings and ranges were chosen with the development seeds; nothing here changes
between a run and the page that quotes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.deviation import DeviationRatios
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.trained import Criterion, Trained, Weakening, class_shares, train_side_by_side
from imbal_lab.data import Dataset, load
from imbal_lab.instruments import gap_auc, log_gradient_ratio
from imbal_lab.methods import ClassWeightedLoss, deferred_weights, mfw_strengths
from imbal_lab.models import cnn1d, mlp

MAJOR = 5  # of ten classes; the other five are minor
EPOCHS, LONG = 20, 60
LAM, LAM_DIGITS = 0.7, 0.5
DEFERRED = 0.7  # of the epochs, before deferred reweighting sets in

DATA: dict[str, dict[str, Any]] = {
    "step": {"name": "mnist1d", "rho": 20, "profile": "step", "n_max": 300},
    "long-tailed": {"name": "mnist1d", "rho": 20, "profile": "long-tailed", "n_max": 300},
    "balanced": {"name": "mnist1d", "rho": 1, "n_max": 157},  # as many in all as "step"
    "rho 1": {"name": "mnist1d", "rho": 1, "n_max": 300},
    "digits": {"name": "digits", "rho": 20, "profile": "step", "n_max": 100},
}
TAIL = "long-tailed"
CONTROLS = {"rho 1": "ρ = 1", "balanced": "balanced, same size"}
LAYERS = {"the input": "input", "block 1": "stem", "block 2": "mid", "the features": "pool"}
DIGITS_LAYERS = {"input": "input", "hidden layer 1": "1", "hidden layer 2": "3"}
N_TEST = {"mnist1d": 100, "digits": 50}


@dataclass(frozen=True)
class Way:
    """One way to train; plain training without a ``layer``."""

    data: str = "step"
    layer: str | None = None  # where features are weakened
    weakened: str = "frequent"  # or "rare", or "all" alike
    mix_labels: bool = False
    detach: bool = False
    norm: str = "batch"
    epochs: int = EPOCHS
    deferred: bool = False
    oversample: bool = False


PLAIN, MFW = Way(), Way(layer="stem")


def _strengths(way: Way, counts: Sequence[int]) -> Tensor:
    lam = LAM_DIGITS if way.data == "digits" else LAM
    return {
        "frequent": mfw_strengths(counts, lam),
        "rare": mfw_strengths(counts, lam).flip(0),
        "all": torch.full((len(counts),), lam),
    }[way.weakened].float()


def _model(way: Way, seed: int) -> nn.Sequential:
    if way.data == "digits":
        return mlp([64, 64, 64, 10], seed=seed, activation="relu")
    return cnn1d(seed=seed, norm=way.norm)


def _criterion_at(way: Way, counts: Sequence[int]) -> Callable[[int], Criterion]:
    start = int(DEFERRED * way.epochs)

    def criterion_at(epoch: int) -> Criterion:
        if not way.deferred:
            return nn.CrossEntropyLoss()
        return ClassWeightedLoss(deferred_weights(epoch, counts, start))

    return criterion_at


def _dataset(way: Way, seed: int) -> Dataset:
    options = DATA[way.data]
    return load(**options, n_test=N_TEST[options["name"]], rare="random", seed=seed)


@cache
def _run(way: Way, seeds: tuple[int, ...]) -> Trained:
    """All seeds side by side; kept for the next claim."""
    datasets = [_dataset(way, seed) for seed in seeds]
    counts = datasets[0].counts
    weakening = None
    if way.layer is not None:
        weakening = Weakening(way.layer, _strengths(way, counts), way.mix_labels, way.detach)
    return train_side_by_side(
        datasets,
        [_model(way, seed) for seed in seeds],
        _criterion_at(way, counts),
        seeds=seeds,
        epochs=way.epochs,
        weakening=weakening,
        oversample=way.oversample,
    )


def _gap(run: Trained) -> Tensor:
    return torch.stack([gap_auc(recall, MAJOR) for recall in run.recall])


def _log_ratio(run: Trained) -> Tensor:
    return torch.stack([log_gradient_ratio(pulls, MAJOR) for pulls in run.pulls])


def _minor(run: Trained) -> Tensor:
    return run.test_recall[:, MAJOR:].mean(dim=1)


def _balanced(run: Trained) -> Tensor:
    return run.test_recall.mean(dim=1)


def _overfit(run: Trained) -> tuple[Tensor, Tensor]:
    """Training minus test accuracy at the end, of the major and of the minor classes: [K] each."""
    fallen = run.recall[:, -1] - run.test_recall
    return fallen[:, :MAJOR].mean(dim=1), fallen[:, MAJOR:].mean(dim=1)


def _minus(way: Way, plain: Way, seeds: tuple[int, ...], of: Callable[[Trained], Tensor]) -> Tensor:
    return of(_run(way, seeds)) - of(_run(plain, seeds))


def _underfit(seeds: Sequence[int]) -> dict[str, Tensor]:
    run, found = _run(PLAIN, tuple(seeds)), {}
    for epoch in (1, 2):
        recall = run.recall[:, epoch - 1]
        found[f"minor training accuracy, epoch {epoch}"] = recall[:, MAJOR:].mean(dim=1)
        found[f"major, epoch {epoch}"] = recall[:, :MAJOR].mean(dim=1)
    sent = class_shares(run.guesses[0] < MAJOR, run.y)[:, MAJOR:].mean(dim=1)
    found["minor examples sent to major classes, epoch 1"] = sent
    for data in ("rho 1", "balanced"):
        even = _run(Way(data), tuple(seeds)).recall[:, 0]
        found[f"major minus minor, epoch 1, {CONTROLS[data]}"] = even[:, :MAJOR].mean(dim=1) - even[
            :, MAJOR:
        ].mean(dim=1)
    return found


def _gradients(seeds: Sequence[int]) -> dict[str, Tensor]:
    runs = {data: _run(Way(data), tuple(seeds)) for data in ("step", *CONTROLS)}
    return {
        "minor / major": _log_ratio(runs["step"]).exp(),
        **{f"the same, {CONTROLS[data]}": _log_ratio(runs[data]).exp() for data in CONTROLS},
    }


def _overfitting(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = {}
    for epochs in (EPOCHS, LONG):
        major, minor = _overfit(_run(Way(epochs=epochs), tuple(seeds)))
        found[f"minor, {epochs} epochs"], found[f"major, {epochs} epochs"] = minor, major
    even = _overfit(_run(Way("balanced"), tuple(seeds)))[1]
    return found | {
        f"the same classes, {CONTROLS['balanced']}": even,
        f"minor, {EPOCHS} epochs, minus that": found[f"minor, {EPOCHS} epochs"] - even,
    }


def _equalised(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    return {
        "gap AUC, plain": _gap(_run(PLAIN, own)),
        "gap AUC, MFW minus plain": _minus(MFW, PLAIN, own, _gap),
        "ln gradient ratio, MFW minus plain": _minus(MFW, PLAIN, own, _log_ratio),
    }


def _accuracy(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    return {
        "minor test accuracy, plain": _minor(_run(PLAIN, own)),
        "minor test accuracy, MFW minus plain": _minus(MFW, PLAIN, own, _minor),
        "balanced test accuracy, MFW minus plain": _minus(MFW, PLAIN, own, _balanced),
    }


def _mitigated(seeds: Sequence[int]) -> dict[str, Tensor]:
    return {
        f"minor training minus test, MFW minus plain, {epochs} epochs": _minus(
            Way(layer="stem", epochs=epochs),
            Way(epochs=epochs),
            tuple(seeds),
            lambda run: _overfit(run)[1],
        )
        for epochs in (EPOCHS, LONG)
    }


def _profiles(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = {}
    for kind, of in (("balanced", _balanced), ("minor", _minor)):
        gains = [_minus(Way(data, "stem"), Way(data), tuple(seeds), of) for data in ("step", TAIL)]
        found[f"{kind} accuracy, MFW minus plain, step"] = gains[0]
        found[f"{kind} accuracy, MFW minus plain, long-tailed"] = gains[1]
        found[f"{kind} accuracy, gain on step minus long-tailed"] = gains[0] - gains[1]
    return found


def _against_simple(seeds: Sequence[int]) -> dict[str, Tensor]:
    own, deferred = tuple(seeds), Way(deferred=True)
    return {
        "balanced accuracy, MFW minus DRW": _minus(MFW, deferred, own, _balanced),
        "balanced accuracy, DRW minus plain": _minus(deferred, PLAIN, own, _balanced),
        "minor accuracy, MFW minus DRW": _minus(MFW, deferred, own, _minor),
    }


def _not_sufficient(seeds: Sequence[int]) -> dict[str, Tensor]:
    own, oversampled = tuple(seeds), Way(oversample=True)
    return {
        "gap AUC, oversampling minus MFW": _minus(oversampled, MFW, own, _gap),
        "gradient ratio, oversampling": _log_ratio(_run(oversampled, own)).exp(),
        "minor training accuracy, oversampling, at the end": (
            _run(oversampled, own).recall[:, -1, MAJOR:].mean(dim=1)
        ),
        "minor test accuracy, oversampling minus MFW": _minus(oversampled, MFW, own, _minor),
    }


def _location(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    ways = {where: Way(layer=layer) for where, layer in LAYERS.items()}
    return {
        f"minor accuracy minus plain, after {where}": _minus(way, PLAIN, own, _minor)
        for where, way in ways.items()
    } | {
        f"block 1 minus {where}": _minus(MFW, ways[where], own, _minor)
        for where in ("block 2", "the features")
    }


def _direction(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    found = {}
    for kind, said in (("rare", "minor classes weakened"), ("all", "all weakened alike")):
        way = Way(layer="stem", weakened=kind)
        found[f"gap AUC minus plain, {said}"] = _minus(way, PLAIN, own, _gap)
        found[f"minor accuracy minus plain, {said}"] = _minus(way, PLAIN, own, _minor)
    return found


def _mixed(seeds: Sequence[int]) -> dict[str, Tensor]:
    own, mixed = tuple(seeds), Way(layer="stem", mix_labels=True)
    return {
        "gap AUC minus plain": _minus(mixed, PLAIN, own, _gap),
        "minor accuracy minus plain": _minus(mixed, PLAIN, own, _minor),
        "balanced accuracy minus plain": _minus(mixed, PLAIN, own, _balanced),
        "balanced accuracy, labels mixed minus kept": _minus(mixed, MFW, own, _balanced),
    }


def _partner(seeds: Sequence[int]) -> dict[str, Tensor]:
    own, into = tuple(seeds), Way(layer="pool")
    cut = Way(layer="pool", detach=True)
    return {
        "gap AUC minus plain, gradient into partners": _minus(into, PLAIN, own, _gap),
        "gap AUC minus plain, without it": _minus(cut, PLAIN, own, _gap),
        "gap AUC, without minus with it": _minus(cut, into, own, _gap),
    }


def _deviation(seeds: Sequence[int]) -> dict[str, Tensor]:
    plain, weakened = (
        DeviationRatios.of(_run(way, tuple(seeds)), MAJOR, normalised=True) for way in (PLAIN, MFW)
    )
    return {
        "minor / major over the null's, plain": plain.excess,
        "the same, MFW": weakened.excess,
        "ln of it, MFW minus plain": weakened.excess.log() - plain.excess.log(),
        "ln minor / major, MFW minus plain": (weakened.subsampled.log() - plain.subsampled.log()),
    }


def _on_digits(
    seeds: Sequence[int], of: Callable[[Trained], Tensor], mix_labels: bool = False
) -> dict[str, Tensor]:
    """``of`` under MFW minus plain, for each layer."""
    ways = {
        where: Way("digits", layer, mix_labels=mix_labels, epochs=LONG)
        for where, layer in DIGITS_LAYERS.items()
    }
    plain = Way("digits", epochs=LONG)
    return {where: _minus(way, plain, tuple(seeds), of) for where, way in ways.items()}


def _digits_kept(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = _on_digits(seeds, _balanced)
    return {f"balanced accuracy minus plain, {where}": each for where, each in found.items()}


def _digits_gap(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = _on_digits(seeds, _gap)
    return {f"gap AUC minus plain, {where}": each for where, each in found.items()}


def _digits_mixed(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = _on_digits(seeds, _balanced, mix_labels=True)
    return {f"balanced accuracy minus plain, {where}": each for where, each in found.items()}


def _group_norm(seeds: Sequence[int]) -> dict[str, Tensor]:
    own, found = tuple(seeds), {}
    for said, norm in (("GroupNorm", "group"), ("BatchNorm", "batch")):
        way, plain = (Way(layer=layer, norm=norm, epochs=LONG) for layer in ("stem", None))
        found[f"gap AUC minus plain, {said}"] = _minus(way, plain, own, _gap)
        found[f"ln gradient ratio minus plain, {said}"] = _minus(way, plain, own, _log_ratio)
        found[f"minor accuracy minus plain, {said}"] = _minus(way, plain, own, _minor)
    return found


CURVES = (
    "mnist1d, 5 major classes of 300 and 5 minor ones of 15, drawn by seed; 1-D CNN with "
    "BatchNorm, SGD with momentum, 20 epochs"
)
WEAKENED = f"{CURVES}; MFW after block 1, share kept 0.7 for major classes"
ON_DIGITS = (
    "digits, 5 classes of 100 and 5 of 5; ReLU MLP 64-64-64-64-10, 60 epochs; share kept 0.5"
)

CLAIMS = (
    Claim(
        id="mfw-underfit-first",
        says="Under plain training a network first under-fits minor classes: in the first epochs "
        "most of their training data go to major classes.",
        origin="abstract",
        setting=f"{CURVES}; training accuracy in eval mode. Controls: the same classes with "
        "balanced data",
        measure=_underfit,
        reproduced=(
            Within("minor training accuracy, epoch 1", high=0.1),
            Within("minor training accuracy, epoch 2", high=0.1),
            Within("major, epoch 2", low=0.5),
            Within("minor examples sent to major classes, epoch 1", low=0.9),
            Within("major minus minor, epoch 1, ρ = 1", high=0.2),
            Within("major minus minor, epoch 1, balanced, same size", high=0.2),
        ),
        opposite=(Within("minor training accuracy, epoch 2", low=0.5),),
    ),
    Claim(
        id="mfw-feature-gradients",
        says="Minor classes then get much larger feature gradients than major ones.",
        origin="abstract",
        setting=f"{CURVES}; ratio of the mean lengths, geometric mean over the first third of the "
        "epochs",
        measure=_gradients,
        reproduced=(
            Within("minor / major", low=1.5),
            Within("the same, ρ = 1", high=1.25),
            Within("the same, balanced, same size", high=1.25),
        ),
        opposite=(Within("minor / major", high=1),),
    ),
    Claim(
        id="mfw-overfit-last",
        says="Plain training ends in over-fitting of minor classes.",
        origin="abstract",
        setting=f"{CURVES}, and 60 epochs; training minus test accuracy at the end",
        measure=_overfitting,
        reproduced=(
            Within(f"minor, {LONG} epochs", low=0.25),
            Within(f"major, {LONG} epochs", high=0.08),
            Within(f"minor, {EPOCHS} epochs", low=0.25),
            Within(f"major, {EPOCHS} epochs", high=0.08),
            Within(f"minor, {EPOCHS} epochs, minus that", low=0.1),
        ),
        opposite=(Within(f"minor, {LONG} epochs", high=0),),
    ),
    Claim(
        id="mfw-overfit-because",
        says="The over-fitting comes from this first phase, which over-emphasises minor against "
        "major classes and hinders learning what generalises.",
        origin="abstract",
        why_not="a cause; here the phase cannot be taken away without changing the training "
        "otherwise (see mfw-not-sufficient, where it is taken away and the over-fitting stays)",
    ),
    Claim(
        id="mfw-equal-progress",
        says="MFW equalises the training progress of the classes: training accuracies and feature "
        "gradients become more balanced.",
        origin="abstract",
        setting=f"{WEAKENED}; gap AUC is the mean over epochs of major minus minor training "
        "accuracy; gradient ratio as above",
        measure=_equalised,
        reproduced=(
            Within("gap AUC, MFW minus plain", high=-0.1),
            Within("ln gradient ratio, MFW minus plain", high=-0.1),
        ),
        opposite=(
            Within("gap AUC, MFW minus plain", low=0),
            Within("ln gradient ratio, MFW minus plain", low=0),
        ),
    ),
    Claim(
        id="mfw-accuracy",
        says="MFW raises the accuracy under step imbalance.",
        origin="abstract",
        setting=f"{WEAKENED}; test accuracy at the end",
        measure=_accuracy,
        reproduced=(
            Within("minor test accuracy, MFW minus plain", low=0),
            Within("balanced test accuracy, MFW minus plain", low=0),
        ),
        opposite=(Within("balanced test accuracy, MFW minus plain", high=0),),
    ),
    Claim(
        id="mfw-less-overfitting",
        says="MFW mitigates the over-fitting of minor classes.",
        origin="abstract",
        setting=f"{WEAKENED}, and 60 epochs; training minus test accuracy at the end. After 20 "
        "epochs plain training has not fitted all minor examples yet, so 60 decide",
        measure=_mitigated,
        reproduced=(Within(f"minor training minus test, MFW minus plain, {LONG} epochs", high=0),),
        opposite=(Within(f"minor training minus test, MFW minus plain, {LONG} epochs", low=0),),
    ),
    Claim(
        id="mfw-step-more-than-tail",
        says="The gain is larger under step imbalance than under a long tail.",
        origin="abstract (“especially for step imbalance”)",
        setting=f"{WEAKENED}, and the long tail from 300 to 15 (minor: the rarer five classes)",
        measure=_profiles,
        reproduced=(Within("balanced accuracy, gain on step minus long-tailed", low=0),),
        opposite=(Within("balanced accuracy, gain on step minus long-tailed", high=0),),
    ),
    Claim(
        id="mfw-better-than-drw",
        says="MFW is better than earlier remedies; here, than deferred reweighting (DRW).",
        origin="abstract (“state-of-the-art”)",
        setting=f"{WEAKENED}; DRW: effective-number weights for the last 30 % of the epochs",
        measure=_against_simple,
        reproduced=(Within("balanced accuracy, MFW minus DRW", low=0),),
        opposite=(Within("balanced accuracy, MFW minus DRW", high=0),),
    ),
    Claim(
        id="mfw-benchmarks",
        says="MFW is state of the art on CIFAR-10/100-LT, Tiny-ImageNet and iNaturalist.",
        origin="abstract",
        why_not="needs these data and days on a GPU; and the paper's exact schedule of mixing is "
        "not known to us",
    ),
    Claim(
        id="mfw-not-sufficient",
        says="Equal progress alone is not enough: oversampling equalises more, fits every minor "
        "example, and ends with lower minor accuracy than MFW.",
        origin="our trial",
        setting=f"{WEAKENED}; oversampling: equal classes in every batch, as many batches",
        measure=_not_sufficient,
        reproduced=(
            Within("gap AUC, oversampling minus MFW", high=0),
            Within("minor training accuracy, oversampling, at the end", low=0.95),
            Within("minor test accuracy, oversampling minus MFW", high=0),
        ),
        opposite=(Within("minor test accuracy, oversampling minus MFW", low=0),),
    ),
    Claim(
        id="mfw-early-layers",
        says="With the label kept, MFW helps minor classes in early layers and not in late ones.",
        origin="our trial",
        setting=f"{CURVES}; MFW after the layer named, share kept 0.7",
        measure=_location,
        reproduced=(
            Within("minor accuracy minus plain, after the input", low=0),
            Within("minor accuracy minus plain, after block 1", low=0),
            Within("minor accuracy minus plain, after block 2", high=0.05),
            Within("minor accuracy minus plain, after the features", high=0.05),
            Within("block 1 minus block 2", low=0.05),
            Within("block 1 minus the features", low=0.05),
        ),
    ),
    Claim(
        id="mfw-direction",
        says="What helps is that *major* classes are weakened: weakening the minor ones does harm, "
        "and weakening all alike does not help.",
        origin="our trial; negative controls",
        setting=f"{CURVES}; weakened after block 1, share kept 0.7",
        measure=_direction,
        reproduced=(
            Within("gap AUC minus plain, minor classes weakened", low=0),
            Within("minor accuracy minus plain, minor classes weakened", high=-0.1),
            Within("gap AUC minus plain, all weakened alike", low=-0.05),
            Within("minor accuracy minus plain, all weakened alike", high=0.05),
        ),
    ),
    Claim(
        id="mfw-mixed-labels",
        says="With the labels mixed like the features there is a gain as well.",
        origin="our trial; a variant, not the paper's",
        setting=WEAKENED,
        measure=_mixed,
        reproduced=(
            Within("gap AUC minus plain", high=-0.1),
            Within("minor accuracy minus plain", low=0),
            Within("balanced accuracy minus plain", low=0),
        ),
        opposite=(Within("balanced accuracy minus plain", high=0),),
    ),
    Claim(
        id="mfw-partner-gradient",
        says="After the last block MFW harms through the gradient that a weakened major example "
        "sends into its partner: without it the gap is smaller.",
        origin="our explanation",
        setting=f"{CURVES}; MFW on the features, share kept 0.7",
        measure=_partner,
        reproduced=(
            Within("gap AUC minus plain, gradient into partners", low=0),
            Within("gap AUC, without minus with it", high=0),
        ),
        opposite=(Within("gap AUC, without minus with it", low=0),),
    ),
    Claim(
        id="mfw-less-deviation",
        says="MFW reduces the feature deviation of minor classes.",
        origin="our trial",
        setting=f"{WEAKENED}; deviation of features of length 1, 15 training examples drawn 300 "
        "times, over that of test examples alone",
        measure=_deviation,
        reproduced=(Within("ln of it, MFW minus plain", high=0),),
        opposite=(Within("ln of it, MFW minus plain", low=0),),
    ),
    Claim(
        id="mfw-digits-kept",
        says="It does not always help: in an MLP on digits MFW costs balanced accuracy at every "
        "layer.",
        origin="our trial; a guard against over-claiming",
        setting=f"{ON_DIGITS}, label kept",
        measure=_digits_kept,
        reproduced=tuple(
            Within(f"balanced accuracy minus plain, {where}", high=0) for where in DIGITS_LAYERS
        ),
        opposite=tuple(
            Within(f"balanced accuracy minus plain, {where}", low=0) for where in DIGITS_LAYERS
        ),
    ),
    Claim(
        id="mfw-digits-gap",
        says="There the gap of training accuracy grows under MFW, instead of shrinking.",
        origin="our trial",
        setting=f"{ON_DIGITS}, label kept",
        measure=_digits_gap,
        reproduced=tuple(Within(f"gap AUC minus plain, {where}", low=0) for where in DIGITS_LAYERS),
        opposite=tuple(Within(f"gap AUC minus plain, {where}", high=0) for where in DIGITS_LAYERS),
    ),
    Claim(
        id="mfw-digits-mixed",
        says="There, mixing the labels too turns the loss into a gain in the hidden layers.",
        origin="our trial",
        setting=f"{ON_DIGITS}, labels mixed",
        measure=_digits_mixed,
        reproduced=(
            Within("balanced accuracy minus plain, hidden layer 1", low=0),
            Within("balanced accuracy minus plain, hidden layer 2", low=0),
        ),
        opposite=(
            Within("balanced accuracy minus plain, hidden layer 1", high=0),
            Within("balanced accuracy minus plain, hidden layer 2", high=0),
        ),
    ),
    Claim(
        id="mfw-group-norm",
        says="What MFW does with BatchNorm it also does with GroupNorm: a smaller gap, a smaller "
        "gradient ratio, and higher minor accuracy.",
        origin="our question; all gains above are with BatchNorm",
        setting="mnist1d as above, 60 epochs, MFW after block 1; GroupNorm decides, BatchNorm is "
        "shown beside it. 60 epochs, since with GroupNorm minor examples are fitted later",
        measure=_group_norm,
        reproduced=(
            Within("gap AUC minus plain, GroupNorm", high=0),
            Within("ln gradient ratio minus plain, GroupNorm", high=0),
            Within("minor accuracy minus plain, GroupNorm", low=0),
        ),
        opposite=(
            Within("gap AUC minus plain, GroupNorm", low=0),
            Within("minor accuracy minus plain, GroupNorm", high=0),
        ),
    ),
)

PAPER = Paper(
    name="mfw",
    title="Procrustean training: Major Feature Weakening",
    citation="Ye, Zhan, Chao: *Procrustean Training for Imbalanced Deep Learning*, ICCV 2021 "
    "([arXiv 2104.01769](https://arxiv.org/abs/2104.01769)).",
    note="Only the paper's abstract was at hand, so none of its numbers is quoted, and the formula "
    "is the course's reading of it. MFW mixes the features of major classes with those of other "
    "examples of the batch and keeps the label. Plain is training with cross-entropy from the "
    "same weights on the same batches. Major are the five most frequent classes, minor the five "
    "rarest; balanced accuracy is the mean over all ten.",
    protocol=Path(__file__),
    development=range(10),
    quoted=range(100, 108),
    claims=CLAIMS,
)
