"""robust_loss(losses [n], lam) -> number, as learners write it."""

import math

import numpy as np
import torch
from scipy.special import logsumexp

# --- known mistakes -----------------------------------------------------------------------


def no_factor(losses, lam):
    z = (losses / lam).numpy()
    return float(logsumexp(z) - np.log(len(z)))


def no_factor_log_mean_exp(losses, lam):
    return torch.log(torch.mean(torch.exp(losses / lam)))


def summed(losses, lam):
    return lam * math.log(sum(math.exp(x / lam) for x in losses.tolist()))


def summed_through_shares(losses, lam):
    """The longer formula with shares where the weights belong."""
    logp = torch.log_softmax(losses / lam, dim=0)
    p = logp.exp()
    return (p * losses).sum() - lam * (p * logp).sum()


def log_n_outside(losses, lam):
    n = losses.shape[0]
    return lam * torch.logsumexp(losses / lam, 0) - math.log(n)


def times_lam(losses, lam):
    return torch.exp(lam * losses).mean().log() / lam


def times_lam_in_front(losses, lam):
    return lam * float(logsumexp(lam * losses.numpy(), b=1 / len(losses)))


def other_sign(losses, lam):
    return lam * torch.log(torch.mean(torch.exp(-losses / lam)))


def other_sign_both(losses, lam):
    lam = -lam
    return lam * torch.log(torch.mean(torch.exp(losses / lam)))


def size_of_lam(losses, lam):
    lam = abs(lam)
    return lam * (torch.logsumexp(losses / lam, 0) - math.log(losses.numel()))


def size_in_front(losses, lam):
    return math.sqrt(lam**2) * torch.exp(losses / lam).mean().log()


def plain_mean(losses, lam):
    return lam * torch.log(torch.exp(losses / lam)).mean()


def plain_mean_sum(losses, lam):
    return losses.sum().item() / losses.numel()


def largest(losses, lam):
    return max(losses.tolist())


def mean_exp_only(losses, lam):
    total = 0.0
    for x in losses.tolist():
        total += math.exp(x / lam)
    return lam * total / len(losses)


def mean_exp_bare(losses, lam):
    return np.exp(losses.numpy() / lam).mean()


def weighted_mean(losses, lam):
    p = torch.exp(losses / lam)
    return torch.dot(p / p.sum(), losses)


def longer_formula(losses, lam):
    p = torch.softmax(losses / lam, 0)
    kl = (p * torch.log(len(losses) * p)).sum()
    return torch.dot(p, losses) - lam * kl


def longer_formula_in_python(losses, lam):
    e = np.exp(losses.numpy() / lam)
    w = e / e.mean()
    return torch.tensor(np.mean(w * losses.numpy()) - lam * np.mean(w * np.log(w)))


def one_each(losses, lam):
    return lam * torch.log(torch.exp(losses / lam))


def overflows(losses, lam):
    return torch.exp(losses / lam).mean().log() * lam


def overflows_sum_over_n(losses, lam):
    n = len(losses)
    total = torch.zeros((), dtype=losses.dtype)
    for loss in losses:
        total = total + torch.exp(loss / lam) / n
    return lam * torch.log(total)


def overflows_python(losses, lam):
    n = len(losses)
    return lam * math.log(sum(math.exp(x / lam) for x in losses.tolist()) / n)


def cut_off(losses, lam):
    z = torch.clamp(losses / lam, max=50)
    return lam * torch.log(torch.exp(z).mean())


def cut_off_both_ways(losses, lam):
    z = torch.minimum(torch.maximum(losses / lam, torch.tensor(-80.0)), torch.tensor(80.0))
    return lam * (torch.logsumexp(z, 0) - math.log(len(z)))


def largest_loss_first(losses, lam):
    m = losses.max()
    return m + lam * torch.log(torch.mean(torch.exp((losses - m) / lam)))


def not_added_back(losses, lam):
    z = losses / lam
    z = z - z.max()
    return lam * torch.log(torch.exp(z).mean())


def added_unscaled(losses, lam):
    z = losses / lam
    m = z.max().item()
    return m + lam * math.log(sum(math.exp(x - m) for x in z.tolist()) / len(z))


