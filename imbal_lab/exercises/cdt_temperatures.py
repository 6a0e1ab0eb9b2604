"""Exercise 05.2: class-dependent temperatures."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import cdt_temperatures


def about(sizes: list[int], gamma: float) -> Case:
    """Whole counts within a tenth of ``sizes``, in their order."""

    def draw(generator: Generator) -> Inputs:
        factor = 0.9 + 0.2 * torch.rand(len(sizes), generator=generator)
        return {"counts": (torch.tensor(sizes) * factor).ceil().long(), "gamma": gamma}

    return Case(f"about {sizes}, gamma {gamma}", draw)


def exactly(counts: list[float], gamma: float, dtype: torch.dtype = torch.int64) -> Case:
    def draw(generator: Generator) -> Inputs:
        return {"counts": torch.tensor(counts, dtype=dtype), "gamma": gamma}

    return Case(f"counts {counts}, gamma {gamma}, {dtype}", draw)


def one_for_the_largest(inputs: Inputs, result: Tensor) -> bool:
    return bool((result[inputs["counts"].argmax()] - 1).abs() < 1e-4)


def rarer_is_hotter(inputs: Inputs, result: Tensor) -> bool:
    by_count = result.double()[inputs["counts"].argsort(descending=True)]
    return bool((by_count.diff() >= -1e-4).all())


def inverted(counts: Tensor, gamma: float) -> Tensor:
    return 1 / cdt_temperatures(counts, gamma)


def over_the_smallest(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return (n / n.min()) ** gamma


def smallest_as_reference(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return (n.min() / n) ** gamma


def total_as_reference(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return (n.sum() / n) ** gamma


def mean_as_reference(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return (n.mean() / n) ** gamma


def first_as_reference(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return (n[0] / n) ** gamma


def times_gamma(counts: Tensor, gamma: float) -> Tensor:
    return gamma * cdt_temperatures(counts, 1)


def no_gamma(counts: Tensor, gamma: float) -> Tensor:
    return cdt_temperatures(counts, 1)


def root(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return (n.max() / n) ** (torch.tensor(1.0) / gamma)


def exponential(counts: Tensor, gamma: float) -> Tensor:
    return (gamma * cdt_temperatures(counts, 1)).exp()


def logarithm(counts: Tensor, gamma: float) -> Tensor:
    return cdt_temperatures(counts, gamma).log()


def one_and_logarithm(counts: Tensor, gamma: float) -> Tensor:
    return 1 + cdt_temperatures(counts, gamma).log()


def whole_division(counts: Tensor, gamma: float) -> Tensor:
    return (counts.double().max() // counts) ** gamma


def power_of_the_top(counts: Tensor, gamma: float) -> Tensor:
    n = counts.double()
    return n.max() ** gamma / n


def shared_out(counts: Tensor, gamma: float) -> Tensor:
    a = cdt_temperatures(counts, gamma)
    return a / a.sum()


def mean_one(counts: Tensor, gamma: float) -> Tensor:
    a = cdt_temperatures(counts, gamma)
    return a / a.mean()


EXERCISE = Exercise(
    id="cdt_temperatures",
    reference=cdt_temperatures,
    axes=("class",),
    groups=(
        Group(
            "three classes",
            "1 for the largest class, more for rarer ones",
            2,
            (about([5000, 520, 53], 0.3), about([97, 42, 11, 4], 0.15)),
            "work out one class by hand: 5000 over 50 is 100, and 100 ** 0.3 is 3.98.",
        ),
        Group(
            "gamma = 0, and equal counts",
            "with gamma = 0, or equal counts, every temperature is 1",
            1,
            (exactly([90, 30, 10], 0.0), exactly([25, 25, 25], 0.4)),
            "anything to the power 0 is 1, and so is any power of 1.",
        ),
        Group(
            "the largest class is not the first",
            "the largest count is the reference, wherever it stands",
            1,
            (about([40, 310, 7], 0.25),),
            "find the largest count with counts.max().",
        ),
        Group(
            "ten classes, counts that are not whole",
            "ten classes, and counts that are not whole, work as well",
            1,
            (
                about([5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50], 0.2),
                exactly([12.5, 3.75, 0.5], 0.5, torch.float64),
            ),
            "avoid a fixed number of classes and rounding.",
            hidden=True,
        ),
    ),
    properties=(
        Property("the largest class has the temperature 1.", one_for_the_largest),
        Property("a rarer class never has the smaller temperature.", rarer_is_hotter),
    ),
    mistakes=(
        Mistake(
            "inverted",
            "the ratio is turned round, so rare classes get temperatures below 1.",
            "the largest count stands above the fraction bar: n_max / n_c.",
            (inverted,),
        ),
        Mistake(
            "over_the_smallest",
            "this compares with the smallest class, so frequent classes get the high temperatures.",
            "the largest count over the class's own: n_max / n_c.",
            (over_the_smallest,),
        ),
        Mistake(
            "smallest_as_reference",
            "the smallest count is above the fraction bar, so the rarest class has temperature 1.",
            "use the largest count there: the most frequent class has temperature 1.",
            (smallest_as_reference,),
        ),
        Mistake(
            "total_as_reference",
            "the number of all examples is used in place of the largest class.",
            "use counts.max().",
            (total_as_reference,),
        ),
        Mistake(
            "mean_as_reference",
            "the mean count is used in place of the largest class.",
            "use counts.max().",
            (mean_as_reference,),
        ),
        Mistake(
            "first_as_reference",
            "the first class is taken for the largest.",
            "ask for the largest count wherever it stands: counts.max().",
            (first_as_reference,),
        ),
        Mistake(
            "times_gamma",
            "gamma multiplies the ratio; it is its exponent.",
            "raise the ratio to the power gamma: ratio ** gamma.",
            (times_gamma,),
        ),
        Mistake(
            "no_gamma",
            "gamma is not used: this is the ratio itself, far too hot.",
            "raise the ratio to the power gamma: ratio ** gamma.",
            (no_gamma,),
        ),
        Mistake(
            "root",
            "the exponent is 1 / gamma.",
            "raise the ratio to the power gamma itself.",
            (root,),
        ),
        Mistake(
            "exponential",
            "this is e to the power gamma times the ratio; the ratio is the base, not e.",
            "write ratio ** gamma.",
            (exponential,),
        ),
        Mistake(
            "logarithm",
            "this is the logarithm of the temperature, which logit adjustment would add.",
            "leave out the logarithm: logits are divided here, not shifted.",
            (logarithm, one_and_logarithm),
        ),
        Mistake(
            "whole_division",
            "the ratio was rounded down to a whole number.",
            "use / rather than //.",
            (whole_division,),
        ),
        Mistake(
            "power_of_the_top",
            "only the largest count is raised to the power: ** binds tighter than /.",
            "put the ratio in brackets before ** gamma.",
            (power_of_the_top,),
        ),
        Mistake(
            "shared_out",
            "the temperatures are scaled to a sum or a mean of 1.",
            "leave them as they are: the largest class has exactly 1.",
            (shared_out, mean_one),
        ),
    ),
)
