"""Gaussian blobs in the plane: data you can draw, with a best possible rule that is known.

`gauss2d` has four classes of two blobs each, one on an inner and one on an outer circle, so
that no straight line separates them. Turned by a quarter the picture is the same: all classes
are equally hard. Balanced, the best possible rule is right for 87 % of the points.

`gauss2d_binary` has two classes of one blob each, at -mu and +mu on the first axis, moved
together by `offset` on both axes. The offset decides how full-batch gradient descent begins
(Francazi et al., ICML 2023). It raises the minority loss at first when the gradients of the two
classes point apart far enough: cos < -|g_minority| / |g_majority|.

- offset=0: the hidden units of a fresh tanh network answer the blobs at -mu and +mu with
  opposite signs. So do the errors at the output. The signs cancel, the class gradients point the
  same way, and nothing rises: the negative control.
- offset=1 (default): what all inputs share, as images share their mean image, gives both classes
  similar hidden answers. The errors still have opposite signs, so the gradients point apart.

Measured at rho=10 with `mlp([2, 24, 24, 2])`, learning rate 0.1, 64 seeds: cos is -0.78 on
average and the minority loss rises in 64 of 64 runs; with offset=0 it is +0.30, and 0 of 64.
"""

import numpy as np
import torch
from torch import Tensor

from imbal_lab.data.arguments import is_number
from imbal_lab.data.source import Source, generated

SPREAD = 0.62  # standard deviation of every blob, both directions
RADII = (1.7, 2.7)  # inner and outer circle
TURN = 135.0  # degrees from a class's inner blob to its outer one

BINARY_MU = 0.6  # half the distance between the two centres
BINARY_SPREAD = 0.3


def centres() -> np.ndarray:
    """Centres of the blobs of gauss2d, [class 4, blob 2, coordinate 2]."""
    inner = np.deg2rad(90 * np.arange(4))
    angles = np.stack([inner, inner + np.deg2rad(TURN)], axis=1)
    return np.array(RADII)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)


def class_density(x: Tensor) -> Tensor:
    """Density of each class of gauss2d at the points x [m, 2]: [m, 4].

    With class frequencies pi [4] the best possible rule picks `(pi * class_density(x)).argmax(1)`.
    """
    means = torch.from_numpy(centres()).to(x.dtype)
    squared = ((x[:, None, None] - means) ** 2).sum(-1)  # [m, 4, 2]
    return torch.exp(-squared / (2 * SPREAD**2)).mean(-1) / (2 * torch.pi * SPREAD**2)


def _four(label: int, n: int, rng: np.random.Generator) -> np.ndarray:
    # Three numbers an example, drawn row by row: the first rows do not depend on n.
    draws = rng.standard_normal((n, 3))
    blob = (draws[:, 2] > 0).astype(int)
    return centres()[label, blob] + SPREAD * draws[:, :2]


def _two(label: int, n: int, rng: np.random.Generator, offset: float = 1.0) -> np.ndarray:
    if not is_number(offset):
        raise ValueError(f"offset={offset!r}: use a finite number")
    mu = np.array([BINARY_MU, 0.0])
    sign = 2 * label - 1
    return offset + sign * mu + BINARY_SPREAD * rng.standard_normal((n, 2))


FOUR_CLASSES = Source(
    name="gauss2d",
    class_names=("east", "north", "west", "south"),  # where the inner blob sits
    hard_order=(0, 1, 2, 3),  # equally hard by symmetry
    n_max=1000,
    n_test=1000,
    make=generated(_four),
)
TWO_CLASSES = Source(
    name="gauss2d_binary",
    class_names=("left", "right"),
    hard_order=(0, 1),
    n_max=400,
    n_test=1000,
    make=generated(_two),
    options=("offset",),
)
