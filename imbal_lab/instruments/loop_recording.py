"""What a watched training loop leaves behind: per-class curves of its mini-batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from imbal_lab.instruments.batch_gradients import BatchGradients
from imbal_lab.instruments.saving import load_tensors, save_tensors
from imbal_lab.instruments.tidy import Curve, joined

if TYPE_CHECKING:
    import pandas as pd


class LoopRecording(NamedTuple):
    """T recorded steps, G of them with gradients; zero where a class was not in the batch.

    All is of the training batch and of the parameters that the step set off from.
    """

    step: Tensor  # [T] optimizer steps done before
    examples: Tensor  # [T, C] how many of the batch
    loss: Tensor  # [T, C] mean cross-entropy of the raw logits
    recall: Tensor  # [T, C]
    feature_norm: Tensor  # [T, C] mean length of the classifier's input
    grad_step: Tensor  # [G] those of `step` with what follows
    grad_norm: Tensor  # [G, C] length of the class gradient, a contribution (1/n over all)
    cosine: Tensor  # [G, C, C] between class gradients; zero where one of them is zero
    attraction: Tensor  # [G, C] see Attraction
    repulsion: Tensor  # [G, C]
    component: Tensor  # [G, C, C]

    @classmethod
    def of(
        cls,
        steps: Sequence[int],
        means: dict[str, Tensor],
        gradients: Sequence[tuple[int, BatchGradients]],
    ) -> LoopRecording:
        """From the ``steps``, what StepRows has of them, and (step, gradients) of some."""
        num_classes = means["examples"].shape[1]
        stacked = {}
        for name in BatchGradients._fields:
            rows = [getattr(found, name) for _, found in gradients]
            pairs = name in ("cosine", "component")
            none = torch.zeros(0, *[num_classes] * (2 if pairs else 1))
            stacked[name] = torch.stack(rows).cpu() if rows else none
        at = torch.tensor([step for step, _ in gradients], dtype=torch.int64)
        return cls(step=torch.tensor(steps), **means, grad_step=at, **stacked)

    def to_frame(self) -> pd.DataFrame:
        """A tidy pandas frame: one number a row, in columns step, class, other, quantity, value.

        A class absent from a batch has no loss, recall, feature norm, gradient norm or cosine
        there, and so no row. ``other`` is the second class of a cosine or a component, and
        missing elsewhere. ``sns.lineplot(frame.query("quantity == 'loss'"), x="step",
        y="value", hue="class")`` draws it.
        """
        there = self.examples > 0
        then = there[torch.searchsorted(self.step, self.grad_step)]
        both = then[:, :, None] & then[:, None]
        presence: dict[str, Tensor | None] = {
            **dict.fromkeys(("loss", "recall", "feature_norm"), there),
            "grad_norm": then,
            "cosine": both,
        }
        return joined({name: self._curve(name, presence.get(name)) for name in self._curves()})

    def _curves(self) -> list[str]:
        return [name for name in self._fields if name not in ("step", "grad_step")]

    def _curve(self, name: str, present: Tensor | None) -> Curve:
        position = self._fields.index
        each_step = position(name) < position("grad_step")
        return self.step if each_step else self.grad_step, getattr(self, name), present

    def save(self, path: str | Path) -> None:
        """Write a .npz file to exactly ``path``: all of it, or what was there stays."""
        save_tensors(path, "LoopRecording", self._asdict())

    @classmethod
    def load(cls, path: str | Path) -> LoopRecording:
        """What :meth:`save` wrote, on the CPU; ValueError for a damaged or another file."""
        return cls(**load_tensors(path, "LoopRecording", cls._fields))
