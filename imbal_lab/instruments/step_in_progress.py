"""Which batches belong to the optimizer step that comes next.

A batch goes through three stages: the criterion was called (:meth:`begin`), the backward pass
reached its logits (:meth:`reached`), and gradients arrived in ``.grad`` (:meth:`accumulated`).
Passes for validation stop at the first, ``torch.autograd.grad`` at the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from imbal_lab.instruments.step_rows import Seen


@dataclass(eq=False)
class Batch:
    """One call of the criterion."""

    seen: Seen
    scale: Tensor | None = None  # what the loss was multiplied with before the backward pass

    def take_scale(self, grad: Tensor) -> None:
        self.scale = grad.detach()


class StepInProgress:
    """The batches whose gradients stand in ``.grad`` of ``params`` now."""

    def __init__(self, params: Sequence[Tensor]) -> None:
        self.params = params
        self.batches: list[Batch] = []
        self._reached: list[Batch] = []
        self._start: list[int] = []

    def begin(self, seen: Seen) -> Batch:
        """The criterion was called. What was reached and has not arrived by now never will."""
        self._reached = []
        return Batch(seen)

    def reached(self, batch: Batch) -> bool:
        """Whether ``batch`` is new to the step, and was evaluated where the step sets off."""
        if self.holds(batch):
            return False  # a second backward pass through the same loss
        if self.batches and self._versions() != self._start:
            return False  # the step is under way: LBFGS or SAM evaluate elsewhere
        if all(p.grad is None for p in self.params):
            self.batches = []  # cleared without a step
        self._start = self._versions()
        self._reached.append(batch)
        return True

    def accumulated(self) -> None:
        """Gradients have been added to ``.grad``."""
        self.batches += self._reached
        self._reached = []

    def holds(self, batch: Batch) -> bool:
        """Whether ``batch`` is one of this step, as far as is known."""
        return batch in self.batches or batch in self._reached

    def finish(self) -> list[Batch]:
        """The batches of the step, which is over."""
        done, self.batches, self._reached = self.batches, [], []
        return done

    def _versions(self) -> list[int]:
        """Changes whenever a parameter is written to in place, as every optimizer does."""
        return [p._version for p in self.params]
