"""What is counted on every step: rows that stay on the device and are read once, at the end."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import at_least_float32

CHUNK = 256  # rows allotted at a time
SUMS = ("examples", "loss", "recall", "feature_norm")


def examples_first(values: Tensor) -> Tensor:
    """[n, d] as it is; [n, d, H, W] as [n * H * W, d], one row a pixel."""
    return values if values.ndim == 2 else values.movedim(1, -1).flatten(0, -2)


def of_examples(logits: Tensor, y: Tensor, features: Tensor) -> Tensor:
    """One, cross-entropy, right or wrong, and ||feature|| of every example: float64 [4, n].

    ``logits`` [n, C], ``y`` [n] in 0..C-1, ``features`` [n, d].
    """
    z = at_least_float32(logits)
    losses = F.cross_entropy(z, y, reduction="none")
    lengths = torch.linalg.vector_norm(at_least_float32(features), dim=1)
    columns = torch.ones_like(losses), losses, z.argmax(dim=1) == y, lengths
    return torch.stack(columns).to(torch.float32 if z.device.type == "mps" else torch.float64)


class StepRows:
    """Per-class sums of [4, n] numbers, one row [4, C] a step."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self.steps: list[int] = []
        self._chunks: list[Tensor] = []

    def append(self, step: int, batches: list[tuple[Tensor, Tensor]]) -> None:
        """A row for ``step`` from pairs of numbers [4, n] and classes [n]; C means ignored."""
        at = len(self.steps) % CHUNK
        if at == 0:
            shape = CHUNK, len(SUMS), self.num_classes + 1
            self._chunks.append(batches[0][0].new_zeros(shape))
        row = self._chunks[-1][at]
        for numbers, classes in batches:
            row.index_add_(1, classes, numbers)
        self.steps.append(step)

    def means(self) -> dict[str, Tensor]:
        """Counts and class means by name, [T, C] on the CPU; zero for an absent class."""
        if not self.steps:
            return {name: torch.zeros(0, self.num_classes, dtype=torch.float64) for name in SUMS}
        sums = torch.cat(self._chunks).cpu()[: len(self.steps), :, :-1]
        examples, *totals = sums.unbind(dim=1)
        means = [total / examples.clamp_min(1) for total in totals]
        return dict(zip(SUMS, (examples, *means), strict=True))
