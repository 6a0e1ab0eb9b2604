"""feature_gradients(logits [n, C], y [n], weight [C, d]) -> [C], as learners write it."""

import math

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812


def by_autograd(logits, y, weight, reduction="sum"):
    """The gradient on the logits that autograd finds, carried back by hand: [n, d]."""
    leaf = logits.detach().clone().requires_grad_()
    F.cross_entropy(leaf, y, reduction=reduction).backward()
    return leaf.grad @ weight


def averaged(values, y, classes):
    return torch.stack(
        [values[y == c].mean() if (y == c).any() else values.new_zeros(()) for c in range(classes)]
    )


# --- known mistakes -----------------------------------------------------------------------


def cancelled(logits, y, weight):
    grads = by_autograd(logits, y, weight)
    rows = []
    for c in range(logits.shape[1]):
        own = grads[y == c]
        rows.append(own.mean(0).norm() if len(own) else torch.tensor(0.0, dtype=grads.dtype))
    return torch.stack(rows)


def cancelled_sum(logits, y, weight):
    grads = by_autograd(logits, y, weight)
    return torch.stack([grads[y == c].sum(0).norm() for c in range(logits.shape[1])])


def cancelled_contribution(logits, y, weight):
    grads = by_autograd(logits, y, weight, reduction="mean")
    return torch.stack([grads[y == c].sum(0).norm() for c in range(logits.shape[1])])


def batch_mean(logits, y, weight):
    grads = by_autograd(logits, y, weight, reduction="mean")
    return averaged(grads.norm(dim=1), y, logits.shape[1])


def over_all(logits, y, weight):
    lengths = by_autograd(logits, y, weight, reduction="mean").norm(dim=1)
    return torch.stack([lengths[y == c].sum() for c in range(logits.shape[1])])


def over_classes(logits, y, weight):
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    totals = torch.zeros(logits.shape[1], dtype=lengths.dtype).index_add(0, y, lengths)
    return totals / len(totals)


def plain_sum(logits, y, weight):
    out = [0.0] * logits.shape[1]
    for g, c in zip(by_autograd(logits, y, weight), y.tolist(), strict=True):
        out[c] += math.sqrt(float(g @ g))
    return torch.tensor(out)


def one_norm_a_class(logits, y, weight):
    grads = by_autograd(logits, y, weight)
    return torch.stack([torch.linalg.norm(grads[y == c]) for c in range(logits.shape[1])])


def one_norm_over_n(logits, y, weight):
    grads = by_autograd(logits, y, weight)
    return torch.stack(
        [grads[y == c].norm() / max(1, int((y == c).sum())) for c in range(logits.shape[1])]
    )


def root_mean_square(logits, y, weight):
    grads = by_autograd(logits, y, weight)
    return averaged((grads**2).sum(1), y, logits.shape[1]) ** 0.5


def squared(logits, y, weight):
    grads = by_autograd(logits, y, weight)
    return averaged(torch.einsum("nd,nd->n", grads, grads), y, logits.shape[1])


def absolute_sum(logits, y, weight):
    return averaged(by_autograd(logits, y, weight).norm(p=1, dim=1), y, logits.shape[1])


def no_label(logits, y, weight):
    p = torch.exp(logits) / torch.exp(logits).sum(1, keepdim=True)
    return averaged(torch.linalg.vector_norm(p @ weight, dim=1), y, logits.shape[1])


def no_softmax(logits, y, weight):
    errors = logits.clone()
    errors[torch.arange(len(y)), y] -= 1
    return averaged((errors @ weight).norm(dim=1), y, logits.shape[1])


def logarithms(logits, y, weight):
    errors = F.log_softmax(logits, -1) - torch.eye(logits.shape[1])[y]
    return averaged((errors.to(weight) @ weight).norm(dim=1), y, logits.shape[1])


def softmax_down(logits, y, weight):
    errors = F.softmax(logits, 0)
    errors[range(len(y)), y] -= 1
    return averaged((errors @ weight).norm(dim=1), y, logits.shape[1])


