"""The learner's own function in the place where the library's would stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Function = Callable[..., Any]


class OwnLoss(nn.Module):
    """``function(logits, y, counts, ...)`` as a criterion; ValueError unless it gives a scalar."""

    def __init__(self, function: Function, counts: Iterable[int], *more: float) -> None:
        super().__init__()
        self._function, self._more = function, more
        self.register_buffer("counts", torch.tensor(list(counts)))

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        loss = self._function(logits, y, self.counts, *self._more)
        if not isinstance(loss, Tensor) or loss.ndim or not loss.requires_grad:
            raise ValueError(f"loss: must return a scalar made of the logits, gave {_kind(loss)}")
        return loss


class OwnWeights(nn.Module):
    """Cross-entropy with each example weighed by ``function(losses [n], lam) -> [n]``.

    No gradient goes through the weights.
    """

    def __init__(self, function: Function, lam: float) -> None:
        super().__init__()
        self._function, self._lam = function, lam

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        losses = F.cross_entropy(logits, y, reduction="none")
        weights = self._function(losses.detach().clone(), self._lam)
        if not isinstance(weights, Tensor) or weights.shape != losses.shape:
            raise ValueError(
                f"weights: must return one weight an example, {list(losses.shape)}, "
                f"gave {_kind(weights)}"
            )
        return (weights.detach() * losses).mean()


class Told:
    """Batches that tell a weakening the labels of each before it is trained on."""

    def __init__(self, batches: Iterable[Tensor], y: Tensor, tell: Callable[[Tensor], None]):
        self._batches, self._y, self._tell = batches, y, tell

    def __iter__(self) -> Iterator[Tensor]:
        for rows in self._batches:
            self._tell(self._y[rows])
            yield rows


def weaken_with(
    function: Function, model: nn.Module, layer: str, counts: tuple[int, ...]
) -> Callable[[Tensor], None]:
    """``function(features, y, partner, strengths)`` after ``layer`` while ``model`` trains.

    Partners and strengths are those of the library. Returns ``tell``, to be called with the
    labels of each batch.
    """
    from imbal_lab.methods import MajorFeatureWeakening, mfw_strengths

    drawn = MajorFeatureWeakening(model, layer, counts, lam_min=1.0)  # it draws, and keeps all
    strengths = mfw_strengths(counts).float()
    told: list[Tensor] = []

    def tell(y: Tensor) -> None:
        drawn.tell(y)
        told[:] = [y]

    def after(_: nn.Module, __: Any, features: Tensor) -> Tensor | None:
        if drawn.partner is None:
            return None
        mixed = function(features, told[0], drawn.partner, strengths)
        if not isinstance(mixed, Tensor) or mixed.shape != features.shape:
            raise ValueError(
                f"features: must return a tensor of shape {list(features.shape)}, "
                f"gave {_kind(mixed)}"
            )
        return mixed

    model.get_submodule(layer).register_forward_hook(after)
    return tell


def _kind(value: object) -> str:
    return str(list(value.shape)) if isinstance(value, Tensor) else type(value).__name__
