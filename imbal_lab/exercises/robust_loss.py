"""Exercise 04.1: the robust loss, between the mean and the largest of the losses."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import robust_loss

Robust = Callable[[Tensor, float], Tensor]


def losses_between(
    low: float, high: float, size: int, lam: float, dtype: torch.dtype = torch.float64
) -> Case:
    """``size`` random losses, both ends among them where there is room, and a temperature."""

    def draw(generator: Generator) -> Inputs:
        shares = torch.rand(size, generator=generator, dtype=torch.float64)
        if size > 1:
            shares = (shares - shares.min()) / (shares.max() - shares.min())
        return {"losses": (low + (high - low) * shares).to(dtype), "lam": lam}

    return Case(f"{size} losses from {low} to {high}, lam {lam}, {dtype}", draw)


def between_extremes(inputs: Inputs, result: Tensor) -> bool:
    losses = inputs["losses"].double()
    slack = 1e-4 * losses.abs().max()
    return bool(losses.min() - slack <= result <= losses.max() + slack)


def right_side_of_the_mean(inputs: Inputs, result: Tensor) -> bool:
    mean = inputs["losses"].double().mean()
    ahead = (result - mean) * math.copysign(1, inputs["lam"])
    return bool(ahead >= -1e-4 * mean.abs())


def log_mean(scaled: Tensor) -> Tensor:
    return scaled.logsumexp(dim=0) - math.log(len(scaled))


def log_mean_naively(scaled: Tensor) -> Tensor:
    return scaled.exp().mean().log()


def no_factor(losses: Tensor, lam: float) -> Tensor:
    return log_mean(losses / lam)


def summed(losses: Tensor, lam: float) -> Tensor:
    return lam * (losses / lam).logsumexp(dim=0)


def log_n_outside(losses: Tensor, lam: float) -> Tensor:
    return lam * (losses / lam).logsumexp(dim=0) - math.log(len(losses))


def times_lam(losses: Tensor, lam: float) -> Tensor:
    return lam * log_mean(lam * losses)


def times_lam_over_lam(losses: Tensor, lam: float) -> Tensor:
    return log_mean(lam * losses) / lam


def other_sign(losses: Tensor, lam: float) -> Tensor:
    return -lam * log_mean(-losses / lam)


def sign_inside(losses: Tensor, lam: float) -> Tensor:
    return lam * log_mean(-losses / lam)


def size_of_lam(losses: Tensor, lam: float) -> Tensor:
    return robust_loss(losses, abs(lam))


def size_in_front(losses: Tensor, lam: float) -> Tensor:
    return abs(lam) * log_mean(losses / lam)


def size_in_the_exponent(losses: Tensor, lam: float) -> Tensor:
    return lam * log_mean(losses / abs(lam))


def plain_mean(losses: Tensor, lam: float) -> Tensor:
    return losses.mean()


def largest(losses: Tensor, lam: float) -> Tensor:
    return losses.max()


def mean_exp_only(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).exp().mean()


def mean_exp_times_lam(losses: Tensor, lam: float) -> Tensor:
    return lam * (losses / lam).exp().mean()


def weighted_mean(losses: Tensor, lam: float) -> Tensor:
    return (losses * (losses / lam).softmax(dim=0)).sum()


def longer_formula(losses: Tensor, lam: float) -> Tensor:
    weights = len(losses) * (losses / lam).softmax(dim=0)
    return (weights * losses).mean() - lam * (weights * weights.log()).mean()


def one_each(losses: Tensor, lam: float) -> Tensor:
    return losses / 1  # the log undoes the exp before anything was averaged


def overflows(losses: Tensor, lam: float) -> Tensor:
    return lam * log_mean_naively(losses / lam)


def overflows_in_python(losses: Tensor, lam: float) -> float:
    return lam * math.log(sum(math.exp(each / lam) for each in losses.tolist()) / len(losses))


def cut_off(most: float) -> Robust:
    return lambda losses, lam: lam * log_mean_naively((losses / lam).clamp(-most, most))


def cut_off_above(most: float) -> Robust:
    return lambda losses, lam: lam * log_mean_naively((losses / lam).clamp_max(most))


def largest_loss_first(losses: Tensor, lam: float) -> Tensor:
    top = losses.max()
    return lam * log_mean_naively((losses - top) / lam) + top


def smallest_loss_first(losses: Tensor, lam: float) -> Tensor:
    low = losses.min()
    return lam * log_mean_naively((losses - low) / lam) + low


def not_added_back(losses: Tensor, lam: float) -> Tensor:
    scaled = losses / lam
    return lam * log_mean(scaled - scaled.max())


def loss_not_added_back(losses: Tensor, lam: float) -> Tensor:
    return lam * log_mean((losses - losses.max()) / lam)


def added_unscaled(losses: Tensor, lam: float) -> Tensor:
    top = (losses / lam).max()
    return lam * log_mean(losses / lam - top) + top


def guarded(eps: float) -> Robust:
    return lambda losses, lam: lam * ((losses / lam).exp().mean() + eps).log()


def in_place(losses: Tensor, lam: float) -> Tensor:
    losses /= lam
    return lam * log_mean(losses)


EXERCISE = Exercise(
    id="robust_loss",
    reference=robust_loss,
    axes=(),
    groups=(
        Group(
            "lam above zero",
            "the robust loss leans from the mean towards the largest loss",
            2,
            (losses_between(0.1, 3.0, 6, 0.5), losses_between(0.0, 4.0, 9, 2.0)),
            "take losses [0, 2] and lam 2, and work out every step on paper: F is 1.24.",
        ),
        Group(
            "lam below zero",
            "the same line leans towards the smallest loss when lam is negative",
            1,
            (losses_between(0.1, 3.0, 6, -0.5), losses_between(0.0, 4.0, 9, -2.0)),
            "nothing changes in the formula: keep the sign of lam wherever lam stands.",
        ),
        Group(
            "losses a thousand times as large as lam",
            "no size of loss / lam overflows",
            1,
            (losses_between(0.0, 50.0, 7, 0.02), losses_between(30.0, 90.0, 7, -0.02)),
            "exp of more than 709 is inf. Is there a torch function for the log of a sum of exp?",
        ),
        Group(
            "one example, equal losses, single precision",
            "one example, equal losses and float32 work as well",
            1,
            (
                losses_between(1.3, 1.3, 1, 0.7),
                losses_between(2.0, 2.0, 4, 0.1, torch.float32),
                losses_between(0.0, 8.0, 32, 1.5, torch.float32),
            ),
            "if all losses are equal, F is that loss, whatever lam is.",
            hidden=True,
        ),
    ),
    properties=(
        Property("F must lie between the smallest and the largest loss.", between_extremes),
        Property(
            "F must be at least the mean of the losses for lam > 0, and at most the mean for "
            "lam < 0.",
            right_side_of_the_mean,
        ),
    ),
    mistakes=(
        Mistake(
            "no_factor",
            "the lam in front of the log is missing, so the result is no loss any more.",
            "multiply the log by lam: that brings it back to the size of the losses.",
            (no_factor,),
        ),
        Mistake(
            "summed",
            "the exponentials are summed, not averaged, so F grows with the number of examples.",
            "divide by n inside the log, or subtract log(n) from the logsumexp; in the longer "
            "formula w is n times a softmax.",
            (summed,),
        ),
        Mistake(
            "log_n_outside",
            "log(n) is subtracted after the multiplication by lam, so it counts 1/lam times.",
            "put brackets round logsumexp - log(n), and multiply those by lam.",
            (log_n_outside,),
        ),
        Mistake(
            "times_lam",
            "the exponent is lam times the loss; a small lam would then change nothing.",
            "divide by lam in the exponent: losses / lam.",
            (times_lam, times_lam_over_lam),
        ),
        Mistake(
            "other_sign",
            "the sign in the exponent is turned: large losses count least where they should "
            "count most.",
            "write exp(losses / lam), with no minus; lam brings its own sign.",
            (other_sign, sign_inside),
        ),
        Mistake(
            "size_of_lam",
            "the sign of lam is lost in one place or both.",
            "use lam as it is, in the exponent and in front of the log; no abs.",
            (size_of_lam, size_in_front, size_in_the_exponent),
        ),
        Mistake(
            "plain_mean",
            "this is the plain mean of the losses: a log right after exp undoes it.",
            "average the exponentials first, then take one log.",
            (plain_mean,),
        ),
        Mistake(
            "largest",
            "this is the largest loss, which F becomes only in the limit of lam to 0.",
            "soften it: lam times the log of the mean of exp(losses / lam).",
            (largest,),
        ),
        Mistake(
            "mean_exp_only",
            "the log is missing.",
            "take the log of the mean before you multiply by lam.",
            (mean_exp_only, mean_exp_times_lam),
        ),
        Mistake(
            "weighted_mean",
            "this is the weighted mean of the losses; what the weights cost (lam times KL) is "
            "not taken off.",
            "follow the formula with the log; it has that price in it.",
            (weighted_mean,),
        ),
        Mistake(
            "one_each",
            "there is still one number an example: nothing was averaged.",
            "take the mean of the exponentials over the examples, dim=0.",
            (one_each,),
        ),
        Mistake(
            "longer_formula",
            "in the longer formula a tiny weight is rounded to 0, and 0 times log 0 is NaN.",
            "use the line with the log of the mean; or torch.log_softmax, for log w.",
            (longer_formula,),
        ),
        Mistake(
            "overflows",
            "exp of a large number is inf, and log of 0 is -inf: the result is lost on the way.",
            "use torch.logsumexp, which never forms the large number.",
            (overflows, overflows_in_python),
        ),
        Mistake(
            "cut_off",
            "the exponent is cut off to avoid an overflow, so all large losses count the same.",
            "use torch.logsumexp on the exponents as they are.",
            tuple(make(m) for m in (20, 50, 80, 88, 100, 700) for make in (cut_off, cut_off_above)),
        ),
        Mistake(
            "largest_loss_first",
            "a loss is taken off before the division by lam; for one sign of lam the exponents "
            "that are left are huge.",
            "divide by lam first and take off the largest quotient, or use torch.logsumexp.",
            (largest_loss_first, smallest_loss_first),
        ),
        Mistake(
            "not_added_back",
            "the largest entry was taken off before the exp and never added again.",
            "add it after the log, or let torch.logsumexp do both.",
            (not_added_back, loss_not_added_back),
        ),
        Mistake(
            "added_unscaled",
            "the largest quotient is added after the multiplication by lam; it is 1/lam times "
            "too large there.",
            "add it to the log first, and multiply the sum by lam.",
            (added_unscaled,),
        ),
        Mistake(
            "guarded",
            "a small number is added under the log; where every exp(loss / lam) is small it is "
            "all that counts.",
            "use torch.logsumexp: it needs no guard.",
            tuple(map(guarded, (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16))),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's losses were overwritten.",
            "write losses / lam in place of losses /= lam.",
            (in_place,),
        ),
    ),
)
