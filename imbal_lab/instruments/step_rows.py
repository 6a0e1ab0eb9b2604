"""What is counted on every step: it stays on the device, and is summed many steps at a time."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods.loss_inputs import at_least_float32

WAIT = 32, 2**19  # batches, and numbers in them, that wait at most to be summed together
SUMS = ("examples", "loss", "recall", "feature_norm")


class Seen(NamedTuple):
    """What is kept of a batch: small, so that an ordinary step is hardly slowed down."""

    logits: Tensor  # [n, C]
    y: Tensor  # [n]; a label outside 0..C-1 is an example to be ignored
    lengths: Tensor  # [n], ||feature||

    @classmethod
    def of(cls, logits: Tensor, y: Tensor, features: Tensor) -> "Seen":
        """From ``logits`` [n, C, ...], ``y`` [n, ...] and ``features`` [rows, d]."""
        lengths = torch.linalg.vector_norm(at_least_float32(features), dim=1)
        return cls(examples_first(logits.detach()).clone(), y.flatten().clone(), lengths)


def examples_first(values: Tensor) -> Tensor:
    """[n, d] as it is; [n, d, H, W] as [n * H * W, d], one row a pixel."""
    return values if values.ndim == 2 else values.movedim(1, -1).flatten(0, -2)


class StepRows:
    """Sums over the examples of each class, a row a step."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self.steps: list[int] = []
        self._waiting: list[tuple[int, Seen]] = []
        self._sums: list[Tensor] = []  # each [4, rows, C]

    def append(self, step: int, batches: list[Seen]) -> None:
        """A row for ``step`` of what its ``batches`` hold together."""
        self._waiting += [(len(self.steps), seen) for seen in batches]
        self.steps.append(step)
        numbers = sum(seen.logits.numel() for _, seen in self._waiting)
        if len(self._waiting) >= WAIT[0] or numbers >= WAIT[1]:
            self._sum_up()

    def means(self) -> dict[str, Tensor]:
        """Number of examples and class means by name, [T, C] on the CPU; zero if absent."""
        self._sum_up()
        examples, *totals = torch.cat(self._sums, dim=1).cpu()
        means = [total / examples.clamp_min(1) for total in totals]
        return dict(zip(SUMS, (examples, *means), strict=True))

    @torch.no_grad()
    def _sum_up(self) -> None:
        if not self._waiting:
            return
        rows, batches = zip(*self._waiting, strict=True)
        logits, y, lengths = map(torch.cat, zip(*batches, strict=True))
        first, count = rows[0], rows[-1] - rows[0] + 1
        sizes = torch.tensor([[row - first, len(seen.y)] for row, seen in self._waiting])
        row = sizes[:, 0].repeat_interleave(sizes[:, 1]).to(y.device)
        labels = y.long() % self.num_classes  # any class will do for an ignored example
        place = torch.where(labels == y, labels, self.num_classes)
        sums = _of_examples(logits, labels, lengths)
        flat = sums.new_zeros(len(SUMS), count * (self.num_classes + 1))
        flat.index_add_(1, row * (self.num_classes + 1) + place, sums)
        self._sums.append(flat.view(len(SUMS), count, -1)[..., :-1])
        self._waiting = []


def _of_examples(logits: Tensor, y: Tensor, lengths: Tensor) -> Tensor:
    """One, cross-entropy, right or wrong, and ||feature|| of every example: float64 [4, n]."""
    z = at_least_float32(logits)
    losses = F.cross_entropy(z, y, reduction="none")
    columns = torch.ones_like(losses), losses, z.argmax(dim=1) == y, lengths
    return torch.stack(columns).to(torch.float32 if z.device.type == "mps" else torch.float64)
