"""Class gradients of one batch, for any loss, from its gradient at the logits.

With u_i the gradient of the loss at the logits z_i of example i, the class gradient is

    g_c = sum_{i in c} (dz_i / dtheta)^T u_i,

so the losses n <u_i, z_i>, u fixed, have the class gradients of the loss itself.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from imbal_lab.gradients import BookKeeping, NoRuleError, OneBackwardAClass
from imbal_lab.instruments.attraction import from_logit_gradients
from imbal_lab.instruments.step_rows import examples_first


class BatchGradients(NamedTuple):
    """What each class of a batch asks of the model; see LoopRecording."""

    grad_norm: Tensor  # [C]
    cosine: Tensor  # [C, C]
    attraction: Tensor  # [C]
    repulsion: Tensor  # [C]
    component: Tensor  # [C, C]


def batch_gradients(
    logits: Tensor, pushes: Tensor, y: Tensor, features: Tensor, params: Sequence[Tensor]
) -> tuple[BatchGradients, str]:
    """The class gradients on ``params``, and a note: empty, or why the fast way was not taken.

    ``logits`` [n, C] or [n, C, H, W] with their graph, which is kept; ``pushes`` of the same
    shape, the gradient there; ``y`` [n, ...] in 0..C-1; ``features`` [n (H W), d].
    """
    with torch.autocast(logits.device.type, enabled=False):
        pulls = from_logit_gradients(features, examples_first(pushes), y.flatten())
        gram, note = class_gram(logits, pushes, y, params)
    return BatchGradients(*norms_and_cosines(gram), *pulls), note


def class_gram(
    logits: Tensor, pushes: Tensor, y: Tensor, params: Sequence[Tensor]
) -> tuple[Tensor, str]:
    """Inner products [C, C] of the class gradients, and the note."""
    num_classes = logits.shape[1]
    with torch.enable_grad():
        losses = len(y) * (pushes * logits.to(pushes.dtype)).sum(dim=1)
        try:
            return BookKeeping(losses, y, num_classes, params).gram(), ""
        except NoRuleError as reason:
            engine = OneBackwardAClass(losses, y, num_classes, params)
            return engine.gram(), f"one backward pass a class: {reason}"


def norms_and_cosines(gram: Tensor) -> tuple[Tensor, Tensor]:
    """[C] and [C, C] of inner products [C, C]; a zero vector has zero cosines."""
    norms = gram.diagonal().clamp_min(0).sqrt()
    inverse = torch.where(norms > 0, 1 / norms, 0)
    return norms, (gram * inverse[:, None] * inverse).clamp(-1, 1)
