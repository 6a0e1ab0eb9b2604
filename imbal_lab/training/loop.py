"""The one training loop: full batch, a generator of records."""

from collections.abc import Callable, Iterator

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

    Raises ValueError for a step size that is not positive, a model with batch
    normalisation, or a step that returns the wrong shape; FloatingPointError when the
    parameters stop being finite.
    """
    if not lr > 0:
        raise ValueError(f"lr={lr!r}: the step size must be positive")
    refuse_batchnorm(model)
    recorder = Recorder(model, dataset)
    for t in range(steps + 1):
        grads = gradients(model, dataset.x, dataset.y, dataset.num_classes)
        if t % every == 0 or t == steps:
            yield recorder.record(t, grads)
        if t < steps:
            params = parameters_to_vector(model.parameters()).detach()
            vector_to_parameters(_checked(step(params, grads, lr), params, t), model.parameters())


def _checked(new: Tensor, old: Tensor, t: int) -> Tensor:
    if not isinstance(new, Tensor) or new.shape != old.shape:
        shape = list(new.shape) if isinstance(new, Tensor) else type(new).__name__
        raise ValueError(f"step: must return the new parameters {list(old.shape)}, gave {shape}")
    if not torch.isfinite(new).all():
        raise FloatingPointError(
            f"the parameters are no longer finite after step {t + 1}: try a smaller step size, "
            "and look for a division by zero"
        )
    return new
