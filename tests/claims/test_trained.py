"""Training side by side against one network at a time, in an ordinary loop."""

import pytest
import torch
from torch import nn

from imbal_lab.claims.trained import Weakening, train_side_by_side
from imbal_lab.data import ClassBatches, ShuffledBatches, load
from imbal_lab.instruments import mean_feature_gradients
from imbal_lab.methods import (
    ClassWeightedLoss,
    MajorFeatureWeakening,
    MixedLabelLoss,
    mfw_strengths,
)
from imbal_lab.models import cnn1d

SEEDS, EPOCHS = (3, 8), 4


@pytest.fixture(scope="module")
def datasets():
    options = {"rho": 10, "n_max": 20, "n_test": 10, "profile": "step", "rare": "random"}
    return [load("mnist1d", seed=s, **options).to(torch.float64) for s in SEEDS]


def network(seed, norm):
    return cnn1d(seed=seed, norm=norm, channels=(4, 4, 8)).double()


def alone(dataset, seed, norm, criterion_at, layer=None, lam=0.7, batches=None):
    """An ordinary loop, with the library's own hook for MFW."""
    model = network(seed, norm)
    weakening = layer and MajorFeatureWeakening(model, layer, dataset.counts, lam, seed=seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-4)
    batches = batches or ShuffledBatches(dataset.y, 64, seed=seed)
    for epoch in range(EPOCHS):
        criterion = criterion_at(epoch, weakening)
        for rows in batches:
            if weakening:
                weakening.tell(dataset.y[rows])
            optimizer.zero_grad()
            criterion(model(dataset.x[rows]), dataset.y[rows]).backward()
            optimizer.step()
        optimizer.param_groups[0]["lr"] = 0.1 if epoch + 1 < 2 else 0.01 if epoch + 1 < 3 else 1e-3
    return model.eval()


def weighted_late(epoch):
    return ClassWeightedLoss(torch.arange(1.0, 11.0)) if epoch > 1 else nn.CrossEntropyLoss()


CASES = {
    "plain": (lambda epoch: nn.CrossEntropyLoss(), lambda epoch, weakening: nn.CrossEntropyLoss()),
    "a loss that changes": (weighted_late, lambda epoch, weakening: weighted_late(epoch)),
}


@pytest.mark.parametrize("norm", ["batch", "group"])
@pytest.mark.parametrize("case", CASES)
def test_each_network_is_trained_as_if_alone(case, norm, datasets):
    together, apart = CASES[case]
    models = [network(seed, norm) for seed in SEEDS]
    run = train_side_by_side(datasets, models, together, seeds=SEEDS, epochs=EPOCHS)
    for k, seed in enumerate(SEEDS):
        expected = alone(datasets[k], seed, norm, apart)(datasets[k].x_test)
        torch.testing.assert_close(run.test_logits[:, k], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("layer", ["stem", "pool"])
@pytest.mark.parametrize("mix_labels", [False, True])
def test_weakening_is_that_of_the_library(layer, mix_labels, datasets):
    strengths = mfw_strengths(datasets[0].counts, 0.7).float()
    run = train_side_by_side(
        datasets,
        [network(seed, "batch") for seed in SEEDS],
        lambda epoch: nn.CrossEntropyLoss(),
        seeds=SEEDS,
        epochs=EPOCHS,
        weakening=Weakening(layer, strengths, mix_labels),
    )

    def criterion_at(epoch, weakening):
        return MixedLabelLoss(weakening) if mix_labels else nn.CrossEntropyLoss()

    for k, seed in enumerate(SEEDS):
        expected = alone(datasets[k], seed, "batch", criterion_at, layer)(datasets[k].x_test)
        torch.testing.assert_close(run.test_logits[:, k], expected, rtol=0, atol=1e-9)


def test_a_detached_partner_gets_no_gradient():
    """One step: the features are the same, so the head moves alike; what is before it does not."""
    data = load("mnist1d", rho=5, n_max=5, n_test=2, profile="step").to(torch.float64)
    strengths, heads, stems = mfw_strengths(data.counts, 0.7).float(), [], []
    for detach in (False, True):
        run = train_side_by_side(
            [data],
            [network(0, "group")],
            lambda epoch: nn.CrossEntropyLoss(),
            seeds=(0,),
            epochs=1,  # of one batch
            weakening=Weakening("pool", strengths, detach=detach),
        )
        heads.append(run.model.classifiers)
        stems.append(run.model.get_parameter("layers.stem.0.weight").detach())
    torch.testing.assert_close(heads[0], heads[1], rtol=0, atol=1e-12)
    assert (stems[0] - stems[1]).abs().max() > 1e-6


def test_oversampling_has_as_many_steps(datasets):
    run = train_side_by_side(
        datasets[:1],
        [network(3, "group")],
        lambda epoch: nn.CrossEntropyLoss(),
        seeds=(3,),
        epochs=EPOCHS,
        oversample=True,
    )

    class First:  # as many batches an epoch as shuffled ones: two of 64 for 110 examples
        rows = None

        def __iter__(self):
            self.rows = self.rows or endless(
                ClassBatches(datasets[0].y, 64, oversample=True, seed=3)
            )
            return iter([next(self.rows), next(self.rows)])

    expected = alone(datasets[0], 3, "group", CASES["plain"][1], batches=First())
    found = run.test_logits[:, 0]
    torch.testing.assert_close(found, expected(datasets[0].x_test), rtol=0, atol=1e-9)


def endless(batches):
    while True:
        yield from batches


def test_what_is_seen_after_the_last_epoch(datasets):
    models = [network(seed, "batch") for seed in SEEDS]
    run = train_side_by_side(
        datasets, models, lambda epoch: nn.CrossEntropyLoss(), seeds=SEEDS, epochs=EPOCHS
    )
    assert run.recall.shape == run.pulls.shape == (2, EPOCHS, 10)
    for k, (seed, data) in enumerate(zip(SEEDS, datasets, strict=True)):
        model = alone(data, seed, "batch", CASES["plain"][1])
        logits = model(data.x)
        pulls = mean_feature_gradients(logits, data.y, model[-1].weight)
        for c in range(10):
            own = data.y == c
            right = (logits[own].argmax(dim=1) == c).double().mean()
            assert run.recall[k, -1, c].item() == pytest.approx(right.item())
            assert run.pulls[k, -1, c].item() == pytest.approx(pulls[c].item())
            test = model(data.x_test[data.y_test == c]).argmax(dim=1) == c
            assert run.test_recall[k, c].item() == pytest.approx(test.double().mean().item())
