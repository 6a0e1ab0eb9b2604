"""What a step costs: backward passes, beside weights that are learnt by meta-learning."""

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.data import Dataset, ShuffledBatches, load
from imbal_lab.methods import ABSGD
from imbal_lab.models import mlp
from imbal_lab.training.one_thread import one_thread

LR, BATCH, ROUNDS = 0.01, 64, 60
Step = Callable[[Tensor, Tensor], None]


class Passes:
    """Counts how often a gradient comes back through the outputs of ``model``."""

    def __init__(self, model: nn.Module) -> None:
        self.count = 0
        model.register_forward_hook(self._watch)

    def _watch(self, model: nn.Module, inputs: object, output: Tensor) -> None:
        output.register_hook(self._seen)

    def _seen(self, grad: Tensor) -> None:
        self.count += 1


def ordinary(model: nn.Module, criterion: nn.Module) -> Step:
    """A step of SGD with this loss."""
    optimizer = torch.optim.SGD(model.parameters(), LR)

    def step(x: Tensor, y: Tensor) -> None:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step


def learning_to_reweight(model: nn.Module, x_even: Tensor, y_even: Tensor) -> Step:
    """A step of L2RW, with a small balanced set to learn the weights from.

    Ren, Zeng, Yang, Urtasun, ICML 2018 (arXiv 1803.09050), algorithm 1.
    """
    params = dict(model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), LR)

    def each(own: Mapping[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(model, dict(own), (x,)), y, reduction="none")

    def step(x: Tensor, y: Tensor) -> None:
        eps = torch.zeros(len(y), requires_grad=True)
        inner = (eps * each(params, x, y)).sum()
        grads = torch.autograd.grad(inner, list(params.values()), create_graph=True)
        moved = {name: p - LR * g for (name, p), g in zip(params.items(), grads, strict=True)}
        (pull,) = torch.autograd.grad(each(moved, x_even, y_even).mean(), eps)
        weights = (-pull).clamp(min=0)
        weights = weights / weights.sum().clamp(min=1e-12)
        optimizer.zero_grad()
        (weights * each(params, x, y)).sum().backward()
        optimizer.step()

    return step


def stepper(name: str, data: Dataset, seed: int) -> tuple[nn.Module, Step]:
    """A fresh network and its step."""
    model = mlp([40, 64, 64, 10], seed=seed, activation="relu")
    if name == "L2RW":
        return model, learning_to_reweight(model, data.x_test, data.y_test)
    criterion = nn.CrossEntropyLoss() if name == "SGD" else ABSGD(1.0)
    return model, ordinary(model, criterion)


@per_seed
def _cost(seed: int) -> dict[str, float]:
    data = load("mnist1d", rho=10, n_max=300, n_test=10, seed=seed)
    rows = next(iter(ShuffledBatches(data.y, BATCH, seed=seed)))
    names, found, steps = ("SGD", "ABSGD", "L2RW"), {}, {}
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        model, step = stepper(name, data, seed)
        passes = Passes(model)
        step(data.x[rows], data.y[rows])
        found[f"backward passes, {name}"] = float(passes.count)
        steps[name] = stepper(name, data, seed)[1]
    with one_thread():
        for turn in range(ROUNDS):
            for name in names if turn % 2 else reversed(names):
                begun = time.process_time()
                steps[name](data.x[rows], data.y[rows])
                times[name].append(time.process_time() - begun)
    median = {name: sorted(taken)[ROUNDS // 2] for name, taken in times.items()}
    return found | {f"time over SGD's, {name}": median[name] / median["SGD"] for name in names[1:]}


CLAIMS = (
    Claim(
        id="absgd-one-backward",
        says="A step takes one backward pass, as SGD's does; weights from meta-learning take "
        "three.",
        origin="abstract",
        setting=f"curves (MNIST-1D), ReLU MLP 40-64-64-10, batches of {BATCH}; L2RW with ten clean "
        f"examples of each class. CPU times are medians of {ROUNDS} steps taken in turns; "
        "they are shown, not judged",
        measure=_cost,
        reproduced=(
            Within("backward passes, SGD", 1, 1),
            Within("backward passes, ABSGD", 1, 1),
            Within("backward passes, L2RW", 3, 3),
        ),
    ),
)
