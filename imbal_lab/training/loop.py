"""The one training loop: full batch, a generator of records."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.data import Dataset
from imbal_lab.instruments import Record, Recorder
from imbal_lab.methods import class_gradients, refuse_batchnorm
from imbal_lab.methods.registry import Step

Gradients = Callable[[nn.Module, Tensor, Tensor, int], Tensor]


def train(
    dataset: Dataset,
    model: nn.Module,
    step: Step,
    *,
    lr: float,
    steps: int,
    every: int = 1,
    gradients: Gradients = class_gradients,
) -> Iterator[Record]:
    """Train ``model`` in place and yield a record at step 0, every, 2 every, ..., steps.

    ``step(params [P], grads [C, P], lr) -> [P]`` is a method's step or a learner's own;
    ``gradients`` likewise. Nothing runs before the first ``next``, and closing the
    generator cancels the run between two steps.

    Raises, at the first ``next`` that meets it: ValueError for a step size that is not
    positive, a negative ``steps``, an ``every`` below 1, a model with batch normalisation, and
    for a ``step`` or ``gradients`` that returns the wrong shape; FloatingPointError when the
    parameters stop being finite.
    """
    if not 0 < lr < math.inf:
        raise ValueError(f"lr={lr!r}: the step size must be a positive number, such as 0.01")
    if steps < 0 or every < 1:
        raise ValueError(f"steps={steps}, every={every}: use steps >= 0 and every >= 1")
    refuse_batchnorm(model)
    recorder = Recorder(model, dataset)
    for t in range(steps + 1):
        with _one_thread():
            params = parameters_to_vector(model.parameters()).detach()
            grads = gradients(model, dataset.x, dataset.y, dataset.num_classes)
            _expect("gradients", grads, [dataset.num_classes, len(params)])
            due = t % every == 0 or t == steps
            record = recorder.record(t, grads.detach()) if due else None
        if record is not None:
            yield record
        if t < steps:
            new = step(params, grads.detach(), lr)
            _expect("step", new, [len(params)])
            if not torch.isfinite(new).all():
                raise FloatingPointError(
                    f"lr={lr:g}: the parameters are no longer finite after step {t + 1}; try a "
                    "smaller step size, and look for a division by zero"
                )
            # A copy in the model's own dtype: what a step returns may be its own buffer.
            vector_to_parameters(new.to(params, copy=True), model.parameters())


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Networks this small run several times slower on more threads, which mostly wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _expect(argument: str, returned: Any, shape: Sequence[int]) -> None:
    if not isinstance(returned, Tensor) or list(returned.shape) != shape:
        got = list(returned.shape) if isinstance(returned, Tensor) else type(returned).__name__
        raise ValueError(
            f"{argument}: must return a tensor of shape {shape}, gave {got}; see train() for what "
            "it is called with"
        )
