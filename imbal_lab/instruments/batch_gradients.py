"""What the classes of one batch ask of the model, read off the user's own backward pass."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.instruments.attraction import Attraction, from_logit_gradients
from imbal_lab.instruments.gram_sources import Borrowed, Source, source_for
from imbal_lab.instruments.step_in_progress import Batch
from imbal_lab.instruments.step_rows import examples_first
from imbal_lab.methods import PerClass
from imbal_lab.methods.loss_inputs import at_least_float32


class BatchGradients(NamedTuple):
    """See LoopRecording."""

    grad_norm: Tensor  # [C]
    cosine: Tensor  # [C, C]
    attraction: Tensor  # [C]
    repulsion: Tensor  # [C]
    component: Tensor  # [C, C]


class Outputs(NamedTuple):
    """A batch that went through the model."""

    batch: Batch
    logits: Tensor  # [n, C, ...] with their graph
    features: Tensor  # [rows, d]
    loss: Tensor | None


class Measurement(NamedTuple):
    """Under way from the moment the backward pass reaches the logits to the optimizer step."""

    batch: Batch
    source: Source
    pulls: Attraction
    scale: Tensor | float  # the factor on the loss, which the Gramian of the source has squared

    def result(self) -> BatchGradients | None:
        """None if the backward pass left out a layer."""
        gram = self.source.heard()
        if gram is None:
            return None
        return BatchGradients(*norms_and_cosines(gram / self.scale**2), *self.pulls)


def measure(
    outputs: Outputs,
    grad: Tensor,
    criterion: nn.Module | None,
    params: Sequence[Tensor],
) -> Measurement:
    """Begin to measure, with the gradient ``grad`` [n, C, ...] at the logits.

    With PerClass that is not yet known, and ``grad`` is the one at its loss.
    """
    batch, logits, features, loss = outputs
    # Any class will do for an ignored example: it has no gradient.
    labels = (batch.seen.y.long() % logits.shape[1]).view(len(logits), *logits.shape[2:])
    scale: Tensor | float = 1.0
    if isinstance(criterion, PerClass) and loss is not None:
        source: Source = Borrowed(criterion, loss)
        z = at_least_float32(logits.detach())
        pushes = (z.softmax(dim=1) - F.one_hot(labels, z.shape[1])) / len(labels)
    else:
        scale = scale if batch.scale is None else batch.scale
        pushes = at_least_float32(grad.detach())
        source = source_for(logits, pushes, labels, params)
    pushes = examples_first(pushes) / scale
    return Measurement(
        batch, source, from_logit_gradients(features, pushes, labels.flatten()), scale
    )


def norms_and_cosines(gram: Tensor) -> tuple[Tensor, Tensor]:
    """[C] and [C, C] of inner products [C, C]; a zero vector has zero cosines."""
    norms = gram.diagonal().clamp_min(0).sqrt()
    inverse = torch.where(norms > 0, 1 / norms, 0)
    return norms, (gram * inverse[:, None] * inverse).clamp(-1, 1)
