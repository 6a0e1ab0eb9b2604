"""`load`: from a source's name and an imbalance profile to a Dataset."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from imbal_lab.data import (
    cifar,
    digits,
    fashion14,
    features_lt,
    gauss2d,
    mnist1d,
    profiles,
    shuttle,
    shuttle_like,
    textures_seg,
)
from imbal_lab.data.arguments import integer, integers
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
        features_lt.FEATURES_LT,
        shuttle_like.SHUTTLE_LIKE,
        textures_seg.TEXTURES_SEG,
        shuttle.SHUTTLE,
        cifar.CIFAR10_LT,
        cifar.CIFAR100_LT,
    )
}
RARE = ("label", "hard", "random")


def names() -> tuple[str, ...]:
    """The sets that `load` has on every machine.

    Others are real and need a file or a download: "shuttle", "cifar10_lt" and "cifar100_lt".
    """
    return tuple(name for name, source in SOURCES.items() if "file" not in source.options)


def load(
    name: str,
    *,
    rho: float | None = None,
    imb_factor: float | None = None,
    profile: str | None = None,
    counts: Sequence[int] | None = None,
    rare: str = "label",
    classes: Sequence[int] | None = None,
    n_max: int | None = None,
    n_test: int | None = None,
    seed: int = 0,
    **source_options: object,
) -> Dataset:
    """An imbalanced training set and a balanced test set.

    Same arguments, same data; no global random state is read or changed. For one seed the
    training set at a large rho is part of the one at a smaller rho, and a class's examples do
    not depend on which other classes are there or in which order.

    Args:
        name: one of `names()`, or a real set that is not contained here: "shuttle",
            "cifar10_lt", "cifar100_lt".
        rho: imbalance ratio n_max / n_min >= 1; 1 where it is left out. "shuttle" and
            "shuttle_like" are imbalanced by nature and refuse it. In "textures_seg" it is the
            ratio of images that hold a texture.
        imb_factor: n_min / n_max = 1 / rho, instead of rho.
        profile: "long-tailed" (geometric), "step" (half the classes frequent, half rare) or
            "power-law" (a power of the rank); the last one is the default of "features_lt", the
            first one of all others.
        counts: your own numbers, one a class, largest first, instead of rho, profile and n_max.
        rare: which classes are the rare ones: "label" (the last labels), "hard" (those most
            easily confused, where the source knows them), "random" (a permutation by seed).
        classes: labels to keep, e.g. (3, 8); with rare="label" the first is the most frequent.
        n_max: training examples of the largest class.
        n_test: test examples of every class.
        seed: chooses the examples, and the order of classes for rare="random".
        source_options: see the source: offset= of "gauss2d_binary", file= of the real sets,
            download= of "cifar10_lt" and "cifar100_lt".

    Raises:
        ValueError: an argument is out of range or does not fit the source, or a file is damaged;
            the message says what is allowed.
        FileNotFoundError, ImportError: a real set is not there, or what reads it is not
            installed; the message says how to get it.
    """
    source = _source(name, source_options)
    seed = integer("seed", seed, least=0)
    labels = _ordered(source, _kept(source, classes), rare, seed)
    sizes = _sizes(source, labels, rho, imb_factor, profile, counts, n_max)
    split = source.make(labels, sizes, _test_sizes(source, labels, n_test), seed, **source_options)
    return Dataset(
        name=name,
        x=torch.from_numpy(split.x.astype(np.float32)),
        y=torch.from_numpy(split.y),
        x_test=torch.from_numpy(split.x_test.astype(np.float32)),
        y_test=torch.from_numpy(split.y_test),
        class_names=source.everywhere + tuple(source.class_names[label] for label in labels),
    )


def _source(name: str, options: dict[str, object]) -> Source:
    if name not in SOURCES:
        raise ValueError(f"name={name!r}: known data sets are {', '.join(map(repr, SOURCES))}")
    source = SOURCES[name]
    for option, given in options.items():
        if option not in source.options:
            allowed = ", ".join(source.options) or "none"
            raise ValueError(f"{option}={given!r}: options of {name!r} are: {allowed}")
    return source


def _sizes(
    source: Source,
    labels: tuple[int, ...],
    rho: float | None,
    imb_factor: float | None,
    profile: str | None,
    counts: Sequence[int] | None,
    n_max: int | None,
) -> tuple[int, ...]:
    """Training examples of each label."""
    shaping = {"rho": rho, "imb_factor": imb_factor, "profile": profile, "n_max": n_max}
    if counts is not None:
        if any(given is not None for given in shaping.values()):
            raise ValueError(
                f"counts={counts!r} came with rho, imb_factor, profile or n_max; counts says it "
                "all, so leave the others out"
            )
        return profiles.own_counts(counts, len(labels))
    if source.natural:
        _refuse_shaping(source, shaping)
        return tuple(source.natural[label] for label in labels)
    ratio = profiles.ratio(1.0 if rho is None else rho, imb_factor)
    n_max = source.n_max if n_max is None else n_max
    profile = source.profile if profile is None else profile
    return profiles.counts_for(profile, n_max, ratio, len(labels))


def _refuse_shaping(source: Source, shaping: Mapping[str, object]) -> None:
    for argument, given in shaping.items():
        if given is not None:
            raise ValueError(
                f"{argument}={given!r}: {source.name!r} is imbalanced by nature, with counts "
                f"{source.natural}; leave {argument} out, or give your own numbers with counts="
            )


def _test_sizes(source: Source, labels: tuple[int, ...], n_test: int | None) -> tuple[int, ...]:
    if n_test is not None:
        return (integer("n_test", n_test, least=1),) * len(labels)
    if isinstance(source.n_test, int):
        return (source.n_test,) * len(labels)
    return tuple(source.n_test[label] for label in labels)


def _kept(source: Source, classes: Sequence[int] | None) -> tuple[int, ...]:
    labels = range(len(source.class_names))
    if classes is None:
        return tuple(labels[: source.kept])
    kept = integers("classes", classes, least=0)
    if len(kept) < 2 or len(set(kept)) < len(kept) or not set(kept) <= set(labels):
        raise ValueError(
            f"classes={kept}: give two or more different labels of {source.name!r}, "
            f"from 0 to {labels[-1]}"
        )
    return kept


def _ordered(source: Source, labels: tuple[int, ...], rare: str, seed: int) -> tuple[int, ...]:
    """Labels with the most frequent first."""
    if source.natural:
        if rare != "label":
            raise ValueError(
                f"rare={rare!r}: which classes of {source.name!r} are rare is its nature; leave "
                "rare out"
            )
        return tuple(sorted(labels))
    if rare == "label":
        return labels
    if rare == "hard" and source.hard_order:
        return tuple(label for label in source.hard_order if label in labels)
    if rare == "random":
        rng = np.random.default_rng([seed, len(source.class_names)])  # a stream no class uses
        return tuple(rng.permutation(labels).tolist())
    allowed = [way for way in RARE if way != "hard" or source.hard_order]
    raise ValueError(f"rare={rare!r}: allowed are {', '.join(map(repr, allowed))}")
