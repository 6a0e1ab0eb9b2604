from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.acceptance.weakened_major_features import WeakenedFeatures, weakened_major_features
from imbal_lab.checks import CheckFailed
from imbal_lab.data import ShuffledBatches, load
from imbal_lab.methods import class_strengths, feature_gradients, weaken_features
from imbal_lab.models import cnn1d
from imbal_lab.training.weakened import MAJOR, Runs, Weakening, measure

SEEDS, EPOCHS, RHO = range(4), 7, 20  # long enough for mistakes to show


def measured(strengths=class_strengths, mix=weaken_features, seeds=SEEDS):
    weakening = Weakening(strengths, mix)
    return measure(
        "your weakening", feature_gradients, weakening, rho=RHO, seeds=seeds, epochs=EPOCHS
    )


@pytest.fixture(scope="module")
def plain() -> Runs:
    return measure("plain", feature_gradients, None, rho=RHO, seeds=SEEDS, epochs=EPOCHS)


def test_measured_as_by_hand(plain):
    """Seed 1, step by step, with nothing of the library's loop; feature gradients by autograd."""
    data = load("mnist1d", rho=RHO, profile="step", n_max=200, n_test=50, rare="random", seed=1)
    model = cnn1d(seed=1, norm="batch")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-4)
    batches = ShuffledBatches(data.y, 64, seed=1)
    accuracies, ratios = [], []
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * 0.1 ** ((epoch >= 4) + (epoch >= 6))
        for rows in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(data.x[rows]), data.y[rows]).backward()
            optimizer.step()
        model.eval()
        z = model[:-1](data.x).detach().requires_grad_()
        logits = model[-1](z)
        (grads,) = torch.autograd.grad(F.cross_entropy(logits, data.y, reduction="sum"), z)
        right = (logits.argmax(dim=1) == data.y).double()
        of = [(right[data.y == c].mean(), grads[data.y == c].norm(dim=1).mean()) for c in range(10)]
        accuracy, pull = torch.tensor(of).T
        accuracies.append(accuracy[:MAJOR].mean() - accuracy[MAJOR:].mean())
        ratios.append((pull[MAJOR:].mean() / pull[:MAJOR].mean()).log())
        test = (model(data.x_test).argmax(dim=1) == data.y_test).double()
        model.train()
    assert plain.gap[1].item() == pytest.approx(torch.stack(accuracies).mean().item(), abs=5e-3)
    assert plain.log_ratio[1].item() == pytest.approx(torch.stack(ratios).mean().item(), abs=2e-2)
    assert plain.recall[1, -1].mean().item() == pytest.approx(test.mean().item(), abs=1e-2)


def test_it_holds_with_the_reference():
    found = weakened_major_features()
    assert all(found.holds.values()), str(found)
    assert found.check() is None
    title, head, lead, pull, minor, _, overfit, *marks = str(found).splitlines()
    assert title.startswith("curves, rho = 20, 5 seeds, 14 epochs; mean over seeds")
    assert head.split() == ["plain", "MFW", "change"]
    assert head.index("change") == lead.index(str(found.gap))
    change = (found.own.log_ratio - found.plain.log_ratio).mean().exp().item()
    assert f"x {change:.3g} [" in pull
    assert minor.endswith(str(found.minor))
    assert overfit.startswith("minor overfit")
    assert max(map(len, [head, lead, pull, minor, overfit])) < 86  # fits beside JupyterLab's files
    assert [mark[0] for mark in marks] == ["✓"] * 6


def turned_round(counts, lam_min):
    return class_strengths(counts, lam_min).flip(0)


def count_ratio(counts, lam_min):
    return counts.min() / counts


