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
it has no rule for a module, one exact backward pass a class takes its place, and
``engine_note`` says why. Batch normalisation in training mode (it mixes the classes) and
layers used more than once are refused, unless ``class_by_class=True`` allows that slow road.

The gradient is written to the ``.grad`` of the model's parameters while ``backward()`` runs.
``torch.autograd.grad`` on this loss therefore sees nothing, and neither does whatever came
before the model; use the explicit :func:`class_gradients` there. Nor does the reducer of
DistributedDataParallel: several processes would each normalise their own batch.

Under autocast and GradScaler the deltas are scaled as the loss is, norms are those of the
unscaled loss, and sums are made in single precision. Tried on a CPU, in bfloat16 and float16.

A criterion belongs to its model. Where a library builds the two, make it when the model is
there: in the ``__init__`` of a LightningModule; in skorch, which clones them one by one, with
``def initialize_criterion(self): self.criterion_ = PerClass(self.module_, 3); return self``.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.gradients import class_gradients_of
from imbal_lab.methods.loss_inputs import check_batch, reduced
from imbal_lab.methods.pcngd import normalized

Rule = Callable[[Tensor], Tensor]


class PerClass(nn.Module):
    """Mean cross-entropy whose backward pass weighs the class gradients by ``rule``.

    ``rule`` maps class-gradient norms [C] to weights [C]; with ``rule_on="gram"`` it is given
    the class Gramian [C, C] instead, as the weightings of multi-task learning want it
    (``torchjd.aggregation.PCGradWeighting()`` and its like). After ``backward()``:

    - ``norms`` [C] and ``weights`` [C] of the last batch; an absent class has norm zero;
    - ``gram`` [C, C], the inner products <g_b, g_c>, where the rule is on it or the attribute
      ``keep_gram`` is true (switch it on for the steps you want it on), else None;
    - ``engine_note``, empty, or the reason why the batch took one backward pass a class.

    ``class_by_class=True`` allows batch normalisation in training mode and shared layers.
    Parameters that are frozen, or that the loss does not depend on, are left alone.
    Raises ValueError for another ``rule_on``.

    >>> model = nn.Linear(2, 3)
    >>> criterion = PerClass(model, num_classes=3)
    >>> criterion(model(torch.ones(4, 2)), torch.tensor([0, 0, 1, 2])).backward()
    >>> torch.allclose(criterion.norms * criterion.weights, torch.ones(3))  # all pull alike
    True
    """

    def __init__(
        self,
        model: nn.Module,
        num_classes: int,
        rule: Rule = normalized,
        *,
        rule_on: str = "norms",
        class_by_class: bool = False,
    ) -> None:
        super().__init__()
        if rule_on not in ("norms", "gram"):
            raise ValueError(f"rule_on={rule_on!r}: choose one of ['gram', 'norms']")
        self.num_classes = num_classes
        self.rule, self.rule_on = rule, rule_on
        self.class_by_class = class_by_class
        self.keep_gram = False
        self.norms = self.weights = torch.zeros(num_classes)
        self.gram: Tensor | None = None
        self.engine_note = ""
        self._model = (model,)  # in a tuple, so that its parameters are not ours as well
        self._anchor = torch.zeros((), requires_grad=True)

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """``logits`` [n, C] of the model, ``y`` [n]; returns the mean loss, a scalar.

        Raises ValueError for shapes or labels that do not fit, for another number of outputs
        than ``num_classes``, and for NaN.
        """
        check_batch(logits, y)
        if logits.ndim != 2:
            raise ValueError(
                f"logits: shape {tuple(logits.shape)}; give one row an example, [n, C]: for pixels "
                "logits.movedim(1, -1).flatten(0, -2) and y.flatten()"
            )
        if logits.shape[1] != self.num_classes:
            raise ValueError(
                f"num_classes={self.num_classes}: the model has {logits.shape[1]} outputs; "
                "make the two numbers equal"
            )
        losses = reduced(F.cross_entropy(logits, y, reduction="none"), "none")
        if not losses.requires_grad:
            return losses.mean()
        return _WeightedBackward.apply(self._anchor, [losses], y, self)

    def fill_gradients(self, losses: Tensor, y: Tensor, scale: Tensor) -> None:
        """Add scale * sum_l w_l g_l to every parameter's ``.grad``."""
        params = [p for p in self._model[0].parameters() if p.requires_grad]
        engine = class_gradients_of(
            losses,
            y,
            self.num_classes,
            params,
            class_by_class=self.class_by_class,
            scale=scale,
            free_graph=True,
        )
        self.engine_note = engine.note
        if self.rule_on == "gram":
            self.gram = seen = engine.gram()
            self.norms = engine.norms()
        else:
            self.norms = seen = engine.norms()  # first: who looks on must not change a bit of them
            self.gram = engine.gram() if self.keep_gram else None
        self.weights = self.rule(seen)
        found = False
        for param, direction in engine.weighted_sum(self.weights):
            found = True
            if param.grad is None:
                param.grad = direction
            else:
                param.grad += direction
        if not found:
            raise ValueError(
                "model: the loss depends on no trained parameter of the model that this criterion "
                "was made for; make one for each model, and copy both at once: "
                "copy.deepcopy((model, criterion))"
            )


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
