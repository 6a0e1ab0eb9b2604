"""Handwritten digits, 8x8 pixels: 1797 real images, the same as in scikit-learn.

Alpaydin and Kaynak (1998), UCI Machine Learning Repository, see NOTICE. They come with the package,
because importing scikit-learn for them takes over a second; `make_digits` made the file.

Every pixel is standardised with its mean and spread over all 1797 images (a pixel that is blank in
all of them stays 0). These constants do not move with rho or with the split, so two settings
differ in their examples alone.
"""

from functools import cache
from importlib.resources import files

import numpy as np

from imbal_lab.data.pools import from_one_pool
from imbal_lab.data.source import Source, class_by_class


@cache
def _pools() -> list[np.ndarray]:
    """All images of each digit, standardised: ten arrays [n, 64]."""
    with files("imbal_lab.data").joinpath("digits.npz").open("rb") as file:
        stored = dict(np.load(file))
    images, labels = stored["images"].astype(np.float64), stored["labels"]
    spread = images.std(0)
    standardised = (images - images.mean(0)) / np.where(spread > 0, spread, 1)
    return [standardised[labels == digit] for digit in range(10)]


def _draw(
    label: int, n_train: int, n_test: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    return from_one_pool(_pools()[label], n_train, n_test, rng, f"images of digit {label}")


DIGITS = Source(
    name="digits",
    class_names=tuple("0123456789"),
    hard_order=(0, 7, 6, 1, 2, 4, 3, 5, 9, 8),  # recall of a balanced MLP, 10 seeds
    n_max=120,
    n_test=50,
    make=class_by_class(_draw),
)
