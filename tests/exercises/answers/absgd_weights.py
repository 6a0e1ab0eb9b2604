"""absgd_weights(losses [n], lam) -> [n], as learners write it."""

import math

import numpy as np
import torch
from scipy.special import softmax

# --- known mistakes -----------------------------------------------------------------------


def sums_to_one(losses, lam):
    e = torch.exp(losses / lam)
    return e / e.sum()


def divided_twice(losses, lam):
    p = torch.softmax(losses / lam, 0)
    return p / len(losses)


def divided_twice_mean_of_the_softmax(losses, lam):
    p = torch.softmax(losses / lam, 0)
    return p * p.mean()


def other_sign(losses, lam):
    e = np.exp(-losses.numpy() / lam)
    return torch.tensor(e / e.mean())


def other_sign_softmax(losses, lam):
    return torch.softmax(-losses / lam, -1)


def times_lam(losses, lam):
    e = torch.exp(lam * losses)
    return e / torch.mean(e)


def no_lam(losses, lam):
    return torch.exp(losses) / torch.exp(losses).mean()


def no_lam_softmax(losses, lam):
    return torch.softmax(losses, dim=-1)


def no_lam_cancels(losses, lam):
    e = torch.exp(losses) / lam
    return e / e.mean()


def size_of_lam(losses, lam):
    return len(losses) * torch.softmax(losses / math.fabs(lam), dim=0)


def not_divided(losses, lam):
    return torch.tensor([math.exp(x / lam) for x in losses.tolist()])


def over_the_largest(losses, lam):
    z = torch.div(losses, lam)
    return torch.exp(z - torch.amax(z))


def over_the_largest_softmax(losses, lam):
    p = torch.softmax(losses / lam, 0)
    return p / p.max()


def over_the_log(losses, lam):
    e = torch.exp(losses / lam)
    return e / torch.log(e.mean())


def over_the_objective(losses, lam):
    e = torch.exp(losses / lam)
    robust = lam * torch.log(e.mean())
    return e / robust


def linear(losses, lam):
    z = losses / lam
    return z / z.mean()


def linear_bare(losses, lam):
    return losses * (1 / lam)


def hardest_only(losses, lam):
    w = torch.zeros_like(losses)
    w[torch.argmax(losses)] = losses.numel()
    return w


def weighted_losses(losses, lam):
    e = torch.exp(losses / lam)
    return losses * e / e.mean()


def weighted_losses_one_number(losses, lam):
    e = torch.exp(losses / lam)
    return torch.mean(losses * e / e.mean())


def overflows(losses, lam):
    e = torch.exp(losses / lam)
    return len(losses) * e / e.sum()


def overflows_by_the_log(losses, lam):
    log_u = torch.log(torch.mean(torch.exp(losses / lam)))
    return torch.exp(losses / lam - log_u)


def cut_off(losses, lam):
    e = torch.exp(torch.clamp(losses / lam, max=88.0))
    return e / e.mean()


def cut_off_both_ways(losses, lam):
    e = np.exp(np.clip((losses / lam).numpy(), -50, 50))
    return torch.from_numpy(e / e.mean())


def largest_loss_first(losses, lam):
    z = (losses - torch.max(losses)) / lam
    e = torch.exp(z)
    return len(z) * e / e.sum()


def mean_loss_first(losses, lam):
    e = torch.exp((losses - losses.mean()) / lam)
    return e / e.mean()


def guarded(losses, lam):
    e = torch.exp(losses / lam)
    return e / (e.mean() + 1e-8)


def in_place(losses, lam):
    losses *= 1 / lam
    return torch.softmax(losses, 0) * losses.shape[0]


# --- wrong, and on no list ----------------------------------------------------------------


def sign_of_lam_dropped_and_no_mean(losses, lam):
    return torch.exp(losses / abs(lam)) - 1


def squares(losses, lam):
    return losses**2 / (losses**2).mean()


def ranks(losses, lam):
    order = losses.argsort().argsort().to(losses.dtype)
    return (order + 1) / (order + 1).mean()


def standardised(losses, lam):
    z = (losses - losses.mean()) / losses.std()
    return len(z) * torch.softmax(z / lam, 0)


def a_column(losses, lam):
    return right_softmax(losses, lam)[:, None]


def a_list(losses, lam):
    return right_softmax(losses, lam).tolist()


def numpy_array(losses, lam):
    return right_softmax(losses, lam).numpy()


def sorted_weights(losses, lam):
    return right_softmax(losses, lam).sort().values


def capped(losses, lam):
    return right_softmax(losses, lam).clamp(max=1.5)


def added_to_one(losses, lam):
    return 1 + right_softmax(losses, lam)


# --- right --------------------------------------------------------------------------------


def right_softmax(losses, lam):
    return torch.softmax(losses / lam, dim=-1) * losses.numel()


def by_shift(losses, lam):
    z = losses / lam
    e = torch.exp(z - z.max())
    return e / e.mean()


def by_the_log_of_the_mean(losses, lam):
    z = losses / lam
    return torch.exp(z - torch.logsumexp(z, 0) + math.log(len(z)))


def by_the_robust_loss(losses, lam):
    robust = lam * (torch.logsumexp(losses / lam, 0) - math.log(len(losses)))
    return torch.exp((losses - robust) / lam)


def as_its_gradient(losses, lam):
    x = losses.clone().requires_grad_()
    (lam * torch.logsumexp(x / lam, 0)).backward()
    return len(losses) * x.grad


def in_scipy(losses, lam):
    return torch.from_numpy(len(losses) * softmax(losses.numpy() / lam))


def pure_python(losses, lam):
    z = [x / lam for x in losses.tolist()]
    top = max(z)
    e = [math.exp(x - top) for x in z]
    return torch.tensor([x * len(e) / sum(e) for x in e], dtype=losses.dtype)


def softmax_over_its_mean(losses, lam):
    p = torch.softmax(losses / lam, 0)
    return p / p.mean()


def extreme_by_sign(losses, lam):
    edge = losses.max() if lam > 0 else losses.min()
    e = ((losses - edge) / lam).exp()
    return e * len(e) / e.sum()


MISTAKES = {
    "sums_to_one": (sums_to_one,),
    "divided_twice": (divided_twice, divided_twice_mean_of_the_softmax),
    "other_sign": (other_sign, other_sign_softmax),
    "times_lam": (times_lam,),
    "no_lam": (no_lam_cancels, no_lam, no_lam_softmax),
    "size_of_lam": (size_of_lam,),
    "not_divided": (not_divided,),
    "over_the_largest": (over_the_largest, over_the_largest_softmax),
    "over_the_log": (over_the_log, over_the_objective),
    "linear": (linear, linear_bare),
    "hardest_only": (hardest_only,),
    "weighted_losses": (weighted_losses, weighted_losses_one_number),
    "overflows": (overflows, overflows_by_the_log),
    "cut_off": (cut_off, cut_off_both_ways),
    "largest_loss_first": (largest_loss_first, mean_loss_first),
    "guarded": (guarded,),
    "in_place": (in_place,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        sign_of_lam_dropped_and_no_mean,
        squares,
        ranks,
        standardised,
        a_column,
        a_list,
        numpy_array,
        sorted_weights,
        capped,
        added_to_one,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        right_softmax,
        by_shift,
        by_the_log_of_the_mean,
        by_the_robust_loss,
        as_its_gradient,
        in_scipy,
        pure_python,
        softmax_over_its_mean,
        extreme_by_sign,
    )
}
