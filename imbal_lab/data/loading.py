"""`load`: from a source's name and an imbalance profile to a Dataset."""

from collections.abc import Sequence

import numpy as np
import torch

from imbal_lab.data import digits, fashion14, gauss2d, mnist1d, profiles
from imbal_lab.data.arguments import integer, integers, is_number
from imbal_lab.data.dataset import Dataset
from imbal_lab.data.source import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        gauss2d.FOUR_CLASSES,
        gauss2d.TWO_CLASSES,
        mnist1d.MNIST1D,
        digits.DIGITS,
        fashion14.FASHION14,
    )
}
PROFILE = "long-tailed"  # the default
RARE = ("label", "hard", "random")


def names() -> tuple[str, ...]:
    """Names that `load` understands."""
    return tuple(SOURCES)


def load(
    name: str,
    *,
    rho: float = 1.0,
    imb_factor: float | None = None,
    profile: str = PROFILE,
    counts: Sequence[int] | None = None,
    rare: str = "label",
    classes: Sequence[int] | None = None,
    n_max: int | None = None,
    n_test: int | None = None,
    seed: int = 0,
    **source_options: float,
) -> Dataset:
    """An imbalanced training set and a balanced test set.

    Same arguments, same data; no global random state is read or changed. For one seed the
    training set at a large rho is part of the one at a smaller rho, and a class's examples do
    not depend on which other classes are there or in which order.

    Args:
        name: one of `names()`.
        rho: imbalance ratio n_max / n_min >= 1.
        imb_factor: n_min / n_max = 1 / rho, instead of rho.
        profile: "long-tailed" (geometric) or "step" (half the classes frequent, half rare).
        counts: your own numbers, one a class, largest first, instead of rho, profile and n_max.
        rare: which classes are the rare ones: "label" (the last labels), "hard" (those most
            easily confused; each source gives its order), "random" (a permutation by seed).
        classes: labels to keep, e.g. (3, 8); with rare="label" the first is the most frequent.
        n_max: training examples of the largest class.
        n_test: test examples of every class.
        seed: chooses the examples, and the order of classes for rare="random".
        source_options: see the source, e.g. offset= of "gauss2d_binary".

    Raises:
        ValueError: an argument is out of range or does not fit the source; the message says what
            is allowed.
    """
    source = _source(name, source_options)
    seed = integer("seed", seed, least=0)
    labels = _ordered(source, _kept(source, classes), rare, seed)
    ratio = profiles.ratio(rho, imb_factor)
    if counts is None:
        n_max = source.n_max if n_max is None else n_max
        sizes = profiles.counts_for(profile, n_max, ratio, len(labels))
    elif ratio != 1 or n_max is not None or profile != PROFILE:
        raise ValueError(
            f"counts={counts!r} came with rho, imb_factor, profile or n_max; counts says it all, "
            "so leave the others out"
        )
    else:
        sizes = profiles.own_counts(counts, len(labels))
    n_test = source.n_test if n_test is None else integer("n_test", n_test, least=1)

    drawn = [
        # One stream a class, so that no class depends on the others.
        source.draw(label, size, n_test, np.random.default_rng([seed, label]), **source_options)
        for label, size in zip(labels, sizes, strict=True)
    ]
    ranks = torch.arange(len(labels))
    return Dataset(
        name=name,
        x=_tensor([train for train, _ in drawn]),
        y=ranks.repeat_interleave(torch.tensor(sizes)),
        x_test=_tensor([test for _, test in drawn]),
        y_test=ranks.repeat_interleave(n_test),
        class_names=tuple(source.class_names[label] for label in labels),
    )


def _tensor(blocks: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(blocks).astype(np.float32))


def _source(name: str, options: dict[str, float]) -> Source:
    if name not in SOURCES:
        raise ValueError(f"name={name!r}: known data sets are {', '.join(map(repr, SOURCES))}")
    source = SOURCES[name]
    for option, given in options.items():
        if option not in source.options:
            allowed = ", ".join(source.options) or "none"
            raise ValueError(f"{option}={given!r}: options of {name!r} are: {allowed}")
        if not is_number(given):
            raise ValueError(f"{option}={given!r}: use a finite number")
    return source


def _kept(source: Source, classes: Sequence[int] | None) -> tuple[int, ...]:
    labels = range(len(source.class_names))
    if classes is None:
        return tuple(labels)
    kept = integers("classes", classes, least=0)
    if len(kept) < 2 or len(set(kept)) < len(kept) or not set(kept) <= set(labels):
        raise ValueError(
            f"classes={kept}: give two or more different labels of {source.name!r}, "
            f"from 0 to {labels[-1]}"
        )
    return kept


def _ordered(source: Source, labels: tuple[int, ...], rare: str, seed: int) -> tuple[int, ...]:
    """Labels with the most frequent first."""
    if rare == "label":
        return labels
    if rare == "hard":
        return tuple(label for label in source.hard_order if label in labels)
    if rare == "random":
        rng = np.random.default_rng([seed, len(source.class_names)])  # a stream no class uses
        return tuple(rng.permutation(labels).tolist())
    raise ValueError(f"rare={rare!r}: allowed are {', '.join(map(repr, RARE))}")
