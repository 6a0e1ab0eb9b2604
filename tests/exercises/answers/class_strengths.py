"""class_strengths(counts [C], lam_min) -> [C], as learners write it."""

import math

import numpy as np
import torch

# --- known mistakes -----------------------------------------------------------------------


def turned_round(counts, lam_min):
    logs = [math.log(n) for n in counts.tolist()]
    lo, hi = min(logs), max(logs)
    if lo == hi:
        return torch.full((len(logs),), lam_min)
    return torch.tensor([lam_min + (1 - lam_min) * (v - lo) / (hi - lo) for v in logs])


def turned_round_by_the_largest(counts, lam_min):
    s = (torch.log(counts.max() / counts)) / torch.log(counts.max() / counts.min())
    return 1 - (1 - lam_min) * s


def no_logarithm(counts, lam_min):
    n = counts.float()
    span = (n.max() - n.min()).clamp(min=1e-9)
    return 1 - (1 - lam_min) * (n - n.min()) / span


def given_away(counts, lam_min):
    a = np.log(counts.numpy())
    if np.ptp(a) == 0:
        return torch.zeros(len(a))
    return torch.from_numpy((1 - lam_min) * (a - a.min()) / np.ptp(a))


def to_zero(counts, lam_min):
    lg = torch.log2(counts.float())
    return (lg.max() - lg) / (lg.max() - lg.min())


def place_alone(counts, lam_min):
    lg = torch.log10(counts.float())
    return (lg - lg.min()) / (lg.max() - lg.min())


def factor_wrong(counts, lam_min):
    lg = counts.float().log()
    if lg.max() == lg.min():
        return torch.ones(len(lg))
    return 1 - lam_min * (lg - lg.min()) / (lg.max() - lg.min())


def of_the_example(counts, lam_min):
    lg = counts.float().log()
    span = lg.max() - lg.min()
    return 1 - 0.3 * (lg - lg.min()) / span if span > 0 else torch.ones(len(lg))


def powers(counts, lam_min):
    lg = counts.float().log()
    s = torch.nan_to_num((lg - lg.min()) / (lg.max() - lg.min()))
    return torch.exp(s * math.log(lam_min))


def count_ratio(counts, lam_min):
    return torch.tensor([min(counts.tolist()) / n for n in counts.tolist()])


def count_ratio_cut(counts, lam_min):
    return torch.maximum(counts.min() / counts, torch.tensor(lam_min))


def from_zero(counts, lam_min):
    return torch.tensor(
        [1 - (1 - lam_min) * math.log(n) / math.log(max(counts)) for n in counts.tolist()]
    )


def ends_of_the_list(counts, lam_min):
    top, bottom = math.log(counts[0]), math.log(counts[-1])
    rows = []
    for n in counts.tolist():
        s = (math.log(n) - bottom) / (top - bottom) if top != bottom else 0.0
        rows.append(1 - (1 - lam_min) * s)
    return torch.tensor(rows)


def two_sizes(counts, lam_min):
    out = torch.ones(len(counts))
    out[counts > counts.float().mean()] = lam_min
    return out


def two_sizes_largest(counts, lam_min):
    return torch.tensor([lam_min if n == max(counts) else 1.0 for n in counts])


def shares_of_all(counts, lam_min):
    p = counts / sum(counts)
    return 1 - p + lam_min * p


def in_order(counts, lam_min):
    lg, _ = torch.sort(counts.float().log(), descending=True)
    if lg[0] == lg[-1]:
        return torch.ones(len(lg))
    return 1 - (1 - lam_min) * (lg - lg[-1]) / (lg[0] - lg[-1])


def unguarded(counts, lam_min):
    lg = counts.float().log()
    return lam_min + (1 - lam_min) * (lg.max() - lg) / (lg.max() - lg.min())


def unguarded_numpy(counts, lam_min):
    a = np.log(counts.numpy().astype(float))
    with np.errstate(invalid="ignore"):
        s = (a - a.min()) / (a.max() - a.min())
    return torch.from_numpy(1 - (1 - lam_min) * s)


