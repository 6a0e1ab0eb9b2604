"""The two networks that are measured, and labels with a long tail."""

import torch
from torch import Tensor, nn


def mlp(num_classes: int, width: int = 512) -> nn.Sequential:
    """784 inputs, three hidden layers."""
    return nn.Sequential(
        nn.Linear(784, width), nn.ReLU(),
        nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, num_classes),
    )  # fmt: skip


def cnn(num_classes: int, width: int = 16) -> nn.Sequential:
    """Images [3, 32, 32], three blocks of ``width`` channels and more, one hidden layer."""

    def block(i: int, o: int) -> nn.Sequential:
        conv = nn.Conv2d(i, o, 3, padding=1)
        return nn.Sequential(conv, nn.GroupNorm(4, o), nn.ReLU(), nn.MaxPool2d(2))

    return nn.Sequential(
        block(3, width), block(width, 2 * width), block(2 * width, 4 * width), nn.Flatten(),
        nn.Linear(64 * width, 8 * width), nn.ReLU(), nn.Linear(8 * width, num_classes),
    )  # fmt: skip


def falling(num_classes: int, rho: float = 100.0) -> Tensor:
    """Class weights that fall geometrically from 1 to 1 / ``rho``: [C]."""
    return rho ** -torch.linspace(0, 1, num_classes)


def long_tailed_labels(n: int, num_classes: int) -> Tensor:
    """Labels [n] drawn with these weights."""
    return torch.multinomial(falling(num_classes), n, replacement=True)