def swapped(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return (1 - lam) * features + lam * features[partner]


def one_for_all(features, y, partner, strengths):
    return torch.lerp(features[partner], features, strengths.min())


def partners_strength(features, y, partner, strengths):
    lam = strengths[y[partner]][:, None]
    return lam * features + (1 - lam) * features[partner]


def added(features, y, partner, strengths):
    return features + (1 - strengths[y])[:, None] * features[partner]


def no_partner(features, y, partner, strengths):
    return strengths[y][:, None] * features


ALIKE = "your weakening lets the classes progress more alike"
LEARNT = "major classes are learnt all the same"


@pytest.mark.parametrize(
    ("strengths", "mix", "part"),
    [
        (turned_round, weaken_features, ALIKE),
        (class_strengths, one_for_all, ALIKE),
        (class_strengths, partners_strength, ALIKE),
        (class_strengths, added, ALIKE),
        (count_ratio, weaken_features, LEARNT),
        (class_strengths, swapped, LEARNT),
        (class_strengths, no_partner, LEARNT),
    ],
)
def test_a_mistake_that_changes_the_dynamics_fails(strengths, mix, part, plain):
    found = WeakenedFeatures("curves", plain, measured(strengths, mix))
    assert not found.holds[part], str(found)
    with pytest.raises(CheckFailed) as failure:
        found.check()
    first, why, advice = failure.value.lines
    assert first.startswith("✗ not shown that ")
    assert why.startswith("Why: ")
    assert advice.startswith("Try: ")
    assert all(len(line) < 180 for line in failure.value.lines)


def test_nothing_weakened_fails(plain):
    """Shares of 1 give the plain run again, to the last bit."""
    kept = measured(lambda counts, lam_min: torch.ones(len(counts)), seeds=[0])
    assert torch.equal(kept.progress[0], plain.progress[0])
    found = WeakenedFeatures("curves", plain, replace(plain, label="your weakening"))
    assert not found.holds[ALIKE]


def test_a_mixture_that_lets_no_gradient_through_is_refused():
    """The block before would not learn, and all six marks could be green."""
    few = {"seeds": [0, 1], "epochs": 2}
    with pytest.raises(ValueError, match="features: came back cut off"):
        weakened_major_features(weaken=lambda *a: weaken_features(*a).detach(), **few)


def over_all(logits, y, weight):
    sizes = torch.bincount(y, minlength=logits.shape[1])
    return feature_gradients(logits, y, weight) * sizes / len(y)


def test_gradients_that_count_examples_fail():
    runs = measure("plain", over_all, None, rho=RHO, seeds=range(2), epochs=2)
    found = WeakenedFeatures("curves", runs, runs)
    assert not found.holds["minor classes pull harder at the features"]


def two_sizes(counts, lam_min):
    return torch.where(counts > counts.float().mean(), lam_min, 1.0)


def no_logarithm(counts, lam_min):
    n = counts.float()
    return 1 - (1 - lam_min) * (n - n.min()) / (n.max() - n.min())


def powers(counts, lam_min):
    return lam_min ** ((counts / counts.min()).log() / (counts.max() / counts.min()).log())


@pytest.mark.parametrize("strengths", [two_sizes, no_logarithm, powers])
def test_shares_between_the_ends_are_not_seen_here(strengths):
    """A known limit: there are two sizes of classes only. The exercise's check sees it.

    Nor is another ring of partners, which is as random as the one given.
    """
    counts = torch.tensor([200] * 5 + [10] * 5)
    torch.testing.assert_close(strengths(counts, 0.7), class_strengths(counts, 0.7))


def runs(major, minor, pull, test=(0.2, 0.3), label="your weakening"):
    """Three seeds with these curves, which differ a little."""
    columns = [torch.tensor([a] * MAJOR + [b] * 5) for a, b in zip(major, minor, strict=True)]
    progress = torch.stack(columns).repeat(3, 1, 1)
    progress += torch.tensor([0.0, 1e-4, -1e-4])[:, None, None]
    recall = progress * 0 + torch.tensor([test[0]] * MAJOR + [test[1]] * 5)
    recall += torch.tensor([0.0, 1e-4, -1e-4])[:, None, None]
    pulls = torch.ones_like(progress)
    pulls[..., MAJOR:] = pull + torch.tensor([0.0, 1e-4, -1e-4])[:, None, None]
    return Runs(label, progress, recall, pulls)


PLAIN = runs((0.1, 0.5, 0.8, 0.9), (0.1, 0.0, 0.0, 0.4), 3.0, label="plain")
GOOD = runs((0.1, 0.5, 0.7, 0.8), (0.1, 0.2, 0.4, 0.6), 1.5, (0.2, 0.5))


@pytest.mark.parametrize(
    ("plain", "own", "failing"),
    [
        (PLAIN, GOOD, []),
        (runs((0.1, 0.5, 0.8, 0.9), (0.1, 0.3, 0.3, 0.4), 3.0), GOOD, [0]),
        (runs((0.1, 0.5, 0.8, 0.9), (0.1, 0.0, 0.0, 0.4), 1.2), GOOD, [1, 3]),
        (PLAIN, runs((0.1, 0.5, 0.8, 0.9), (0.1, 0.0, 0.0, 0.4), 1.5, (0.2, 0.5)), [2]),
        (PLAIN, runs((0.1, 0.5, 0.7, 0.8), (0.1, 0.2, 0.4, 0.6), 3.0, (0.2, 0.5)), [3]),
        (PLAIN, runs((0.1, 0.5, 0.7, 0.8), (0.1, 0.2, 0.4, 0.6), 1.5, (0.2, 0.3)), [4]),
        (PLAIN, runs((0.1, 0.3, 0.3, 0.3), (0.1, 0.2, 0.4, 0.6), 1.5, (0.2, 0.5)), [5]),
    ],
)
def test_each_part_is_asked_on_its_own(plain, own, failing):
    found = WeakenedFeatures("made up", plain, own)
    assert [k for k, holds in enumerate(found.holds.values()) if not holds] == failing


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"seeds=\(3,\): an interval needs at least two"):
        weakened_major_features(seeds=[3])
    with pytest.raises(ValueError, match="epochs=1"):
        weakened_major_features(epochs=1)
    with pytest.raises(ValueError, match=r"gradients: must return one number a class, \[10\]"):
        weakened_major_features(gradients=lambda *_: torch.zeros(3))
    few = {"seeds": [0, 1], "epochs": 2}
    with pytest.raises(ValueError, match=r"strengths: must return .* gave float"):
        weakened_major_features(lambda *_: 0.7, **few)
    with pytest.raises(ValueError, match="features: must return a tensor"):
        weakened_major_features(weaken=lambda h, *_: h[:3], **few)


def test_the_picture_has_a_row_for_each_way():
    axes = WeakenedFeatures("made up", PLAIN, GOOD).figure().axes
    assert [ax.get_title("left") for ax in axes[:3]] == [
        "Training accuracy",
        "Test accuracy",
        "Feature gradients, mean length",
    ]
    assert len(axes) == 6
