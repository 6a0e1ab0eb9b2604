"""sampling_weights(y [n]) -> [n], as learners write it."""

from collections import Counter

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812


def size_of_class(y):
    how_many = Counter(y.tolist())
    return torch.tensor([float(how_many[label]) for label in y.tolist()])


# --- known mistakes -----------------------------------------------------------------------


def uniform(y):
    return torch.full((len(y),), 1 / len(y))


def per_class(y):
    w = 1 / y.unique(return_counts=True)[1].double()
    return w / w.sum()


def per_class_shares(y):
    return torch.tensor([1 / (y == c).sum() / len(y.unique()) for c in y.unique()])


def proportional(y):
    w = size_of_class(y)
    return w / w.sum()


def own_share(y):
    return torch.stack([(y == label).double().mean() for label in y])


def not_shared(y):
    return torch.tensor([1 / (y == label).sum().item() for label in y])


def mean_one(y):
    w = 1 / size_of_class(y)
    return w / w.mean()


def relative_to_largest(y):
    sizes = size_of_class(y)
    return max(sizes) / sizes


def squared(y):
    w = 1 / size_of_class(y).square()
    return w / w.sum()


def rooted(y):
    return F.normalize(size_of_class(y).rsqrt(), p=1, dim=0)


def complement(y):
    w = 1 - size_of_class(y) / y.numel()
    return w / w.sum()


def rarest_only(y):
    sizes = size_of_class(y)
    w = torch.where(sizes > sizes.min(), 0.0, 1.0)
    return w / w.sum()


def class_share(y):
    return torch.full(y.shape, 1 / len(set(y.tolist())), dtype=torch.float64)


def unused_labels(y):
    counts = torch.bincount(y)
    return (1 / counts)[y] / len(counts)


def by_label(y):
    return y / y.sum()


def by_label_from_one(y):
    return (y + 1.0) / (y + 1.0).sum()


def whole_numbers(y):
    counts = torch.bincount(y)
    return 1 // (counts[y] * len(y.unique()))


def class_by_class(y):
    pieces = []
    for label in sorted(set(y.tolist())):
        n = int((y == label).sum())
        pieces += [1 / n / len(y.unique())] * n
    return torch.tensor(pieces)


# --- wrong, and on no list ----------------------------------------------------------------


def softmax_of_counts(y):
    return F.softmax(-size_of_class(y), dim=0)


def half_way(y):
    return (1 / (len(y.unique()) * size_of_class(y)) + 1 / len(y)) / 2


def rarest_twice(y):
    w = torch.where(size_of_class(y) == size_of_class(y).min(), 2.0, 1.0)
    return w / w.sum()


def a_list(y):
    return [1 / (len(y.unique()) * n) for n in size_of_class(y).tolist()]


def a_column(y):
    return (1 / (len(y.unique()) * size_of_class(y)))[:, None]


def logarithm(y):
    return -torch.log(size_of_class(y) / len(y))


def a_dictionary(y):
    return {label: 1 / n for label, n in Counter(y.tolist()).items()}


# --- right --------------------------------------------------------------------------------


def counter(y):
    how_many = Counter(y.tolist())
    return torch.tensor([1 / (len(how_many) * how_many[label]) for label in y.tolist()])


def bincount(y):
    w = 1.0 / torch.bincount(y)[y]
    return w / w.sum()


def one_hot(y):
    hot = F.one_hot(y).double()
    counts = hot.sum(0)
    return hot @ torch.where(counts > 0, 1 / counts, 0.0) / (counts > 0).sum()


def loop(y):
    w = torch.zeros(len(y), dtype=torch.float64)
    classes = y.unique()
    for c in classes:
        w[y == c] = 1 / (len(classes) * (y == c).sum())
    return w


def numpy_inside(y):
    _, inverse, counts = np.unique(y.numpy(), return_inverse=True, return_counts=True)
    return torch.from_numpy(1 / (len(counts) * counts[inverse]))


def pairwise(y):
    same = (y[:, None] == y[None]).sum(1)
    return 1 / same / y.unique().numel()


MISTAKES = {
    "uniform": (uniform,),
    "per_class": (per_class, per_class_shares),
    "proportional": (proportional, own_share),
    "not_shared": (not_shared,),
    "scale_of_a_loss_weight": (mean_one, relative_to_largest),
    "squared": (squared,),
    "rooted": (rooted,),
    "complement": (complement,),
    "rarest_only": (rarest_only,),
    "class_share": (class_share,),
    "unused_labels": (unused_labels,),
    "by_label": (by_label, by_label_from_one),
    "whole_numbers": (whole_numbers,),
    "other_order": (class_by_class,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        softmax_of_counts,
        half_way,
        rarest_twice,
        a_list,
        a_column,
        logarithm,
        a_dictionary,
    )
}

RIGHT = {f.__name__: f for f in (counter, bincount, one_hot, loop, numpy_inside, pairwise)}
