"""Clothes, 14x14 pixels: 600 training and 200 test images a class of Fashion-MNIST.

Xiao, Rasul and Vollgraf (2017, arXiv 1708.07747), MIT licence, see NOTICE. The images come with
the package; `make_fashion14` is the script that made the file. Grey levels are scaled to [0, 1]
and standardised with one mean and one spread, constants below.
"""

import hashlib
from functools import cache
from importlib.resources import files

import numpy as np

from imbal_lab.data.pools import from_two_pools
from imbal_lab.data.source import Source, class_by_class

SHA256 = {  # of the two arrays' bytes
    "train": "b67942dfa4abaf58ada3113e368ee073204af9889b496a22ab814a96a5e9adf1",
    "test": "21b2d251225fe698036aa322e27ebcbd21704dc87e0cd54f54b384dabbeb05f8",
}
MEAN, SPREAD = 0.28721, 0.33116  # of all training pixels


@cache
def _images() -> dict[str, np.ndarray]:
    """Standardised images of both parts: [class 10, image, pixel 196]."""
    with files("imbal_lab.data").joinpath("fashion14.npz").open("rb") as file:
        stored = dict(np.load(file))
    for part, images in stored.items():
        if hashlib.sha256(images.tobytes()).hexdigest() != SHA256[part]:
            raise RuntimeError(
                f"the {part} images in fashion14.npz are not the ones this package came with; "
                "install imbal-lab again"
            )
    return {
        part: ((images / 255 - MEAN) / SPREAD).astype(np.float32) for part, images in stored.items()
    }


def _draw(
    label: int, n_train: int, n_test: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    train, test = _images()["train"][label], _images()["test"][label]
    return from_two_pools(train, test, n_train, n_test, rng, "images of a class")


FASHION14 = Source(
    name="fashion14",
    class_names=(
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    hard_order=(1, 8, 9, 7, 5, 3, 0, 2, 4, 6),  # the tops that look alike come last
    n_max=600,
    n_test=200,
    make=class_by_class(_draw),
)
