"""How training and test examples are taken out of a fixed set of one class.

The order of the training examples depends on the random generator alone, so fewer examples are
always a part of more, and neither side changes with the size of the other.
"""

import numpy as np


def from_one_pool(
    pool: np.ndarray, n_train: int, n_test: int, rng: np.random.Generator, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Training examples from one end of the shuffled ``pool``, test examples from the other.

    Raises ValueError when there are too few; ``what`` says of what: "images of digit 3".
    """
    _require(len(pool) - 1, n_test, "n_test", f"test {what}, one kept to train on")
    kept = f"({len(pool)} in all, n_test={n_test} kept for the test)"
    _require(len(pool) - n_test, n_train, "n_max (or counts)", f"training {what} {kept}")
    order = rng.permutation(len(pool))
    return pool[order[:n_train]], pool[order[len(pool) - n_test :]]


def from_two_pools(
    train: np.ndarray,
    test: np.ndarray,
    n_train: int,
    n_test: int,
    rng: np.random.Generator,
    what: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Examples of a set with a test part of its own: drawn from ``train``, the first of ``test``.

    Raises ValueError when there are too few; ``what`` says of what: "images of a class".
    """
    _require(len(train), n_train, "n_max (or counts)", f"training {what}")
    _require(len(test), n_test, "n_test", f"test {what}")
    return train[rng.permutation(len(train))[:n_train]], test[:n_test]


def _require(available: int, wanted: int, argument: str, what: str) -> None:
    if wanted > available:
        raise ValueError(
            f"{argument} asks for {wanted} {what}, and there are {available}; "
            f"use at most {available}"
        )
