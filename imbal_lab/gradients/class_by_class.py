"""One exact backward pass a class: slow, and right for every model."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn


class OneBackwardAClass:
    """As :class:`BookKeeping`, by plain autograd; holds all class gradients at once.

    ``note`` says why this engine was taken. The graph is kept.
    """

    def __init__(
        self,
        losses: Tensor,
        y: Tensor,
        num_classes: int,
        params: Sequence[Tensor],
        *,
        scale: Tensor | None = None,
        note: str = "",
    ) -> None:
        self.num_classes, self.note = num_classes, note
        self._scale = losses.new_ones(()) if scale is None else scale.to(losses.dtype)
        each = self._scale / len(y)
        grads = [
            torch.autograd.grad(losses, params, (y == c) * each, True, allow_unused=True)
            for c in range(num_classes)
        ]
        # A parameter that is not part of this loss is so for every class.
        by_param = zip(params, *grads, strict=True)
        self._used = [(p, rows) for p, *rows in by_param if rows[0] is not None]

    def norms(self) -> Tensor:
        """Class norms [C]; zero for an absent class."""
        every = [
            nn.utils.get_total_norm([rows[c] for _, rows in self._used])
            for c in range(self.num_classes)
        ]
        return unscaled(torch.stack(every), self._scale.abs())

    def gram(self) -> Tensor:
        """The inner products of the class gradients, [C, C]."""
        tables = [torch.stack(rows).flatten(1) for _, rows in self._used]
        products = torch.stack([table @ table.T for table in tables]).sum(dim=0)
        return unscaled(products, self._scale.square())

    def weighted_sum(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(parameter, scale * sum_c w_c g_c) for every parameter the losses depend on."""
        for p, rows in self._used:
            each = weights.to(p.dtype)
            yield p, torch.stack([w * g for w, g in zip(each, rows, strict=True)]).sum(dim=0)


def unscaled(values: Tensor, scale: Tensor) -> Tensor:
    """``values`` / ``scale``; zero where the scale is zero."""
    return torch.where(scale == 0, 0.0, values / scale)
