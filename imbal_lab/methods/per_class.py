"""Per-class methods in an ordinary PyTorch loop: an engine, a rule, and any optimizer.

    criterion = PerClass(model, num_classes, rule=normalized)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    ...
    loss = criterion(model(x), y)      # the usual mean loss
    loss.backward()                    # fills .grad with sum_l w_l g_l instead of sum_l g_l
    optimizer.step()

The *engine* finds the norm of every class gradient g_l, the *rule* turns the C norms into C
weights w_l, and the optimizer does what it always does: momentum then averages the combined
direction, and weight decay is added to it unnormalised. Backward passes add up in ``.grad``
as always, each one weighted by itself.

There are two engines with the same result. Book-keeping takes one pass for all classes; where
it would not be exact (batch normalisation in training mode, a layer used twice, a module it
has no rule for) one exact backward pass a class takes its place, and ``engine_note`` says why.

The gradient is written to the ``.grad`` of the model's parameters while ``backward()`` runs.
``torch.autograd.grad`` on this loss therefore sees nothing, and neither does whatever came
before the model; use the explicit :func:`class_gradients` there.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.gradients import BookKeeping, NoRuleError, OneBackwardAClass
from imbal_lab.methods.pcngd import normalized

Rule = Callable[[Tensor], Tensor]


class PerClass(nn.Module):
    """Mean cross-entropy whose backward pass weighs the class gradients by ``rule``.

    ``rule`` maps class-gradient norms [C] to weights [C]. After ``backward()``, ``norms``
    and ``weights`` hold the last batch's; the norm of an absent class is zero. ``engine_note``
    is empty, or the reason why the last batch took one backward pass a class.

    Parameters that are frozen, or that the loss does not depend on, are left alone.
    """

    def __init__(self, model: nn.Module, num_classes: int, rule: Rule = normalized) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.rule = rule
        self.norms = self.weights = torch.zeros(num_classes)
        self.engine_note = ""
        self._model = (model,)  # in a tuple, so that its parameters are not ours as well
        self._anchor = torch.zeros((), requires_grad=True)

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """``logits`` [n, C] of the model, ``y`` [n]; returns the mean loss, a scalar.

        Raises ValueError if the model has another number of outputs than ``num_classes``.
        """
        if logits.shape[1] != self.num_classes:
            raise ValueError(
                f"num_classes={self.num_classes}: the model has {logits.shape[1]} outputs; "
                "make the two numbers equal"
            )
        losses = F.cross_entropy(logits, y, reduction="none")
        if not losses.requires_grad:
            return losses.mean()
        return _WeightedBackward.apply(self._anchor, [losses], y, self)

    def fill_gradients(self, losses: Tensor, y: Tensor, scale: Tensor) -> None:
        """Add scale * sum_l w_l g_l to every parameter's ``.grad``."""
        params = [p for p in self._model[0].parameters() if p.requires_grad]
        engine: BookKeeping | OneBackwardAClass
        try:
            engine = BookKeeping(losses, y, self.num_classes, params)
            self.engine_note = ""
        except NoRuleError as reason:
            engine = OneBackwardAClass(losses, y, self.num_classes, params)
            self.engine_note = f"one backward pass a class: {reason}"
        self.norms = engine.norms()
        self.weights = self.rule(self.norms)
        for param, direction in engine.weighted_sum(self.weights * scale):
            param.grad = direction if param.grad is None else param.grad + direction


class _WeightedBackward(torch.autograd.Function):
    """The whole graph as one node, so that ``loss.backward()`` reaches our engine."""

    @staticmethod
    def forward(ctx: Any, anchor: Tensor, box: list[Tensor], y: Tensor, owner: PerClass) -> Tensor:
        ctx.held = (box[0], y, owner)  # the list hides the graph of the losses from autograd
        return box[0].detach().mean()

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[None, None, None, None]:
        if ctx.held is None:
            raise RuntimeError(
                "loss: backward() was called a second time; compute a fresh loss from the "
                "criterion (retain_graph has no effect on it)"
            )
        losses, y, owner = ctx.held
        ctx.held = None  # frees the graph, as backward() does elsewhere
        with torch.enable_grad():
            owner.fill_gradients(losses, y, scale)
        return None, None, None, None
