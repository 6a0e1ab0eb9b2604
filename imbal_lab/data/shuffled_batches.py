"""Ordinary mini-batches: the rows in a new random order every epoch, cut into pieces."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from imbal_lab.data.arguments import integer

_BATCHES = 1  # a third word, so that no stream is one of those that `load` draws examples from


class ShuffledBatches:
    """Row numbers of mini-batches: int64 [batch_size], the last of an epoch maybe shorter.

    Each ``for`` loop over it is one epoch, in which every row comes once; ``len()`` is its
    number of batches. The order depends on ``seed`` and ``epoch`` only, and ``epoch`` counts
    up with every loop: set it to repeat or to resume. Also a ``batch_sampler`` for torch's
    DataLoader. A rare class is missing from many batches; :class:`ClassBatches` has all.

    Raises ValueError for labels ``y`` that are not [n], a ``batch_size`` below 1, or a
    negative ``seed``.

    >>> batches = ShuffledBatches(torch.tensor([0, 0, 0, 0, 1]), batch_size=2)
    >>> [len(rows) for rows in batches]
    [2, 2, 1]
    """

    def __init__(self, y: Tensor, batch_size: int, *, seed: int = 0) -> None:
        self.batch_size = integer("batch_size", batch_size, least=1)
        self.seed = integer("seed", seed, least=0)
        self.epoch = 0
        self._n = len(as_labels(y))

    def __len__(self) -> int:
        return -(-self._n // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        order = shuffler(self.seed, self.epoch).permutation(self._n)
        self.epoch += 1
        yield from torch.from_numpy(np.asarray(order, np.int64)).split(self.batch_size)


def as_labels(y: Tensor) -> np.ndarray:
    """``y`` [n] as an array; ValueError unless it is a tensor of one integer an example."""
    labels = y.detach().cpu().numpy() if isinstance(y, Tensor) else np.asarray(y)
    if labels.ndim != 1 or labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"y: shape {labels.shape} of {labels.dtype}; give one integer label an example, [n]"
        )
    return labels


def shuffler(seed: int, epoch: int) -> np.random.Generator:
    """The random stream of one epoch."""
    return np.random.default_rng([seed, epoch, _BATCHES])
