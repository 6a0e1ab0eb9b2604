"""Where the class Gramian of a batch comes from, at the price of no backward pass of its own.

A source is made when the backward pass has reached the logits and read when it is over.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from imbal_lab.gradients import BookKeeping, NoRuleError, OneBackwardAClass
from imbal_lab.gradients.graph import Layer
from imbal_lab.methods import PerClass


class Listening(BookKeeping):
    """Book-keeping that takes inputs and deltas as the user's backward pass comes by them."""

    def _one_pass(self, losses: Tensor, layers: list[Layer], free_graph: bool) -> None:
        self._order = self._batch
        self._waiting = {
            layer.node: layer.node.register_prehook(partial(self._hear, layer)) for layer in layers
        }

    def _hear(self, layer: Layer, deltas: tuple[Tensor, ...]) -> None:
        self._waiting.pop(layer.node).remove()  # a second pass through the graph is not heard
        self._batch = self._order
        with torch.no_grad():
            self._take(layer, deltas[0].detach())

    def heard(self) -> Tensor | None:
        """The Gramian [C, C] of what was backpropagated; None if a layer was left out."""
        complete = not self._waiting
        self.stop()
        return self.gram() if complete else None

    def stop(self) -> None:
        """Take the hooks away."""
        while self._waiting:
            self._waiting.popitem()[1].remove()


class AtOnce:
    """The slow road: one backward pass a class, which has to come before the graph is freed."""

    def __init__(
        self,
        losses: Tensor,
        y: Tensor,
        params: Sequence[Tensor],
        classes: int,
        why: str,
    ):
        self.note = f"one backward pass a class: {why}"
        self._gram = OneBackwardAClass(losses, y, classes, params).gram()

    def heard(self) -> Tensor:
        return self._gram

    def stop(self) -> None:
        """There are no hooks."""


class Borrowed:
    """The Gramian that PerClass makes on its way, asked for until its ``loss`` is through."""

    def __init__(self, criterion: PerClass, loss: Tensor) -> None:
        self.note = ""
        self._criterion, self._before = criterion, criterion.keep_gram
        self._gram: Tensor | None = None
        criterion.keep_gram = True
        assert loss.grad_fn is not None
        self._handle = loss.grad_fn.register_hook(self._hear)

    def _hear(self, *_: object) -> None:
        self._gram, self.note = self._criterion.gram, self._criterion.engine_note
        self.stop()

    def heard(self) -> Tensor | None:
        return self._gram

    def stop(self) -> None:
        """Ask for it no longer."""
        self._handle.remove()
        self._criterion.keep_gram = self._before


Source = Listening | AtOnce | Borrowed


def source_for(
    logits: Tensor, pushes: Tensor, y: Tensor, params: Sequence[Tensor]
) -> Listening | AtOnce:
    """Of the loss with gradient ``pushes`` at the ``logits``, both [n, C, ...]; ``y`` [n, ...].

    With u_i the gradient at the logits z_i of example i, g_c = sum_{i in c} (dz_i / dtheta)^T u_i,
    so the losses n <u_i, z_i>, u fixed, have the class gradients of the loss itself.
    """
    classes = logits.shape[1]
    with torch.enable_grad():
        losses = len(y) * (pushes * logits.to(pushes.dtype)).sum(dim=1)
        try:
            return Listening(losses, y, classes, params)
        except NoRuleError as reason:
            return AtOnce(losses, y, params, classes, str(reason))
