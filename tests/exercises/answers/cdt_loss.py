"""cdt_loss(logits, y, counts, gamma) -> number, as learners write it."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


def heat(counts, gamma):
    return (counts.max() / counts) ** gamma


# --- known mistakes -----------------------------------------------------------------------


def multiplied(logits, y, counts, gamma):
    return F.cross_entropy(logits * heat(counts, gamma), y)


def multiplied_by_inverse(logits, y, counts, gamma):
    cool = (counts / counts.max()) ** gamma
    return nn.CrossEntropyLoss()(logits / cool, y)


def label_only(logits, y, counts, gamma):
    z, a = logits.clone(), heat(counts, gamma)
    for i, label in enumerate(y.tolist()):
        z[i, label] = z[i, label] / a[label]
    return F.cross_entropy(z, y)


def temperature_of_the_label(logits, y, counts, gamma):
    a = heat(counts, gamma)
    return sum(F.cross_entropy(s / a[t], t) for s, t in zip(logits, y, strict=True)) / len(y)


def shifted_down(logits, y, counts, gamma):
    return F.cross_entropy(logits - gamma * (counts.max() / counts).log(), y)


def shifted_up(logits, y, counts, gamma):
    return F.cross_entropy(logits + torch.log(heat(counts, gamma)), y)


def subtracted(logits, y, counts, gamma):
    return F.nll_loss(F.log_softmax(logits - heat(counts, gamma), dim=-1), y)


def as_weights(logits, y, counts, gamma):
    return nn.CrossEntropyLoss(weight=heat(counts, gamma).to(logits.dtype))(logits, y)


def as_weights_over_n(logits, y, counts, gamma):
    a = heat(counts, gamma)
    losses = [a[t] * F.cross_entropy(s, t) for s, t in zip(logits, y, strict=True)]
    return torch.stack(losses).mean()


def on_probabilities(logits, y, counts, gamma):
    p = torch.softmax(logits, 1) / heat(counts, gamma)
    return -torch.log(p.gather(1, y[:, None])).mean()


def on_log_probabilities(logits, y, counts, gamma):
    q = F.log_softmax(logits, 1) / heat(counts, gamma)
    return -q[range(len(y)), y].mean()


def softmax_first(logits, y, counts, gamma):
    p = torch.softmax(logits, -1)
    return F.cross_entropy(p / heat(counts, gamma), y)


def softmax_twice(logits, y, counts, gamma):
    return F.cross_entropy(torch.softmax(logits / heat(counts, gamma), -1), y)


def no_temperature(logits, y, counts, gamma):
    a = heat(counts, gamma)
    z = logits / a
    return F.cross_entropy(logits, y) if z.numel() else 0


def counts_of_the_batch(logits, y, counts, gamma):
    n = torch.tensor([(y == c).sum() for c in range(logits.shape[1])])
    return F.cross_entropy(logits / (n.max() / n) ** gamma, y)


def counts_of_the_batch_at_least_one(logits, y, counts, gamma):
    n = F.one_hot(y, logits.shape[1]).sum(0).clamp(min=1)
    return F.cross_entropy(logits / heat(n, gamma), y)


def summed(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, gamma), y, reduction="sum")


def not_averaged(logits, y, counts, gamma):
    logp = (logits / heat(counts, gamma)).log_softmax(1)
    return -logp.gather(1, y.unsqueeze(1)).squeeze(1)


def mean_of_class_means(logits, y, counts, gamma):
    z = logits / heat(counts, gamma)
    present = sorted(set(y.tolist()))
    return sum(F.cross_entropy(z[y == c], y[y == c]) for c in present) / len(present)


def negative(logits, y, counts, gamma):
    return F.log_softmax(logits / heat(counts, gamma), 1)[torch.arange(len(y)), y].mean()


def probability(logits, y, counts, gamma):
    return F.softmax(logits / heat(counts, gamma), 1)[torch.arange(len(y)), y].mean()


def overflows(logits, y, counts, gamma):
    e = torch.exp(logits / heat(counts, gamma))
    p = e / e.sum(1, keepdim=True)
    return -torch.log(p[torch.arange(len(y)), y]).mean()


def cut(logits, y, counts, gamma):
    with torch.no_grad():
        return F.cross_entropy(logits / heat(counts, gamma), y)


def cut_as_a_number(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, gamma), y).item()


def cut_by_numpy(logits, y, counts, gamma):
    n = counts.numpy()
    z = logits.detach().double().numpy() / (n.max() / n) ** gamma
    top = z.max(axis=1)
    total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    return float((total - z[np.arange(len(z)), y.numpy()]).mean())


# --- wrong, and on no list ----------------------------------------------------------------


def squared_heat(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, gamma) ** 2, y)


def weights_and_heat(logits, y, counts, gamma):
    a = heat(counts, gamma).to(logits.dtype)
    return F.cross_entropy(logits / a, y, weight=a)


def times_the_mean_temperature(logits, y, counts, gamma):
    a = heat(counts, gamma)
    return a.mean() * F.cross_entropy(logits / a, y)


def averaged_logits(logits, y, counts, gamma):
    z = logits / heat(counts, gamma)
    return F.cross_entropy(z - z.mean(0), y)


def smoothed(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, gamma), y, label_smoothing=0.1)


def fixed_gamma(logits, y, counts, gamma):
    return F.cross_entropy(logits / heat(counts, 0.25), y)


def no_return(logits, y, counts, gamma):
    F.cross_entropy(logits / heat(counts, gamma), y)


def key_error(logits, y, counts, gamma):
    return {}["loss"]


# --- right --------------------------------------------------------------------------------


def one_line(logits, y, counts, gamma):
    return F.cross_entropy(logits / (counts.max() / counts) ** gamma, y)


def log_softmax_and_gather(logits, y, counts, gamma):
    logp = torch.log_softmax(logits / heat(counts, gamma)[None], dim=1)
    return -logp.gather(1, y[:, None]).mean()


def log_sum_exp(logits, y, counts, gamma):
    z = logits / heat(counts, gamma)
    return (z.logsumexp(1) - z[torch.arange(len(y)), y]).mean()


def columns_in_a_loop(logits, y, counts, gamma):
    a = heat(counts, gamma)
    z = torch.stack([logits[:, c] / a[c] for c in range(len(a))], dim=1)
    return nn.CrossEntropyLoss()(z, y)


def inverse_as_a_diagonal(logits, y, counts, gamma):
    share = (counts / counts.max()).to(logits.dtype) ** gamma
    return F.cross_entropy(logits @ torch.diag(share), y)


def example_by_example(logits, y, counts, gamma):
    a = heat(counts, gamma)
    losses = []
    for s, t in zip(logits, y.tolist(), strict=True):
        z = s / a
        losses.append(torch.logsumexp(z, 0) - z[t])
    return sum(losses) / len(losses)


def largest_taken_out(logits, y, counts, gamma):
    z = (logits / heat(counts, gamma)).double()
    z = z - z.max(dim=1, keepdim=True).values
    return (z.exp().sum(1).log() - z[range(len(y)), y]).mean()


MISTAKES = {
    "multiplied": (multiplied, multiplied_by_inverse),
    "label_only": (label_only,),
    "temperature_of_the_label": (temperature_of_the_label,),
    "shifted": (shifted_down, shifted_up, subtracted),
    "as_weights": (as_weights, as_weights_over_n),
    "on_probabilities": (on_probabilities, on_log_probabilities),
    "softmax_twice": (softmax_first, softmax_twice),
    "no_temperature": (no_temperature,),
    "counts_of_the_batch": (counts_of_the_batch, counts_of_the_batch_at_least_one),
    "summed": (summed,),
    "not_averaged": (not_averaged,),
    "mean_of_class_means": (mean_of_class_means,),
    "negative": (negative,),
    "probability": (probability,),
    "cut": (cut, cut_as_a_number, cut_by_numpy),
    "overflows": (overflows,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        squared_heat,
        weights_and_heat,
        times_the_mean_temperature,
        averaged_logits,
        smoothed,
        fixed_gamma,
        no_return,
        key_error,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        one_line,
        log_softmax_and_gather,
        log_sum_exp,
        columns_in_a_loop,
        inverse_as_a_diagonal,
        example_by_example,
        largest_taken_out,
    )
}
