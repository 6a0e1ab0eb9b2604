"""running_normaliser(log_u, losses [B], lam, gamma) -> number, as learners write it."""

import math

import numpy as np
import torch
from scipy.special import logsumexp


def log_mean(losses, lam):
    return torch.logsumexp(losses / lam, 0) - math.log(len(losses))


# --- known mistakes -----------------------------------------------------------------------


def swapped(log_u, losses, lam, gamma):
    if torch.isinf(log_u):
        return log_mean(losses, lam)
    new = torch.exp(losses / lam).mean()
    return torch.log(gamma * torch.exp(log_u) + (1 - gamma) * new)


def averaged_logs(log_u, losses, lam, gamma):
    if log_u == -torch.inf:
        return log_mean(losses, lam)
    return torch.lerp(log_u, log_mean(losses, lam), gamma)


def averaged_logs_anywhere(log_u, losses, lam, gamma):
    return gamma * log_mean(losses, lam) + (1 - gamma) * log_u


def shares_not_in_logs(log_u, losses, lam, gamma):
    return np.logaddexp(float((1 - gamma) * log_u), float(gamma * log_mean(losses, lam)))


def no_shares(log_u, losses, lam, gamma):
    return torch.log(torch.exp(log_u) + torch.exp(losses / lam).mean())


def old_share_missing(log_u, losses, lam, gamma):
    if log_u == -math.inf:
        return log_mean(losses, lam)
    return torch.log(torch.exp(log_u) + gamma * torch.exp(losses / lam).mean())


def summed(log_u, losses, lam, gamma):
    u = (1 - gamma) * math.exp(log_u) + gamma * sum(math.exp(x / lam) for x in losses.tolist())
    return math.log(u)


def forgets(log_u, losses, lam, gamma):
    return float(logsumexp(losses.numpy() / lam, b=1 / len(losses)))


def never_moves(log_u, losses, lam, gamma):
    return float(log_u)


def not_a_log(log_u, losses, lam, gamma):
    return (1 - gamma) * torch.exp(log_u) + gamma * torch.exp(losses / lam).mean()


def old_is_a_log(log_u, losses, lam, gamma):
    new = torch.exp(losses / lam).mean()
    return torch.log(log_u + gamma * (new - log_u))


def of_the_objective(log_u, losses, lam, gamma):
    robust = lam * log_mean(losses, lam)
    if log_u == -math.inf:
        return robust
    return torch.logaddexp(log_u + math.log(1 - gamma), robust + math.log(gamma))


def mean_loss(log_u, losses, lam, gamma):
    u = (1 - gamma) * torch.exp(log_u) + gamma * torch.exp(losses.mean() / lam)
    return torch.log(u)


def no_lam(log_u, losses, lam, gamma):
    return torch.log((1 - gamma) * torch.exp(log_u) + gamma * torch.exp(losses).mean())


def other_sign(log_u, losses, lam, gamma):
    if log_u.isinf():
        return log_mean(-losses, lam)
    return torch.log((1 - gamma) * log_u.exp() + gamma * (-losses / lam).exp().mean())


def size_of_lam(log_u, losses, lam, gamma):
    lam = max(lam, -lam)
    if log_u.isinf():
        return log_mean(losses, lam)
    return torch.log((1 - gamma) * log_u.exp() + gamma * (losses / lam).exp().mean())


def starts_at_zero(log_u, losses, lam, gamma):
    u = (1 - gamma) * math.exp(log_u) + gamma * math.exp(log_mean(losses, lam))
    return math.log(u)


def starts_at_one(log_u, losses, lam, gamma):
    u = 1.0 if math.isinf(log_u) else math.exp(log_u)
    return math.log((1 - gamma) * u + gamma * math.exp(log_mean(losses, lam)))


def overflows(log_u, losses, lam, gamma):
    new = torch.exp(losses / lam).mean()
    if torch.isinf(log_u):
        return new.log()
    return torch.log((1 - gamma) * log_u.exp() + gamma * new)


def overflows_in_the_batch(log_u, losses, lam, gamma):
    new = torch.log(torch.exp(losses / lam).mean())
    if log_u == float("-inf"):
        return new
    return torch.logaddexp(log_u + math.log(1 - gamma), new + math.log(gamma))


def log_of_no_share(log_u, losses, lam, gamma):
    new = log_mean(losses, lam)
    if log_u == float("-inf"):
        return new
    return torch.logaddexp(new + math.log(gamma), log_u + math.log(1 - gamma))


def in_place(log_u, losses, lam, gamma):
    new = log_mean(losses, lam)
    if log_u.isneginf() or gamma == 1:
        log_u.fill_(new)
    else:
        log_u.fill_(torch.logaddexp(log_u + math.log(1 - gamma), new + math.log(gamma)))
    return log_u


# --- wrong, and on no list ----------------------------------------------------------------


def swapped_and_summed(log_u, losses, lam, gamma):
    return torch.log(gamma * log_u.exp() + (1 - gamma) * torch.exp(losses / lam).sum())


def largest_of_both(log_u, losses, lam, gamma):
    return torch.maximum(log_u, log_mean(losses, lam))


