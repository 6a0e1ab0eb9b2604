"""The kinds of batches that a method of the registry can ask for."""

from torch import Tensor

from imbal_lab.data.class_batches import ClassBatches
from imbal_lab.data.shuffled_batches import ShuffledBatches

Batches = ShuffledBatches | ClassBatches


def batches_of(kind: str, y: Tensor, batch_size: int, *, seed: int = 0) -> Batches | None:
    """Batches of a method's ``kind``; None for "full", which is the training set as a whole.

    "mixed" are :class:`ShuffledBatches`, "natural" and "equal" are :class:`ClassBatches`.
    Raises ValueError for another ``kind``, and what these raise.
    """
    if kind == "full":
        return None
    if kind == "mixed":
        return ShuffledBatches(y, batch_size, seed=seed)
    if kind in ("natural", "equal"):
        return ClassBatches(y, batch_size, oversample=kind == "equal", seed=seed)
    raise ValueError(f"kind={kind!r}: choose one of 'full', 'mixed', 'natural', 'equal'")