def softmax_twice(logits, y, weight):
    leaf = logits.softmax(-1).detach().requires_grad_()
    F.cross_entropy(leaf, y, reduction="sum").backward()
    return averaged((leaf.grad @ weight).norm(dim=1), y, logits.shape[1])


def on_the_logits(logits, y, weight):
    leaf = logits.detach().clone().requires_grad_()
    F.cross_entropy(leaf, y, reduction="sum").backward()
    return averaged(leaf.grad.norm(dim=1), y, logits.shape[1])


def own_row(logits, y, weight):
    p_true = logits.softmax(1).gather(1, y[:, None])[:, 0]
    return averaged((1 - p_true) * weight[y].norm(dim=1), y, logits.shape[1])


def transposed(logits, y, weight):
    return averaged(by_autograd(logits, y, weight.T).norm(dim=1), y, logits.shape[1])


def by_guess(logits, y, weight):
    return averaged(by_autograd(logits, y, weight).norm(dim=1), logits.max(1)[1], logits.shape[1])


def guess_for_label(logits, y, weight):
    lengths = by_autograd(logits, logits.max(1)[1], weight).norm(dim=1)
    return averaged(lengths, y, logits.shape[1])


def unguarded(logits, y, weight):
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    return torch.stack([lengths[y == c].mean() for c in range(logits.shape[1])])


def unguarded_bincount(logits, y, weight):
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    classes = logits.shape[1]
    return torch.bincount(y, lengths, classes) / torch.bincount(y, minlength=classes)


def present_only(logits, y, weight):
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    return torch.stack([lengths[y == c].mean() for c in sorted(set(y.tolist()))])


def narrow(logits, y, weight):
    errors = torch.softmax(logits, 1) - F.one_hot(y).float()
    return averaged(torch.linalg.vector_norm(errors @ weight, dim=1), y, logits.shape[1])


def narrow_first(logits, y, weight):
    errors = F.one_hot(y) - F.softmax(logits, -1)
    return averaged(errors.matmul(weight).pow(2).sum(1).sqrt(), y, logits.shape[1])


def each_example(logits, y, weight):
    return by_autograd(logits, y, weight).pow(2).sum(1).sqrt()


def everybody(logits, y, weight):
    return by_autograd(logits, y, weight).norm(dim=1).mean()


# --- wrong, and on no list ----------------------------------------------------------------


def smallest(logits, y, weight):
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    return torch.stack(
        [
            lengths[y == c].min() if (y == c).any() else lengths[0] * 0
            for c in range(weight.shape[0])
        ]
    )


def one_minus_p(logits, y, weight):
    return averaged(1 - logits.softmax(1)[torch.arange(len(y)), y], y, logits.shape[1])


def losses(logits, y, weight):
    return averaged(F.cross_entropy(logits, y, reduction="none"), y, logits.shape[1])


def largest_entry(logits, y, weight):
    return averaged(by_autograd(logits, y, weight).abs().amax(1), y, logits.shape[1])


def sigmoids(logits, y, weight):
    errors = logits.sigmoid() - F.one_hot(y, logits.shape[1])
    return averaged((errors @ weight).norm(dim=1), y, logits.shape[1])


def a_list(logits, y, weight):
    return averaged(by_autograd(logits, y, weight).norm(dim=1), y, logits.shape[1]).tolist()


def no_return(logits, y, weight):
    by_autograd(logits, y, weight)


# --- right --------------------------------------------------------------------------------


def autograd_and_masks(logits, y, weight):
    return averaged(by_autograd(logits, y, weight).norm(dim=1), y, logits.shape[1])


def bincounts(logits, y, weight):
    classes = logits.shape[1]
    errors = F.softmax(logits, dim=-1)
    errors[torch.arange(len(y)), y] -= 1
    lengths = torch.linalg.vector_norm(errors @ weight, dim=1)
    sizes = torch.bincount(y, minlength=classes).clamp(min=1)
    return torch.bincount(y, lengths, minlength=classes) / sizes


