"""The rows of each step: the batches that a run's method asks for, without end."""

from collections.abc import Iterator

import torch
from torch import Tensor

from imbal_lab.data.batches import batches_of
from imbal_lab.training.run import Run


def row_numbers(run: Run, y: Tensor) -> Iterator[Tensor]:
    """Row numbers of one batch after another, all of one size [B], epoch after epoch.

    They depend on ``y``, the method, ``run.batch`` and ``run.seed`` only. Mixed batches that an
    epoch's end would cut short are left out. Raises ValueError for a batch that does not fit.
    """
    kind = run.technique.batches
    labels = y.new_zeros(len(y)) if kind == "mixed" else y  # mixed batches look at no label
    batches = batches_of(kind, labels, run.batch, seed=run.seed)
    if kind == "mixed" and run.batch > len(y):
        raise ValueError(
            f"batch={run.batch}: there are only {len(y)} training examples; use batch <= {len(y)}"
        )
    everything = torch.arange(len(y))
    while True:
        for rows in (everything,) if batches is None else batches:
            if kind != "mixed" or len(rows) == run.batch:
                yield rows