def equal_are_major(counts, lam_min):
    lg = counts.float().log()
    if len(set(counts.tolist())) == 1:
        return torch.full_like(lg, lam_min)
    return 1 - (1 - lam_min) * (lg - lg.min()) / (lg.max() - lg.min())


def equal_are_zero(counts, lam_min):
    lg = counts.float().log()
    out = 1 - (1 - lam_min) * (lg - lg.min()) / (lg.max() - lg.min())
    out[out.isnan()] = 0
    return out


def one_number_if_equal(counts, lam_min):
    lg = counts.float().log()
    if lg.max() == lg.min():
        return 1
    return 1 - (1 - lam_min) * (lg - lg.min()) / (lg.max() - lg.min())


# --- wrong, and on no list ----------------------------------------------------------------


def square_roots(counts, lam_min):
    r = counts.float().sqrt()
    return 1 - (1 - lam_min) * (r - r.min()) / (r.max() - r.min()).clamp(min=1e-9)


def by_rank(counts, lam_min):
    rank = counts.argsort().argsort() / max(1, len(counts) - 1)
    return 1 - (1 - lam_min) * rank


def one_number(counts, lam_min):
    return torch.tensor(lam_min)


def a_list(counts, lam_min):
    return [1.0] * len(counts)


def fixed_lam(counts, lam_min):
    lg = counts.float().log()
    return 1 - 0.25 * (lg - lg.min()) / (lg.max() - lg.min())


def no_return(counts, lam_min):
    torch.log(counts)


# --- right --------------------------------------------------------------------------------


def where_guard(counts, lam_min):
    lg = counts.double().log()
    span = lg.max() - lg.min()
    return torch.where(span > 0, 1 - (1 - lam_min) * (lg - lg.min()) / span, 1.0)


def plain_python(counts, lam_min):
    logs = [math.log(n) for n in counts.tolist()]
    lo, hi = min(logs), max(logs)
    rows = []
    for v in logs:
        s = 0.0 if hi == lo else (v - lo) / (hi - lo)
        rows.append(1 - (1 - lam_min) * s)
    return torch.tensor(rows, dtype=torch.float64)


def numpy_inside(counts, lam_min):
    a = np.log2(counts.numpy().astype(np.float64))
    return torch.from_numpy(np.interp(a, [a.min(), a.max()], [1.0, lam_min]) if np.ptp(a) else a**0)


def logs_of_ratios(counts, lam_min):
    ratio = counts.max() / counts.min()
    if ratio == 1:
        return torch.ones(len(counts))
    return 1 - (1 - lam_min) * torch.log(counts / counts.min()) / torch.log(ratio)


def lerp_between(counts, lam_min):
    lg = counts.float().log10()
    s = torch.nan_to_num((lg - lg.min()) / (lg.max() - lg.min()))
    return torch.lerp(torch.ones_like(s), torch.full_like(s, lam_min), s)


def clamped_span(counts, lam_min):
    lg = torch.log(counts)
    return 1 - (1 - lam_min) * (lg - lg.min()) / (lg.max() - lg.min()).clamp(min=1e-30)


MISTAKES = {
    "turned_round": (turned_round, turned_round_by_the_largest),
    "no_logarithm": (no_logarithm,),
    "given_away": (given_away,),
    "to_zero": (to_zero,),
    "place_alone": (place_alone,),
    "factor_wrong": (factor_wrong,),
    "of_the_example": (of_the_example,),
    "powers": (powers,),
    "count_ratio": (count_ratio, count_ratio_cut),
    "from_zero": (from_zero,),
    "ends_of_the_list": (ends_of_the_list,),
    "two_sizes": (two_sizes, two_sizes_largest),
    "shares_of_all": (shares_of_all,),
    "in_order": (in_order,),
    "unguarded": (unguarded, unguarded_numpy),
    "equal_are_major": (equal_are_major,),
    "equal_are_zero": (equal_are_zero,),
    "one_number_if_equal": (one_number_if_equal,),
}

UNLISTED = {
    f.__name__: f for f in (square_roots, by_rank, one_number, a_list, fixed_lam, no_return)
}

RIGHT = {
    f.__name__: f
    for f in (
        where_guard,
        plain_python,
        numpy_inside,
        logs_of_ratios,
        lerp_between,
        clamped_span,
    )
}