def gram(logits, y, weight):
    errors = logits.softmax(1) - torch.eye(logits.shape[1], dtype=logits.dtype)[y]
    square = torch.einsum("nc,ce,ne->n", errors, weight @ weight.T, errors)
    return averaged(square.clamp(min=0).sqrt(), y, logits.shape[1])


def numpy_inside(logits, y, weight):
    s, t, w = logits.double().numpy(), y.numpy(), weight.double().numpy()
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    lengths = np.linalg.norm(p @ w, axis=1)
    means = [lengths[t == c].mean() if (t == c).any() else 0.0 for c in range(w.shape[0])]
    return torch.tensor(means)


def one_example_at_a_time(logits, y, weight):
    sums, sizes = [0.0] * logits.shape[1], [0] * logits.shape[1]
    for row, c in zip(logits, y.tolist(), strict=True):
        leaf = row.clone().requires_grad_()
        (grad,) = torch.autograd.grad(F.cross_entropy(leaf, torch.tensor(c)), leaf)
        sums[c] += (weight.T @ grad).norm().item()
        sizes[c] += 1
    return torch.tensor([s / n if n else 0.0 for s, n in zip(sums, sizes, strict=True)])


def nan_to_num(logits, y, weight):
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    return torch.stack([lengths[y == c].mean() for c in range(logits.shape[1])]).nan_to_num(0)


def by_jacobian(logits, y, weight):
    """Carries the gradient back with the Jacobian of z -> W z."""
    jacobian = torch.autograd.functional.jacobian(
        lambda z: z @ weight.T, torch.zeros(weight.shape[1], dtype=weight.dtype)
    )
    errors = logits.softmax(1) - F.one_hot(y, logits.shape[1])
    return averaged((errors.to(jacobian) @ jacobian).norm(dim=1), y, logits.shape[1])


def through_features_of_zero(logits, y, weight):
    z = torch.zeros(len(y), weight.shape[1], requires_grad=True)
    F.cross_entropy(logits + z @ weight.T, y, reduction="sum").backward()
    own = F.one_hot(y, logits.shape[1]).float()
    return z.grad.norm(dim=1) @ own / own.sum(0).clamp(min=1)


def added_up(logits, y, weight):
    sizes, sums = torch.zeros(2, logits.shape[1])
    lengths = by_autograd(logits, y, weight).norm(dim=1)
    return sums.index_add(0, y, lengths) / sizes.index_add(0, y, torch.ones(len(y))).clamp(min=1)


MISTAKES = {
    "cancelled": (cancelled, cancelled_sum, cancelled_contribution),
    "batch_mean": (batch_mean,),
    "over_all": (over_all,),
    "over_classes": (over_classes,),
    "plain_sum": (plain_sum,),
    "one_norm_a_class": (one_norm_a_class, one_norm_over_n),
    "root_mean_square": (root_mean_square,),
    "squared": (squared,),
    "absolute_sum": (absolute_sum,),
    "no_label": (no_label,),
    "no_softmax": (no_softmax,),
    "logarithms": (logarithms,),
    "softmax_down": (softmax_down,),
    "softmax_twice": (softmax_twice,),
    "on_the_logits": (on_the_logits,),
    "own_row": (own_row,),
    "transposed": (transposed,),
    "by_guess": (by_guess,),
    "guess_for_label": (guess_for_label,),
    "unguarded": (unguarded, unguarded_bincount),
    "present_only": (present_only,),
    "narrow": (narrow, narrow_first),
    "each_example": (each_example,),
    "everybody": (everybody,),
}

UNLISTED = {
    f.__name__: f
    for f in (smallest, one_minus_p, losses, largest_entry, sigmoids, a_list, no_return)
}

RIGHT = {
    f.__name__: f
    for f in (
        autograd_and_masks,
        bincounts,
        gram,
        numpy_inside,
        one_example_at_a_time,
        nan_to_num,
        by_jacobian,
        through_features_of_zero,
        added_up,
    )
}
