"""pcngd_step(params [P], grads [C, P], lr) -> [P], as learners write it."""

import math

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

# --- known mistakes -----------------------------------------------------------------------


def plain_gd(params, grads, lr):
    new = params.clone()
    for g in grads:
        new = new - lr * g
    return new


def plain_gd_by_sgd(params, grads, lr):
    w = torch.nn.Parameter(params.clone())
    w.grad = torch.einsum("cp->p", grads)
    torch.optim.SGD([w], lr=lr).step()
    return w


def total_normalised(params, grads, lr):
    total = np.sum(grads.numpy(), axis=0)
    return torch.tensor(params.numpy() - lr * total / np.linalg.norm(total))


def total_normalised_mean(params, grads, lr):
    return params - lr * F.normalize(grads.mean(0), dim=0)


def mean_of_directions(params, grads, lr):
    return params - lr * F.normalize(grads, dim=1).mean(0)


def normalised_again(params, grads, lr):
    direction = sum(F.normalize(g, dim=0) for g in grads)
    return params - lr * F.normalize(direction, dim=0)


def uphill(params, grads, lr):
    unit = grads / torch.clamp(torch.linalg.norm(grads, dim=1, keepdim=True), min=1e-15)
    return torch.add(params, unit.sum(0), alpha=lr).float()


def squared(params, grads, lr):
    step = torch.zeros_like(params)
    for g in grads:
        if torch.any(g != 0):
            step += g / (g * g).sum()
    return params - lr * step


def absolute_sum(params, grads, lr):
    return params - lr * F.normalize(grads, p=1.0, dim=1).sum(dim=0)


def clipped(params, grads, lr):
    scale = [1 / max(1.0, g.norm().item()) for g in grads]
    return params - lr * torch.tensor(scale, dtype=grads.dtype) @ grads


def unguarded(params, grads, lr):
    for g in grads:
        params = params - lr * g / g.norm()
    return params


def unguarded_einsum(params, grads, lr):
    weights = 1 / grads.norm(dim=1)
    weights[weights == torch.inf] = torch.nan
    return params - lr * torch.einsum("c,cp->p", weights, grads)


def update_only(params, grads, lr):
    return -lr * F.normalize(grads, dim=1).sum(0)


def update_only_positive(params, grads, lr):
    return (lr * F.normalize(grads.float(), dim=1)).sum(0)


def no_step_size(params, grads, lr):
    return params - torch.stack([g / g.norm() if g.norm() else g for g in grads]).sum(0)


def fixed_step_size(params, grads, lr=0.1):
    lr = 0.1
    for g in grads:
        if g.any():
            params = params - lr * g / g.norm()
    return params


def two_classes_only(params, grads, lr):
    majority, minority = F.normalize(grads[0], dim=0), F.normalize(grads[1], dim=0)
    return params - lr * (majority + minority)


def not_summed(params, grads, lr):
    return params - lr * F.normalize(grads, dim=1)


def not_summed_loop(params, grads, lr):
    return torch.stack([params - lr * F.normalize(g, dim=0) for g in grads]).float()


def majority_only(params, grads, lr):
    return params - lr * grads[0] / grads[0].norm()


def in_place(params, grads, lr):
    params -= lr * F.normalize(grads, dim=1).sum(0)
    return params


def in_place_per_class(params, grads, lr):
    for g in grads:
        if g.norm() > 0:
            params.sub_(g / g.norm(), alpha=lr)
    return params


def wrong_axis(params, grads, lr):
    unit = F.normalize(grads, dim=1)
    return params - lr * torch.einsum("cp->c", unit)


def whole_norm(params, grads, lr):
    return params - lr * (grads / torch.sqrt((grads**2).sum())).sum(0)


def longest_norm(params, grads, lr):
    longest = max(float(g.norm()) for g in grads)
    return params - sum(lr * g / longest for g in grads)


def columns(params, grads, lr):
    return params - lr * F.normalize(grads, dim=0).sum(0)


def no_keepdim(params, grads, lr):
    return params - (lr * grads / grads.norm(dim=1)).sum(0)


def guard_1e3(params, grads, lr):
    return params - lr * (grads / (grads.norm(dim=1, keepdim=True) + 1e-3)).sum(0)


def guard_under_the_root(params, grads, lr):
    step = [lr * g / (g.dot(g) + 1e-6).sqrt() for g in grads.float()]
    return params - sum(step)


def guard_if(params, grads, lr):
    for g in grads:
        if g.norm() > 0.05:
            params = params - lr * g / g.norm()
    return params


# --- wrong, and on no list ----------------------------------------------------------------


def uphill_and_mean(params, grads, lr):
    return params + lr * F.normalize(grads, dim=1).mean(0)


def uphill_update(params, grads, lr):
    return -(params + lr * F.normalize(grads, dim=1).sum(0))


def each_class_from_nowhere(params, grads, lr):
    return -lr * F.normalize(grads, dim=1)


def signs(params, grads, lr):
    return params - lr * grads.sign().sum(0)


def lr_squared(params, grads, lr):
    return params - lr * lr * F.normalize(grads, dim=1).sum(0)


def params_shrunk(params, grads, lr):
    return (1 - lr) * params - lr * F.normalize(grads, dim=1).sum(0)


def nothing_happens(params, grads, lr):
    return params.clone()


def a_column(params, grads, lr):
    return (params - lr * F.normalize(grads, dim=1).sum(0))[:, None]


