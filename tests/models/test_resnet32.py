import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.models import resnet32
from imbal_lab.models.resnet32 import ResidualBlock


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_as_many_parameters_as_the_paper(norm):
    """He et al., table 6: 0.46M for 32 layers and ten classes. Exactly, from the description:"""
    convolutions = 9 * (3 * 16 + 10 * 16 * 16 + 16 * 32 + 9 * 32 * 32 + 32 * 64 + 9 * 64 * 64)
    norms = 2 * (11 * 16 + 10 * 32 + 10 * 64)
    total = sum(p.numel() for p in resnet32(seed=0, norm=norm).parameters())
    assert total == convolutions + norms + 65 * 10
    assert round(total / 1e6, 2) == 0.46


def test_thirty_two_layers_with_weights():
    layers = [m for m in resnet32(seed=0).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 32


def test_shapes_by_name():
    model, shapes = resnet32(100, seed=0), {}
    for name in ("stem", "stage1", "stage2", "stage3", "head"):
        getattr(model, name).register_forward_hook(
            lambda *given, name=name: shapes.__setitem__(name, tuple(given[2].shape))
        )
    model(torch.zeros(2, 3, 32, 32))
    assert shapes == {
        "stem": (2, 16, 32, 32),
        "stage1": (2, 16, 32, 32),
        "stage2": (2, 32, 16, 16),
        "stage3": (2, 64, 8, 8),
        "head": (2, 100),
    }


@pytest.mark.parametrize(("i", "o"), [(4, 4), (4, 8)])
def test_a_block_is_its_formula(i, o):
    block = ResidualBlock(i, o, norm=None).double()
    x = torch.randn(2, i, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    h = F.conv2d(x, block.conv1.weight, stride=o // i, padding=1).clamp_min(0)
    h = F.conv2d(h, block.conv2.weight, padding=1)
    shortcut = torch.zeros_like(h)
    first = (o - i) // 2
    shortcut[:, first : first + i] = x[:, :, :: o // i, :: o // i]
    torch.testing.assert_close(block(x), (h + shortcut).clamp_min(0))
