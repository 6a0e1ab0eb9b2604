"""Mini-batches at small scale: normalised lengths alone do not make classes learn alike."""

import pytest
import torch

from imbal_lab.data import batches_of, load
from imbal_lab.instruments import Recording
from imbal_lab.methods import METHODS
from imbal_lab.models import mlp
from imbal_lab.training import train

LEARNT = 0.35  # mean class loss


@pytest.fixture(scope="module")
def arrival():
    """Method to [S, 2]: the step at which each class's loss is below LEARNT, digits 3 and 8."""

    def steps_until(name, seed):
        data = load("digits", classes=(3, 8), rho=10, n_max=150, n_test=4, seed=seed)
        method, model = METHODS[name], mlp([64, 24, 24, 2], seed=seed)
        run = train(
            data,
            model,
            method.step,
            lr=0.01,
            steps=180,
            every=5,
            batches=batches_of(method.batches, data.y, 22, seed=seed),
            full_gradients=method.full_gradients,
        )
        recording = Recording.of(run)
        below = (recording.loss < LEARNT).to(torch.int64)
        assert below.any(dim=0).all()
        return recording.step[below.argmax(dim=0)].double()

    names = ("pcnsgd", "pcnsgd_o", "pcnsgd_r")
    return {name: torch.stack([steps_until(name, seed) for seed in range(4)]) for name in names}


def test_with_pcnsgd_the_rare_class_still_comes_late(arrival):
    majority, minority = arrival["pcnsgd"].T
    assert (minority > 1.5 * majority).all()


@pytest.mark.parametrize("repaired", ["pcnsgd_o", "pcnsgd_r"])
def test_oversampling_and_rescaling_repair_it(repaired, arrival):
    ratio = {name: (steps[:, 1] / steps[:, 0]).mean() for name, steps in arrival.items()}
    assert ratio[repaired] < 0.7 * ratio["pcnsgd"]
    assert (arrival[repaired][:, 1] < 0.8 * arrival["pcnsgd"][:, 1]).all()
