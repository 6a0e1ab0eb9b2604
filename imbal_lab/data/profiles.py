"""How many training examples each class gets, most frequent class first.

rho = n_max / n_min >= 1, as the papers write it. Released code often says
imb_factor = n_min / n_max <= 1 instead (Cao et al., NeurIPS 2019); `ratio` turns one into the
other.
"""

from collections.abc import Callable, Sequence
from math import log

from imbal_lab.data.arguments import integer, integers, is_number

# A count such as 49 * (1 / 49) must not be cut from 1 to 0 by its last bit.
_ROUNDING = 1e-9


def long_tailed(n_max: int, rho: float, num_classes: int) -> tuple[int, ...]:
    """Counts that fall geometrically: n_c = int(n_max * rho^(-c / (C - 1))), c = 0 ... C-1.

    This is the profile of CIFAR-10-LT and CIFAR-100-LT.
    """
    last = num_classes - 1
    return tuple(int(n_max * rho ** (-c / last) + _ROUNDING) for c in range(num_classes))


def step(n_max: int, rho: float, num_classes: int) -> tuple[int, ...]:
    """Two levels: the first half of the classes has n_max, the second int(n_max / rho).

    With an odd number of classes the frequent half is the larger one.
    """
    rare = num_classes // 2
    return (n_max,) * (num_classes - rare) + (int(n_max / rho + _ROUNDING),) * rare


def power_law(n_max: int, rho: float, num_classes: int) -> tuple[int, ...]:
    """Counts that fall with a power of the rank: n_c = int(n_max * (c + 1)^-a), c = 0 ... C-1.

    a = ln(rho) / ln(C), so the last class has n_max / rho; rho = C is Zipf's law, a = 1. Natural
    collections with many classes are like this: a short head and a very long tail.
    """
    a = log(rho) / log(num_classes)
    return tuple(int(n_max * (c + 1) ** -a + _ROUNDING) for c in range(num_classes))


PROFILES: dict[str, Callable[[int, float, int], tuple[int, ...]]] = {
    "long-tailed": long_tailed,
    "step": step,
    "power-law": power_law,
}


def ratio(rho: float = 1.0, imb_factor: float | None = None) -> float:
    """The imbalance ratio rho, from rho itself or from imb_factor = 1 / rho.

    Raises ValueError when both are given, when rho < 1 or when imb_factor is outside (0, 1].
    """
    if imb_factor is not None:
        if rho != 1.0:
            raise ValueError(
                f"rho={rho} and imb_factor={imb_factor} were both given; "
                "they say the same thing (imb_factor = 1 / rho), so keep one of them"
            )
        if not is_number(imb_factor) or not 0 < imb_factor <= 1:
            raise ValueError(
                f"imb_factor={imb_factor!r}: it is n_min / n_max and must be in (0, 1]; "
                "for n_max / n_min use rho="
            )
        return 1 / imb_factor
    if not is_number(rho) or rho < 1:
        raise ValueError(
            f"rho={rho!r}: the imbalance ratio is n_max / n_min and must be a number >= 1; "
            "for n_min / n_max use imb_factor="
        )
    return rho


def counts_for(profile: str, n_max: int, rho: float, num_classes: int) -> tuple[int, ...]:
    """Counts of a named profile. ValueError on an unknown name, a bad n_max or an empty class."""
    if profile not in PROFILES:
        raise ValueError(
            f"profile={profile!r}: allowed are {', '.join(map(repr, PROFILES))}; "
            "for anything else give the numbers yourself with counts="
        )
    n_max = integer("n_max", n_max, least=1)
    counts = PROFILES[profile](n_max, rho, num_classes)
    if counts[-1] == 0:
        raise ValueError(
            f"rho={rho:g} with n_max={n_max} leaves class {counts.index(0)} without examples: "
            f"counts would be {counts}; use rho <= {n_max} or a larger n_max"
        )
    return counts


def own_counts(counts: Sequence[int], num_classes: int) -> tuple[int, ...]:
    """Checked counts of your own, one for each class, largest first.

    Raises ValueError when there are not C of them, when one is no integer >= 1 or when they rise.
    """
    given = integers("counts", counts, least=1)
    if len(given) != num_classes:
        raise ValueError(
            f"counts={given} has {len(given)} numbers for {num_classes} classes; "
            "give one for each class, or choose the classes with classes="
        )
    if list(given) != sorted(given, reverse=True):
        raise ValueError(
            f"counts={given} must fall, since class 0 is the most frequent one; "
            "sort them, and choose which classes are rare with rare= or classes="
        )
    return given
