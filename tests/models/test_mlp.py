import pytest
import torch
from torch import nn

from imbal_lab.models import mlp


def test_layers_in_order():
    model = mlp([5, 7, 4, 3], seed=0)
    kinds = [type(layer) for layer in model]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
    assert [tuple(p.shape) for p in model.parameters()] == [
        (7, 5),
        (7,),
        (4, 7),
        (4,),
        (3, 4),
        (3,),
    ]


def test_forward_is_the_formula():
    model = mlp([3, 4, 2], seed=1, activation="relu")
    w1, b1, w2, b2 = model.parameters()
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    expected = (x @ w1.T + b1).clamp_min(0) @ w2.T + b2
    torch.testing.assert_close(model(x), expected)


def test_weights_have_variance_one_over_fan_in_and_biases_are_zero():
    first, _, last = mlp([400, 300, 50], seed=0)
    for layer in (first, last):
        fan_in = layer.in_features
        assert layer.weight.mean().abs() < 4 / (fan_in * layer.weight.numel()) ** 0.5
        assert layer.weight.var().item() == pytest.approx(1 / fan_in, rel=0.05)
        assert not layer.bias.any()


def test_the_seed_decides_and_torchs_own_state_is_left_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    same, again, other = mlp([4, 6, 2], seed=8), mlp([4, 6, 2], seed=8), mlp([4, 6, 2], seed=9)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(same[0].weight, again[0].weight)
    assert not torch.equal(same[0].weight, other[0].weight)


@pytest.mark.parametrize("widths", [[], [3], [3, 0, 2]])
def test_too_few_widths(widths):
    with pytest.raises(ValueError, match=r"widths=.*for example"):
        mlp(widths, seed=0)


def test_unknown_activation():
    with pytest.raises(ValueError, match=r"activation='gelu': choose one of.*'relu', 'tanh'"):
        mlp([2, 2], seed=0, activation="gelu")
