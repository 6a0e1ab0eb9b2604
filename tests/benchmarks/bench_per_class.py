"""PCNSGD step / SGD step: ``python tests/benchmarks/bench_per_class.py [--batch 128]``.

One thread, tensors in memory. A step is forward, loss, backward and ``SGD.step()``, ours through
``PerClass`` with its sorting inside. Steps alternate, and each of ours is divided by the mean of
the plain ones right before and after it; the median is printed. In the same run the update is
compared with plain autograd, one backward pass a class. ``--memory`` adds the peak of one step,
each in a fresh process (Linux only): what the resident set grows by above libraries, model and
data, as ours / plain.
"""

import argparse
import copy
import time
from collections.abc import Callable, Sequence

import torch
from alternation import alternate
from networks import cnn, long_tailed_labels, mlp
from peak_memory import in_fresh_process, peak
from torch import Tensor, nn

from imbal_lab.methods import PerClass, class_gradients, unit_directions

torch.set_num_threads(1)


MODELS = {"mlp": (mlp, (784,)), "cnn": (cnn, (3, 32, 32))}
WIDTHS = {"mlp": 512, "cnn": 16}

Case = tuple[nn.Module, Tensor, Tensor]


def case(name: str, n: int, num_classes: int, in_order: bool, width: int) -> Case:
    """Model, inputs and labels of one line of the table, always the same."""
    torch.manual_seed(0)
    make, shape = MODELS[name]
    x, y = torch.randn(n, *shape), long_tailed_labels(n, num_classes)
    return make(num_classes, width), x, y.sort().values if in_order else y


def stepper(model: nn.Module, criterion: nn.Module, x: Tensor, y: Tensor) -> Callable[[], float]:
    """A function that makes one training step and returns the CPU seconds it took."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def step() -> float:
        start = time.thread_time()
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
        return time.thread_time() - start

    return step


def disagreement(model: nn.Module, x: Tensor, y: Tensor, num_classes: int) -> float:
    """Largest difference from sum_l g_l / ||g_l||, relative to its largest entry."""
    model = copy.deepcopy(model)
    expected = unit_directions(class_gradients(model, x, y, num_classes)).sum(dim=0)
    criterion = PerClass(model, num_classes)
    criterion(model(x), y).backward()
    assert not criterion.engine_note, criterion.engine_note
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    ours = torch.cat([grad.flatten() for grad in grads])
    return ((ours - expected).abs().max() / expected.abs().max()).item()


def ratio(name: str, n: int, num_classes: int, in_order: bool, steps: int, width: int) -> str:
    """One line of the table."""
    model, x, y = case(name, n, num_classes, in_order, width)
    twin = copy.deepcopy(model)
    error = disagreement(model, x, y, num_classes)
    assert error < 1e-4, f"{name}: the update differs from plain autograd by {error:.1e}"
    plain = stepper(model, nn.CrossEntropyLoss(), x, y)
    ours = stepper(twin, PerClass(twin, num_classes), x, y)
    for _ in range(3):
        plain(), ours()
    ratios, times = alternate(ours, plain, steps)
    median, usual = ratios.median().item(), 1000 * times.median().item()
    order = "in order" if in_order else "shuffled"
    return (
        f"{name}  B={n:<5} C={num_classes:<4} {order}  {median:5.2f}"
        f"   plain {usual:7.1f} ms   difference {error:.0e}"
    )


def peak_of_one_step(method: str, name: str, n: int, num_classes: int, width: int) -> float:
    """For a fresh process: the peak of one step after a small one that loads the libraries."""
    for batch, size in ((4, 8), (n, width)):
        model, x, y = case(name, batch, num_classes, True, size)
        ours = PerClass(model, num_classes)
        criterion = ours if method == "ours" else nn.CrossEntropyLoss()
        grown = peak(stepper(model, criterion, x, y))
    return grown


def memory(name: str, n: int, num_classes: int, width: int) -> str:
    """One line: the peaks of both."""
    plain, ours = (
        in_fresh_process("bench_per_class", "peak_of_one_step", method, name, n, num_classes, width)
        for method in ("plain", "ours")
    )
    return (
        f"{name}  B={n:<5} C={num_classes:<4} memory    {ours / plain:5.2f}"
        f"   plain {plain:7.1f} MB   ours {ours:.1f} MB"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 10, 100])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--width", type=int, help="for a quick try")
    parser.add_argument("--memory", action="store_true", help="peak memory as well")
    options = parser.parse_args(arguments)
    for name in options.models:
        width = options.width or WIDTHS[name]
        for in_order in (True, False):
            for num_classes in options.classes:
                print(ratio(name, options.batch, num_classes, in_order, options.steps, width))
        for num_classes in options.classes if options.memory else []:
            print(memory(name, options.batch, num_classes, width))


if __name__ == "__main__":
    main()
