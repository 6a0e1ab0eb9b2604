"""Exercise 04.2: one weight an example, from its own loss."""

from collections.abc import Callable

import torch
from torch import Tensor

from imbal_lab.checks.exercise import Exercise, Group, Inputs, Mistake, Property
from imbal_lab.exercises.robust_loss import losses_between
from imbal_lab.methods import absgd_weights

Weights = Callable[[Tensor, float], Tensor]


def mean_one(inputs: Inputs, result: Tensor) -> bool:
    return bool((result.double().mean() - 1).abs() < 1e-4)


def never_negative(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= 0).all())


def follows_the_loss(inputs: Inputs, result: Tensor) -> bool:
    order = (inputs["losses"] / inputs["lam"]).argsort()
    return bool((result[order].diff() >= -1e-6 * result.abs().max()).all())


def slope_of_the_objective(inputs: Inputs, result: Tensor) -> bool:
    losses, lam = inputs["losses"].double().requires_grad_(), inputs["lam"]
    (slope,) = torch.autograd.grad(lam * (losses / lam).logsumexp(dim=0), losses)
    return torch.allclose(result.double() / len(losses), slope, rtol=1e-3, atol=1e-6)


def sums_to_one(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).softmax(dim=0)


def other_sign(losses: Tensor, lam: float) -> Tensor:
    return absgd_weights(losses, -lam)


def other_sign_sums_to_one(losses: Tensor, lam: float) -> Tensor:
    return (-losses / lam).softmax(dim=0)


def times_lam(losses: Tensor, lam: float) -> Tensor:
    return absgd_weights(losses, 1 / lam)


def times_lam_sums_to_one(losses: Tensor, lam: float) -> Tensor:
    return (losses * lam).softmax(dim=0)


def size_of_lam(losses: Tensor, lam: float) -> Tensor:
    return absgd_weights(losses, abs(lam))


def no_lam(losses: Tensor, lam: float) -> Tensor:
    return absgd_weights(losses, 1.0)


def no_lam_sums_to_one(losses: Tensor, lam: float) -> Tensor:
    return losses.softmax(dim=0)


def not_divided(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).exp()


def over_the_largest(losses: Tensor, lam: float) -> Tensor:
    scaled = losses / lam
    return (scaled - scaled.max()).exp()


def over_the_log(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).exp() / (losses / lam).exp().mean().log()


def over_the_objective(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).exp() / (lam * (losses / lam).exp().mean().log())


def minus_the_objective(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam - lam * (losses / lam).exp().mean().log()).exp()


def linear(losses: Tensor, lam: float) -> Tensor:
    return losses / losses.mean()


def linear_over_lam(losses: Tensor, lam: float) -> Tensor:
    return losses / lam


def hardest_only(losses: Tensor, lam: float) -> Tensor:
    return len(losses) * torch.nn.functional.one_hot(losses.argmax(), len(losses)).to(losses)


def weighted_losses(losses: Tensor, lam: float) -> Tensor:
    return absgd_weights(losses, lam) * losses


def weighted_losses_sum(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).softmax(dim=0) * losses


def one_number(losses: Tensor, lam: float) -> Tensor:
    return weighted_losses(losses, lam).mean()


def divided_twice(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam).softmax(dim=0) / len(losses)


def overflows(losses: Tensor, lam: float) -> Tensor:
    exps = (losses / lam).exp()
    return exps / exps.mean()


def overflows_after_the_log(losses: Tensor, lam: float) -> Tensor:
    return (losses / lam - (losses / lam).exp().mean().log()).exp()


def cut_off(most: float) -> Weights:
    return lambda losses, lam: len(losses) * (losses / lam).clamp(-most, most).softmax(dim=0)


def cut_off_above(most: float) -> Weights:
    return lambda losses, lam: len(losses) * (losses / lam).clamp_max(most).softmax(dim=0)


def cut_off_above_only(most: float) -> Weights:
    def weights(losses: Tensor, lam: float) -> Tensor:
        exps = (losses / lam).clamp_max(most).exp()
        return exps / exps.mean()

    return weights


def largest_loss_first(losses: Tensor, lam: float) -> Tensor:
    exps = ((losses - losses.max()) / lam).exp()
    return exps / exps.mean()


def smallest_loss_first(losses: Tensor, lam: float) -> Tensor:
    exps = ((losses - losses.min()) / lam).exp()
    return exps / exps.mean()


def mean_loss_first(losses: Tensor, lam: float) -> Tensor:
    exps = ((losses - losses.mean()) / lam).exp()
    return exps / exps.mean()


def guarded(eps: float) -> Weights:
    def weights(losses: Tensor, lam: float) -> Tensor:
        exps = (losses / lam).exp()
        return exps / (exps.mean() + eps)

    return weights


def in_place(losses: Tensor, lam: float) -> Tensor:
    losses /= lam
    return len(losses) * losses.softmax(dim=0)


