"""Two-stage training: features first, then the classifier on features that stand still.

Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, "Decoupling Representation and Classifier for
Long-Tailed Recognition", ICLR 2020 (arXiv 1910.09217). cRT, classifier re-training: train
everything on the data as they are; then draw the classifier anew and train it alone on
class-balanced batches. ABSGD (Qi et al., TMLR 2023) goes the same way with its own loss: plain
cross-entropy first (``lam=math.inf``), then a finite ``lam`` for the upper layers.

    >>> from imbal_lab.data import ClassBatches, load
    >>> from imbal_lab.models import mlp
    >>> dataset, model = load("gauss2d", rho=100), mlp([2, 8, 4], seed=0)
    >>> stage = TrainOnly(model, "2")  # after stage one: the last layer alone
    >>> reinitialize(model.get_submodule("2"), seed=0)
    >>> optimizer = torch.optim.SGD(stage.parameters, lr=0.1)
    >>> for rows in ClassBatches(dataset.y, batch_size=64, oversample=True):
    ...     optimizer.zero_grad()
    ...     nn.functional.cross_entropy(model(dataset.x[rows]), dataset.y[rows]).backward()
    ...     optimizer.step()

Traps. Freezing is more than ``requires_grad = False``: batch normalisation would go on moving
its running statistics, dropout would go on, and a stale ``.grad`` would let momentum and weight
decay move frozen weights. Build a new optimizer for the second stage, or set its learning rate
with care: the old one is likely at the end of its schedule.
"""

from typing import Any

import torch
from torch import nn

from imbal_lab.methods.named_layer import named_layer


class TrainOnly:
    """Freezes ``model`` but for the named parts, until ``remove()`` or the end of a ``with``.

    ``parts`` are names out of ``model.named_modules()``; ValueError lists them if one is wrong.
    ``parameters`` are those that still train. Every other parameter gets no gradient, and every
    module outside the parts runs in eval mode even after ``model.train()``: the features of
    stage two are those of the test. Modules that contain a part keep their own mode.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    >>> with TrainOnly(model, "2") as stage:
    ...     optimizer = torch.optim.SGD(stage.parameters, lr=0.1)
    ...     model(torch.ones(3, 4)).sum().backward()
    ...     [name for name, p in model.named_parameters() if p.grad is not None]
    ['2.weight', '2.bias']

    The recipe of ABSGD; nothing is drawn anew:

    >>> from imbal_lab.methods import ABSGD
    >>> criterion = ABSGD(lam=float("inf"))  # stage one, all layers; then
    >>> criterion.lam, stage = 5.0, TrainOnly(model, "1", "2")
    >>> optimizer = torch.optim.SGD(stage.parameters, lr=0.01)
    """

    def __init__(self, model: nn.Module, *parts: str) -> None:
        if not parts:
            raise ValueError("parts: name at least one part that goes on training")
        chosen = [named_layer(model, part) for part in parts]
        trained = {id(p) for part in chosen for p in part.parameters()}
        self.parameters = [p for p in model.parameters() if id(p) in trained]
        self._before = [(p, p.requires_grad) for p in model.parameters()]
        for p in model.parameters():
            p.requires_grad_(id(p) in trained)
            if id(p) not in trained:
                p.grad = None  # else the old optimizer would go on with it
        inside = {m for part in chosen for m in part.modules()}
        frozen = [m for m in model.modules() if inside.isdisjoint(m.modules())]
        self._hooks = [m.register_forward_pre_hook(_in_eval_mode) for m in frozen]
        self._modes = [(m, m.training) for m in frozen]

    def remove(self) -> None:
        """Every parameter trains, and every frozen module has its mode, as before."""
        for hook in self._hooks:
            hook.remove()
        for p, trains in self._before:
            p.requires_grad_(trains)
        for module, training in self._modes:
            module.training = training

    def __enter__(self) -> "TrainOnly":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def reinitialize(classifier: nn.Module, seed: int = 0) -> None:
    """Draw ``classifier`` anew, in place: a linear or convolutional layer, or a stack with them.

    Weights and biases are uniform in +-1/sqrt(fan_in), torch's default for both. The draw
    depends on ``seed`` only. Raises ValueError for other layers that have parameters.

    >>> head = nn.Linear(8, 2)
    >>> reinitialize(head, seed=0)
    """
    layers = []
    for module in classifier.modules():
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
            layers.append(module)
        elif list(module.parameters(recurse=False)):
            raise ValueError(
                f"classifier: holds a {type(module).__name__}; only linear and convolutional "
                "layers are drawn anew, so give the part that has no other"
            )
    generator = torch.Generator().manual_seed(seed)
    for layer in layers:
        bound = layer.weight[0].numel() ** -0.5
        for param in layer.parameters():
            nn.init.uniform_(param, -bound, bound, generator=generator)


def _in_eval_mode(module: nn.Module, inputs: Any) -> None:
    """Before every forward pass, since ``model.train()`` reaches frozen modules as well."""
    module.training = False
