"""arb_losses(logits [n, C], y [n], counts [C]) -> [n], as learners write it."""

import math

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

# --- known mistakes -----------------------------------------------------------------------


def inverse(logits, y, counts):
    ratio = counts[y].unsqueeze(1) / counts.unsqueeze(0)  # n_y / n_k
    z = logits + torch.log(ratio)
    own = logits[torch.arange(len(y)), y]
    return torch.logsumexp(z, dim=1) - own


def counts_unused(logits, y, counts):
    return -torch.log_softmax(logits, dim=-1)[range(len(y)), y]


def own_only(logits, y, counts):
    z = logits.clone()
    for i, label in enumerate(y):
        z[i, label] += torch.log(counts[label])
    return F.nll_loss(z.log_softmax(1), y, reduction="none")


def own_only_minus(logits, y, counts):
    z = logits.clone()
    z[torch.arange(len(y)), y] -= torch.log(counts[y].double())
    return F.cross_entropy(z, y, reduction="none")


def class_weights(logits, y, counts):
    weight = 1 / counts.to(logits.dtype)
    return F.cross_entropy(logits, y, weight=weight, reduction="none")


def class_weights_float(logits, y, counts):
    w = 1.0 / counts.float()
    return F.cross_entropy(logits, y, weight=w.to(logits), reduction="none")


def class_weights_balanced(logits, y, counts):
    w = counts.sum() / (counts.shape[0] * counts)
    return w[y] * F.cross_entropy(logits, y, reduction="none")


def class_weights_normalised(logits, y, counts):
    w = 1 / counts
    w = w / w.sum()
    return F.cross_entropy(logits, y, weight=w.to(logits), reduction="none")


def class_weights_sum_classes(logits, y, counts):
    w = counts.pow(-1)
    w = w * logits.shape[1] / w.sum()
    return torch.stack([w[c] * -torch.log_softmax(z, 0)[c] for z, c in zip(logits, y, strict=True)])


def class_weights_max(logits, y, counts):
    each = F.cross_entropy(logits, y, reduction="none")
    return torch.stack([e * max(counts) / counts[c] for e, c in zip(each, y, strict=True)])


def no_log(logits, y, counts):
    z = logits + counts[None, :]
    return F.cross_entropy(z, y, reduction="none")


def no_log_prior(logits, y, counts):
    prior = counts / sum(counts)
    return -(logits + prior).log_softmax(dim=1).gather(1, y.view(-1, 1)).squeeze(1)


def multiplied(logits, y, counts):
    return F.cross_entropy(counts * logits, y, reduction="none")


def multiplied_prior(logits, y, counts):
    return F.cross_entropy(counts / counts.sum() * logits, y, reduction="none")


def multiplied_log(logits, y, counts):
    return F.cross_entropy(torch.log(counts) * logits, y, reduction="none")


def multiplied_ratio(logits, y, counts):
    w = counts[None, :] / counts[y].unsqueeze(-1)
    return F.nll_loss((w * logits).log_softmax(-1), y, reduction="none")


def base_ten(logits, y, counts):
    shift = torch.from_numpy(np.log10(counts.numpy()))
    return F.cross_entropy(logits + shift.to(logits), y, reduction="none")


def base_two(logits, y, counts):
    shift = torch.tensor([math.log2(c) for c in counts.tolist()])
    return F.cross_entropy(logits + shift.to(logits), y, reduction="none")


def mean(logits, y, counts):
    return F.cross_entropy(logits + torch.log(counts), y)


def added_up(logits, y, counts):
    return F.cross_entropy(logits + torch.log(counts), y, reduction="sum")


def rivals_only(logits, y, counts):
    out = []
    for z, label in zip(logits, y.tolist(), strict=True):
        below = sum(counts[k] / counts[label] * z[k].exp() for k in range(len(z)) if k != label)
        out.append(-torch.log(z[label].exp() / below))
    return torch.stack(out)


def sign_lost(logits, y, counts):
    return F.log_softmax(logits + counts.log(), dim=1)[torch.arange(len(y)), y]


def numerator_unweighted(logits, y, counts):
    above = logits[torch.arange(len(y)), y]
    below = torch.log((counts * logits.exp()).sum(1))
    return below - above


def probability(logits, y, counts):
    n = counts.double()
    below = (n * logits.exp()).sum(1)
    return n[y] * logits.exp()[range(len(y)), y] / below


def softmax_twice(logits, y, counts):
    p = torch.softmax(logits + torch.log(counts), 1)
    return F.cross_entropy(p, y, reduction="none")


def counts_of_the_batch(logits, y, counts):
    n = torch.zeros(logits.shape[1], dtype=logits.dtype)
    for label in y:
        n[label] += 1
    return F.cross_entropy(logits + n.log(), y, reduction="none")


def plus_one(logits, y, counts):
    return F.cross_entropy(logits + torch.log1p(counts.to(logits)), y, reduction="none")


def absent_as_one(logits, y, counts):
    n = torch.where(counts == 0, torch.ones_like(counts), counts)
    return F.cross_entropy(logits + n.log(), y, reduction="none")


def small_number_added(logits, y, counts):
    return F.cross_entropy(logits + torch.log(counts + 1e-8), y, reduction="none")


def small_number_added_5(logits, y, counts):
    return F.cross_entropy(logits + (counts + 1e-5).log(), y, reduction="none")


def small_number_instead(logits, y, counts):
    n = torch.where(counts > 0, counts, torch.full_like(counts, 1e-12))
    return F.cross_entropy(logits + n.log(), y, reduction="none")


