import pytest
import torch

from imbal_lab.data import load
from imbal_lab.methods import gd_step
from imbal_lab.models import mlp
from imbal_lab.training.trade_off import measured, trade_off


def test_the_four_numbers_of_an_untrained_network_by_hand():
    data = load("gauss2d", rho=10, seed=3, n_max=400, n_test=500)
    logits = mlp([2, 32, 32, 4], seed=3)(data.x_test)
    recalls = [(logits[data.y_test == c].argmax(1) == c).double().mean().item() for c in range(4)]
    at_mix = sum(n * r for n, r in zip(data.counts, recalls, strict=True)) / sum(data.counts)
    loss = torch.nn.functional.cross_entropy(mlp([2, 32, 32, 4], seed=3)(data.x), data.y).item()
    expected = [recalls[-1], sum(recalls) / 4, at_mix, loss]
    assert measured("gauss2d", gd_step, 10, 3, 0).tolist() == pytest.approx(expected, rel=1e-5)


def test_with_overlap_pcngd_gains_balance_and_pays_at_the_mix():
    rarest, balanced, at_mix, _ = trade_off("gauss2d", rho=50, seeds=range(4))
    assert rarest.low > 0.5
    assert balanced.low > 0.1
    assert at_mix.mean < 0


def test_unknown_data_is_refused():
    with pytest.raises(ValueError, match="data='cifar': choose one of 'gauss2d'"):
        trade_off("cifar", rho=10)
