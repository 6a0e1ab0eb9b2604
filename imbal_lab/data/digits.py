"""Handwritten digits, 8x8 pixels: 1797 real images that come with scikit-learn.

Inputs are standardised with one mean and one spread for the whole set, constants below: they do
not move with rho or with the split, so two settings always differ in the examples alone.
"""

from functools import cache

import numpy as np

from imbal_lab.data.source import Source, require

# Over all pixels of all 1797 images, grey levels 0 to 16.
MEAN, SPREAD = 4.884165, 6.016788


@cache
def _pool(label: int) -> np.ndarray:
    """All images of one digit, standardised, [n, 64]."""
    from sklearn.datasets import load_digits  # a second of import: only for those who use it

    images, labels = load_digits(return_X_y=True)
    pool = ((images[labels == label] - MEAN) / SPREAD).astype(np.float32)
    pool.setflags(write=False)
    return pool


def _draw(
    label: int, n_train: int, n_test: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    pool = _pool(label)
    require(
        len(pool) - n_test,
        n_train,
        "n_max (or counts)",
        f"training images of digit {label} ({len(pool)} in all, n_test={n_test} kept for the test)",
    )
    # Training images from one end of the shuffled pool and test images from the other: neither
    # changes with the size of the other.
    order = rng.permutation(len(pool))
    return pool[order[:n_train]], pool[order[len(pool) - n_test :]]


DIGITS = Source(
    name="digits",
    class_names=tuple("0123456789"),
    hard_order=(0, 6, 4, 7, 2, 5, 3, 9, 1, 8),
    n_max=120,
    n_test=50,
    draw=_draw,
)
