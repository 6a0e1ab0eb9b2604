"""The per-class normalised step beside other packages: ``python tests/benchmarks/bench_peers.py``.

The same work for all: forward, the gradient sum_l g_l / ||g_l||, ``SGD.step()``. The gradients
are compared with each other in the run, then the steps of all take turns and are divided by the
mean of the plain SGD steps before and after them. Peak memory (``--memory``) is that of one step
in a fresh process. A peer that is not installed, or has no rule for the model, is left out.

Naive (C backward passes) and TorchJD need nothing beyond the test extra; BackPACK and Opacus
live best in an environment of their own, because Opacus brings torchvision, which replaces torch:

    python -m venv peers
    peers/bin/pip install -e '.[test]'
    peers/bin/pip install --no-deps -r tests/benchmarks/peers.txt
    peers/bin/python tests/benchmarks/bench_peers.py
"""

import argparse
import copy
import time
import warnings
from collections.abc import Callable, Sequence

import torch
from alternation import alternate
from bench_per_class import WIDTHS, Case, case
from peak_memory import in_fresh_process, peak
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import PerClass, normalized

Fill = Callable[[Tensor, Tensor], None]  # x, y: fills .grad of the model's parameters


def plain(model: nn.Module, num_classes: int) -> Fill:
    """Ordinary SGD: what the others are divided by."""

    def fill(x: Tensor, y: Tensor) -> None:
        F.cross_entropy(model(x), y).backward()

    return fill


def ours(model: nn.Module, num_classes: int) -> Fill:
    criterion = PerClass(model, num_classes)

    def fill(x: Tensor, y: Tensor) -> None:
        criterion(model(x), y).backward()
        assert not criterion.engine_note, criterion.engine_note

    return fill


def naive(model: nn.Module, num_classes: int) -> Fill:
    """One backward pass a class, each normalised and added."""
    params = list(model.parameters())

    def fill(x: Tensor, y: Tensor) -> None:
        losses = F.cross_entropy(model(x), y, reduction="none")
        for c in y.unique():
            grads = torch.autograd.grad(losses[y == c].sum(), params, retain_graph=True)
            length = nn.utils.get_total_norm(grads)
            for param, g in zip(params, grads, strict=True):
                param.grad = g / length if param.grad is None else param.grad.add_(g / length)

    return fill


def torchjd_autojac(model: nn.Module, num_classes: int) -> Fill:
    """The Jacobian of the class losses, row by row: on a CPU faster than all rows at once."""
    from torchjd.autojac import backward

    params = list(model.parameters())

    def fill(x: Tensor, y: Tensor) -> None:
        losses = F.cross_entropy(model(x), y, reduction="none")
        backward([losses[y == c].sum() for c in y.unique()], parallel_chunk_size=1)
        weigh(params, [param.jac for param in params])
        for param in params:
            del param.jac

    return fill


def torchjd_autogram(model: nn.Module, num_classes: int) -> Fill:
    """The Gramian of the examples' gradients, summed over classes; then a weighted backward."""
    from torchjd.autogram import Engine

    engine = Engine(model, batch_dim=0)

    def fill(x: Tensor, y: Tensor) -> None:
        losses = F.cross_entropy(model(x), y, reduction="none")
        member = F.one_hot(y, num_classes).to(losses.dtype)
        squared = (member.T @ engine.compute_gramian(losses) @ member).diagonal()
        losses.backward(normalized(squared.sqrt())[y])

    return fill


def backpack(model: nn.Module, num_classes: int) -> Fill:
    """The gradient of every example, summed over classes."""
    from backpack import backpack, extend, extensions

    extend(model)
    params, criterion = list(model.parameters()), extend(nn.CrossEntropyLoss(reduction="sum"))

    def fill(x: Tensor, y: Tensor) -> None:
        with backpack(extensions.BatchGrad()):
            criterion(model(x), y).backward()
        if not all(hasattr(param, "grad_batch") for param in params):
            raise NotImplementedError("BackPACK has no rule for a layer of this model")
        weigh(params, [class_sums(p.grad_batch, y, num_classes) for p in params])
        for param in params:
            del param.grad_batch

    return fill


def opacus(model: nn.Module, num_classes: int) -> Fill:
    """The same from Opacus."""
    from opacus import GradSampleModule

    sampled = GradSampleModule(model, loss_reduction="sum")
    params = list(model.parameters())

    def fill(x: Tensor, y: Tensor) -> None:
        F.cross_entropy(sampled(x), y, reduction="sum").backward()
        weigh(params, [class_sums(p.grad_sample, y, num_classes) for p in params])
        for param in params:
            param.grad_sample = None

    return fill


