"""The engine for a batch: book-keeping, or one exact backward pass a class."""

from collections.abc import Sequence

from torch import Tensor

from imbal_lab.gradients.book_keeping import BookKeeping
from imbal_lab.gradients.class_by_class import OneBackwardAClass
from imbal_lab.gradients.entangled import entangled
from imbal_lab.gradients.graph import NoRuleError

ClassGradients = BookKeeping | OneBackwardAClass


def class_gradients_of(
    losses: Tensor,
    y: Tensor,
    num_classes: int,
    params: Sequence[Tensor],
    *,
    class_by_class: bool = False,
    scale: Tensor | None = None,
    free_graph: bool = False,
) -> ClassGradients:
    """The class gradients of ``losses`` [n] with labels ``y`` [n]: their norms, products, sums.

    Where book-keeping has no rule, one exact backward pass a class takes its place, and
    ``note`` of the result says why. Raises ValueError for batch normalisation in training
    mode and for layers used more than once, unless ``class_by_class`` allows them.

    >>> import torch
    >>> model, y = torch.nn.Linear(2, 3), torch.tensor([0, 0, 1, 0])
    >>> losses = torch.nn.functional.cross_entropy(model(torch.ones(4, 2)), y, reduction="none")
    >>> found = class_gradients_of(losses, y, 3, list(model.parameters()))
    >>> found.norms().shape, found.gram().shape, found.note
    (torch.Size([3]), torch.Size([3, 3]), '')
    """
    try:
        return BookKeeping(losses, y, num_classes, params, scale=scale, free_graph=free_graph)
    except NoRuleError as reason:
        if not class_by_class and (what := entangled(losses)):
            raise ValueError(
                f"model: {what}, or pass class_by_class=True for one exact backward pass a "
                "class, which takes about as many times as long as there are classes"
            ) from None
        note = f"one backward pass a class: {reason}"
        return OneBackwardAClass(losses, y, num_classes, params, scale=scale, note=note)
