"""imbalance_ratio(y [n]) -> a number, as learners write it."""

from collections import Counter
from fractions import Fraction

import numpy as np
import torch

# --- known mistakes -----------------------------------------------------------------------


def inverted(y):
    counts = Counter(y.tolist()).values()
    return min(counts) / max(counts)


def share_of_majority(y):
    return y.bincount().max().item() / len(y)


def all_over_smallest(y):
    return y.numel() / min((y == c).sum().item() for c in y.unique())


def gap(y):
    counts = np.unique(y.numpy(), return_counts=True)[1]
    return int(counts.max() - counts.min())


def against_the_rest(y):
    top = max(Counter(y.tolist()).values())
    return top / (len(y) - top)


def against_the_mean(y):
    counts = torch.unique(y, return_counts=True)[1].float()
    return counts.max() / counts.mean()


def first_over_last(y):
    counts = [(y == c).sum().item() for c in sorted(set(y.tolist()))]
    return counts[0] / counts[-1]


def rounded_down(y):
    counts = Counter(int(v) for v in y)
    return max(counts.values()) // min(counts.values())


def unused_labels(y):
    counts = torch.bincount(y)
    return counts.max() / counts.min()


def unused_labels_one_hot(y):
    counts = torch.nn.functional.one_hot(y).sum(0).float()
    return (counts.max() / counts.min()).item()


def ratio_of_labels(y):
    return y.max() / y.min()


# --- wrong, and on no list ----------------------------------------------------------------


def counts_of_all(y):
    return torch.unique(y, return_counts=True)[1]


def a_string(y):
    return f"{right_counter(y):.1f}"


def no_return(y):
    right_counter(y)


def in_a_list(y):
    return [right_counter(y)]


def one_too_many(y):
    return right_counter(y) + 1


def true(y):
    return True


def divides_by_zero(y):
    return 1 / 0


def key_error(y):
    return Counter(y.tolist()).most_common(1)[1]


def leaves(y):
    raise SystemExit


def gap_inverted(y):
    return 1 / gap(y)


# --- right --------------------------------------------------------------------------------


def right_counter(y):
    counts = Counter(y.tolist()).values()
    return max(counts) / min(counts)


def right_unique(y):
    counts = y.unique(return_counts=True)[1]
    return counts.max() / counts.min()


def right_bincount(y):
    counts = torch.bincount(y)
    counts = counts[counts > 0]
    return float(max(counts)) / float(min(counts))


def right_numpy32(y):
    counts = np.unique(y.numpy(), return_counts=True)[1].astype(np.float32)
    return counts.max() / counts.min()


def right_sorted_loop(y):
    counts = sorted(sum(1 for v in y if v == c) for c in set(y.tolist()))
    return counts[-1] / counts[0]


def right_fraction(y):
    counts = Counter(y.tolist())
    return Fraction(max(counts.values()), min(counts.values()))


def first_two(y):
    n = torch.bincount(y)
    n = n[n.nonzero()].flatten().tolist()
    return n[0] / n[1]


MISTAKES = {
    "inverted": (inverted,),
    "share_of_majority": (share_of_majority,),
    "all_over_smallest": (all_over_smallest,),
    "gap": (gap,),
    "against_the_rest": (against_the_rest,),
    "against_the_mean": (against_the_mean,),
    "first_over_last": (first_over_last, first_two),
    "rounded_down": (rounded_down,),
    "unused_labels": (unused_labels, unused_labels_one_hot),
    "ratio_of_labels": (ratio_of_labels,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        counts_of_all,
        a_string,
        no_return,
        in_a_list,
        one_too_many,
        true,
        divides_by_zero,
        key_error,
        leaves,
        gap_inverted,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        right_counter,
        right_unique,
        right_bincount,
        right_numpy32,
        right_sorted_loop,
        right_fraction,
    )
}