EXERCISE = Exercise(
    id="absgd_weights",
    reference=absgd_weights,
    axes=("example",),
    groups=(
        Group(
            "lam above zero",
            "hard examples get the large weights, and the mean weight is 1",
            2,
            (losses_between(0.1, 3.0, 6, 0.5), losses_between(0.0, 4.0, 9, 2.0)),
            "take losses [0, 2] and lam 2, and work out every step on paper: 0.54 and 1.46.",
        ),
        Group(
            "lam below zero",
            "with a negative lam easy examples get the large weights",
            1,
            (losses_between(0.1, 3.0, 6, -0.5), losses_between(0.0, 4.0, 9, -2.0)),
            "nothing changes in the formula: the sign of lam turns the order by itself.",
        ),
        Group(
            "losses a thousand times as large as lam",
            "no size of loss / lam overflows",
            1,
            (losses_between(0.0, 50.0, 7, 0.02), losses_between(30.0, 90.0, 7, -0.02)),
            "exp of more than 709 is inf, and inf / inf is NaN. Which torch function divides "
            "exponentials by their sum without that?",
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
            "if all losses are equal, every weight is 1, whatever lam is.",
            hidden=True,
        ),
    ),
    properties=(
        Property("no weight may be negative.", never_negative),
        Property("the weights must have mean 1.", mean_one),
        Property("weights must rise with loss / lam.", follows_the_loss),
        Property(
            "the weights over n must be the gradient of the robust loss, taken for the losses.",
            slope_of_the_objective,
        ),
    ),
    mistakes=(
        Mistake(
            "sums_to_one",
            "these weights have the sum 1; here they have the mean 1, so that the step keeps "
            "its size whatever the batch.",
            "multiply by the number of examples, len(losses).",
            (sums_to_one,),
        ),
        Mistake(
            "divided_twice",
            "the weights are divided by n once more than they should be.",
            "a softmax has the sum 1: multiply it by n.",
            (divided_twice,),
        ),
        Mistake(
            "other_sign",
            "the sign in the exponent is turned: easy examples get what the hard ones should.",
            "write exp(losses / lam), with no minus; lam brings its own sign.",
            (other_sign, other_sign_sums_to_one),
        ),
        Mistake(
            "times_lam",
            "the exponent is lam times the loss, so a small lam makes all weights alike.",
            "divide by lam in the exponent: losses / lam.",
            (times_lam, times_lam_sums_to_one),
        ),
        Mistake(
            "no_lam",
            "lam has no effect: it is missing, or stands above and below the bar and cancels.",
            "divide the losses by lam before the exp.",
            (no_lam, no_lam_sums_to_one),
        ),
        Mistake(
            "size_of_lam",
            "the sign of lam is lost, so wrong labels get large weights instead of small ones.",
            "use lam as it is; no abs.",
            (size_of_lam,),
        ),
        Mistake(
            "not_divided",
            "the exponentials are not divided by their mean, so the step size changes with the "
            "losses.",
            "divide by the mean of exp(losses / lam).",
            (not_divided,),
        ),
        Mistake(
            "over_the_largest",
            "the largest weight is 1 here; that is not a mean of 1.",
            "divide by the mean of the exponentials once more.",
            (over_the_largest,),
        ),
        Mistake(
            "over_the_log",
            "the divisor is the log of the mean, or the robust loss, not the mean itself.",
            "divide by the mean of exp(losses / lam), without log and without lam in front.",
            (over_the_log, over_the_objective, minus_the_objective),
        ),
        Mistake(
            "linear",
            "the weights are proportional to the losses; the exp is missing.",
            "take exp(losses / lam) first, then divide by the mean.",
            (linear, linear_over_lam),
        ),
        Mistake(
            "hardest_only",
            "all the weight is on the hardest example, as in the limit of lam to 0.",
            "share it: exp(losses / lam) over its mean.",
            (hardest_only,),
        ),
        Mistake(
            "weighted_losses",
            "the weights are multiplied by the losses already; whoever calls you does that.",
            "return the weights alone, one an example.",
            (weighted_losses, weighted_losses_sum, one_number),
        ),
        Mistake(
            "overflows",
            "exp of a large number is inf and inf / inf is NaN; for a negative lam it is 0 / 0.",
            "use torch.softmax, which takes off the largest exponent first.",
            (overflows, overflows_after_the_log),
        ),
        Mistake(
            "cut_off",
            "the exponent is cut off to avoid an overflow, so all large losses weigh the same.",
            "use torch.softmax on the exponents as they are.",
            tuple(
                make(most)
                for most in (20, 50, 80, 88, 100, 700)
                for make in (cut_off, cut_off_above, cut_off_above_only)
            ),
        ),
        Mistake(
            "largest_loss_first",
            "a loss is taken off before the division by lam; for one sign of lam the exponents "
            "that are left are huge.",
            "divide by lam first and take off the largest quotient, or use torch.softmax.",
            (largest_loss_first, smallest_loss_first, mean_loss_first),
        ),
        Mistake(
            "guarded",
            "a small number is added below the fraction bar; where every exp(loss / lam) is "
            "small it is all that counts.",
            "use torch.softmax: it needs no guard.",
            tuple(map(guarded, (1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12))),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's losses were overwritten.",
            "write losses / lam in place of losses /= lam.",
            (in_place,),
        ),
    ),
)