def guarded(losses, lam):
    return lam * torch.log(torch.exp(losses / lam).mean() + 1e-12)


def guarded_1e8(losses, lam):
    return lam * torch.log(1e-8 + torch.exp(losses / lam).sum() / len(losses))


def in_place(losses, lam):
    losses.div_(lam)
    return lam * (torch.logsumexp(losses, 0) - math.log(len(losses)))


# --- wrong, and on no list ----------------------------------------------------------------


def sum_and_sign(losses, lam):
    return lam * torch.logsumexp(-losses / lam, 0)


def base_two(losses, lam):
    return lam * torch.log2(torch.mean(2 ** (losses / lam))) * 2


def root_mean_square(losses, lam):
    return losses.square().mean().sqrt()


def one_row(losses, lam):
    return (lam * (torch.logsumexp(losses / lam, 0) - math.log(len(losses)))).reshape(1)


def unbiased(losses, lam):
    return lam * torch.log(torch.exp(losses / lam).sum() / (len(losses) - 0.5))


def mean_plus_half_variance(losses, lam):
    return losses.mean() + losses.var(unbiased=False) / (2 * lam)


def no_return(losses, lam):
    lam * torch.logsumexp(losses / lam, 0)


def integer_lam(losses, lam):
    return robust_in_numpy(losses, round(lam) or 1)


# --- right --------------------------------------------------------------------------------


def one_line(losses, lam):
    return lam * (losses / lam).logsumexp(0) - lam * math.log(len(losses))


def log_mean_by_shift(losses, lam):
    z = losses / lam
    top = z.max()
    return lam * (top + (z - top).exp().mean().log())


def pairwise_logaddexp(losses, lam):
    total = losses[0] / lam
    for loss in losses[1:]:
        total = torch.logaddexp(total, loss / lam)
    return lam * (total - math.log(len(losses)))


def robust_in_numpy(losses, lam):
    return float(lam * logsumexp(losses.numpy() / lam, b=1 / len(losses)))


def pure_python(losses, lam):
    z = [x / lam for x in losses.tolist()]
    top = max(z)
    return lam * (top + math.log(sum(math.exp(x - top) for x in z) / len(z)))


def extreme_by_sign(losses, lam):
    edge = losses.max() if lam > 0 else losses.min()
    return edge + lam * torch.log(torch.mean(torch.exp((losses - edge) / lam)))


def through_the_bargain(losses, lam):
    """The weighted mean, less lam times the KL divergence."""
    n = len(losses)
    logp = torch.log_softmax(losses / lam, dim=0)
    p = logp.exp()
    return (p * losses).sum() - lam * (p * (logp + math.log(n))).sum()


def log_weights_added(losses, lam):
    return lam * torch.logsumexp(losses / lam - math.log(losses.numel()), dim=0)


MISTAKES = {
    "no_factor": (no_factor, no_factor_log_mean_exp),
    "summed": (summed, summed_through_shares),
    "log_n_outside": (log_n_outside,),
    "times_lam": (times_lam, times_lam_in_front),
    "other_sign": (other_sign, other_sign_both),
    "size_of_lam": (size_of_lam, size_in_front),
    "plain_mean": (plain_mean, plain_mean_sum),
    "largest": (largest,),
    "mean_exp_only": (mean_exp_only, mean_exp_bare),
    "weighted_mean": (weighted_mean,),
    "longer_formula": (longer_formula, longer_formula_in_python),
    "one_each": (one_each,),
    "overflows": (overflows, overflows_sum_over_n, overflows_python),
    "cut_off": (cut_off, cut_off_both_ways),
    "largest_loss_first": (largest_loss_first,),
    "not_added_back": (not_added_back,),
    "added_unscaled": (added_unscaled,),
    "guarded": (guarded, guarded_1e8),
    "in_place": (in_place,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        sum_and_sign,
        base_two,
        root_mean_square,
        one_row,
        unbiased,
        mean_plus_half_variance,
        no_return,
        integer_lam,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        one_line,
        log_mean_by_shift,
        pairwise_logaddexp,
        robust_in_numpy,
        pure_python,
        extreme_by_sign,
        through_the_bargain,
        log_weights_added,
    )
}
