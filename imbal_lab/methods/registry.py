"""Every way to train by name, for menus, sweeps and the explorer.

A method is a criterion, and the batches it is fed with. Where it can be written as one formula
for the parameters, it has that explicit form too, which lessons teach.

>>> from imbal_lab.models import mlp
>>> model = mlp([64, 24, 3], seed=0)
>>> criterion, optimizer = get("cdt").build(model, counts=(500, 50, 5), lr=0.1, gamma=0.3)
>>> criterion.temperatures
tensor([1.0000, 1.9953, 3.9811])
>>> get("pcnsgd").batches
'natural'
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from imbal_lab.methods.absgd import ABSGD
from imbal_lab.methods.arb import ARBLoss
from imbal_lab.methods.cdt import CDTLoss
from imbal_lab.methods.class_weights import (
    ClassWeightedLoss,
    effective_number_weights,
    inverse_frequency_weights,
)
from imbal_lab.methods.focal import FocalLoss
from imbal_lab.methods.gd import gd_step
from imbal_lab.methods.ldam import LDAMLoss
from imbal_lab.methods.logit_adjustment import LogitAdjustedLoss
from imbal_lab.methods.loss_inputs import Counts, as_counts
from imbal_lab.methods.pcngd import pcngd_step
from imbal_lab.methods.pcnsgd import rescaled_step
from imbal_lab.methods.per_class import PerClass

Step = Callable[..., Tensor]
Criterion = Callable[..., nn.Module]


@dataclass(frozen=True)
class Method:
    """One technique.

    Attributes:
        name: what :func:`get` knows it by.
        label: for menus; what stands before a colon is its short form.
        paper: where it comes from.
        criterion: ``criterion(model, counts, **options)`` makes the loss module, with training
            examples per class ``counts`` [C]; without options it has the paper's own. None
            for a method that no loss alone can express.
        batches: what the method is fed with. "full": the whole training set; "mixed": shuffled
            mini-batches; "natural": every class in every batch, in the proportions of the
            training set; "equal": every class in every batch, equally often (oversampling).
        step: the explicit form ``step(params [P], grads [C, P], lr) -> [P]``, or None.
        full_gradients: whether ``step`` also takes those of the whole training set:
            ``step(params, grads, full_grads, lr)``.
    """

    name: str
    label: str
    paper: str
    criterion: Criterion | None
    batches: str
    step: Step | None = None
    full_gradients: bool = False

    def build(
        self, model: nn.Module, counts: Counts, lr: float, **options: Any
    ) -> tuple[nn.Module, torch.optim.SGD]:
        """Criterion and optimizer for the usual loop: SGD, without momentum.

        Raises ValueError for counts or options that the criterion refuses, and for a method
        without one.
        """
        if self.criterion is None:
            raise ValueError(
                f"method={self.name!r} needs the class gradients of the whole training set in "
                "every step, which a criterion does not see; use its step with training.train"
            )
        criterion = self.criterion(model, counts, **options)
        return criterion, torch.optim.SGD(model.parameters(), lr)


def _cross_entropy(model: nn.Module, counts: Counts) -> nn.Module:
    return nn.CrossEntropyLoss()


def _per_class(model: nn.Module, counts: Counts, **options: Any) -> nn.Module:
    return PerClass(model, len(as_counts(counts)), **options)


def _absgd(model: nn.Module, counts: Counts, lam: float = 0.5, **options: Any) -> nn.Module:
    return ABSGD(lam, **options)  # 0.5 and gamma 0.9 are the defaults of the authors' package


def _cdt(model: nn.Module, counts: Counts, gamma: float = 0.2) -> nn.Module:
    return CDTLoss(counts, gamma)  # the paper chooses gamma on a grid from 0 to 0.4


def _inverse_frequency(model: nn.Module, counts: Counts) -> nn.Module:
    return ClassWeightedLoss(inverse_frequency_weights(counts))


def _effective_number(model: nn.Module, counts: Counts, beta: float = 0.9999) -> nn.Module:
    return ClassWeightedLoss(effective_number_weights(counts, beta))


def _focal(model: nn.Module, counts: Counts, **options: Any) -> nn.Module:
    return FocalLoss(**options)


def _with_counts(loss: Criterion) -> Criterion:
    def criterion(model: nn.Module, counts: Counts, **options: Any) -> nn.Module:
        return loss(counts, **options)

    return criterion


_FRANCAZI = "Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391)"

METHODS = {
    method.name: method
    for method in (
        Method("gd", "Gradient descent", "Cauchy 1847", _cross_entropy, "full", gd_step),
        Method(
            "pcngd",
            "PCNGD: per-class normalised",
            _FRANCAZI,
            _per_class,
            "full",
            pcngd_step,
        ),
        Method("sgd", "SGD", "Robbins and Monro 1951", _cross_entropy, "mixed", gd_step),
        Method("sgd_o", "SGD+O: with oversampling", _FRANCAZI, _cross_entropy, "equal", gd_step),
        Method(
            "pcnsgd",
            "PCNSGD: per-class normalised, in mini-batches",
            _FRANCAZI,
            _per_class,
            "natural",
            pcngd_step,
        ),
        Method(
            "pcnsgd_o",
            "PCNSGD+O: with oversampling",
            _FRANCAZI,
            _per_class,
            "equal",
            pcngd_step,
        ),
        Method(
            "pcnsgd_r",
            "PCNSGD+R: rescaled by the projection",
            _FRANCAZI,
            None,
            "natural",
            rescaled_step,
            full_gradients=True,
        ),
        Method(
            "absgd",
            "ABSGD: attentional-biased",
            "Qi, Xu, Jin, Yin, Yang, TMLR 2023 (arXiv 2012.06951)",
            _absgd,
            "mixed",
        ),
        Method(
            "arb",
            "ARB-Loss: attraction and repulsion balanced",
            "Xie, Yang, Cai, He, Neurocomputing 527, 2023 (arXiv 2204.08735)",
            _with_counts(ARBLoss),
            "mixed",
        ),
        Method(
            "cdt",
            "CDT: class-dependent temperatures",
            "Ye, Chen, Zhan, Chao, 2020 (arXiv 2001.01385)",
            _cdt,
            "mixed",
        ),
        Method(
            "class_weights",
            "Class weights: inverse frequency",
            "King and Zeng 2001",
            _inverse_frequency,
            "mixed",
        ),
        Method(
            "effective_number",
            "Effective-number weights",
            "Cui, Jia, Lin, Song, Belongie, CVPR 2019 (arXiv 1901.05555)",
            _effective_number,
            "mixed",
        ),
        Method(
            "focal",
            "Focal loss",
            "Lin, Goyal, Girshick, He, Dollár, ICCV 2017 (arXiv 1708.02002)",
            _focal,
            "mixed",
        ),
        Method(
            "ldam",
            "LDAM: label-distribution-aware margins",
            "Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019 (arXiv 1906.07413)",
            _with_counts(LDAMLoss),
            "mixed",
        ),
        Method(
            "logit_adjustment",
            "Logit adjustment",
            "Menon, Jayasumana, Rawat, Jain, Veit, Kumar, ICLR 2021 (arXiv 2007.07314)",
            _with_counts(LogitAdjustedLoss),
            "mixed",
        ),
    )
}


def get(name: str) -> Method:
    """The method called ``name``; ValueError lists the names there are."""
    if name not in METHODS:
        raise ValueError(f"method={name!r}: choose one of {sorted(METHODS)}")
    return METHODS[name]