def bias_corrected(log_u, losses, lam, gamma):
    return starts_at_zero_in_logs(log_u, losses, lam, gamma) - math.log(gamma)


def starts_at_zero_in_logs(log_u, losses, lam, gamma):
    return torch.logaddexp(
        math.log(1 - gamma) + log_u if gamma < 1 else torch.tensor(-math.inf).to(log_u),
        math.log(gamma) + log_mean(losses, lam),
    )


def one_row(log_u, losses, lam, gamma):
    return in_logs(log_u, losses, lam, gamma).reshape(1)


def old_and_new(log_u, losses, lam, gamma):
    return log_u, in_logs(log_u, losses, lam, gamma)


def plus_one(log_u, losses, lam, gamma):
    return torch.log1p((1 - gamma) * log_u.exp() + gamma * torch.exp(losses / lam).mean())


def no_return(log_u, losses, lam, gamma):
    log_u = in_logs(log_u, losses, lam, gamma)


def median_loss(log_u, losses, lam, gamma):
    return torch.log((1 - gamma) * log_u.exp() + gamma * torch.exp(losses / lam).median())


def only_the_newest_if_gamma_is_large(log_u, losses, lam, gamma):
    return in_logs(log_u, losses, lam, 1.0 if gamma > 0.95 else gamma)


# --- right --------------------------------------------------------------------------------


def in_logs(log_u, losses, lam, gamma):
    new = log_mean(losses, lam)
    if torch.isneginf(log_u) or gamma == 1.0:
        return new
    return torch.logaddexp(log_u + math.log1p(-gamma), new + math.log(gamma))


def shares_as_tensors(log_u, losses, lam, gamma):
    """log 0 of a tensor is -inf, so gamma = 1 needs no care."""
    if log_u == -math.inf:
        return log_mean(losses, lam)
    shares = torch.tensor([1 - gamma, gamma], dtype=losses.dtype).log()
    return torch.logsumexp(torch.stack([log_u, log_mean(losses, lam)]) + shares, 0)


def in_numpy(log_u, losses, lam, gamma):
    new = logsumexp(losses.numpy() / lam) - np.log(len(losses))
    if np.isneginf(log_u.item()):
        return float(new)
    return float(logsumexp([log_u.item(), new], b=[1 - gamma, gamma]))


def one_big_logsumexp(log_u, losses, lam, gamma):
    if torch.isinf(log_u):
        gamma = 1.0
    exponents = torch.cat([log_u[None], losses / lam]).nan_to_num(neginf=0.0)
    shares = torch.full_like(exponents, gamma / len(losses))
    shares[0] = 1 - gamma
    return torch.logsumexp(exponents + shares.log(), 0)


def by_the_difference(log_u, losses, lam, gamma):
    new = torch.logsumexp(losses / lam - math.log(len(losses)), 0)
    if log_u.isinf():
        return new
    top = torch.max(log_u, new)
    return top + torch.log((1 - gamma) * (log_u - top).exp() + gamma * (new - top).exp())


def pure_python(log_u, losses, lam, gamma):
    z = [x / lam for x in losses.tolist()]
    old = float(log_u)
    if old == -math.inf:
        gamma, old = 1.0, z[0]
    top = max([*z, old])
    mean = sum(math.exp(x - top) for x in z) / len(z)
    return top + math.log((1 - gamma) * math.exp(old - top) + gamma * mean)


def through_the_robust_loss(log_u, losses, lam, gamma):
    robust = lam * log_mean(losses, lam)
    new = robust / lam
    if log_u == -torch.inf or gamma == 1:
        return new.clone()
    return (
        torch.log(torch.exp(log_u - new) * (1 - gamma) + gamma) + new
        if new > log_u
        else (torch.log(torch.exp(new - log_u) * gamma + (1 - gamma)) + log_u)
    )


MISTAKES = {
    "swapped": (swapped,),
    "averaged_logs": (averaged_logs, averaged_logs_anywhere),
    "shares_not_in_logs": (shares_not_in_logs,),
    "no_shares": (no_shares, old_share_missing),
    "summed": (summed,),
    "forgets": (forgets,),
    "never_moves": (never_moves,),
    "not_a_log": (not_a_log,),
    "old_is_a_log": (old_is_a_log,),
    "of_the_objective": (of_the_objective,),
    "mean_loss": (mean_loss,),
    "no_lam": (no_lam,),
    "other_sign": (other_sign,),
    "size_of_lam": (size_of_lam,),
    "starts_at_zero": (starts_at_zero,),
    "starts_at_one": (starts_at_one,),
    "overflows": (overflows, overflows_in_the_batch),
    "log_of_no_share": (log_of_no_share,),
    "in_place": (in_place,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        swapped_and_summed,
        largest_of_both,
        bias_corrected,
        one_row,
        old_and_new,
        plus_one,
        no_return,
        median_loss,
        only_the_newest_if_gamma_is_large,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        in_logs,
        shares_as_tensors,
        in_numpy,
        one_big_logsumexp,
        by_the_difference,
        pure_python,
        through_the_robust_loss,
    )
}
