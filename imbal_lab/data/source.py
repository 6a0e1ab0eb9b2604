"""What a data source has to say about itself, and helpers for writing one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]
Sample = Callable[..., np.ndarray]


class Split(NamedTuple):
    """Training and test examples with their labels, which are ranks."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Source:
    """A named set of classes that examples can be drawn from.

    `make(labels, sizes, n_tests, seed, **options)` returns the Split: `sizes[rank]` training and
    `n_tests[rank]` test examples of the class `labels[rank]`. With one seed the training set of
    smaller sizes is part of that of larger ones, so a training set at one rho lies inside the
    training set at a smaller rho.
    """

    name: str
    class_names: tuple[str, ...]
    hard_order: tuple[int, ...]  # labels, the easily told ones first: rare="hard"; () is unknown
    n_max: int  # default training examples of the largest class
    n_test: int | tuple[int, ...]  # default test examples of every class
    make: Callable[..., Split]
    options: tuple[str, ...] = ()
    profile: str = "long-tailed"  # the default
    natural: tuple[int, ...] = ()  # training examples a class, if the source has its own imbalance
    kept: int | None = None  # how many labels are kept by default; None is all
    everywhere: tuple[str, ...] = ()  # classes that are in every example, ranks before the others


def class_by_class(draw: Draw) -> Callable[..., Split]:
    """The `make` of a source whose classes are drawn one by one.

    `draw(label, n_train, n_test, rng, **options)` returns the class's training and test inputs.
    With the same rng the first examples must not depend on how many are asked for.
    """

    def make(
        labels: Sequence[int],
        sizes: Sequence[int],
        n_tests: Sequence[int],
        seed: int,
        **options: object,
    ) -> Split:
        drawn = [
            # One stream a class, so that no class depends on the others.
            draw(label, size, n_test, np.random.default_rng([seed, label]), **options)
            for label, size, n_test in zip(labels, sizes, n_tests, strict=True)
        ]
        ranks = np.arange(len(labels))
        return Split(
            x=np.concatenate([train for train, _ in drawn]),
            y=ranks.repeat(sizes),
            x_test=np.concatenate([test for _, test in drawn]),
            y_test=ranks.repeat(n_tests),
        )

    return make


def generated(sample: Sample) -> Callable[..., Split]:
    """The `make` of a source that makes a class with `sample(label, n, rng, **options)`."""

    def draw(
        label: int, n_train: int, n_test: int, rng: np.random.Generator, **options: object
    ) -> tuple[np.ndarray, np.ndarray]:
        train, test = rng.spawn(2)
        return sample(label, n_train, train, **options), sample(label, n_test, test, **options)

    return class_by_class(draw)
