"""Mini-batches that hold every class: in natural proportions, or all equally often.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391), appendix F: each class has its own
pool of rows, shuffled, and every step takes a fixed number from each. With n_l of n training
examples in class l and batches of B:

    natural:     B n_l / n, rounded                      (PCNSGD, PCNSGD+R)
    oversample:  B / C for every class, rounded down     (SGD+O, PCNSGD+O)

An epoch is one pass of the *majority*. A class that runs out is shuffled again and dealt
on, so that oversampling uses a rare example about rho times an epoch. The trap is to stop
where the first class runs out: that is undersampling, and most of the majority is never seen.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from imbal_lab.data.arguments import integer
from imbal_lab.data.shuffled_batches import as_labels, shuffler


class ClassBatches:
    """Row numbers of mini-batches with every class in them, int64 [sum of ``sizes``].

    The rows of a batch are in class order. Each ``for`` loop over it is one epoch of
    ``len()`` batches, ceil(n_max / size of that class). In an epoch every row of the majority
    comes at least once, and the rows of any one class come equally often, give or take one.
    Where a pass ends inside a batch, a row may come twice in it.

    The order depends on ``seed`` and ``epoch`` only, and ``epoch`` counts up with every loop:
    set it to repeat or to resume. Also a ``batch_sampler`` for torch's DataLoader.

    Attributes:
        sizes: examples per class in every batch, in the order of the labels. Rounding can
            make their sum differ from ``batch_size`` by up to half a row a class (natural), or
            fall short of it by less than C (oversample).

    Raises ValueError for labels ``y`` that are not [n], for a ``batch_size`` above n in natural
    proportions, and for one so small that a class would have no row in a batch: a class that
    is not there has no direction. The message says which size is enough.

    >>> y = torch.arange(2).repeat_interleave(torch.tensor([150, 15]))
    >>> ClassBatches(y, 22).sizes, ClassBatches(y, 22, oversample=True).sizes
    ((20, 2), (11, 11))
    >>> rows = next(iter(ClassBatches(y, 22)))
    >>> torch.bincount(y[rows])
    tensor([20,  2])
    """

    def __init__(
        self, y: Tensor, batch_size: int, *, oversample: bool = False, seed: int = 0
    ) -> None:
        labels = as_labels(y)
        batch_size = integer("batch_size", batch_size, least=1)
        self.seed = integer("seed", seed, least=0)
        self.epoch = 0
        self._pools = [np.flatnonzero(labels == c) for c in np.unique(labels)]
        counts = [len(pool) for pool in self._pools]
        self.sizes = (_equal if oversample else _natural)(batch_size, counts)
        largest = counts.index(max(counts))
        self._steps = -(-counts[largest] // self.sizes[largest])

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Tensor]:
        # Begun at the first batch: a DataLoader with workers calls iter() twice an epoch.
        rng = shuffler(self.seed, self.epoch)
        self.epoch += 1
        dealt = [
            _dealt(pool, self._steps * size, rng).reshape(self._steps, size)
            for pool, size in zip(self._pools, self.sizes, strict=True)
        ]
        yield from torch.from_numpy(np.concatenate(dealt, axis=1))


def _dealt(pool: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """``n`` rows of ``pool``, shuffled anew for every pass: [n]."""
    passes = -(-n // len(pool))
    return np.concatenate([rng.permutation(pool) for _ in range(passes)])[:n]


def _natural(batch_size: int, counts: list[int]) -> tuple[int, ...]:
    n = sum(counts)
    if batch_size > n:
        raise ValueError(f"batch_size={batch_size}: there are only {n} training examples")
    enough = -(-n // (2 * min(counts)))
    if batch_size < enough:
        raise ValueError(
            f"batch_size={batch_size}: in natural proportions the rarest class, {min(counts)} of "
            f"{n} examples, rounds to none in a batch; use batch_size >= {enough}, or "
            "oversample=True"
        )
    return tuple((2 * batch_size * count + n) // (2 * n) for count in counts)  # half rounds up


def _equal(batch_size: int, counts: list[int]) -> tuple[int, ...]:
    if batch_size < len(counts):
        raise ValueError(
            f"batch_size={batch_size}: it is shared by {len(counts)} classes; use "
            f"batch_size >= {len(counts)}"
        )
    return (batch_size // len(counts),) * len(counts)
