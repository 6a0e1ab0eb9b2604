"""cdt_temperatures(counts, gamma) -> [C], as learners write it."""

import math

import numpy as np
import torch

# --- known mistakes -----------------------------------------------------------------------


def inverted(counts, gamma):
    return torch.pow(counts / counts.max(), gamma)


def inverted_by_sign(counts, gamma):
    return (counts.max() / counts) ** -gamma


def over_the_smallest(counts, gamma):
    return torch.tensor([(n / min(counts.tolist())) ** gamma for n in counts.tolist()])


def smallest_as_reference(counts, gamma):
    return torch.stack([(torch.min(counts) / n) ** gamma for n in counts])


def total_as_reference(counts, gamma):
    share = counts / counts.sum()
    return share**-gamma


def mean_as_reference(counts, gamma):
    return (counts.float().mean() / counts.float()).pow(gamma)


def first_as_reference(counts, gamma):
    largest, *_ = counts
    return (largest / counts) ** gamma


def times_gamma(counts, gamma):
    return counts.max() / counts * gamma


def no_gamma(counts, gamma):
    return counts.max().double() / counts


def root(counts, gamma):
    inverse = 1 / gamma if gamma else math.inf
    return (counts.max() / counts) ** inverse


def exponential(counts, gamma):
    return torch.exp(counts.max() / counts * gamma)


def logarithm(counts, gamma):
    return gamma * torch.log(counts.max() / counts)


def one_and_logarithm(counts, gamma):
    return 1 + gamma * (torch.log(counts.max()) - torch.log(counts))


def whole_division(counts, gamma):
    return torch.div(counts.max(), counts, rounding_mode="floor").float() ** gamma


def power_of_the_top(counts, gamma):
    return counts.max() ** gamma / counts


def shared_out(counts, gamma):
    a = (counts.max() / counts) ** gamma
    return a / sum(a)


def mean_one(counts, gamma):
    a = (1 / counts) ** gamma
    return a / a.mean()


# --- wrong, and on no list ----------------------------------------------------------------


def of_the_square_root(counts, gamma):
    return (counts.max() / counts).sqrt() ** gamma


def plus_one(counts, gamma):
    return ((counts.max() + 1) / (counts + 1)) ** gamma


def by_rank(counts, gamma):
    return (1 + torch.arange(len(counts)).double()) ** gamma


def softmaxed(counts, gamma):
    return ((counts.max() / counts) ** gamma).softmax(0)


def one_number(counts, gamma):
    return (counts.max() / counts.min()) ** gamma


def a_list(counts, gamma):
    return [(max(counts) / n) ** gamma for n in counts]


def no_return(counts, gamma):
    counts = (counts.max() / counts) ** gamma


# --- right --------------------------------------------------------------------------------


def one_line(counts, gamma):
    return (counts.max() / counts) ** gamma


def loop(counts, gamma):
    largest = max(counts.tolist())
    return torch.tensor([(largest / n) ** gamma for n in counts.tolist()], dtype=torch.float64)


def by_logarithms(counts, gamma):
    logs = counts.double().log()
    return (gamma * (logs.max() - logs)).exp()


def numpy_inside(counts, gamma):
    n = counts.numpy()
    return torch.from_numpy((n.max() / n) ** gamma)


def turned_twice(counts, gamma):
    return 1 / (counts / counts.amax()).pow(gamma)


def shares(counts, gamma):
    pi = counts / counts.sum()
    return (pi.max() / pi) ** gamma


def in_float32(counts, gamma):
    n = counts.float()
    return torch.pow(torch.max(n) / n, gamma)


def numbers(counts, gamma):
    return torch.tensor(np.power(max(counts.tolist()) / np.array(counts.tolist()), gamma))


MISTAKES = {
    "inverted": (inverted, inverted_by_sign),
    "over_the_smallest": (over_the_smallest,),
    "smallest_as_reference": (smallest_as_reference,),
    "total_as_reference": (total_as_reference,),
    "mean_as_reference": (mean_as_reference,),
    "first_as_reference": (first_as_reference,),
    "times_gamma": (times_gamma,),
    "no_gamma": (no_gamma,),
    "root": (root,),
    "exponential": (exponential,),
    "logarithm": (logarithm, one_and_logarithm),
    "whole_division": (whole_division,),
    "power_of_the_top": (power_of_the_top,),
    "shared_out": (shared_out, mean_one),
}

UNLISTED = {
    f.__name__: f
    for f in (
        of_the_square_root,
        plus_one,
        by_rank,
        softmaxed,
        one_number,
        a_list,
        no_return,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        one_line,
        loop,
        by_logarithms,
        numpy_inside,
        turned_twice,
        shares,
        in_float32,
        numbers,
    )
}
