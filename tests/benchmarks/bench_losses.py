"""Step with a technique / step with cross-entropy: ``python tests/benchmarks/bench_losses.py``.

One thread, tensors in memory. A step is forward, loss, backward and ``SGD.step()``, ours with the
criterion as a user builds it, its checks of the input inside its time. Two copies of the network
take turns, and each step of ours is divided by the mean of the plain ones right before and after
it. Printed is the median with its 95 % interval; "cross-entropy again" shows the noise. With
``--memory``, also the peak memory of ours over plain, each in a process of its own (Linux), above
what library, network and data take.
"""

import argparse
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from alternation import alternate
from networks import cnn, falling, long_tailed_labels, mlp
from torch import Tensor, nn

from imbal_lab.methods import (
    ABSGD,
    ARBLoss,
    CDTLoss,
    ClassWeightedLoss,
    FocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    MajorFeatureWeakening,
    MixedLabelLoss,
    inverse_frequency_weights,
)

torch.set_num_threads(1)

Step = Callable[[], None]
LossOf = Callable[[Tensor, Tensor], Tensor]  # a batch (x, y) to its loss


# network, its width, shape of an example, batch size, classes, the layer that MFW weakens
SETTINGS = {
    "mlp-128": (mlp, 512, (784,), 128, 10, "1"),
    "mlp-1024": (mlp, 512, (784,), 1024, 100, "1"),
    "cnn-128": (cnn, 16, (3, 32, 32), 128, 10, "0"),
}

CRITERIA: dict[str, Callable[[Tensor], nn.Module]] = {
    "cross-entropy": lambda counts: nn.CrossEntropyLoss(),
    "cross-entropy again": lambda counts: nn.CrossEntropyLoss(),
    "ABSGD": lambda counts: ABSGD(lam=2.0),
    "ARB": ARBLoss,
    "ARB, batch counts": lambda counts: ARBLoss(),
    "CDT": lambda counts: CDTLoss(counts, gamma=0.2),
    "class weights": lambda counts: ClassWeightedLoss(inverse_frequency_weights(counts)),
    "focal": lambda counts: FocalLoss(),
    "LDAM": lambda counts: LDAMLoss(counts, scale=1.0),
    "logit adjustment": LogitAdjustedLoss,
}
TECHNIQUES = [*list(CRITERIA)[1:], "MFW", "MFW, mixed labels"]


def loss_of(technique: str, model: nn.Module, counts: Tensor, layer: str) -> LossOf:
    """The forward pass and the loss, as written in a user's loop."""
    if not technique.startswith("MFW"):
        criterion = CRITERIA[technique](counts)
        return lambda x, y: criterion(model(x), y)
    weakening = MajorFeatureWeakening(model, layer, counts)
    mixed = technique == "MFW, mixed labels"
    criterion = MixedLabelLoss(weakening) if mixed else nn.CrossEntropyLoss()

    def weakened(x: Tensor, y: Tensor) -> Tensor:
        weakening.tell(y)
        return criterion(model(x), y)

    return weakened


def step_of(technique: str, setting: str, width: int | None, batch: int | None) -> Step:
    """One training step on a network and a batch that are the same for every technique."""
    network, usual_width, shape, usual_batch, num_classes, layer = SETTINGS[setting]
    n = batch or usual_batch
    torch.manual_seed(0)
    model = network(num_classes, width or usual_width)
    x, y = torch.randn(n, *shape), long_tailed_labels(n, num_classes)
    loss = loss_of(technique, model, (10_000 * falling(num_classes)).round(), layer)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad()
        loss(x, y).backward()
        optimizer.step()

    return step


def seconds(step: Step) -> float:
    start = time.thread_time()
    step()
    return time.thread_time() - start


def ratios(ours: Step, plain: Step, rounds: int) -> Tensor:
    """Steps of ours over the plain steps around them: [rounds]."""
    for _ in range(3):
        ours(), plain()
    return alternate(lambda: seconds(ours), lambda: seconds(plain), rounds)[0]


def median_with_interval(values: Tensor) -> tuple[float, float, float]:
    """The median and its 95 % interval from order statistics, free of assumptions."""
    sorted_values, n = values.sort().values, len(values)
    reach = 0.98 * math.sqrt(n)
    low, high = max(int(n / 2 - reach), 0), min(math.ceil(n / 2 + reach), n - 1)
    return sorted_values.median().item(), sorted_values[low].item(), sorted_values[high].item()


def kilobytes(key: str) -> int:
    found = re.search(rf"{key}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found, key
    return int(found[1])


def memory_added_by(step: Step) -> int:
    """Kilobytes that two steps add to the peak of this process (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    step(), step()
    return kilobytes("VmHWM") - before


def peak_memory(technique: str, setting: str, width: int | None, batch: int | None) -> int:
    """The same in a fresh process."""
    step = f"b.step_of({technique!r}, {setting!r}, {width}, {batch})"
    run = subprocess.run(
        [sys.executable, "-c", f"import bench_losses as b; print(b.memory_added_by({step}))"],
        capture_output=True,
        check=True,
        cwd=Path(__file__).resolve().parent,  # where Python looks for modules first
        text=True,
    )
    return int(run.stdout)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--techniques", nargs="+", default=TECHNIQUES, choices=TECHNIQUES)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--width", type=int, help="for a quick try")
    parser.add_argument("--batch", type=int, help="for a quick try")
    options = parser.parse_args(arguments)
    for setting in options.settings:
        size = setting, options.width, options.batch
        plain_memory = peak_memory("cross-entropy", *size) if options.memory else 1
        for technique in options.techniques:
            ours, plain = step_of(technique, *size), step_of("cross-entropy", *size)
            median, low, high = median_with_interval(ratios(ours, plain, options.rounds))
            line = f"{setting:9} {technique:20} {median:5.3f} [{low:5.3f}, {high:5.3f}]"
            if options.memory:
                line += f"   memory {peak_memory(technique, *size) / plain_memory:4.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
