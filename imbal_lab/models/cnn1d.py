"""A small 1-D convolutional network, for the curves of `mnist1d`."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from imbal_lab.models.initialisation import seeded
from imbal_lab.models.normalisation import normalisation


def cnn1d(
    num_classes: int = 10,
    *,
    seed: int,
    channels: Sequence[int] = (16, 16, 48),
    norm: str | None = "group",
) -> nn.Sequential:
    """Three convolutions of width 5 and stride 2, the mean over time, a linear classifier.

    Takes curves [n, t] or [n, 1, t] of any length and gives logits [n, num_classes]. ``norm`` is
    "group", "batch" or None; see :mod:`imbal_lab.models.normalisation`. With ten classes there
    are 5,930 parameters, 5,770 without normalisation.

    Layers by name: ``stem`` [n, 16, t/2], ``mid`` [n, 16, t/4] and ``top`` [n, 48, t/8] are the
    blocks (convolution, norm, ReLU); ``head`` is the classifier, and what goes into it are the
    features [n, 48], ``model[:-1](x)``.

    Raises ValueError for an unknown norm, for channels that are not three or do not come in
    groups of four, and num_classes < 1.

    >>> import torch
    >>> model = cnn1d(seed=0)
    >>> model(torch.zeros(5, 40)).shape, model[:-1](torch.zeros(5, 40)).shape
    (torch.Size([5, 10]), torch.Size([5, 48]))
    """
    if len(channels) != 3 or min(channels) < 1:
        raise ValueError(f"channels={tuple(channels)}: give three, for example (16, 16, 48)")
    if num_classes < 1:
        raise ValueError(f"num_classes={num_classes}: use an integer >= 1")
    return seeded(lambda: _layers(num_classes, channels, norm), seed)


def _layers(num_classes: int, channels: Sequence[int], norm: str | None) -> nn.Sequential:
    model = nn.Sequential()
    model.add_module("curves", nn.Sequential(nn.Flatten(), nn.Unflatten(1, (1, -1))))
    for name, (i, o) in zip(("stem", "mid", "top"), pairwise((1, *channels)), strict=True):
        conv = nn.Conv1d(i, o, kernel_size=5, stride=2, padding=2)
        model.add_module(name, nn.Sequential(conv, normalisation(norm, o, axes=1), nn.ReLU()))
    model.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten()))
    model.add_module("head", nn.Linear(channels[-1], num_classes))
    return model
