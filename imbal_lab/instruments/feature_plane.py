"""Features in a plane: the one in which the class means lie widest apart.

One rule for every picture. The first two principal directions of the class means of the training
features, each class counted once, from the middle of these means. Two classes span a line only:
there the second direction is the one in which examples vary most within their class.

A plane has no natural orientation, and without one the picture would flip from moment to moment.
So the mean of the rarest class always lies to the right, and that of the most frequent one in
the upper half. Lengths are those of the features.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from imbal_lab.instruments.recorder import class_means


class FeaturePlane(NamedTuple):
    """Where features are drawn: ``(features - centre) @ axes.T``."""

    centre: Tensor  # [d]
    axes: Tensor  # [2, d] orthonormal
    share: float  # of the squared distances of the class means from their middle, 0 to 1

    def of(self, features: Tensor) -> Tensor:
        """``features`` [n, d] in the plane: [n, 2]."""
        return (features - self.centre) @ self.axes.T


def feature_plane(features: Tensor, y: Tensor, num_classes: int) -> FeaturePlane:
    """The plane of training features [n, d] with labels ``y`` [n].

    Raises ValueError for features of fewer than two numbers.
    """
    if features.ndim != 2 or features.shape[1] < 2:
        raise ValueError(
            f"features: shape {tuple(features.shape)}; a plane needs features [n, d] with d >= 2"
        )
    means = class_means(features, y, num_classes)
    centre = means.mean(dim=0)
    _, lengths, directions = torch.linalg.svd(means - centre, full_matrices=False)
    if num_classes > 2:
        axes = directions[:2]
    else:
        axes = torch.stack([directions[0], _widest_beside(directions[0], features - means[y])])
    total = lengths.square().sum()
    share = float(lengths[:2].square().sum() / total) if total > 0 else 0.0
    return FeaturePlane(centre, _oriented(axes, means - centre), share)


def _widest_beside(direction: Tensor, spread: Tensor) -> Tensor:
    """The principal direction of ``spread`` [n, d] at a right angle to ``direction`` [d]."""
    rest = spread - torch.outer(spread @ direction, direction)
    axis = torch.linalg.eigh(rest.T @ rest).eigenvectors[:, -1]
    axis = axis - (axis @ direction) * direction  # where nothing is spread any axis is widest
    return axis / axis.norm() * axis[axis.abs().argmax()].sign()


def _oriented(axes: Tensor, means: Tensor) -> Tensor:
    """``axes`` [2, d] turned, and mirrored if need be; ``means`` [C, d] from their middle."""
    (x, y) = axes @ means[-1]
    length = torch.hypot(x, y)
    if length == 0:
        return axes
    across = (x * axes[0] + y * axes[1]) / length
    up = (-y * axes[0] + x * axes[1]) / length
    return torch.stack([across, up if len(means) == 2 or means[0] @ up >= 0 else -up])
