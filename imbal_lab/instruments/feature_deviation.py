"""Feature deviation: how far the test features of a class lie from its training features.

Ye, Chen, Zhan, Chao, 2020 (arXiv 2001.01385). For class c, with S_K a random K of its training
features, drawn R times:

    dev(c) = (1/R) sum_r || mean(S_K) - mean(test features of c) ||,    K = n_min

Why draw K of them: even where training and test features follow one law, the squared distance
of two means is tr(Sigma) (1/K + 1/M) on average. With all n_c examples instead of K, rare
classes look deviated because they are few (:func:`naive_deviation`).

Read it against :func:`null_deviation`, K test examples against the other test examples: a class
whose cloud is wider has a larger distance with no deviation at all. Evidence for deviation is
what is left when the ratio minor / major is divided by that of the null.

Take the features in eval mode, at the input of the classifier. Lengths differ from network to
network; divide each feature by its length first to compare networks.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from imbal_lab.methods import feature_deviation
from imbal_lab.methods.loss_inputs import check_labels

Measure = Callable[[Tensor, Tensor, Tensor], Tensor | float]


def subsampled_deviation(
    train: Tensor,
    y: Tensor,
    test: Tensor,
    y_test: Tensor,
    *,
    size: int | None = None,
    rounds: int = 1000,
    seed: int = 0,
    measure: Measure = feature_deviation,
) -> Tensor:
    """dev [C]: ``train`` [n, d] with labels ``y`` [n], ``test`` [m, d] with ``y_test`` [m].

    ``size`` is K, by default that of the smallest training class. ``measure`` takes the training
    features, test features and draws of one class. Raises ValueError for a class that is missing
    on one side or smaller than ``size``.

    >>> y = torch.tensor([0, 0, 0, 1])
    >>> train, test = torch.zeros(4, 2), torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    >>> subsampled_deviation(train, y, test, torch.tensor([0, 1]))
    tensor([5., 2.])
    """
    clouds, test_clouds = _both(train, y, test, y_test)
    size = min(map(len, clouds)) if size is None else size
    _check_size(size, rounds, most=min(map(len, clouds)))
    generator = torch.Generator().manual_seed(seed)
    found = [
        measure(cloud, other, _draws(len(cloud), size, rounds, generator))
        for cloud, other in zip(clouds, test_clouds, strict=True)
    ]
    return _stacked(found, like=train)


def naive_deviation(
    train: Tensor,
    y: Tensor,
    test: Tensor,
    y_test: Tensor,
    *,
    measure: Measure = feature_deviation,
) -> Tensor:
    """The same without drawing, all n_c training examples at once: [C], larger where n_c is small.

    This is the measure *not* to trust; it is here to be compared with.
    """
    pairs = zip(*_both(train, y, test, y_test), strict=True)
    return _stacked([measure(a, b, torch.arange(len(a))[None]) for a, b in pairs], like=train)


def null_deviation(
    test: Tensor, y_test: Tensor, *, size: int, rounds: int = 1000, seed: int = 0
) -> Tensor:
    """dev [C] where there is none: ``size`` test examples against the others of their class.

    Raises ValueError unless every class has more than ``size`` test examples.
    """
    clouds = _clouds("test", test, y_test)
    _check_size(size, rounds, most=min(map(len, clouds)) - 1)
    generator = torch.Generator().manual_seed(seed)
    found = []
    for cloud in clouds:
        some = cloud[_draws(len(cloud), size, rounds, generator)].mean(dim=1)  # [rounds, d]
        others = (cloud.sum(dim=0) - size * some) / (len(cloud) - size)
        found.append((some - others).norm(dim=1).mean())
    return torch.stack(found)


def _draws(n: int, size: int, rounds: int, generator: torch.Generator) -> Tensor:
    """``size`` different row numbers below ``n``, drawn ``rounds`` times: [rounds, size]."""
    return torch.rand(rounds, n, generator=generator).argsort(dim=1)[:, :size]


def _stacked(numbers: list[Tensor | float], like: Tensor) -> Tensor:
    """One number a class: [C]; ValueError for anything else."""
    found = [torch.as_tensor(number) for number in numbers]
    for c, number in enumerate(found):
        if number.ndim:
            raise ValueError(
                f"measure: must return one number a class, gave {list(number.shape)} for class {c}"
            )
    return torch.stack([number.to(like) for number in found])


def _both(
    train: Tensor, y: Tensor, test: Tensor, y_test: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    clouds, test_clouds = _clouds("train", train, y), _clouds("test", test, y_test)
    if len(clouds) != len(test_clouds):
        raise ValueError(
            f"y, y_test: {len(clouds)} and {len(test_clouds)} classes; use the same in both"
        )
    return clouds, test_clouds


def _clouds(argument: str, features: Tensor, y: Tensor) -> list[Tensor]:
    """The features of each class, none of them empty."""
    check_labels(y, num_classes=int(y.max()) + 1 if y.numel() else 0)
    if features.ndim != 2 or y.shape != features.shape[:1]:
        raise ValueError(
            f"{argument}: shapes {tuple(features.shape)} and {tuple(y.shape)}; give features "
            "[n, d] and labels [n]"
        )
    clouds = [features[y == c].detach() for c in range(int(y.max()) + 1)]
    for c, cloud in enumerate(clouds):
        if not len(cloud):
            raise ValueError(f"{argument}: class {c} has no example; leave such classes out")
    return clouds


def _check_size(size: int, rounds: int, most: int) -> None:
    if not 1 <= size <= most or rounds < 1:
        raise ValueError(
            f"size={size!r}, rounds={rounds!r}: use 1 <= size <= {most}, what the smallest class "
            "allows, and rounds >= 1"
        )
