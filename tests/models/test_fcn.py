import pytest
import torch

from imbal_lab.models import fcn


@pytest.mark.parametrize(
    ("norm", "parameters"), [("group", 14757), ("batch", 14757), (None, 14597)]
)
def test_parameters(norm, parameters):
    assert sum(p.numel() for p in fcn(seed=0, norm=norm).parameters()) == parameters


def test_shapes_by_name():
    model, shapes = fcn(3, seed=0, channels=2), []
    for name in ("stem", "down1", "down2", "up1", "up2", "head"):
        getattr(model, name).register_forward_hook(
            lambda *given: shapes.append(tuple(given[2].shape[1:]))
        )
    model(torch.zeros(1, 2, 12, 20))
    assert shapes == [(8, 12, 20), (16, 6, 10), (32, 3, 5), (16, 6, 10), (8, 12, 20), (3, 12, 20)]


def test_how_far_a_pixel_sees():
    """Down and up a quarter: what a pixel sees ends; without normalisation, that is."""
    model = fcn(seed=0, norm=None).double()
    x = torch.randn(1, 1, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    model(x)[0, :, 32, 32].sum().backward()
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows.min() >= 32 - 16
    assert rows.max() <= 32 + 16
    assert rows.max() - rows.min() >= 8  # more than the texture's period


def test_the_way_down_is_joined_in_on_the_way_up():
    """Without its last 8 input channels, what came from the stem, up2 loses the fine detail."""
    model = fcn(seed=0, norm=None)
    x = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    before = model(x)
    with torch.no_grad():
        model.up2[0].weight[:, 16:] = 0
    assert not torch.allclose(model(x), before)


@pytest.mark.parametrize("shape", [(1, 30, 32), (1, 32, 30), (32, 32)])
def test_a_size_that_cannot_be_halved_twice(shape):
    with pytest.raises(ValueError, match=r"x: shape .*multiples of 4"):
        fcn(seed=0)(torch.zeros(2, *shape))


def test_channels():
    with pytest.raises(ValueError, match=r"channels=0: use an integer >= 1"):
        fcn(seed=0, channels=0)
