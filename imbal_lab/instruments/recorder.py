"""Recorder: per-class loss, recall, gradient norms and angles, in the user's own loop.

recorder = Recorder(model, dataset)
for t in range(steps):
    recorder.record(t)
    optimizer.zero_grad()
    criterion(model(dataset.x), dataset.y).backward()
    optimizer.step()
curves = recorder.recording()
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import Dataset
from imbal_lab.instruments.recording import Record, Recording
from imbal_lab.methods import (
    class_gradients,
    class_recalls,
    refuse_batchnorm,
    unit_directions,
)


class Recorder:
    """Measures ``model`` on ``dataset`` whenever :meth:`record` is called; changes nothing.

    The model is measured in the mode it is in: call ``model.eval()`` first if it has dropout.
    ``gradients=False`` leaves out the class gradients, most of the cost: their norms and cosines
    are NaN then. Raises ValueError for a data set with a label for every pixel.
    """

    def __init__(self, model: nn.Module, dataset: Dataset, *, gradients: bool = True) -> None:
        if dataset.y.ndim != 1:
            raise ValueError(
                f"dataset: {dataset.name!r} has labels of shape {tuple(dataset.y.shape)}; class "
                "gradients are recorded with one label an example, [n]. For pixels, watch your "
                "own loop with LoopRecorder"
            )
        self.model = model
        self.dataset = dataset
        self.gradients = gradients
        self.records: list[Record] = []

    def record(self, step: int, grads: Tensor | None = None) -> Record:
        """Measure now and keep the record.

        ``grads`` [C, P] are the class gradients at this moment, if the caller has them
        already; otherwise they are computed, those of frozen parameters as zero. Raises
        ValueError for a model with batch normalisation in training mode, which measuring
        would change.
        """
        refuse_batchnorm(self.model)
        data = self.dataset
        if grads is None and self.gradients:
            grads = gradients_of_trained(self.model, data)
        with torch.no_grad():
            losses = F.cross_entropy(self.model(data.x), data.y, reduction="none")
            guesses = self.model(data.x_test).argmax(dim=1)
        self.records.append(
            Record(
                step,
                class_means(losses, data.y, data.num_classes),
                class_recalls(guesses, data.y_test, data.num_classes).to(losses.dtype),
                *_norms_and_cosines(grads, data.num_classes),
            )
        )
        return self.records[-1]

    def recording(self) -> Recording:
        """Everything recorded so far; ValueError before the first record."""
        return Recording.of(self.records)


def _norms_and_cosines(grads: Tensor | None, num_classes: int) -> tuple[Tensor, Tensor]:
    if grads is None:
        missing = torch.full((num_classes, num_classes), torch.nan)
        return missing[0].clone(), missing
    return torch.linalg.vector_norm(grads, dim=1), cosines(grads)


def gradients_of_trained(model: nn.Module, data: Dataset) -> Tensor:
    """:func:`class_gradients` [C, P] of the whole data set; zero at frozen parameters."""
    params = list(model.parameters())
    frozen = [p for p in params if not p.requires_grad]
    trained = torch.cat([torch.full_like(p, p.requires_grad).flatten() for p in params])
    try:
        for p in frozen:
            p.requires_grad_()
        return class_gradients(model, data.x, data.y, data.num_classes) * trained
    finally:
        for p in frozen:
            p.requires_grad_(False)


def class_means(values: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Mean of ``values`` [n, ...] within each class of ``y`` [n]: [C, ...]; zero if absent."""
    totals = values.new_zeros(num_classes, *values.shape[1:]).index_add(0, y, values)
    counts = torch.bincount(y, minlength=num_classes).clamp_min(1)
    return totals / counts.view(-1, *[1] * (values.ndim - 1))


def cosines(vectors: Tensor) -> Tensor:
    """Cosine between every two rows of ``vectors`` [C, P]: [C, C]; a zero row gives zeros."""
    unit = unit_directions(vectors)
    return (unit @ unit.T).clamp(-1, 1)
