"""ResNet-32 for CIFAR: the network of most papers on long-tailed CIFAR.

He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (CVPR 2016, arXiv
1512.03385), section 4.2 with n = 5: 6n + 2 = 32 layers with weights, shortcuts without
parameters (option A). The papers train it with BatchNorm.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.models.initialisation import seeded
from imbal_lab.models.normalisation import normalisation

WIDTHS = (16, 32, 64)
BLOCKS = 5  # in each stage


class ResidualBlock(nn.Module):
    """relu(shortcut(x) + norm(conv(relu(norm(conv(x)))))): [n, i, h, w] to [n, o, h', w'].

    Where the channels double, height and width are halved: the shortcut then takes every second
    pixel, and its new channels, half of them before the old ones and half after, are zero.
    """

    def __init__(self, i: int, o: int, norm: str | None) -> None:
        super().__init__()
        self.stride = 1 if i == o else 2
        self.extra = (o - i) // 2
        self.conv1 = nn.Conv2d(i, o, 3, stride=self.stride, padding=1, bias=False)
        self.norm1 = normalisation(norm, o)
        self.conv2 = nn.Conv2d(o, o, 3, padding=1, bias=False)
        self.norm2 = normalisation(norm, o)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.shortcut(x) + self.norm2(self.conv2(h)))

    def shortcut(self, x: Tensor) -> Tensor:
        """``x`` in the shape of the block's result, without parameters."""
        if self.stride == 1:
            return x
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra, self.extra))


def resnet32(num_classes: int = 10, *, seed: int, norm: str | None = "batch") -> nn.Sequential:
    """ResNet-32 with 0.46 million parameters: colour images [n, 3, 32, 32] to logits.

    ``norm`` is "batch" as in the paper, "group", which per-class methods need, or None; see
    :mod:`imbal_lab.models.normalisation`. Convolutions have no bias, as in the paper.

    Layers by name: ``stem`` [n, 16, 32, 32], ``stage1`` [n, 16, 32, 32], ``stage2``
    [n, 32, 16, 16] and ``stage3`` [n, 64, 8, 8]; ``head`` is the classifier, and what goes into
    it are the features [n, 64], ``model[:-1](x)``.

    Raises ValueError for an unknown norm and num_classes < 1.

    >>> sum(p.numel() for p in resnet32(seed=0).parameters())
    464154
    """
    if num_classes < 1:
        raise ValueError(f"num_classes={num_classes}: use an integer >= 1")
    return seeded(lambda: _layers(num_classes, norm), seed)


def _layers(num_classes: int, norm: str | None) -> nn.Sequential:
    conv = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
    model = nn.Sequential()
    model.add_module("stem", nn.Sequential(conv, normalisation(norm, WIDTHS[0]), nn.ReLU()))
    for number, (i, o) in enumerate(pairwise((WIDTHS[0], *WIDTHS)), start=1):
        model.add_module(f"stage{number}", _stage(i, o, norm))
    model.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    model.add_module("head", nn.Linear(WIDTHS[-1], num_classes))
    return model


def _stage(i: int, o: int, norm: str | None) -> nn.Sequential:
    first = ResidualBlock(i, o, norm)
    return nn.Sequential(first, *(ResidualBlock(o, o, norm) for _ in range(BLOCKS - 1)))
