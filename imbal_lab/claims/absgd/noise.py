"""Wrong labels: negative lambda trusts the easy samples."""

from collections.abc import Callable, Sequence

from torch import Tensor

from imbal_lab.claims.absgd.setting import Trained, Way, gain, run, weights
from imbal_lab.claims.absgd.together import Plan
from imbal_lab.claims.claim import Claim, Within

EPOCHS, START = 25, 5
CURVES = Way("even curves", "curves", Plan(EPOCHS, 64, 0.02), start=START)


def _gains(noise: float, *lambdas: float) -> Callable[[Sequence[int]], dict[str, Tensor]]:
    def measure(seeds: Sequence[int]) -> dict[str, Tensor]:
        return {
            f"gain, λ = {lam:g}": gain(CURVES.but(noise=noise, lam=lam), EPOCHS, seeds)
            for lam in lambdas
        }

    return measure


def _robust(seeds: Sequence[int]) -> dict[str, Tensor]:
    noisy, clean = (gain(CURVES.but(noise=n, lam=-1.0), EPOCHS, seeds) for n in (0.4, 0))
    return {
        "gain, λ = -1": noisy,
        "gain, λ = -1, clean labels": clean,
        "noise minus clean": noisy - clean,
    }


def _asymmetric(seeds: Sequence[int]) -> dict[str, Tensor]:
    way = CURVES.but(noise=0.4, asymmetric=True, lam=-1.0)
    return {"gain, λ = -1": gain(way, EPOCHS, seeds)}


def shares(seen: Trained, epoch: int, lam: float) -> tuple[Tensor, Tensor]:
    """Share of the weights on right labels, and mean weight of wrong over that of right: [K]."""
    own, right = weights(seen.losses(epoch), lam), seen.y == seen.clean
    mass, count = (own * right).sum(dim=1), right.sum(dim=1)
    others = (own.sum(dim=1) - mass) / (right.shape[1] - count)
    return mass / own.sum(dim=1), others / (mass / count)


def _mass(seeds: Sequence[int]) -> dict[str, Tensor]:
    way, found = CURVES.but(noise=0.4, lam=-1.0), {}
    seen = run(way, tuple(seeds))
    plain = (seen.y == seen.clean).double().mean(dim=1)
    for epoch in (12, EPOCHS):
        share, ratio = shares(seen, epoch, -1.0)
        found[f"weight of wrong over right labels, epoch {epoch}"] = ratio
        found[f"share of the weights on right labels, epoch {epoch}"] = share
    return found | {"the same, SGD": plain}


def _positive(seeds: Sequence[int]) -> dict[str, Tensor]:
    return {
        f"gain, {n:.0%} noise": gain(CURVES.but(noise=n, lam=2.0), EPOCHS, seeds)
        for n in (0.2, 0.4)
    }


SETTING = (
    "curves (MNIST-1D), 300 of each class; ReLU MLP 40-64-64-10, batches of 64, step size 0.02, "
    f"{EPOCHS} epochs, ABSGD from epoch {START}, γ = 0.9; test accuracy, ABSGD minus SGD"
)
NOISY = "40 % of the training labels are other classes"
CLAIMS = (
    Claim(
        id="absgd-label-noise",
        says="With λ < 0 ABSGD is robust to wrong labels.",
        origin="abstract",
        setting=f"{SETTING}; {NOISY}. Control: clean labels",
        measure=_robust,
        reproduced=(
            Within("gain, λ = -1", low=0.03),
            Within("noise minus clean", low=0.03),
        ),
        opposite=(Within("gain, λ = -1", high=0),),
    ),
    Claim(
        id="absgd-label-noise-lambdas",
        says="So it is with λ = -0.5, -2 and -5, the range of the authors' experiments.",
        origin="the authors' code",
        setting=f"{SETTING}; {NOISY}",
        measure=_gains(0.4, -0.5, -2.0, -5.0),
        reproduced=tuple(Within(f"gain, λ = {lam:g}", low=0.005) for lam in (-0.5, -2, -5)),
        opposite=tuple(Within(f"gain, λ = {lam:g}", high=0) for lam in (-0.5, -2, -5)),
    ),
    Claim(
        id="absgd-label-noise-20",
        says="It gains at a noise of 20 % too.",
        origin="tables on label noise",
        setting=f"{SETTING}; 20 % of the training labels are other classes",
        measure=_gains(0.2, -1.0),
        reproduced=(Within("gain, λ = -1", low=0.02),),
        opposite=(Within("gain, λ = -1", high=0),),
    ),
    Claim(
        id="absgd-asymmetric-noise",
        says="It gains where each wrong label is the next class (asymmetric noise).",
        origin="tables on label noise",
        setting=f"{SETTING}; 40 % of the training labels are the next class",
        measure=_asymmetric,
        reproduced=(Within("gain, λ = -1", low=0.02),),
        opposite=(Within("gain, λ = -1", high=0),),
    ),
    Claim(
        id="absgd-noisy-weights",
        says="With λ < 0 samples with wrong labels get smaller weights.",
        origin="the authors' code: mean weights of clean and noisy samples",
        setting=f"{SETTING.rpartition(';')[0]}; λ = -1; {NOISY}; weights over the training set",
        measure=_mass,
        reproduced=(
            Within(f"weight of wrong over right labels, epoch {EPOCHS}", high=0.8),
            Within(f"share of the weights on right labels, epoch {EPOCHS}", low=0.65),
        ),
        opposite=(Within(f"weight of wrong over right labels, epoch {EPOCHS}", low=1),),
    ),
    Claim(
        id="absgd-positive-no-help",
        says="λ > 0, which trusts hard samples, does not help against wrong labels.",
        origin="the sign of λ; a negative control",
        setting=f"{SETTING}; λ = 2",
        measure=_positive,
        reproduced=tuple(Within(f"gain, {n} noise", high=0.005) for n in ("20%", "40%")),
        opposite=tuple(Within(f"gain, {n} noise", low=0.005) for n in ("20%", "40%")),
    ),
)
