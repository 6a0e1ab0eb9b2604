import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.models import cnn


@pytest.mark.parametrize(
    ("shape", "norm", "parameters"),
    # 16 and 32 kernels with their biases, the classifier, and two numbers a normalised channel
    [
        ((1, 8, 8), None, 16 * 10 + 32 * 145 + 10 * 129),
        ((1, 8, 8), "group", 16 * 10 + 32 * 145 + 10 * 129 + 2 * 48),
        ((1, 14, 14), "batch", 16 * 10 + 32 * 145 + 10 * 289 + 2 * 48),
        ((3, 32, 32), None, 16 * 28 + 32 * 145 + 10 * 2049),
    ],
)
def test_parameters(shape, norm, parameters):
    assert sum(p.numel() for p in cnn(shape, seed=0, norm=norm).parameters()) == parameters


def test_forward_is_two_convolutions_with_pooling():
    model = cnn((1, 14, 14), 4, seed=1, norm=None).double()
    x = torch.randn(3, 196, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    h = x.reshape(3, 1, 14, 14)
    for block in (model.stem, model.top):
        h = F.conv2d(h, block[0].weight, block[0].bias, padding=1).clamp_min(0)
        even = h[:, :, : h.shape[2] // 2 * 2, : h.shape[3] // 2 * 2]
        quarters = [even[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        h = torch.stack(quarters).amax(0)
    expected = h.flatten(1) @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model(x), expected)
    torch.testing.assert_close(model(x.reshape(3, 1, 14, 14)), expected)


@pytest.mark.parametrize("shape", [(8, 8), (1, 3, 8), (0, 8, 8)])
def test_a_shape_that_does_not_fit(shape):
    with pytest.raises(ValueError, match=r"shape=.*at least 4x4, for example \(1, 14, 14\)"):
        cnn(shape, seed=0)
