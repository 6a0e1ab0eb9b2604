import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import load
from imbal_lab.models import cnn1d


@pytest.mark.parametrize(("norm", "parameters"), [("group", 5930), ("batch", 5930), (None, 5770)])
def test_parameters(norm, parameters):
    assert sum(p.numel() for p in cnn1d(seed=0, norm=norm).parameters()) == parameters


def test_forward_is_three_strided_convolutions_and_a_mean():
    model = cnn1d(3, seed=2, channels=(4, 8, 12), norm="group").double()
    x = load("mnist1d", n_max=2).to(torch.float64).x
    h = x[:, None]
    for block in (model.stem, model.mid, model.top):
        conv, norm, _ = block
        h = F.conv1d(h, conv.weight, conv.bias, stride=2, padding=2)
        grouped = h.reshape(len(h), 4, -1)
        spread = (grouped.var(2, unbiased=False, keepdim=True) + 1e-5).sqrt()
        h = ((grouped - grouped.mean(2, keepdim=True)) / spread).reshape(h.shape)
        h = (h * norm.weight[:, None] + norm.bias[:, None]).clamp_min(0)
    expected = h.mean(2) @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model(x), expected)


def test_time_is_halved_by_each_block():
    model, shapes = cnn1d(seed=0), []
    for block in (model.stem, model.mid, model.top):
        block.register_forward_hook(lambda *given: shapes.append(tuple(given[2].shape)))
    model(torch.zeros(2, 40))
    assert shapes == [(2, 16, 20), (2, 16, 10), (2, 48, 5)]


def test_rows_and_curves_are_the_same_input():
    model, x = cnn1d(seed=0), load("mnist1d", n_max=1).x
    assert torch.equal(model(x), model(x[:, None]))


@pytest.mark.parametrize("channels", [(16, 16), (16, 16, 0)])
def test_three_channels(channels):
    with pytest.raises(ValueError, match=r"channels=\(16, 16.*for example \(16, 16, 48\)"):
        cnn1d(seed=0, channels=channels)


def test_channels_come_in_groups():
    with pytest.raises(ValueError, match=r"channels=6: norm='group' needs a multiple of 4"):
        cnn1d(seed=0, channels=(8, 6, 8))
    assert cnn1d(seed=0, channels=(8, 6, 8), norm=None)(torch.zeros(1, 40)).shape == (1, 10)
