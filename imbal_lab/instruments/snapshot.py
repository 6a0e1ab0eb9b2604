"""Snapshot: one moment of a run, seen example by example and class by class.

A recording holds four curves at every step. A snapshot holds what is too large or too slow for
that, at a few steps: :func:`snapshot_steps`.

>>> from imbal_lab.data import load
>>> from imbal_lab.models import mlp
>>> dataset, model = load("gauss2d", rho=10, n_max=50), mlp([2, 8, 4], seed=0)
>>> seen = take_snapshot(model, dataset, step=0, wanted=("regions", "angles"))
>>> seen.regions.shape, seen.angles.shape, seen.gram is None
(torch.Size([60, 60]), torch.Size([4, 4]), True)
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import Dataset
from imbal_lab.instruments.classifier import find_classifier
from imbal_lab.instruments.decision_regions import Window, decision_regions, window
from imbal_lab.instruments.eval_mode import eval_mode
from imbal_lab.instruments.feature_gradients import mean_feature_gradients
from imbal_lab.instruments.feature_plane import feature_plane
from imbal_lab.instruments.recorder import cosines, gradients_of_trained
from imbal_lab.instruments.sample_weights import Weights, sample_weights
from imbal_lab.methods import class_gradients, projections

FEATURES_SHOWN = 240  # of the training set, and of the test set, shared equally by the classes


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What was wanted of one moment, detached, on the CPU; None for what was not."""

    step: int
    regions: Tensor | None = None  # [60, 60] class predicted in each cell, lowest row first
    window: Window | None = None  # of the regions: left, right, bottom, top
    sample_loss: Tensor | None = None  # [n] cross-entropy of each training example
    sample_weight: Tensor | None = None  # [n] its weight in the loss, mean 1
    features: Tensor | None = None  # [n', 2] of the first training examples of each class
    features_y: Tensor | None = None  # [n'] their classes
    features_test: Tensor | None = None  # [m', 2] of test examples, in the same plane
    features_test_y: Tensor | None = None  # [m']
    features_share: float | None = None  # of the spread of the class means, in this plane
    gram: Tensor | None = None  # [C, C] inner products of the class gradients
    angles: Tensor | None = None  # [C, C] cosines of the classifier's rows less their mean
    feature_gradient: Tensor | None = None  # [C] mean norm of the gradient at the features
    projection: Tensor | None = None  # [C] p of mini-batches, averaged over those given


def take_snapshot(
    model: nn.Module,
    dataset: Dataset,
    step: int,
    wanted: Collection[str],
    weights: Weights | nn.Module | None = None,
    batches: Sequence[Tensor] = (),
) -> Snapshot:
    """Measure ``model`` in eval mode, and change nothing of it.

    ``wanted`` names attributes of :class:`Snapshot`; "features" brings all that begin with it,
    and "regions" the window. ``weights`` as in :func:`sample_weights`; ``batches`` are row
    numbers of mini-batches of the training set, for "projection".

    Raises ValueError for an unknown name, for labels that are not one an example, and as
    what is wanted does: regions need inputs of two numbers, features, angles and feature
    gradients an ``nn.Linear`` classifier, and "projection" batches.
    """
    unknown = [name for name in wanted if name not in QUANTITIES]
    if unknown:
        raise ValueError(f"wanted: unknown {unknown}; choose of {', '.join(QUANTITIES)}")
    if dataset.y.ndim != 1:
        raise ValueError(
            f"dataset: {dataset.name!r} has labels of shape {tuple(dataset.y.shape)}; a snapshot "
            "needs one label an example, [n]"
        )
    seen = _Seen(model, dataset, weights, batches)
    with torch.no_grad(), eval_mode(model):
        found: dict[str, object] = {}
        for name in wanted:
            found |= QUANTITIES[name](seen)
    found = {name: v.cpu() if isinstance(v, Tensor) else v for name, v in found.items()}
    return Snapshot(step, **found)  # type: ignore[arg-type]


