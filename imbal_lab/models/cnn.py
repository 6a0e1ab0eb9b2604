"""A small convolutional network, for `digits`, `fashion14` and other small images."""

from collections.abc import Sequence

from torch import nn

from imbal_lab.models.initialisation import seeded
from imbal_lab.models.normalisation import normalisation


def cnn(
    shape: Sequence[int], num_classes: int = 10, *, seed: int, norm: str | None = "group"
) -> nn.Sequential:
    """Two 3x3 convolutions, 16 and 32 channels, each followed by 2x2 max pooling; a classifier.

    ``shape`` is that of an image, (channels, height, width), at least 4x4: (1, 8, 8) for
    `digits`, (1, 14, 14) for `fashion14`. Takes images [n, *shape] or flat rows
    [n, channels * height * width] and gives logits [n, num_classes]. ``norm`` is "group",
    "batch" or None; see :mod:`imbal_lab.models.normalisation`.

    Layers by name: ``stem`` [n, 16, h/2, w/2] and ``top`` [n, 32, h/4, w/4] are the blocks
    (convolution, norm, ReLU, pooling); ``head`` is the classifier, and what goes into it are the
    features [n, 32 * (h/4) * (w/4)], ``model[:-1](x)``.

    Raises ValueError for an unknown norm, a shape too small, and num_classes < 1.

    >>> import torch
    >>> cnn((1, 8, 8), seed=0)(torch.zeros(5, 64)).shape
    torch.Size([5, 10])
    """
    if len(shape) != 3 or min(shape) < 1 or min(shape[1:]) < 4:
        raise ValueError(
            f"shape={tuple(shape)}: give (channels, height, width), at least 4x4, for example "
            "(1, 14, 14)"
        )
    if num_classes < 1:
        raise ValueError(f"num_classes={num_classes}: use an integer >= 1")
    return seeded(lambda: _layers(tuple(shape), num_classes, norm), seed)


def _layers(shape: tuple[int, ...], num_classes: int, norm: str | None) -> nn.Sequential:
    channels, height, width = shape
    model = nn.Sequential()
    model.add_module("images", nn.Sequential(nn.Flatten(), nn.Unflatten(1, shape)))
    model.add_module("stem", _block(channels, 16, norm))
    model.add_module("top", _block(16, 32, norm))
    model.add_module("flat", nn.Flatten())
    model.add_module("head", nn.Linear(32 * (height // 4) * (width // 4), num_classes))
    return model


def _block(i: int, o: int, norm: str | None) -> nn.Sequential:
    conv = nn.Conv2d(i, o, kernel_size=3, padding=1)
    return nn.Sequential(conv, normalisation(norm, o), nn.ReLU(), nn.MaxPool2d(2))