def class_sums(each: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Gradients [n, ...] of the examples to [C, ...] of the classes."""
    return each.new_zeros(num_classes, *each.shape[1:]).index_add_(0, y, each)


def weigh(params: Sequence[Tensor], rows: Sequence[Tensor]) -> None:
    """Class gradients [C, ...] of every parameter to the sum of the normalised ones in .grad."""
    squared = [row.flatten(1).square().sum(dim=1) for row in rows]
    weights = normalized(torch.stack(squared).sum(dim=0).sqrt())
    for param, row in zip(params, rows, strict=True):
        param.grad = torch.tensordot(weights, row, dims=1)


METHODS = {
    method.__name__: method
    for method in (plain, ours, naive, torchjd_autojac, torchjd_autogram, backpack, opacus)
}


def stepper(method: str, model: nn.Module, num_classes: int, x: Tensor, y: Tensor) -> Callable:
    """A function that makes one training step and returns the CPU seconds it took."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    fill = METHODS[method](model, num_classes)

    def step() -> float:
        start = time.thread_time()
        optimizer.zero_grad()
        fill(x, y)
        optimizer.step()
        return time.thread_time() - start

    return step


def why_not(method: str, setting: Case, num_classes: int) -> str:
    """Why ``method`` cannot do this work; empty if its gradient is that of ours."""
    model, x, y = setting
    grads = {}
    for name in ("ours", method):
        twin = copy.deepcopy(model)
        try:
            METHODS[name](twin, num_classes)(x, y)
        except (ImportError, NotImplementedError) as problem:
            return str(problem).splitlines()[0]
        grads[name] = torch.cat([p.grad.flatten() for p in twin.parameters()])
    error = (grads[method] - grads["ours"]).abs().max() / grads["ours"].abs().max()
    assert error < 1e-4, f"{method}: the update differs from ours by {error:.1e}"
    return ""


def ratios(methods: Sequence[str], setting: Case, num_classes: int, steps: int) -> dict[str, float]:
    """Median of each method's step over the mean of the plain ones before and after it."""
    model, x, y = setting
    step = {m: stepper(m, copy.deepcopy(model), num_classes, x, y) for m in ("plain", *methods)}
    for one in step.values():
        one()
    rounds = [[alternate(step[m], step["plain"], 1)[0] for m in methods] for _ in range(steps)]
    medians = torch.tensor(rounds).median(dim=0).values.tolist()
    return dict(zip(methods, medians, strict=True))


def peak_of_one_step(method: str, name: str, n: int, num_classes: int, width: int) -> float:
    """For a fresh process: the peak of one step after a small one that loads the libraries."""
    for batch, size in ((4, 8), (n, width)):
        model, x, y = case(name, batch, num_classes, True, size)
        grown = peak(stepper(method, model, num_classes, x, y))
    return grown


def memory(methods: Sequence[str], *setting: object) -> dict[str, float]:
    """The peak of each method over that of plain SGD."""
    peaks = {
        method: in_fresh_process("bench_peers", "peak_of_one_step", method, *setting)
        for method in ("plain", *methods)
    }
    return {method: peaks[method] / peaks["plain"] for method in methods}


def table(name: str, num_classes: int, options: argparse.Namespace) -> list[str]:
    """The lines of one model and number of classes."""
    width = options.width or WIDTHS[name]
    setting = case(name, options.batch, num_classes, True, width)
    missing = {m: why_not(m, setting, num_classes) for m in options.methods}
    able = [m for m in options.methods if not missing[m]]
    times = ratios(able, setting, num_classes, options.steps)
    sizes = memory(able, name, options.batch, num_classes, width) if options.memory else {}
    lines = [f"{name}  B={options.batch}  C={num_classes}  ({len(setting[2].unique())} present)"]
    lines += [f"    {m:17} {t:7.2f}" for m, t in times.items()]
    if sizes:
        lines += [f"    {m:17} {size:7.1f} of the memory" for m, size in sizes.items()]
    return lines + [f"    {m:17} left out: {why}" for m, why in missing.items() if why]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(WIDTHS), choices=list(WIDTHS))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 10, 100])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--width", type=int, help="for a quick try")
    parser.add_argument("--methods", nargs="+", default=list(METHODS)[1:], choices=METHODS)
    parser.add_argument("--memory", action="store_true", help="peak memory as well")
    options = parser.parse_args(arguments)
    for name in options.models:
        for num_classes in options.classes:
            print(*table(name, num_classes, options), sep="\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # the peers' remarks on their own hooks
    main()
