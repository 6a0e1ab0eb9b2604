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
from collections.abc import Sequence

import torch
from alternation import alternate
from networks import cnn, long_tailed_labels, mlp
from torch import Tensor, nn

from imbal_lab.instruments import LoopRecorder

torch.set_num_threads(1)

BLOCK = 10  # steps: one with gradients in each


SETTINGS = {  # model, shape of an example, batch size, width
    "mlp-128": (mlp, (784,), 128, 512),
    "mlp-1024": (mlp, (784,), 1024, 512),
    "cnn-128": (cnn, (3, 32, 32), 128, 16),
}
WAYS = {"always on": None, "every 10 steps": BLOCK}


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
        ratio = alternate(watched.block, bare.block, blocks)[0].median().item()
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
