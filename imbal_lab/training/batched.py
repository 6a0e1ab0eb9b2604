"""Many runs of one architecture and one method as one program, with each its own everything.

The models share nothing but the processor: every one has its batches, counts, step size, momentum
and weight decay, and the sum of their losses has for each the gradient of its own. There is no
norm, clipping or stopping over all of them, so that one that diverges leaves the others alone.
"""

from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor

from imbal_lab.training.criteria import Criteria
from imbal_lab.training.ensemble import Ensemble
from imbal_lab.training.one_thread import one_thread
from imbal_lab.training.result import Measurements, Result, within_limit
from imbal_lab.training.row_numbers import row_numbers
from imbal_lab.training.run import Built, Run
from imbal_lab.training.schedule import SCHEDULES
from imbal_lab.training.serial import Advance

AHEAD = 50  # steps for which row numbers are drawn at once


def train_together(runs: Sequence[Run], advance: Advance = lambda steps: None) -> list[Result]:
    """The results of ``runs``, in their order, as if each had been trained alone.

    The runs have the same method, model, steps, schedule and precision, and batches of one size.
    ``advance(K)`` is called after every step.
    """
    first, built = runs[0], [run.build() for run in runs]
    models = Ensemble([each.model for each in built])
    criteria = Criteria([each.criterion for each in built if each.criterion is not None])
    batches = _Batches(runs, built)
    sgd = _SGD(models.params, runs)
    schedule = SCHEDULES[first.schedule]
    seen = [Measurements(each.model, each.dataset) for each in built]
    sane, due = torch.ones(len(runs), dtype=torch.bool), set(first.recorded_steps)
    with one_thread():
        for t in range(first.steps + 1):
            if t in due:
                for each, is_sane in zip(seen, sane.tolist(), strict=True):
                    each.diverged |= not is_sane
                    each.take(t)
            if t == first.steps:
                break
            x, y = batches.at(t)
            logits = models(x)
            sane &= within_limit(logits, dim=(1, 2))
            losses = criteria(logits, y)
            sgd.step(torch.autograd.grad(losses.sum(), models.params), schedule(t, first.steps))
            advance(len(runs))
    return [each.result("batched") for each in seen]


class _Batches:
    """The batches of all runs: their data one after another, and each one's rows in it."""

    def __init__(self, runs: Sequence[Run], built: Sequence[Built]) -> None:
        self._x = torch.cat([each.dataset.x for each in built])
        self._y = torch.cat([each.dataset.y for each in built])
        sizes = torch.tensor([0] + [len(each.dataset.y) for each in built[:-1]])
        self._offsets = sizes.cumsum(dim=0).unsqueeze(1)  # [K, 1]
        self._streams = [row_numbers(run, b.dataset.y) for run, b in zip(runs, built, strict=True)]

    def at(self, t: int) -> tuple[Tensor, Tensor]:
        """The batches of step ``t``, one step after the other: x [K, B, ...], y [K, B]."""
        if t % AHEAD == 0:
            ahead = [torch.stack(list(islice(rows, AHEAD))) for rows in self._streams]
            self._rows = torch.stack(ahead, dim=1) + self._offsets  # [AHEAD, K, B]
        rows = self._rows[t % AHEAD]
        x, y = (data.index_select(0, rows.flatten()) for data in (self._x, self._y))
        return x.view(*rows.shape, *x.shape[1:]), y.view(rows.shape)


class _SGD:
    """torch.optim.SGD with a step size, momentum and weight decay for each model."""

    def __init__(self, params: Sequence[Tensor], runs: Sequence[Run]) -> None:
        self._params = params
        self._buffers = [torch.zeros_like(p) for p in params]
        self._decays = any(run.weight_decay for run in runs)
        self._settings = [
            [_of_each(runs, name, p) for name in ("lr", "momentum", "weight_decay")] for p in params
        ]

    @torch.no_grad()
    def step(self, grads: Sequence[Tensor], factor: float) -> None:
        """One step, every step size times ``factor``."""
        for p, g, buffer, (lr, momentum, decay) in zip(
            self._params, grads, self._buffers, self._settings, strict=True
        ):
            if self._decays:
                g = torch.addcmul(g, p, decay)
            torch.addcmul(g, buffer, momentum, out=buffer)
            p.addcmul_(buffer, lr, value=-factor)


def _of_each(runs: Sequence[Run], name: str, like: Tensor) -> Tensor:
    """A setting of every run, in the precision of a stack and ready to multiply it: [K, 1, ...]."""
    values = torch.tensor([getattr(run, name) for run in runs], dtype=like.dtype)
    return values.view(-1, *[1] * (like.ndim - 1))
