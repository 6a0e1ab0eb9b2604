"""What a data source has to say about itself, and two helpers for writing one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Sample = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Source:
    """A named set of classes that examples can be drawn from.

    `draw(label, n_train, n_test, rng, **options)` returns the class's training and test inputs.
    With the same rng the first examples do not depend on how many are asked for: that is what
    keeps a training set at one rho inside the training set at a smaller rho.
    """

    name: str
    class_names: tuple[str, ...]
    hard_order: tuple[int, ...]  # labels, the easily told ones first: rare="hard"
    n_max: int  # default training examples of the largest class
    n_test: int  # default test examples per class
    draw: Callable[..., tuple[np.ndarray, np.ndarray]]
    options: tuple[str, ...] = ()


def generated(sample: Sample) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """The `draw` of a source that makes its examples with `sample(label, n, rng, **options)`."""

    def draw(
        label: int, n_train: int, n_test: int, rng: np.random.Generator, **options: float
    ) -> tuple[np.ndarray, np.ndarray]:
        train, test = rng.spawn(2)
        return sample(label, n_train, train, **options), sample(label, n_test, test, **options)

    return draw


def require(available: int, wanted: int, argument: str, what: str) -> None:
    """Raise ValueError when a fixed set has fewer examples than wanted."""
    if wanted > available:
        raise ValueError(
            f"{argument} asks for {wanted} {what}, and there are {available}; "
            f"use at most {available}"
        )
