"""ABSGD: attentional-biased SGD, which weighs every sample by its own loss.

Qi, Xu, Jin, Yin, Yang, TMLR 2023 (arXiv 2012.06951). With l_i the loss of sample i:

    weight_i = exp(l_i / lam) / u_t,   u_t = (1 - gamma) u_{t-1} + gamma mean_i exp(l_i / lam)
    direction = (1/B) sum_i weight_i grad l_i          (no gradient through weight and u)

It descends F = lam log mean_i exp(l_i / lam): lam > 0 leans towards hard samples, lam < 0
towards easy ones (noisy labels), and lam = inf is the plain mean. Only log u is kept, and
its first value is that of the first batch; a weight is then at most B / gamma, and nothing
overflows whatever l_i / lam. Logarithms are taken in double precision where the device has
it, because l_i / lam is large and only differences count.

The criterion divides the losses by lam first and calls the functions of the formulas with a
lam of 1 for them, so that lam = inf needs no care.

Traps. The weights are not divided by their own batch mean again: that would cancel u. The
size of lam counts against the size of the loss, and class weights in the base loss are in
the exponent too. u has a long memory when losses fall by many lam: it shrinks by a factor
(1 - gamma) a batch at most, and until it has caught up the steps are small. Every call in
training mode moves u: call ``criterion.eval()`` to measure, as for a model with BatchNorm.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import (
    at_least_float32,
    check_batch,
    check_reduction,
    has_values,
    reduced,
)


def robust_loss(losses: Tensor, lam: float) -> Tensor:
    """F = lam log mean_i exp(l_i / lam) of ``losses`` [n], a scalar; ``lam`` finite, not 0.

    >>> robust_loss(torch.tensor([0.0, 1.0, 2.0]), lam=1.0)
    tensor(1.3090)
    """
    return lam * (torch.logsumexp(losses / lam, dim=0) - math.log(len(losses)))


def absgd_weights(losses: Tensor, lam: float) -> Tensor:
    """exp(l_i / lam) over its mean, for ``losses`` [n]: [n] weights of mean 1.

    They are n times the gradient of :func:`robust_loss`. No overflow; the caller sees to it that
    no gradient goes through them.

    >>> absgd_weights(torch.tensor([0.0, 1.0, 2.0]), lam=1.0)
    tensor([0.2701, 0.7342, 1.9957])
    """
    return len(losses) * torch.softmax(losses / lam, dim=0)


def running_normaliser(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    """log u_t, a scalar, from ``log_u`` = log u_{t-1} and the ``losses`` [B] of batch t.

    Before the first batch ``log_u`` is -inf, and log u_1 is that of the first batch alone.
    ``gamma`` is in (0, 1].

    >>> running_normaliser(torch.tensor(0.0), torch.tensor([1.0, 1.0]), lam=1.0, gamma=0.5)
    tensor(0.6201)
    """
    batch = robust_loss(losses, lam) / lam
    past = math.log(1 - gamma) if gamma < 1 else -math.inf
    mixed = torch.logaddexp(past + log_u, math.log(gamma) + batch)
    return torch.where(log_u.isneginf(), batch, mixed)


def log_mean_exp(losses: Tensor, lam: float) -> Tensor:
    """log mean_i exp(l_i / lam), a scalar; times ``lam``, unless that is inf, the objective F.

    Raises ValueError as :func:`absgd_loss`.
    """
    _check_losses(losses)
    return robust_loss(_scaled(losses, lam).flatten(), 1.0)


def absgd_loss(
    losses: Tensor, lam: float, log_u: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Every loss times its weight; its gradient is the direction above, its value is not F.

    ``losses`` one a sample, of any shape; ``log_u`` a scalar, by default that of this batch
    alone (gamma = 1), where the gradient is exactly that of F. Half-precision losses come
    back in single precision. Raises ValueError for lam = 0 and for losses that are empty,
    reduced or not finite.

    >>> losses = torch.tensor([0.0, 1.0, 2.0])
    >>> absgd_loss(losses, lam=1.0, reduction="none")
    tensor([0.0000, 0.7342, 3.9914])
    >>> absgd_loss(losses, lam=math.inf)
    tensor(1.)
    """
    _check_losses(losses)
    scaled = _scaled(losses.detach(), lam)
    if log_u is None:
        return _weighted(losses, absgd_weights(scaled.flatten(), 1.0), reduction)
    return _weighted(losses, (scaled - log_u.detach()).exp(), reduction)


