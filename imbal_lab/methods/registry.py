"""Every method by name, for menus, sweeps and the explorer."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from imbal_lab.methods.gd import gd_step
from imbal_lab.methods.pcngd import normalized, pcngd_step
from imbal_lab.methods.per_class import PerClass, Rule

Step = Callable[[Tensor, Tensor, float], Tensor]


@dataclass(frozen=True)
class Method:
    """One technique in its two forms: the explicit step, and the rule of a criterion."""

    name: str
    label: str
    paper: str
    step: Step
    rule: Rule

    def build(
        self, model: nn.Module, num_classes: int, lr: float
    ) -> tuple[PerClass, torch.optim.SGD]:
        """Criterion and optimizer for the usual loop, as the paper uses them: no momentum."""
        return PerClass(model, num_classes, self.rule), torch.optim.SGD(model.parameters(), lr)


METHODS = {
    method.name: method
    for method in (
        Method("gd", "Gradient descent", "Cauchy 1847", gd_step, torch.ones_like),
        Method(
            "pcngd",
            "PCNGD: per-class normalised",
            "Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391)",
            pcngd_step,
            normalized,
        ),
    )
}


def get(name: str) -> Method:
    """The method called ``name``; ValueError lists the names there are."""
    if name not in METHODS:
        raise ValueError(f"method={name!r}: choose one of {sorted(METHODS)}")
    return METHODS[name]
