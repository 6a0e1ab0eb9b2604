"""Protocol: class-dependent temperatures, and the feature deviation they answer to.

Ye, Chen, Zhan, Chao, 2020 (arXiv 2001.01385). What is said, how it is measured, what decides, and
which seeds. Settings and ranges were chosen with the development seeds; nothing here changes
between a run and the page that quotes it.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.deviation import DeviationRatios
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.trained import Criterion, Trained, train_side_by_side
from imbal_lab.data import load
from imbal_lab.methods import (
    CDTLoss,
    ClassWeightedLoss,
    LogitAdjustedLoss,
    cdt_temperatures,
    deferred_weights,
)
from imbal_lab.models import cnn1d, mlp
from imbal_lab.training import Result, Run, sweep

MAJOR = 5  # of ten classes; the other five are minor
GAMMA, GAMMA_CURVES = 0.15, 0.2
GAMMAS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)
DEFERRED = 0.7  # of the epochs, before deferred reweighting sets in
EPOCHS = {"digits": 60, "mnist1d": 20}
N_TEST = {"digits": 50, "mnist1d": 100}

DATA: dict[str, dict[str, Any]] = {
    "digits": {"name": "digits", "rho": 20, "profile": "step", "n_max": 100},
    "digits, balanced": {"name": "digits", "rho": 1, "n_max": 52},
    "curves": {"name": "mnist1d", "rho": 20, "profile": "step", "n_max": 300},
    "curves, balanced": {"name": "mnist1d", "rho": 1, "n_max": 157},
    "curves, long-tailed": {"name": "mnist1d", "rho": 20, "profile": "long-tailed", "n_max": 300},
}
HIDDEN = (64, 64, 64, 10)
STEPS = 480  # 60 epochs of 8 batches
LINEAR: dict[str, dict[str, Any]] = {  # of logistic regression
    "curves": {"data": "mnist1d", "n_max": 300, "widths": (40, 10)},
    "overlapping blobs": {"data": "gauss2d", "n_max": 300, "widths": (2, 4)},
    "digits": {"data": "digits", "n_max": 100, "widths": (64, 10)},
}


@cache
def _swept(
    seeds: tuple[int, ...], method: str = "sgd", gamma: float | None = None, rho: int = 20
) -> list[Result]:
    """The MLP on digits, one run a seed; kept for the next claim."""
    data = {key: value for key, value in DATA["digits"].items() if key not in ("name", "rho")}
    runs = [
        Run(
            data="digits",
            rho=rho,
            data_options=data | {"n_test": N_TEST["digits"], "rare": "random"},
            method=method,
            method_options={} if gamma is None else {"gamma": gamma},
            model_options={"widths": HIDDEN, "activation": "relu"},
            seed=seed,
            steps=STEPS,
            every=STEPS // 6,
            lr=0.1,
            momentum=0.9,
            weight_decay=2e-4,
            schedule="steps",
        )
        for seed in seeds
    ]
    return sweep(runs, cache=None, progress=False)


def _cdt(seeds: tuple[int, ...], gamma: float) -> list[Result]:
    return _swept(seeds, "cdt", gamma)


def _recalls(results: Sequence[Result]) -> Tensor:
    """Test accuracy at the end: [S, C]."""
    return torch.stack([result.test_recall[-1] for result in results]).double()


def _gain(results: Sequence[Result], plain: Sequence[Result]) -> Tensor:
    """Balanced test accuracy minus that of ``plain``: [S]."""
    return (_recalls(results) - _recalls(plain)).mean(dim=1)


def _criterion(loss: str, counts: Sequence[int]) -> Criterion:
    match loss:
        case "CDT":
            return CDTLoss(counts, GAMMA_CURVES)
        case "inverted CDT":
            inverted = CDTLoss(counts, GAMMA)
            inverted.temperatures = 1 / inverted.temperatures  # the logits are multiplied by a
            return inverted
        case "logit adjustment":
            return LogitAdjustedLoss(counts)
    return nn.CrossEntropyLoss()


@cache
def _trained(data: str, seeds: tuple[int, ...], loss: str = "plain") -> Trained:
    """The MLP on digits or the CNN on curves, all seeds side by side; kept for the next claim."""
    options = DATA[data]
    name = options["name"]
    datasets = [load(**options, n_test=N_TEST[name], rare="random", seed=s) for s in seeds]
    counts = datasets[0].counts
    models = [
        mlp(HIDDEN, seed=seed, activation="relu")
        if name == "digits"
        else cnn1d(seed=seed, norm="batch")
        for seed in seeds
    ]
    start = int(DEFERRED * EPOCHS[name])

    def criterion_at(epoch: int) -> Criterion:
        if loss == "DRW":
            return ClassWeightedLoss(deferred_weights(epoch, counts, start))
        return _criterion(loss, counts)

    return train_side_by_side(datasets, models, criterion_at, seeds=seeds, epochs=EPOCHS[name])


@cache
def _linear(kind: str, seeds: tuple[int, ...]) -> list[Result]:
    """Logistic regression, one run a seed."""
    options = LINEAR[kind]
    runs = [
        Run(
            data=options["data"],
            rho=20,
            data_options={"profile": "step", "n_max": options["n_max"], "rare": "random"},
            method="sgd",
            model_options={"widths": options["widths"]},
            seed=seed,
            steps=STEPS,
            lr=0.1,
            momentum=0.9,
            weight_decay=2e-4,
            schedule="steps",
        )
        for seed in seeds
    ]
    return sweep(runs, cache=None, progress=False)


def _minor(values: Tensor) -> Tensor:
    """Mean over the minor classes of ``values`` [S, C]."""
    return values[:, MAJOR:].mean(dim=1)


def _major(values: Tensor) -> Tensor:
    """Mean over the major classes of ``values`` [S, C]."""
    return values[:, :MAJOR].mean(dim=1)


def _overfits(seeds: Sequence[int]) -> dict[str, Tensor]:
    own, found = tuple(seeds), dict[str, Tensor]()
    for data, said in (("digits", "MLP"), ("curves", "CNN")):
        run = _trained(data, own)
        even = _trained(f"{data}, balanced", own)
        found |= {
            f"minor training accuracy, {said}": _minor(run.recall[:, -1]),
            f"minor training minus test, {said}": _minor(run.recall[:, -1] - run.test_recall),
            f"major training minus test, {said}": _major(run.recall[:, -1] - run.test_recall),
            f"the minor classes when balanced, {said}": _minor(
                even.recall[:, -1] - even.test_recall
            ),
        }
    return found


def _underfits(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = {}
    for kind, options in LINEAR.items():
        results, half = _linear(kind, tuple(seeds)), options["widths"][-1] // 2
        train = torch.stack([result.train_recall[-1] for result in results]).double()
        minor, test = train[:, half:].mean(dim=1), _recalls(results)[:, half:].mean(dim=1)
        found[f"minor training accuracy, {kind}"] = minor
        found[f"minor training minus test, {kind}"] = minor - test
    return found


def _deviation_of(data: str, seeds: Sequence[int], normalised: bool) -> dict[str, Tensor]:
    run, even = _trained(data, tuple(seeds)), _trained(f"{data}, balanced", tuple(seeds))
    size = min(torch.bincount(run.y).tolist())
    ratios = DeviationRatios.of(run, MAJOR, normalised=normalised)
    control = DeviationRatios.of(even, MAJOR, normalised=normalised, size=size)
    return {
        "minor / major": ratios.subsampled,
        "the null, test against test": ratios.null,
        "minor / major over the null": ratios.excess,
        "minor / major, balanced, same size": control.subsampled,
        "minor / major without subsampling": ratios.naive,
        "share of ln of that which subsampling takes away": (
            1 - ratios.subsampled.log() / ratios.naive.log()
        ),
    }


def _deviation_curves(seeds: Sequence[int]) -> dict[str, Tensor]:
    return _deviation_of("curves", seeds, normalised=True)


def _deviation_digits(seeds: Sequence[int]) -> dict[str, Tensor]:
    raw = _deviation_of("digits", seeds, normalised=False)
    shown = ("minor / major", "the null, test against test", "minor / major over the null")
    return _deviation_of("digits", seeds, normalised=True) | {
        f"{name}, features as they are": raw[name] for name in shown
    }


def _artefact(seeds: Sequence[int]) -> dict[str, Tensor]:
    name = "share of ln of that which subsampling takes away"
    return {
        "share taken away, digits": _deviation_of("digits", seeds, normalised=False)[name],
        "share taken away, curves": _deviation_of("curves", seeds, normalised=True)[name],
    }


def _own_logits(logits: Tensor, y: Tensor) -> Tensor:
    """Mean logit of its own class over the examples of each class: [n, K, C] -> [K, C]."""
    own = nn.functional.one_hot(y).double()
    return torch.einsum("nkc,nc->kc", logits.double(), own) / own.sum(dim=0)


def _decision_values(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = {}
    for data, said in (("digits", "MLP"), ("curves", "CNN")):
        run = _trained(data, tuple(seeds))
        with torch.no_grad():
            fallen = _own_logits(run.model(run.x), run.y) - _own_logits(run.test_logits, run.y_test)
        found[f"fall from training to test, minor, {said}"] = _minor(fallen)
        found[f"minor minus major, {said}"] = _minor(fallen) - _major(fallen)
    return found


def _norms(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = {}
    for data, said in (("digits", "MLP"), ("curves", "CNN")):
        for suffix, control in (("", ""), (", balanced", ", balanced, same size")):
            norms = _trained(data + suffix, tuple(seeds)).model.classifiers.norm(dim=2)
            found[f"major / minor, {said}{control}"] = _major(norms) / _minor(norms)
    return found


def _margins(results: Sequence[Result]) -> Tensor:
    """Own logit minus the largest other one, mean over the test examples of each class: [S, C]."""
    logits = torch.stack([result.test_logits for result in results], dim=1)  # [m, S, C]
    y = torch.arange(logits.shape[2]).repeat_interleave(N_TEST["digits"])  # the test set is sorted
    own = nn.functional.one_hot(y).bool()[:, None]
    others = logits.masked_fill(own, -torch.inf).amax(dim=2, keepdim=True)
    return _own_logits(logits - others, y)


def _larger_values(seeds: Sequence[int]) -> dict[str, Tensor]:
    plain = _margins(_swept(tuple(seeds)))
    by_gamma = {gamma: _margins(_cdt(tuple(seeds), gamma)) for gamma in (0.1, 0.2)}
    return {
        "minor test margin, γ = 0": _minor(plain),
        "γ = 0.1 minus γ = 0": _minor(by_gamma[0.1] - plain),
        "γ = 0.2 minus γ = 0.1": _minor(by_gamma[0.2] - by_gamma[0.1]),
        "share of minor test examples right, γ = 0.15 minus γ = 0": _minor(
            _recalls(_cdt(tuple(seeds), GAMMA)) - _recalls(_swept(tuple(seeds)))
        ),
    }


def _gains(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    even = [_swept(own, rho=1), _swept(own, "cdt", GAMMA, rho=1)]
    return {
        "balanced test accuracy, plain": _recalls(_swept(own)).mean(dim=1),
        "γ = 0.15 minus plain": _gain(_cdt(own, GAMMA), _swept(own)),
        "the same at ρ = 1": _gain(even[1], even[0]),
    }


def _inverted_u(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    gains = {gamma: _gain(_cdt(own, gamma), _swept(own)) for gamma in GAMMAS}
    return {
        **{f"minus plain, γ = {gamma:g}": gain for gamma, gain in gains.items()},
        "γ = 0.2 minus γ = 0.05": gains[0.2] - gains[0.05],
        "γ = 0.2 minus γ = 0.6": gains[0.2] - gains[0.6],
    }


def _inverse(seeds: Sequence[int]) -> dict[str, Tensor]:
    runs = (_trained("digits", tuple(seeds), loss) for loss in ("inverted CDT", "plain"))
    inverted, plain = (run.test_recall for run in runs)
    return {
        "balanced test accuracy minus plain": (inverted - plain).mean(dim=1),
        "minor test accuracy minus plain": _minor(inverted - plain),
    }


def _divided(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    results, plain = _cdt(own, GAMMA), _swept(own)
    a = cdt_temperatures((100,) * MAJOR + (5,) * MAJOR, GAMMA).float()
    shares = _own_logits  # of the right answers instead of the logits
    logits = torch.stack([result.test_logits for result in results], dim=1) / a
    y = torch.arange(10).repeat_interleave(N_TEST["digits"])
    right = nn.functional.one_hot(logits.argmax(dim=2), 10)
    divided = shares(right, y)
    return {
        "divided minus raw logits": (divided - _recalls(results)).mean(dim=1),
        "divided minus plain training": (divided - _recalls(plain)).mean(dim=1),
    }


def _slow_start(seeds: Sequence[int]) -> dict[str, Tensor]:
    def gaps(results: Sequence[Result]) -> Tensor:
        recall = torch.stack([result.train_recall for result in results])  # [S, T, C]
        return recall[:, :, :MAJOR].mean(dim=2) - recall[:, :, MAJOR:].mean(dim=2)

    plain = gaps(_swept(tuple(seeds)))
    found = {"gap of training accuracy after 10 epochs, plain": plain[:, 1]}
    for gamma in (0.15, 0.4, 1.0):
        found[f"γ = {gamma:g} minus plain"] = gaps(_cdt(tuple(seeds), gamma))[:, 1] - plain[:, 1]
    return found


def _curves(seeds: Sequence[int]) -> dict[str, Tensor]:
    found = {}
    for data, said in (("curves", "step"), ("curves, long-tailed", "long-tailed")):
        gain = (
            _trained(data, tuple(seeds), "CDT").test_recall
            - _trained(data, tuple(seeds)).test_recall
        )
        found[f"balanced accuracy, CDT minus plain, {said}"] = gain.mean(dim=1)
        found[f"minor accuracy, CDT minus plain, {said}"] = _minor(gain)
    return found


def _compensates(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    plain, cdt = (_trained("curves", own, loss) for loss in ("plain", "CDT"))
    ratios, before = (DeviationRatios.of(run, MAJOR, normalised=True) for run in (cdt, plain))
    return {
        "minor / major deviation over the null, CDT": ratios.excess,
        "ln of minor / major, CDT minus plain": (ratios.subsampled.log() - before.subsampled.log()),
        "balanced accuracy, CDT minus plain": (cdt.test_recall - plain.test_recall).mean(dim=1),
    }


def _beside(seeds: Sequence[int]) -> dict[str, Tensor]:
    own = tuple(seeds)
    cdt, plain = _cdt(own, GAMMA), _swept(own)
    deferred = _trained("digits", own, "DRW").test_recall - _trained("digits", own).test_recall
    methods = {
        "class weights": "effective_number",
        "oversampling": "sgd_o",
        "logit adjustment": "logit_adjustment",
    }
    return {
        **{f"CDT minus {said}": _gain(cdt, _swept(own, name)) for said, name in methods.items()},
        "CDT minus DRW, each minus plain": _gain(cdt, plain) - deferred.mean(dim=1),
    }


def _beside_curves(seeds: Sequence[int]) -> dict[str, Tensor]:
    recalls = {
        loss: _trained("curves", tuple(seeds), loss).test_recall.mean(dim=1)
        for loss in ("plain", "CDT", "logit adjustment")
    }
    return {
        "logit adjustment minus plain": recalls["logit adjustment"] - recalls["plain"],
        "CDT minus logit adjustment": recalls["CDT"] - recalls["logit adjustment"],
    }


DIGITS = (
    "digits, 5 major classes of 100 and 5 minor ones of 5, drawn by seed; ReLU MLP "
    "64-64-64-64-10, SGD with momentum, 60 epochs"
)
CURVES = (
    "mnist1d, 5 major classes of 300 and 5 minor ones of 15; 1-D CNN with BatchNorm, SGD with "
    "momentum, 20 epochs"
)
DEVIATION = (
    "distance between the mean of K training features (drawn 300 times) and the mean of the test "
    "features"
)

CLAIMS = (
    Claim(
        id="cdt-networks-overfit",
        says="Networks over-fit minor classes, even when trained plainly.",
        origin="abstract",
        setting=f"MLP: {DIGITS}. CNN: {CURVES}. Accuracies at the end. Control: as many examples "
        "in all, balanced",
        measure=_overfits,
        reproduced=tuple(
            condition
            for said in ("MLP", "CNN")
            for condition in (
                Within(f"minor training accuracy, {said}", low=0.6),
                Within(f"minor training minus test, {said}", low=0.2),
                Within(f"major training minus test, {said}", high=0.1),
                Within(f"the minor classes when balanced, {said}", high=0.2),
            )
        ),
        opposite=tuple(
            Within(f"minor training minus test, {said}", high=0) for said in ("MLP", "CNN")
        ),
    ),
    Claim(
        id="cdt-linear-underfits",
        says="Logistic regression does the opposite: it under-fits minor classes, in training as "
        "at test.",
        origin="abstract",
        setting="logistic regression on the curves above and on gauss2d (2 major classes of 300, "
        "2 minor ones of 15), 480 steps. Shown beside it: digits, which are almost separable",
        measure=_underfits,
        reproduced=(
            Within("minor training accuracy, curves", high=0.3),
            Within("minor training minus test, curves", high=0.2),
            Within("minor training accuracy, overlapping blobs", high=0.3),
            Within("minor training minus test, overlapping blobs", high=0.1),
        ),
        opposite=tuple(
            Within(f"minor training accuracy, {kind}", low=0.9)
            for kind in ("curves", "overlapping blobs")
        ),
    ),
    Claim(
        id="cdt-deviation-cnn",
        says="Training and test features of minor classes differ more than those of major ones.",
        origin="abstract, Fig. 1",
        setting=f"{CURVES}; {DEVIATION}, features of length 1, K = 15; five rarest over five most "
        "frequent classes. Controls: test against test, and balanced data",
        measure=_deviation_curves,
        reproduced=(
            Within("minor / major", low=1.1),
            Within("minor / major over the null", low=1),
            Within("minor / major, balanced, same size", 0.8, 1.2),
        ),
        opposite=(Within("minor / major", high=1),),
    ),
    Claim(
        id="cdt-deviation-mlp",
        says="The same in a perceptron.",
        origin="abstract",
        setting=f"{DIGITS}; {DEVIATION}, features of length 1 as for the CNN, K = 5. Shown beside "
        "it: features as they are",
        measure=_deviation_digits,
        reproduced=(
            Within("minor / major", low=1.1),
            Within("minor / major over the null", low=1),
            Within("minor / major, balanced, same size", 0.8, 1.2),
        ),
        opposite=(Within("minor / major", high=1),),
    ),
    Claim(
        id="cdt-deviation-artefact",
        says="Without subsampling most of the deviation is an artefact of small samples.",
        origin="follows from the variance of a mean",
        setting="both settings above, the features of the MLP as they are; share of ln (minor / "
        "major) that subsampling takes away",
        measure=_artefact,
        reproduced=(
            Within("share taken away, digits", low=0.5),
            Within("share taken away, curves", low=0.4),
        ),
        opposite=(Within("share taken away, digits", high=0),),
    ),
    Claim(
        id="cdt-low-decision-values",
        says="Test data of minor classes are pushed to regions of low decision values.",
        origin="abstract",
        setting="both settings above; mean logit of the own class, training minus test",
        measure=_decision_values,
        reproduced=tuple(
            condition
            for said in ("MLP", "CNN")
            for condition in (
                Within(f"fall from training to test, minor, {said}", low=0),
                Within(f"minor minus major, {said}", low=0),
            )
        ),
        opposite=tuple(Within(f"minor minus major, {said}", high=0) for said in ("MLP", "CNN")),
    ),
    Claim(
        id="cdt-classifier-norms",
        says="Major classes have longer weight vectors in the classifier.",
        origin="experiments",
        setting="both settings above, plain training; mean lengths. Control: balanced data",
        measure=_norms,
        reproduced=(
            Within("major / minor, MLP", low=1.1),
            Within("major / minor, MLP, balanced, same size", 0.9, 1.1),
            Within("major / minor, CNN", low=1.1),
            Within("major / minor, CNN, balanced, same size", 0.9, 1.1),
        ),
        opposite=(Within("major / minor, MLP", high=1), Within("major / minor, CNN", high=1)),
    ),
    Claim(
        id="cdt-larger-values",
        says="CDT forces larger decision values for minor classes, which survive the shift at "
        "test time.",
        origin="abstract",
        setting=f"{DIGITS}; margin: own logit minus the largest other one, at test",
        measure=_larger_values,
        reproduced=(
            Within("γ = 0.1 minus γ = 0", low=0),
            Within("γ = 0.2 minus γ = 0.1", low=0),
            Within("share of minor test examples right, γ = 0.15 minus γ = 0", low=0),
        ),
        opposite=(Within("γ = 0.1 minus γ = 0", high=0),),
    ),
    Claim(
        id="cdt-gain",
        says="CDT raises balanced accuracy.",
        origin="abstract",
        setting=f"{DIGITS}; γ = 0.15, test accuracy at the end. Control: ρ = 1, where nothing may "
        "change",
        measure=_gains,
        reproduced=(
            Within("γ = 0.15 minus plain", low=0.02),
            Within("the same at ρ = 1", 0, 0),
        ),
        opposite=(Within("γ = 0.15 minus plain", high=0),),
    ),
    Claim(
        id="cdt-gamma",
        says="Accuracy rises with γ, has its best inside the paper's range of 0 to 0.4, and falls "
        "below plain training for large γ.",
        origin="the paper's grid; our trial",
        setting=f"{DIGITS}; balanced test accuracy",
        measure=_inverted_u,
        reproduced=(
            Within("minus plain, γ = 0.05", low=0),
            Within("minus plain, γ = 1", high=0),
            Within("γ = 0.2 minus γ = 0.05", low=0),
            Within("γ = 0.2 minus γ = 0.6", low=0),
        ),
    ),
    Claim(
        id="cdt-inverted",
        says="Turned round, with logits multiplied by the temperatures, it does harm.",
        origin="negative control",
        setting=f"{DIGITS}; γ = 0.15",
        measure=_inverse,
        reproduced=(
            Within("balanced test accuracy minus plain", high=-0.02),
            Within("minor test accuracy minus plain", high=-0.05),
        ),
        opposite=(Within("balanced test accuracy minus plain", low=0),),
    ),
    Claim(
        id="cdt-raw-at-test",
        says="The gain needs raw logits at test time; dividing them there too takes it back.",
        origin="the method: temperatures are for training only",
        setting=f"{DIGITS}; γ = 0.15, balanced test accuracy",
        measure=_divided,
        reproduced=(
            Within("divided minus raw logits", high=-0.01),
            Within("divided minus plain training", high=0.02),
        ),
        opposite=(Within("divided minus raw logits", low=0),),
    ),
    Claim(
        id="cdt-slow-start",
        says="CDT first slows minor classes down, since it divides their gradients.",
        origin="follows from the gradient at zero logits",
        setting=f"{DIGITS}; major minus minor training accuracy after 10 epochs",
        measure=_slow_start,
        reproduced=(
            Within("γ = 0.4 minus plain", low=0),
            Within("γ = 1 minus plain", low=0),
        ),
        opposite=(
            Within("γ = 0.4 minus plain", high=0),
            Within("γ = 1 minus plain", high=0),
        ),
    ),
    Claim(
        id="cdt-gain-cnn",
        says="CDT gains in a convolutional network as well, under step imbalance and a long tail.",
        origin="abstract; our trial",
        setting=f"{CURVES}; and the long tail from 300 to 15; γ = 0.2",
        measure=_curves,
        reproduced=(
            Within("balanced accuracy, CDT minus plain, step", low=0),
            Within("minor accuracy, CDT minus plain, step", low=0),
            Within("balanced accuracy, CDT minus plain, long-tailed", low=0),
        ),
        opposite=(
            Within("balanced accuracy, CDT minus plain, step", high=0),
            Within("balanced accuracy, CDT minus plain, long-tailed", high=0),
        ),
    ),
    Claim(
        id="cdt-compensates",
        says="CDT makes up for the deviation and does not remove it.",
        origin="title, abstract",
        setting=f"{CURVES}; γ = 0.2; {DEVIATION}, features of length 1, K = 15",
        measure=_compensates,
        reproduced=(
            Within("minor / major deviation over the null, CDT", low=1),
            Within("balanced accuracy, CDT minus plain", low=0),
        ),
        opposite=(Within("minor / major deviation over the null, CDT", high=1),),
    ),
    Claim(
        id="cdt-better-than-weights",
        says="CDT is better than class weights (CIFAR: BagofTricks; Kini et al., Tab. 2).",
        origin="abstract (“promising results”); others' tables",
        setting=f"{DIGITS}; γ = 0.15, balanced test accuracy; effective-number weights, which are "
        "nearly inverse frequencies here. Shown beside it: oversampling, logit adjustment, "
        "deferred reweighting (DRW)",
        measure=_beside,
        reproduced=(Within("CDT minus class weights", low=0),),
        opposite=(Within("CDT minus class weights", high=0),),
    ),
    Claim(
        id="cdt-below-logit-adjustment",
        says="Logit adjustment is a little better than CDT (CIFAR: 80.8 to 79.6 % and 78.2 to "
        "73.3 %).",
        origin="Kini, Paraskevas, Oymak, Thrampoulidis, NeurIPS 2021",
        setting=f"{CURVES}; γ = 0.2, balanced test accuracy",
        measure=_beside_curves,
        reproduced=(Within("CDT minus logit adjustment", high=0),),
        opposite=(Within("CDT minus logit adjustment", low=0),),
    ),
    Claim(
        id="cdt-terminal-margins",
        says="At the end of training, on separable data, the classifier's margins stand in the "
        "ratio of the temperatures; weights and additive shifts have no effect there.",
        origin="Kini et al., NeurIPS 2021, theorem 1",
        why_not="it speaks of a limit that training approaches with the logarithm of time; the "
        "margin on the way there says nothing for or against it",
    ),
    Claim(
        id="cdt-figure-1",
        says="On an imbalanced CIFAR-10 a ResNet's accuracies and features (t-SNE) show "
        "over-fitting and deviation that grow towards minor classes.",
        origin="Fig. 1",
        why_not="needs CIFAR and a ResNet, hours on a GPU; cdt-networks-overfit and "
        "cdt-deviation-cnn are the small form of it",
    ),
    Claim(
        id="cdt-benchmarks",
        says="CDT improves on plain training on CIFAR-10/100-LT and step, Tiny-ImageNet and "
        "iNaturalist.",
        origin="abstract; BagofTricks and Kini et al. have CIFAR-10-LT, ρ = 100",
        reported="error 29.6 to 22.9 % (BagofTricks), accuracy 71.9 to 79.6 % (Kini et al.)",
        why_not="needs these data and days on a GPU",
    ),
    Claim(
        id="cdt-adversarial",
        says="Temperatures also help under adversarial training on CIFAR-10-LT.",
        origin="RoBal, CVPR 2021",
        reported="62.3 to 73.1 % clean accuracy",
        why_not="needs CIFAR and adversarial training, days on a GPU",
    ),
)

PAPER = Paper(
    name="cdt",
    title="Class-dependent temperatures and feature deviation",
    citation="Ye, Chen, Zhan, Chao: *Identifying and Compensating for Feature Deviation in "
    "Imbalanced Deep Learning*, 2020 ([arXiv 2001.01385](https://arxiv.org/abs/2001.01385)).",
    note="The abstract, a figure's caption and public code were at hand; numbers of others are "
    "marked with their source. In training every logit is divided by the temperature "
    "a = (n_max / n)^γ of its class. Plain is training with cross-entropy from the same weights on "
    "the same batches. Major are the five most frequent classes, minor the five rarest; balanced "
    "accuracy is the mean over all ten.",
    protocol=Path(__file__),
    development=range(10),
    quoted=range(100, 110),
    claims=CLAIMS,
)
