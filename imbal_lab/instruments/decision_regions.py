"""Decision regions: which class a model predicts where, on a grid over two-dimensional inputs."""

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset

GRID = 60  # points a side
MARGIN = 0.04  # of the window's side, left free on each side
Window = tuple[float, float, float, float]  # left, right, bottom, top


def window(dataset: Dataset) -> Window:
    """A square around the test inputs [m, 2], which are the same whatever the imbalance.

    Raises ValueError for inputs that are not two numbers each.
    """
    if dataset.x.ndim != 2 or dataset.x.shape[1] != 2:
        raise ValueError(
            f"regions: the inputs of {dataset.name!r} have shape {tuple(dataset.x.shape[1:])}; "
            "regions are drawn for inputs of two numbers, as in 'gauss2d'"
        )
    low, high = dataset.x_test.min(dim=0).values, dataset.x_test.max(dim=0).values
    half = float((high - low).max()) * (0.5 + MARGIN)
    x, y = ((low + high) / 2).tolist()
    return x - half, x + half, y - half, y + half


def cell_centres(window: Window) -> Tensor:
    """Centres of GRID x GRID equal cells of ``window``: [GRID * GRID, 2], the lowest row first."""
    left, right, bottom, top = window
    middle = (torch.arange(GRID, dtype=torch.float64) + 0.5) / GRID
    down, across = torch.meshgrid(
        bottom + (top - bottom) * middle, left + (right - left) * middle, indexing="ij"
    )
    return torch.stack([across, down], dim=2).view(-1, 2)


@torch.no_grad()
def decision_regions(model: nn.Module, dataset: Dataset) -> Tensor:
    """The class predicted in the middle of every cell: int64 [GRID, GRID], lowest row first.

    Raises ValueError as :func:`window`.
    """
    points = cell_centres(window(dataset)).to(dataset.x)
    predicted: Tensor = model(points).argmax(dim=1).view(GRID, GRID)
    return predicted