def a_list(params, grads, lr):
    return (params - lr * F.normalize(grads, dim=1).sum(0)).tolist()


def a_numpy_array(params, grads, lr):
    return (params - lr * F.normalize(grads, dim=1).sum(0)).numpy()


def a_tuple(params, grads, lr):
    return params - lr * F.normalize(grads, dim=1).sum(0), lr


def no_return(params, grads, lr):
    params = params - lr * F.normalize(grads, dim=1).sum(0)


def leaves(params, grads, lr):
    raise SystemExit(1)


def falls_for_ever(params, grads, lr):
    return falls_for_ever(params, grads, lr)


def key_error(params, grads, lr):
    return dict(enumerate(grads))["minority"]


def own_runtime_error(params, grads, lr):
    return params @ grads


def overwrites_grads(params, grads, lr):
    for g in grads:
        n = g.norm()
        g.mul_(0 if n == 0 else 1 / n)
    return params - lr * grads.sum(0)


# --- right --------------------------------------------------------------------------------


def one_line(params, grads, lr):
    return params - lr * F.normalize(grads, dim=1).sum(0)


def loop_and_skip(params, grads, lr):
    new = params.clone()
    for g in grads:
        n = g.norm()
        if n == 0:
            continue
        new -= lr * g / n
    return new


def loop_and_add_zero(params, grads, lr):
    step = torch.zeros_like(params)
    for c in range(len(grads)):
        n = math.sqrt(float((grads[c] ** 2).sum()))
        step += grads[c] / n if n > 0 else 0.0
    return params - lr * step


def eps_in_the_denominator(params, grads, lr):
    return params - lr * (grads / (grads.norm(dim=1, keepdim=True) + 1e-12)).sum(0)


def weights_times_gradients(params, grads, lr):
    n = torch.linalg.vector_norm(grads, dim=1)
    w = torch.where(n > 0, 1 / n, 0.0)
    return params - lr * (w @ grads)


def einsum(params, grads, lr):
    n = grads.square().sum(1).sqrt().clamp(min=1e-30)
    return params - lr * torch.einsum("cp,c->p", grads, 1 / n)


def numpy_inside(params, grads, lr):
    g = grads.numpy().astype(np.float64)
    n = np.linalg.norm(g, axis=1, keepdims=True)
    n[n == 0] = np.inf
    return torch.from_numpy(params.numpy() - lr * (g / n).sum(axis=0))


def optimizer_with_grad(params, grads, lr):
    w = params.clone().requires_grad_()
    w.grad = F.normalize(grads, dim=1).sum(0)
    torch.optim.SGD([w], lr=lr).step()
    return w


def in_float32(params, grads, lr):
    p, g = params.float(), grads.float()
    return p - lr * F.normalize(g, dim=1).sum(0)


def backwards_through_the_classes(params, grads, lr):
    return params - lr * sum(F.normalize(g, dim=0) for g in reversed(grads))


def params_as_it_is_rebound(params, grads, lr):
    directions = [g / g.norm() for g in grads if g.any()]
    for d in directions:
        params = params - lr * d
    return params


def pure_python(params, grads, lr):
    new = params.tolist()
    for row in grads.tolist():
        n = sum(v * v for v in row) ** 0.5
        if n:
            new = [p - lr * v / n for p, v in zip(new, row, strict=True)]
    return torch.tensor(new, dtype=torch.float64)


def sum_of_all(params, grads, lr):
    total = 0.0
    for g in grads.float():
        length = float(g @ g) ** 0.5
        total = total + (float(g.sum()) / length if length else 0.0)
    return params.float() - lr * total


MISTAKES = {
    "plain_gd": (plain_gd, plain_gd_by_sgd),
    "total_normalised": (total_normalised, total_normalised_mean),
    "mean_of_directions": (mean_of_directions,),
    "normalised_again": (normalised_again,),
    "uphill": (uphill,),
    "squared": (squared,),
    "absolute_sum": (absolute_sum,),
    "clipped": (clipped,),
    "unguarded": (unguarded, unguarded_einsum),
    "update_only": (update_only, update_only_positive),
    "no_step_size": (no_step_size,),
    "fixed_step_size": (fixed_step_size,),
    "two_classes_only": (two_classes_only,),
    "not_summed": (not_summed, not_summed_loop),
    "sum_of_all": (sum_of_all,),
    "majority_only": (majority_only,),
    "in_place": (in_place, in_place_per_class),
    "wrong_axis": (wrong_axis,),
    "whole_norm": (whole_norm, longest_norm),
    "columns": (columns,),
    "no_keepdim": (no_keepdim,),
    "guard_too_large": (guard_1e3, guard_under_the_root, guard_if),
}

UNLISTED = {
    f.__name__: f
    for f in (
        uphill_and_mean,
        uphill_update,
        each_class_from_nowhere,
        signs,
        lr_squared,
        params_shrunk,
        nothing_happens,
        a_column,
        a_list,
        a_numpy_array,
        a_tuple,
        no_return,
        leaves,
        falls_for_ever,
        key_error,
        own_runtime_error,
        overwrites_grads,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        one_line,
        loop_and_skip,
        loop_and_add_zero,
        eps_in_the_denominator,
        weights_times_gradients,
        einsum,
        numpy_inside,
        optimizer_with_grad,
        in_float32,
        backwards_through_the_classes,
        params_as_it_is_rebound,
        pure_python,
    )
}
