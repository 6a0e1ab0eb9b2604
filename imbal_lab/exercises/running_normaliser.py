"""Exercise 04.3: one move of the running normaliser, in logarithms."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import running_normaliser

Move = Callable[[Tensor, Tensor, float, float], Tensor]


def batch(
    log_u: float,
    level: float,
    size: int,
    lam: float,
    gamma: float,
    dtype: torch.dtype = torch.float64,
) -> Case:
    """An old normaliser and losses that are spread by three above ``level``."""

    def draw(generator: Generator) -> Inputs:
        losses = level + 3 * torch.rand(size, generator=generator, dtype=torch.float64)
        return {
            "log_u": torch.tensor(log_u, dtype=dtype),
            "losses": losses.to(dtype),
            "lam": lam,
            "gamma": gamma,
        }

    return Case(f"{size} losses from {level}, log_u {log_u}, lam {lam}, gamma {gamma}", draw)


def of_the_batch(losses: Tensor, lam: float) -> Tensor:
    """log mean exp(losses / lam)."""
    return (losses / lam).logsumexp(dim=0) - math.log(len(losses))


def between_old_and_new(inputs: Inputs, result: Tensor) -> bool:
    new, old = of_the_batch(inputs["losses"].double(), inputs["lam"]), inputs["log_u"].double()
    slack = 1e-3 * max(1.0, new.abs().item())
    low = new if old.isneginf() else torch.minimum(old, new)
    return bool(low - slack <= result <= torch.maximum(old, new) + slack)


def with_first(move: Move) -> Move:
    """``move`` where there is a past; the batch alone before the first."""
    return lambda log_u, losses, lam, gamma: (
        of_the_batch(losses, lam) if log_u.isneginf() else move(log_u, losses, lam, gamma)
    )


def mixed(old: Tensor, new: Tensor, gamma: float) -> Tensor:
    if gamma == 1:
        return new
    return torch.logaddexp(math.log(1 - gamma) + old, math.log(gamma) + new)


def swapped(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, of_the_batch(losses, lam), 1 - gamma)


def averaged_logs(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return (1 - gamma) * log_u + gamma * of_the_batch(losses, lam)


def shares_not_in_logs(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return torch.logaddexp((1 - gamma) * log_u, gamma * of_the_batch(losses, lam))


def no_shares(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return torch.logaddexp(log_u, of_the_batch(losses, lam))


def old_share_missing(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return torch.logaddexp(log_u, math.log(gamma) + of_the_batch(losses, lam))


def summed(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, (losses / lam).logsumexp(dim=0), gamma)


def forgets(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return of_the_batch(losses, lam)


def never_moves(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return log_u.clone()


def not_a_log(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, of_the_batch(losses, lam), gamma).exp()


def old_is_a_log(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return ((1 - gamma) * log_u + gamma * (losses / lam).exp().mean()).log()


def old_is_a_log_twice(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return (1 - gamma) * log_u + gamma * (losses / lam).exp().mean()


def of_the_objective(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, lam * of_the_batch(losses, lam), gamma)


def mean_loss(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, (losses / lam).mean(), gamma)


def no_lam(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, of_the_batch(losses, 1.0), gamma)


def size_of_lam(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return running_normaliser(log_u, losses, abs(lam), gamma)


def other_sign(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return running_normaliser(log_u, losses, -lam, gamma)


def starts_at_zero(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, of_the_batch(losses, lam), gamma)


def starts_at_one(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    old = torch.zeros_like(log_u) if log_u.isneginf() else log_u
    return mixed(old, of_the_batch(losses, lam), gamma)


def naive(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return ((1 - gamma) * log_u.exp() + gamma * (losses / lam).exp().mean()).log()


def batch_only_naive(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return mixed(log_u, (losses / lam).exp().mean().log(), gamma)


def old_only_naive(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    new = of_the_batch(losses, lam)
    return ((1 - gamma) * log_u.exp() + gamma * new.exp()).log()


def log_of_no_share(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    old = math.log(1 - gamma) + log_u
    return torch.logaddexp(old, math.log(gamma) + of_the_batch(losses, lam))


def in_place(log_u: Tensor, losses: Tensor, lam: float, gamma: float) -> Tensor:
    return log_u.copy_(running_normaliser(log_u, losses, lam, gamma))


EXERCISE = Exercise(
    id="running_normaliser",
    reference=running_normaliser,
    axes=(),
    groups=(
        Group(
            "one more batch",
            "the normaliser is an average of means, the newest batch with the share gamma",
            2,
            (batch(0.7, 0.5, 4, 2.0, 0.3), batch(5.5, 0.0, 7, 0.5, 0.9)),
            "take log_u 0, losses [1, 1], lam 1, gamma 0.5: u goes from 1 to (1 + e) / 2, and its "
            "log is 0.62.",
        ),
        Group(
            "lam below zero",
            "it works for a negative lam",
            1,
            (batch(-0.8, 0.2, 5, -0.7, 0.4),),
            "keep the sign of lam in the exponent.",
        ),
        Group(
            "the first batch, where log_u is -inf",
            "the first batch is its own normaliser",
            1,
            (batch(-math.inf, 1.0, 5, 2.0, 0.3), batch(-math.inf, 1.0, 5, -0.5, 0.9)),
            "before the first batch there is nothing to average with: return the batch's own "
            "value.",
        ),
        Group(
            "losses a thousand times as large as lam",
            "no size of loss / lam overflows",
            1,
            (batch(1500.0, 60.0, 6, 0.04, 0.3), batch(-1400.0, 40.0, 6, -0.03, 0.5)),
            "stay in logarithms throughout: torch.logsumexp for the batch, torch.logaddexp for "
            "the sum of old and new.",
        ),
        Group(
            "gamma is 1",
            "gamma = 1 forgets the past",
            1,
            (batch(0.4, 1.0, 5, 2.0, 1.0),),
            "with gamma = 1 the old value has no share: what is log(1 - gamma) then?",
        ),
        Group(
            "a batch of one, a very small gamma, a large one, single precision",
            "a batch of one, a small gamma, a large one and float32 work as well",
            1,
            (
                batch(0.3, 1.0, 1, 0.6, 0.5),
                batch(2.0, 0.0, 8, 1.5, 1e-3),
                batch(2.5, 0.0, 16, 1.5, 0.99, torch.float32),
            ),
            "print the shares of old and new: they add up to 1.",
            hidden=True,
        ),
    ),
    properties=(
        Property(
            "the new log_u must lie between the old one and that of the batch.",
            between_old_and_new,
        ),
    ),
    mistakes=(
        Mistake(
            "swapped",
            "the shares are swapped: gamma belongs to the new batch.",
            "give the old normaliser the share 1 - gamma.",
            tuple(make(swapped) for make in (with_first, lambda move: move)),
        ),
        Mistake(
            "averaged_logs",
            "the logarithms are averaged; the formula averages the means themselves.",
            "add inside the log: torch.logaddexp of the two logarithms, each with its share.",
            (with_first(averaged_logs), averaged_logs),
        ),
        Mistake(
            "shares_not_in_logs",
            "the shares multiply the logarithms; a factor outside the log is a term inside it.",
            "add log(1 - gamma) to the old logarithm and log(gamma) to the new one.",
            (with_first(shares_not_in_logs), shares_not_in_logs),
        ),
        Mistake(
            "no_shares",
            "old and new are added in full, so the normaliser grows with every batch.",
            "give both their share: 1 - gamma for the old one, gamma for the batch.",
            tuple(f(g) for g in (no_shares, old_share_missing) for f in (with_first, lambda m: m)),
        ),
        Mistake(
            "summed",
            "the exponentials of the batch are summed, not averaged.",
            "subtract log(B), the log of the batch size, from the logsumexp.",
            (with_first(summed), summed),
        ),
        Mistake(
            "forgets",
            "the past is forgotten: this is the batch's own normaliser.",
            "mix it with the old log_u.",
            (forgets,),
        ),
        Mistake(
            "never_moves",
            "the old value comes back unchanged.",
            "mix in the batch, with the share gamma.",
            (never_moves,),
        ),
        Mistake(
            "not_a_log",
            "this is u; what is asked for is its logarithm.",
            "return log u: leave the exp at the end away.",
            (not_a_log,),
        ),
        Mistake(
            "old_is_a_log",
            "log_u is used as if it were u.",
            "the old normaliser is exp(log_u); better, stay in logarithms with torch.logaddexp.",
            (old_is_a_log, old_is_a_log_twice),
        ),
        Mistake(
            "of_the_objective",
            "the batch's part is the robust loss, which is lam times the log that is needed.",
            "divide the robust loss by lam: that is the log of the batch's mean.",
            (with_first(of_the_objective), of_the_objective),
        ),
        Mistake(
            "mean_loss",
            "the losses are averaged before the exp, so a single hard example hardly counts.",
            "average exp(losses / lam): logsumexp minus log(B).",
            (with_first(mean_loss), mean_loss),
        ),
        Mistake(
            "no_lam",
            "lam is not used.",
            "divide the losses by lam before the exp.",
            (with_first(no_lam), no_lam),
        ),
        Mistake(
            "other_sign",
            "the sign in the exponent is turned.",
            "write exp(losses / lam), with no minus; lam brings its own sign.",
            (other_sign,),
        ),
        Mistake(
            "size_of_lam",
            "the sign of lam is lost.",
            "use lam as it is; no abs.",
            (size_of_lam,),
        ),
        Mistake(
            "starts_at_zero",
            "the average starts from 0, so the first normaliser is gamma times too small and the "
            "first step 1/gamma times too long.",
            "if log_u is -inf, return the batch's own value.",
            (starts_at_zero,),
        ),
        Mistake(
            "starts_at_one",
            "the average starts from u = 1, which has nothing to do with the losses.",
            "if log_u is -inf, return the batch's own value.",
            (starts_at_one,),
        ),
        Mistake(
            "overflows",
            "u itself is formed on the way, and exp of more than 709 is inf, of less than -745 "
            "is 0.",
            "never leave the logarithms: torch.logsumexp, then torch.logaddexp.",
            tuple(map(with_first, (naive, batch_only_naive, old_only_naive))),
        ),
        Mistake(
            "log_of_no_share",
            "with gamma = 1 the share of the past is 0, and math.log(0) is an error.",
            "treat gamma = 1 on its own: return the batch's own value.",
            (with_first(log_of_no_share),),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's log_u was overwritten.",
            "build a new tensor instead of writing into log_u.",
            (in_place,),
        ),
    ),
)
