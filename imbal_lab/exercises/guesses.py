"""Cases of guesses and labels with a confusion that is known up to a little chance."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Inputs


def guesses(confusion: list[list[int]]) -> Case:
    """Shuffled examples: ``confusion[k][l]`` of class k called l, and up to two more where any."""

    def draw(generator: Generator) -> Inputs:
        least = torch.tensor(confusion)
        more = torch.randint(3, least.shape, generator=generator)
        often = torch.where(least > 0, least + more, 0).flatten()
        pairs = torch.arange(len(often)).repeat_interleave(often)
        pairs = pairs[torch.randperm(len(pairs), generator=generator)]
        y, predictions = pairs // len(least), pairs % len(least)
        return {"predictions": predictions, "y": y, "num_classes": len(least)}

    return Case(f"confusion {confusion}", draw)


def long_tail(classes: int) -> list[list[int]]:
    """A confusion of many classes, each half as frequent as the one before, down to one."""
    sizes = [max(1, 2 ** (classes - 2 - k)) for k in range(classes)]
    return [
        [n if k == c else n // 4 if k == (c + 1) % classes else 0 for k in range(classes)]
        for c, n in enumerate(sizes)
    ]


def hits(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Examples of each class that are guessed right [C], in double precision."""
    return torch.bincount(y[predictions == y], minlength=num_classes).double()


def count(labels: Tensor, num_classes: int) -> Tensor:
    """How often each class occurs [C], in double precision."""
    return torch.bincount(labels, minlength=num_classes).double()