def snapshot_steps(steps: int) -> tuple[int, ...]:
    """When to look: often at the start, where most happens, and at the end.

    >>> snapshot_steps(200)
    (0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200)
    """
    chosen = {0, steps}
    for power in count():
        for digits in (1.2, 2, 3, 5, 8):
            step = round(digits * 10**power)
            if step > steps:
                return tuple(sorted(chosen))
            chosen.add(step)
    raise AssertionError  # count() has no end


@dataclass(frozen=True, eq=False)
class _Seen:
    """The model and the data, with what several quantities need and only one has to compute."""

    model: nn.Module
    dataset: Dataset
    weights: Weights | nn.Module | None
    batches: Sequence[Tensor]

    @cached_property
    def classifier(self) -> nn.Linear:
        layer = find_classifier(self.model, self.dataset.num_classes)
        assert isinstance(layer, nn.Linear)
        return layer

    @cached_property
    def train(self) -> tuple[Tensor, Tensor]:
        return self.through(self.dataset.x)

    def through(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [n, C] of inputs ``x``, and the features [n, d] that go into the classifier."""
        inputs: list[Tensor] = []
        handle = self.classifier.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
        try:
            return self.model(x), inputs[-1]
        finally:
            handle.remove()


def _regions(seen: _Seen) -> dict[str, object]:
    return {
        "regions": decision_regions(seen.model, seen.dataset),
        "window": window(seen.dataset),
    }


def _sample_loss(seen: _Seen) -> dict[str, object]:
    logits, y = seen.train[0], seen.dataset.y
    return {"sample_loss": F.cross_entropy(logits, y, reduction="none")}


def _sample_weight(seen: _Seen) -> dict[str, object]:
    return {"sample_weight": sample_weights(seen.weights, seen.train[0], seen.dataset.y)}


def _features(seen: _Seen) -> dict[str, object]:
    data, features = seen.dataset, seen.train[1]
    plane = feature_plane(features, data.y, data.num_classes)
    rows = _first_of_each(data.y, data.num_classes)
    test_rows = _first_of_each(data.y_test, data.num_classes)
    return {
        "features": plane.of(features[rows]),
        "features_y": data.y[rows],
        "features_test": plane.of(seen.through(data.x_test[test_rows])[1]),
        "features_test_y": data.y_test[test_rows],
        "features_share": plane.share,
    }


def _first_of_each(y: Tensor, num_classes: int) -> Tensor:
    """Rows of the first examples of each class; data sets are drawn at random, so any will do."""
    most = max(1, FEATURES_SHOWN // num_classes)
    return torch.cat([(y == c).nonzero()[:most, 0] for c in range(num_classes)])


def _gram(seen: _Seen) -> dict[str, object]:
    with torch.enable_grad():
        grads = gradients_of_trained(seen.model, seen.dataset)
    return {"gram": grads @ grads.T}


def _angles(seen: _Seen) -> dict[str, object]:
    weight = seen.classifier.weight
    return {"angles": cosines(weight - weight.mean(dim=0))}


def _feature_gradient(seen: _Seen) -> dict[str, object]:
    norms = mean_feature_gradients(seen.train[0], seen.dataset.y, seen.classifier.weight)
    return {"feature_gradient": norms}


def _projection(seen: _Seen) -> dict[str, object]:
    if not seen.batches:
        raise ValueError("batches: the projection is that of mini-batches; give a few, as [rows]")
    data = seen.dataset
    with torch.enable_grad():
        full = gradients_of_trained(seen.model, data)
        drawn = [
            class_gradients(seen.model, data.x[rows], data.y[rows], data.num_classes)
            for rows in seen.batches
        ]
    return {"projection": torch.stack([projections(each, full) for each in drawn]).mean(dim=0)}


QUANTITIES: dict[str, Callable[[_Seen], dict[str, object]]] = {
    "regions": _regions,
    "sample_loss": _sample_loss,
    "sample_weight": _sample_weight,
    "features": _features,
    "gram": _gram,
    "angles": _angles,
    "feature_gradient": _feature_gradient,
    "projection": _projection,
}
