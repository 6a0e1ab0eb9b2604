"""Gaussian blobs in the plane: data you can draw, with a best possible rule that is known.

`gauss2d` has four classes of two blobs each, one on an inner and one on an outer circle, so
that no straight line separates them. Turned by a quarter the picture is the same: all classes
are equally hard. `gauss2d_binary` has two classes of one blob each, at offset - mu and
offset + mu.

Why the offset matters (Francazi et al., ICML 2023, and our own runs): gradient descent first
*raises* the minority loss when the gradients of the two classes point apart far enough,
cos < -|g_minority| / |g_majority|. With blobs at -mu and +mu around the origin the hidden units
of a fresh tanh network answer the two classes with opposite signs; so do the errors at the
output; the two signs cancel and the class gradients point the *same* way. What all inputs have
in common (for images the mean image, here `offset` on both features) gives both classes similar
hidden answers with opposite errors, and the gradients point apart. offset=0 is the negative
control.
"""

import numpy as np
import torch
from torch import Tensor

from imbal_lab.data.source import Source, generated

SPREAD = 0.62  # standard deviation of every blob, both directions
RADII = (1.7, 2.7)  # inner and outer circle
TURN = 62.0  # degrees from a class's inner blob to its outer one

BINARY_MU = 0.7  # half the distance between the two centres
BINARY_SPREAD = 0.4


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
    mu = BINARY_MU * np.array([1.0, -1.0]) / np.sqrt(2)  # across the direction of the offset
    sign = 2 * label - 1
    return offset + sign * mu + BINARY_SPREAD * rng.standard_normal((n, 2))


FOUR_CLASSES = Source(
    name="gauss2d",
    class_names=("east", "north", "west", "south"),
    hard_order=(0, 1, 2, 3),  # equally hard by symmetry
    n_max=1000,
    n_test=1000,
    draw=generated(_four),
)
TWO_CLASSES = Source(
    name="gauss2d_binary",
    class_names=("upper left", "lower right"),
    hard_order=(0, 1),
    n_max=150,
    n_test=1000,
    draw=generated(_two),
    options=("offset",),
)