class ABSGD(nn.Module):
    """ABSGD over any base loss: ``loss = criterion(model(x), y)``, and any optimizer.

    ``base(logits, y)`` returns one loss a sample (``reduction="none"``); cross-entropy by
    default. ``gamma`` in (0, 1] is the share of the newest batch in u; 1 forgets the past.

    The normaliser is the buffer ``log_u`` (-inf before the first batch): it is moved with the
    module and, in eval mode, left alone. Two stages: begin with ``lam=math.inf`` and set
    ``criterion.lam`` later. A new lam forgets u, which belongs to the old one; both are in
    ``state_dict()``, so a run that is resumed goes on in its stage.

    Raises ValueError for lam = 0, for gamma out of range, for base losses that are empty,
    reduced or not finite, and for labels that the base ignores: they would count as samples
    that are fitted to perfection.

    >>> model, y = nn.Linear(5, 3), torch.tensor([0, 0, 1, 2])
    >>> criterion = ABSGD(lam=2.0, base=nn.CrossEntropyLoss(label_smoothing=0.1, reduction="none"))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    >>> criterion(model(torch.zeros(4, 5)), y).backward()
    >>> optimizer.step()
    """

    log_u: Tensor

    def __init__(
        self,
        lam: float,
        gamma: float = 0.9,
        base: Callable[..., Tensor] | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if not 0 < gamma <= 1:
            raise ValueError(f"gamma={gamma!r}: the share of the new batch is in (0, 1], as 0.9")
        self.gamma = gamma
        self.base = _cross_entropy if base is None else base
        self.reduction = check_reduction(reduction)
        self.register_buffer("log_u", torch.tensor(-math.inf))
        self._lam = _checked_lam(lam)

    @property
    def lam(self) -> float:
        """The temperature, of either sign; a new value forgets the running normaliser."""
        return self._lam

    @lam.setter
    def lam(self, lam: float) -> None:
        if lam != self._lam:
            self._lam = _checked_lam(lam)
            self.log_u.fill_(-math.inf)

    def get_extra_state(self) -> float:
        """``lam``, for ``state_dict()``."""
        return self._lam

    def set_extra_state(self, state: float) -> None:
        """``lam``, from ``load_state_dict()``; ``log_u`` is loaded beside it."""
        self._lam = _checked_lam(state)

    def forward(self, *inputs: Any) -> Tensor:
        """``inputs`` go to ``base``; returns its losses, weighted and reduced."""
        self._refuse_ignored(inputs[-1])
        losses = self.base(*inputs)
        _check_losses(losses)
        with torch.no_grad():
            scaled = _scaled(losses, self.lam)
            old = self.log_u.to(scaled)
            log_u = running_normaliser(old, scaled.flatten(), 1.0, self.gamma)
            if self.training:
                self.log_u.copy_(log_u)
            else:
                log_u = torch.where(old.isfinite(), old, log_u)
            weights = (scaled - log_u).exp()
        return _weighted(losses, weights, self.reduction)

    def _refuse_ignored(self, y: Tensor) -> None:
        ignored = getattr(self.base, "ignore_index", None)
        if ignored is not None and has_values(y) and (y == ignored).any():
            raise ValueError(
                f"y: holds ignore_index={ignored}, whose losses of zero would be averaged into u; "
                "leave those examples out: keep = y != ignore_index; criterion(logits[keep], "
                "y[keep]), for pixels with logits.movedim(1, -1)[keep]"
            )


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    check_batch(logits, y)
    return F.cross_entropy(at_least_float32(logits), y, reduction="none")


def _weighted(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    losses = at_least_float32(losses)
    return reduced(weights.to(losses.dtype).view_as(losses) * losses, reduction)


def _scaled(losses: Tensor, lam: float) -> Tensor:
    precision = torch.float32 if losses.device.type == "mps" else torch.float64
    return losses.to(precision) / _checked_lam(lam)


def _checked_lam(lam: float) -> float:
    if lam == 0 or math.isnan(lam):
        raise ValueError(f"lam={lam!r}: use lam > 0 (hard samples), lam < 0 (easy ones), or inf")
    return lam


def _check_losses(losses: Tensor) -> None:
    """On every device, since a NaN would stay in the running normaliser for good.

    Many models at once (``torch.vmap``) have no values to look at; each keeps its own NaN.
    """
    if losses.ndim == 0 or losses.numel() == 0:
        raise ValueError(
            f"losses: shape {tuple(losses.shape)}; ABSGD weighs each sample's own loss, so give "
            'a base loss with reduction="none" at least one sample'
        )
    if has_values(losses) and not losses.isfinite().all():
        raise ValueError(
            "losses: NaN or infinite; look for a step size that is too large, or NaN in the data"
        )
