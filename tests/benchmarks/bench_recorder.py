"""A watched training step / a bare one: ``python tests/benchmarks/bench_recorder.py``.

One thread, tensors in memory. Each loop is forward, cross-entropy, backward and ``SGD.step()``
with the same data; the watched one runs inside ``LoopRecorder``, once without gradients (what
is always on) and once with norms, angles, attraction and repulsion every ten steps. Blocks of
ten steps alternate, and each watched one is divided by the mean of the bare ones right before
and after it; the median is printed. In the same run the parameters are compared: they must be
equal to the last bit.
"""

import argparse
import copy
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from imbal_lab.instruments import LoopRecorder

torch.set_num_threads(1)

BLOCK = 10  # steps: one with gradients in each


def mlp(num_classes: int, width: int = 512) -> nn.Module:
    return nn.Sequential(
        nn.Linear(784, width), nn.ReLU(),
        nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, num_classes),
    )  # fmt: skip


def cnn(num_classes: int, width: int = 16) -> nn.Module:
    def block(i: int, o: int) -> list[nn.Module]:
        conv = nn.Conv2d(i, o, 3, padding=1)
        return [conv, nn.GroupNorm(4, o), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(
        *block(3, width), *block(width, 2 * width), *block(2 * width, 4 * width), nn.Flatten(),
        nn.Linear(64 * width, 8 * width), nn.ReLU(), nn.Linear(8 * width, num_classes),
    )  # fmt: skip


SETTINGS = {  # model, shape of an example, batch size, width
    "mlp-128": (mlp, (784,), 128, 512),
    "mlp-1024": (mlp, (784,), 1024, 512),
    "cnn-128": (cnn, (3, 32, 32), 128, 16),
}
WAYS = {"always on": None, "every 10 steps": BLOCK}


def long_tailed_labels(n: int, num_classes: int, rho: float = 100.0) -> Tensor:
    """Labels [n] drawn with class probabilities that fall geometrically by ``rho``."""
    return torch.multinomial(rho ** -torch.linspace(0, 1, num_classes), n, replacement=True)


class Loop:
    """A training loop, and how long a block of its steps takes."""

    def __init__(self, model: nn.Module, x: Tensor, y: Tensor) -> None:
        self.model, self.x, self.y = model, x, y
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def block(self, steps: int = BLOCK) -> float:
        """CPU seconds of one block."""
        start = time.thread_time()
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.criterion(self.model(self.x), self.y).backward()
            self.optimizer.step()
        return time.thread_time() - start


def ratio_of(watched: Callable[[], float], bare: Callable[[], float], blocks: int) -> float:
    """Median of watched blocks over the mean of the bare ones before and after."""
    before, ratios = bare(), []
    for _ in range(blocks):
        mine, after = watched(), bare()
        ratios.append(2 * mine / (before + after))
        before = after
    return torch.tensor(ratios).median().item()


def line(name: str, way: str, num_classes: int, blocks: int, shrink: int) -> str:
    """One line of the table; AssertionError if watching changed the training."""
    torch.manual_seed(0)
    make, shape, n, width = SETTINGS[name]
    x, y = torch.randn(n // shrink, *shape), long_tailed_labels(n // shrink, num_classes)
    model = make(num_classes, width // shrink)
    bare, watched = Loop(model, x, y), Loop(copy.deepcopy(model), x, y)
    recorder = LoopRecorder(
        watched.model,
        watched.criterion,
        watched.optimizer,
        num_classes=num_classes,
        every=WAYS[way],
    )
    with recorder:
        for loop in (bare, watched):
            loop.block(BLOCK + BLOCK // 2)  # so that gradients come in the middle of a block
        ratio = ratio_of(watched.block, bare.block, blocks)
    watched.block()  # the bare loop is one block ahead
    pairs = zip(bare.model.parameters(), watched.model.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs), f"{name}: watching changed the training"
    assert not recorder.engine_note, recorder.engine_note
    return f"{name:<9} C={num_classes:<4} {way:<15} {ratio:5.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--shrink", type=int, default=1, help="for a quick try")
    options = parser.parse_args(arguments)
    for name in options.settings:
        for way in WAYS:
            print(line(name, way, options.classes, options.blocks, options.shrink))


if __name__ == "__main__":
    main()
