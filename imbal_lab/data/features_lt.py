"""Many classes in groups, as frozen features of a trained network: 64 numbers an example.

Generated, and made to resemble what is left of a set such as iNaturalist once the features are
learned: up to 1000 classes in 20 groups, where the classes of a group lie closer to each other
than the groups do. Each class is a Gaussian blob of the same size, and the nearest centre is
right for 99.8 % of 200 classes. The blobs do not move with seed, which only chooses the examples.

`load("features_lt", rho=150)` keeps 200 classes; `classes=range(1000)` all of them. Counts
follow a power law, as natural collections do, unless profile says otherwise.

Measured at rho=150 (2584 examples) with an MLP 64-128-200 (ReLU), 800 steps of SGD, batch 128,
learning rate 0.1, momentum 0.9, cosine schedule, 3 seeds: balanced accuracy 76 % with
cross-entropy, 78 % with oversampling, 83 % with logit adjustment, and 94 % with cross-entropy on
as many examples in balance.
"""

from functools import cache

import numpy as np

from imbal_lab.data.source import Source, generated

CLASSES, USUAL, GROUPS, FEATURES = 1000, 200, 20, 64
GROUP_SPREAD, CLASS_SPREAD, NOISE = 0.8, 0.65, 1.0  # standard deviation of every feature


@cache
def centres() -> np.ndarray:
    """Mean features of every class [1000, 64]; class c is in group c % 20."""
    groups, classes = np.random.default_rng(0).spawn(2)
    group = GROUP_SPREAD * groups.standard_normal((GROUPS, FEATURES))
    own = CLASS_SPREAD * classes.standard_normal((CLASSES, FEATURES))
    return group[np.arange(CLASSES) % GROUPS] + own


def _sample(label: int, n: int, rng: np.random.Generator) -> np.ndarray:
    return centres()[label] + NOISE * rng.standard_normal((n, FEATURES))


FEATURES_LT = Source(
    name="features_lt",
    class_names=tuple(f"{c % GROUPS}.{c // GROUPS}" for c in range(CLASSES)),  # group.member
    hard_order=tuple(range(CLASSES)),  # about equally hard
    n_max=400,
    n_test=20,
    make=generated(_sample),
    profile="power-law",
    kept=USUAL,
)
