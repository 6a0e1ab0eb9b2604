"""One exact backward pass a class: slow, and right for every model."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class OneBackwardAClass:
    """As :class:`BookKeeping`, by plain autograd; holds all class gradients at once."""

    def __init__(
        self, losses: Tensor, y: Tensor, num_classes: int, params: Sequence[Tensor]
    ) -> None:
        contributions = [losses[y == c].sum() / len(y) for c in range(num_classes)]
        grads = [
            torch.autograd.grad(f, params, retain_graph=True, allow_unused=True)
            for f in contributions
        ]
        # A parameter that is not part of this loss is so for every class.
        by_param = zip(params, *grads, strict=True)
        self._used = [(p, rows) for p, *rows in by_param if rows[0] is not None]
        self.num_classes = num_classes

    def norms(self) -> Tensor:
        """Class norms [C]; zero for an absent class."""
        return torch.stack(
            [
                nn.utils.get_total_norm([rows[c] for _, rows in self._used])
                for c in range(self.num_classes)
            ]
        )

    def gram(self) -> Tensor:
        """The inner products of the class gradients, [C, C]."""
        tables = [torch.stack(rows).flatten(1) for _, rows in self._used]
        return torch.stack([table @ table.T for table in tables]).sum(dim=0)

    def weighted_sum(self, weights: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(parameter, sum_c w_c g_c) for every parameter the losses depend on."""
        return [
            (p, torch.stack([w * g for w, g in zip(weights, rows, strict=True)]).sum(dim=0))
            for p, rows in self._used
        ]
