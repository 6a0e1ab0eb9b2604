"""One run as an ordinary PyTorch loop: exact for every model and every method."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset
from imbal_lab.methods import class_gradients, refuse_batchnorm
from imbal_lab.methods.registry import Step
from imbal_lab.training.one_thread import one_thread
from imbal_lab.training.result import Measurements, Result, within_limit
from imbal_lab.training.row_numbers import row_numbers
from imbal_lab.training.run import Built, Run
from imbal_lab.training.schedule import SCHEDULES

Advance = Callable[[int], object]


def train_alone(run: Run, path: str = "serial", advance: Advance = lambda steps: None) -> Result:
    """Train one run from its first step to its last.

    ``path`` is what the result will say of how it came about; ``advance(1)`` is called after
    every step. Raises ValueError as :meth:`Run.build`, and for a method that does not take the
    model or the data.
    """
    built = run.build()
    dataset, model, _ = built
    optimizer = torch.optim.SGD(
        model.parameters(), run.lr, run.momentum, weight_decay=run.weight_decay
    )
    schedule = SCHEDULES[run.schedule]
    batches = row_numbers(run, dataset.y)
    seen, due = Measurements(model, dataset), set(run.recorded_steps)
    with one_thread():
        for t in range(run.steps + 1):
            if t in due:
                seen.take(t)
            if t == run.steps:
                break
            advance(1)
            if seen.diverged:
                continue
            rows = next(batches)
            logits = model(dataset.x[rows])
            if not within_limit(logits):
                seen.diverged = True
                continue
            optimizer.param_groups[0]["lr"] = run.lr * schedule(t, run.steps)
            optimizer.zero_grad()
            backward(run, built, logits, rows)
            optimizer.step()
    return seen.result(path)


def backward(run: Run, built: Built, logits: Tensor, rows: Tensor) -> None:
    """Fill ``.grad`` with what the method makes of the batch ``rows`` and its ``logits``."""
    dataset, model, criterion = built
    if criterion is None:
        _fill_gradients(run.technique.step, model, dataset, rows)
    else:
        criterion(logits, dataset.y[rows]).backward()


def _fill_gradients(step: Step | None, model: nn.Module, dataset: Dataset, rows: Tensor) -> None:
    """What an explicit step with the full class gradients takes away at lr = 1, as ``.grad``."""
    assert step is not None, "a method without criterion has an explicit step"
    refuse_batchnorm(model)
    batch, full = (
        class_gradients(model, x, y, dataset.num_classes)
        for x, y in ((dataset.x[rows], dataset.y[rows]), (dataset.x, dataset.y))
    )
    direction = -step(torch.zeros_like(full[0]), batch, full, 1.0)
    params = list(model.parameters())
    for param, part in zip(params, direction.split([p.numel() for p in params]), strict=True):
        param.grad = part.view_as(param)
