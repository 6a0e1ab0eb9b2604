"""The training loop of explicit steps: a generator of records, full batch or mini-batches."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.data import Dataset
from imbal_lab.instruments import Record, Recorder
from imbal_lab.methods import class_gradients, refuse_batchnorm
from imbal_lab.methods.registry import Step
from imbal_lab.training.one_thread import one_thread

Gradients = Callable[[nn.Module, Tensor, Tensor, int], Tensor]
EVERYTHING = slice(None)  # the rows of a full batch


def train(
    dataset: Dataset,
    model: nn.Module,
    step: Step,
    *,
    lr: float,
    steps: int,
    every: int = 1,
    gradients: Gradients = class_gradients,
    batches: Iterable[Tensor] | None = None,
    full_gradients: bool = False,
    record_gradients: bool = True,
) -> Iterator[Record]:
    """Train ``model`` in place and yield a record at step 0, every, 2 every, ..., steps.

    ``step(params [P], grads [C, P], lr) -> [P]`` is a method's step or a learner's own;
    ``gradients`` likewise. ``batches`` gives the row numbers of mini-batches, one epoch a loop
    over it, such as :class:`ClassBatches`; None takes the whole training set at every step.
    With ``full_gradients`` the step is called as ``step(params, grads, full_grads, lr)``, as
    PCNSGD+R needs it: one more pass over the training set a step. Records are measured on the
    whole training set, whatever the batches; ``record_gradients=False`` leaves class gradients
    out of them, which with mini-batches saves most of the time.

    Nothing runs before the first ``next``, and closing the generator cancels the run between
    two steps.

    Raises, at the first ``next`` that meets it: ValueError for a step size that is not
    positive, a negative ``steps``, an ``every`` below 1, a model with batch normalisation, a data
    set with a label for every pixel, for ``batches`` that run out, and for a ``step`` or
    ``gradients`` that returns the wrong shape; FloatingPointError when the parameters stop being
    finite.
    """
    if not 0 < lr < math.inf:
        raise ValueError(f"lr={lr!r}: the step size must be a positive number, such as 0.01")
    check_steps(steps, every)
    refuse_batchnorm(model)
    recorder = Recorder(model, dataset, gradients=record_gradients)
    draws = endless(batches)

    def grads_of(rows: Tensor | slice) -> Tensor:
        grads = gradients(model, dataset.x[rows], dataset.y[rows], dataset.num_classes)
        _expect("gradients", grads, [dataset.num_classes, len(params)])
        return grads.detach()

    for t in range(steps + 1):
        due = t % every == 0 or t == steps
        with one_thread():
            params = parameters_to_vector(model.parameters()).detach()
            if (due and record_gradients) or full_gradients or batches is None:
                full = grads_of(EVERYTHING)
            record = recorder.record(t, full if record_gradients else None) if due else None
        if record is not None:
            yield record
        if t < steps:
            with one_thread():
                grads = full if batches is None else grads_of(next(draws))
            seen = (grads, full) if full_gradients else (grads,)
            new = step(params, *seen, lr)
            _expect("step", new, [len(params)])
            expect_finite(new, lr, t + 1)
            # A copy in the model's own dtype: what a step returns may be its own buffer.
            vector_to_parameters(new.to(params, copy=True), model.parameters())


def check_steps(steps: int, every: int) -> None:
    """ValueError unless a run of ``steps`` with a record ``every`` so many can be."""
    if steps < 0 or every < 1:
        raise ValueError(f"steps={steps}, every={every}: use steps >= 0 and every >= 1")


def endless(batches: Iterable[Tensor] | None) -> Iterator[Tensor | slice]:
    """Row numbers of batch after batch, epoch after epoch; None is one batch of everything."""
    while True:
        empty = True
        for rows in (EVERYTHING,) if batches is None else batches:
            empty = False
            yield rows
        if empty:
            raise ValueError(
                "batches: there are none left; give what can be looped over again and again, "
                "such as data.ClassBatches(y, batch_size)"
            )


def expect_finite(params: Tensor, lr: float, steps: int) -> None:
    """FloatingPointError that names the step size, if ``params`` are not finite."""
    if not torch.isfinite(params).all():
        raise FloatingPointError(
            f"lr={lr:g}: the parameters are no longer finite after step {steps}; try a "
            "smaller step size, and look for a division by zero"
        )


def _expect(argument: str, returned: Any, shape: Sequence[int]) -> None:
    if not isinstance(returned, Tensor) or list(returned.shape) != shape:
        got = list(returned.shape) if isinstance(returned, Tensor) else type(returned).__name__
        raise ValueError(
            f"{argument}: must return a tensor of shape {shape}, gave {got}; see train() for what "
            "it is called with"
        )
