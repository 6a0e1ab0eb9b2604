"""The training loop of criteria and torch optimizers, with the same records.

>>> from imbal_lab import data, methods, models
>>> dataset = data.load("gauss2d_binary", rho=10, n_max=100)
>>> model, method = models.mlp([2, 8, 2], seed=0), methods.get("pcnsgd")
>>> criterion, optimizer = method.build(model, dataset.counts, lr=0.05)
>>> batches = data.batches_of(method.batches, dataset.y, 22, seed=0)
>>> run = fit(dataset, model, criterion, optimizer, steps=50, every=25, batches=batches)
>>> [record.step for record in run]
[0, 25, 50]
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from imbal_lab.data import Dataset
from imbal_lab.instruments import Record, Recorder
from imbal_lab.instruments.eval_mode import eval_mode
from imbal_lab.training.loop import check_steps, endless, expect_finite
from imbal_lab.training.one_thread import one_thread


def fit(
    dataset: Dataset,
    model: nn.Module,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    every: int = 1,
    batches: Iterable[Tensor] | None = None,
    scheduler: Any = None,
    record_gradients: bool = True,
) -> Iterator[Record]:
    """As :func:`train`, for any ``criterion(logits, y)`` and any torch optimizer.

    The ``scheduler`` of torch is stepped after every step of the optimizer: count its
    milestones in steps, ``len(batches)`` of them an epoch. The optimizer is given a closure, so
    LBFGS works too. Records are measured in eval mode, without dropout, so that how often one
    records does not change the run; ``record_gradients=False`` leaves class gradients out of
    them, which makes a run with a record at every step several times faster.

    Raises as :func:`train` does. Batch normalisation is up to the criterion: plain losses take it,
    :class:`PerClass` refuses it.
    """
    check_steps(steps, every)
    recorder = Recorder(model, dataset, gradients=record_gradients)
    draws = endless(batches)
    for t in range(steps + 1):
        if t % every == 0 or t == steps:
            with one_thread(), eval_mode(model):
                record = recorder.record(t)
            yield record
        if t < steps:
            rows = next(draws)
            with one_thread():
                _update(model, criterion, optimizer, dataset.x[rows], dataset.y[rows])
            if scheduler is not None:
                scheduler.step()
            params = parameters_to_vector(model.parameters())
            expect_finite(params, optimizer.param_groups[0]["lr"], t + 1)


def _update(
    model: nn.Module, criterion: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor
) -> None:
    def closure() -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = criterion(model(x), y)
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]  # torch says float, and takes the tensor
