"""A tiny fully convolutional network in the shape of a U, for the pixels of `textures_seg`.

After Long, Shelhamer, Darrell (CVPR 2015) and Ronneberger, Fischer, Brox (MICCAI 2015): down to
a quarter of the height and width and up again, each level joined with what was there on the way
down.
"""

import torch
from torch import Tensor, nn

from imbal_lab.models.initialisation import seeded
from imbal_lab.models.normalisation import normalisation


class FCN(nn.Module):
    """Made by :func:`fcn`."""

    def __init__(self, num_classes: int, channels: int, norm: str | None) -> None:
        super().__init__()
        self.stem = _block(channels, 8, norm)
        self.down1 = _block(8, 16, norm)
        self.down2 = _block(16, 32, norm)
        self.up1 = _block(32 + 16, 16, norm)
        self.up2 = _block(16 + 8, 8, norm)
        self.head = nn.Conv2d(8, num_classes, kernel_size=1)
        self.halved = nn.MaxPool2d(2)
        self.doubled = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Features of every pixel [n, 8, h, w] of images [n, c, h, w]: what ``head`` reads."""
        if x.ndim != 4 or x.shape[2] % 4 or x.shape[3] % 4:
            raise ValueError(
                f"x: shape {tuple(x.shape)}; give images [n, channels, height, width] whose height "
                "and width are multiples of 4"
            )
        full = self.stem(x)
        half = self.down1(self.halved(full))
        quarter = self.down2(self.halved(half))
        half = self.up1(torch.cat([self.doubled(quarter), half], dim=1))
        return self.up2(torch.cat([self.doubled(half), full], dim=1))


def fcn(num_classes: int = 5, *, seed: int, channels: int = 1, norm: str | None = "group") -> FCN:
    """Images [n, channels, h, w] to logits [n, num_classes, h, w]; h and w multiples of 4.

    14,757 parameters for five classes of grey images, 14,597 without normalisation. ``norm`` is
    "group", "batch" or None; see :mod:`imbal_lab.models.normalisation`.

    Layers by name: ``stem`` [n, 8, h, w], ``down1`` [n, 16, h/2, w/2], ``down2``
    [n, 32, h/4, w/4], ``up1`` [n, 16, h/2, w/2] and ``up2`` [n, 8, h, w] are the blocks
    (convolution, norm, ReLU); ``head`` is the classifier of every pixel, and what goes into it
    are the features [n, 8, h, w], ``model.features(x)``.

    Raises ValueError for an unknown norm, num_classes < 1 and channels < 1.

    >>> fcn(seed=0)(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 5, 32, 32])
    """
    for name, given in (("num_classes", num_classes), ("channels", channels)):
        if given < 1:
            raise ValueError(f"{name}={given}: use an integer >= 1")
    return seeded(lambda: FCN(num_classes, channels, norm), seed)


def _block(i: int, o: int, norm: str | None) -> nn.Sequential:
    conv = nn.Conv2d(i, o, kernel_size=3, padding=1)
    return nn.Sequential(conv, normalisation(norm, o), nn.ReLU())