def largest_of_all_classes(logits, y, counts):
    z = logits - logits.max(dim=1, keepdim=True).values
    ratio = counts[None, :] / counts[y][:, None]
    below = (ratio * z.exp()).sum(1).log()
    return below - z[torch.arange(len(y)), y]


def largest_of_all_classes_looping(logits, y, counts):
    out = []
    for z, c in zip(logits, y, strict=True):
        top = max(z)
        total = sum(n * torch.exp(v - top) for n, v in zip(counts, z, strict=True))
        out.append(top + torch.log(total) - z[c] - torch.log(counts[c]))
    return torch.stack(out)


def largest_of_the_batch(logits, y, counts):
    z = logits - logits.max()
    w = counts / counts[y][:, None]
    return torch.log((w * z.exp()).sum(1)) - z[range(len(y)), y]


def overflow(logits, y, counts):
    e = torch.exp(logits)
    own = e[torch.arange(len(y)), y]
    ratio = counts.double()[None, :] / counts.double()[y][:, None]
    return -torch.log(own / (ratio * e).sum(dim=1))


def log_of_softmax(logits, y, counts):
    p = F.softmax(logits + counts.log(), dim=1)
    return -torch.log(p[torch.arange(len(y)), y])


def cut(logits, y, counts):
    return F.cross_entropy(logits.data + counts.log(), y, reduction="none")


def cut_in_the_end(logits, y, counts):
    return torch.tensor(F.cross_entropy(logits + counts.log(), y, reduction="none").tolist()).to(
        logits
    )


def cut_by_numpy(logits, y, counts):
    with np.errstate(divide="ignore"):
        v = logits.detach().double().numpy() + np.log(counts.numpy())
    top = v.max(axis=1, keepdims=True)
    total = np.log(np.exp(v - top).sum(axis=1)) + top[:, 0]
    return torch.from_numpy(total - v[np.arange(len(v)), y.numpy()])


# --- wrong, and on no list ----------------------------------------------------------------


def half_of_log_n(logits, y, counts):
    return F.cross_entropy(logits + 0.5 * counts.log(), y, reduction="none")


def focal_on_top(logits, y, counts):
    each = right_short(logits, y, counts)
    return (1 - (-each).exp()) ** 2 * each


def guess_instead_of_label(logits, y, counts):
    return right_short(logits, logits.argmax(1), counts) + 0.01


def clamped(logits, y, counts):
    return right_short(logits.clamp(-1, 1), y, counts)


def a_list(logits, y, counts):
    return right_short(logits, y, counts).tolist()


def a_column(logits, y, counts):
    return right_short(logits, y, counts)[:, None]


def no_return(logits, y, counts):
    right_short(logits, y, counts)


# --- right --------------------------------------------------------------------------------


def right_short(logits, y, counts):
    return F.cross_entropy(logits + torch.log(counts), y, reduction="none")


def prior(logits, y, counts):
    pi = counts / counts.sum()
    return F.cross_entropy(logits + pi.log(), y, reduction="none")


def nll(logits, y, counts):
    log_p = F.log_softmax(logits + counts.log(), dim=-1)
    return F.nll_loss(log_p, y, reduction="none")


def ratio_in_the_exponent(logits, y, counts):
    log_ratio = counts.log()[None, :] - counts.log()[y][:, None]
    own = logits.gather(1, y[:, None]).squeeze(1)
    return torch.logsumexp(logits + log_ratio, dim=1) - own


def shifted_by_hand(logits, y, counts):
    there = logits.masked_fill(counts == 0, -torch.inf)
    z = there - there.max(dim=1, keepdim=True).values
    ratio = counts[None, :] / counts[y][:, None]
    below = (ratio * z.exp()).sum(1).log()
    return below - z[torch.arange(len(y)), y]


def loop(logits, y, counts):
    out = []
    for z, c in zip(logits.double(), y, strict=True):
        v = z + counts.double().log()
        out.append(torch.logsumexp(v, 0) - v[c])
    return torch.stack(out)


def vmapped(logits, y, counts):
    def one(z, c):
        return F.cross_entropy((z + counts.log())[None], c[None])

    return torch.vmap(one)(logits, y)


MISTAKES = {
    "inverse": (inverse,),
    "counts_unused": (counts_unused,),
    "own_only": (own_only, own_only_minus),
    "class_weights": (
        class_weights,
        class_weights_float,
        class_weights_balanced,
        class_weights_max,
        class_weights_normalised,
        class_weights_sum_classes,
    ),
    "no_log": (no_log, no_log_prior),
    "multiplied": (multiplied, multiplied_prior, multiplied_ratio, multiplied_log),
    "other_base": (base_ten, base_two),
    "reduced": (mean, added_up),
    "rivals_only": (rivals_only,),
    "sign_lost": (sign_lost,),
    "numerator_unweighted": (numerator_unweighted,),
    "probability": (probability,),
    "softmax_twice": (softmax_twice,),
    "counts_of_the_batch": (counts_of_the_batch,),
    "plus_one": (plus_one,),
    "absent_as_one": (absent_as_one,),
    "guarded": (small_number_added, small_number_added_5, small_number_instead),
    "largest_of_all_classes": (largest_of_all_classes, largest_of_all_classes_looping),
    "largest_of_the_batch": (largest_of_the_batch,),
    "cut": (cut, cut_in_the_end, cut_by_numpy),
    "overflow": (overflow, log_of_softmax),
}

UNLISTED = {
    f.__name__: f
    for f in (
        half_of_log_n,
        focal_on_top,
        guess_instead_of_label,
        clamped,
        a_list,
        a_column,
        no_return,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        right_short,
        prior,
        nll,
        ratio_in_the_exponent,
        shifted_by_hand,
        loop,
        vmapped,
    )
}
