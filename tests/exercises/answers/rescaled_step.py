"""rescaled_step(params [P], grads [C, P], full_grads [C, P], lr, floor) -> [P], as learners
write it."""

import math

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812


def cosines(a, b):
    return F.cosine_similarity(a, b, dim=1)


# --- known mistakes -----------------------------------------------------------------------


def not_rescaled(params, grads, full_grads, lr, floor=0.05):
    return params - lr * F.normalize(grads, dim=1).sum(0)


def multiplied(params, grads, full_grads, lr, floor=0.05):
    for g, p in zip(grads, cosines(grads, full_grads), strict=True):
        params = params - lr * max(p, floor) * F.normalize(g, dim=0)
    return params


def not_normalised(params, grads, full_grads, lr, floor=0.05):
    p = torch.clamp(cosines(grads, full_grads), min=floor)
    return params - lr * torch.einsum("cp,c->p", grads, 1 / p)


def full_batch_step(params, grads, full_grads, lr, floor=0.05):
    return params - lr * sum(F.normalize(g, dim=0) for g in full_grads)


def full_batch_rescaled(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(full_grads, dim=1) / p[:, None]).sum(0)


def product_form(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    others = torch.stack([torch.cat([p[:c], p[c + 1 :]]).prod() for c in range(len(p))])
    return params - lr * others @ F.normalize(grads, dim=1)


def squared_projection(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None].square()).sum(0)


def one_projection(params, grads, full_grads, lr, floor=0.05):
    p = max(float(cosines(grads, full_grads).mean()), floor)
    return params - lr / p * F.normalize(grads, dim=1).sum(0)


def no_floor(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads)
    new = params.clone()
    for c in range(len(grads)):
        new -= lr * F.normalize(grads[c], dim=0) / p[c]
    return new


def floor_added(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads)[:, None]
    return params - (lr * F.normalize(grads, dim=1) / (floor + p)).sum(0)


def absolute(params, grads, full_grads, lr, floor=0.05):
    p = torch.maximum(cosines(grads, full_grads).abs(), torch.tensor(floor))
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def sign_kept(params, grads, full_grads, lr, floor=0.05):
    for g, p in zip(grads, cosines(grads, full_grads).tolist(), strict=True):
        size = max(abs(p), floor)
        params = params - lr * F.normalize(g, dim=0) / math.copysign(size, p)
    return params


def left_out_below_the_floor(params, grads, full_grads, lr, floor=0.05):
    for g, p in zip(grads, cosines(grads, full_grads), strict=True):
        if p >= floor:
            params = params - lr * F.normalize(g, dim=0) / p
    return params


def rescaled_above_the_floor_only(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads)
    p[p < floor] = 1
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def ceiling(params, grads, full_grads, lr, floor=0.05):
    p = torch.minimum(cosines(grads, full_grads), torch.tensor(floor))
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def fixed_floor(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=0.05)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def uphill(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params + lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def update_only(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return -lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def no_step_size(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def averaged(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).mean(0)


def not_summed(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return torch.stack(
        [params - lr * F.normalize(g, dim=0) / q for g, q in zip(grads, p, strict=True)]
    )


def unguarded(params, grads, full_grads, lr, floor=0.05):
    for g, full in zip(grads, full_grads, strict=True):
        unit = g / g.norm()
        p = unit @ full / full.norm()
        params = params - lr * unit / p.clamp(min=floor)
    return params


def in_place(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    params -= lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)
    return params


# --- wrong, and on no list ----------------------------------------------------------------


def root_of_p(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None].sqrt()).sum(0)


def relative_to_the_best(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(grads, dim=1) * (p.max() / p)[:, None]).sum(0)


def last_class_only(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * F.normalize(grads[-1], dim=0) / p[-1]


def nothing_happens(params, grads, full_grads, lr, floor=0.05):
    return params.clone()


def lr_twice(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (lr * F.normalize(grads, dim=1) / p[:, None]).sum(0)


def a_tuple(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0), p


def overwrites_grads(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    grads.div_(grads.norm(dim=1, keepdim=True).clamp(min=1e-12))
    return params - lr * (grads / p[:, None]).sum(0)


def no_return(params, grads, full_grads, lr, floor=0.05):
    params = params - lr * F.normalize(grads, dim=1).sum(0)


# --- right --------------------------------------------------------------------------------


def one_line(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads).clamp(min=floor)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def loop(params, grads, full_grads, lr, floor=0.05):
    new = params.clone()
    for g, full in zip(grads, full_grads, strict=True):
        if g.norm() == 0:
            continue
        unit = g / g.norm()
        p = unit @ full / full.norm()
        new -= lr * unit / max(p.item(), floor)
    return new


def weights_times_gradients(params, grads, full_grads, lr, floor=0.05):
    n = torch.linalg.vector_norm(grads, dim=1)
    p = torch.maximum(cosines(grads, full_grads), torch.tensor(floor, dtype=grads.dtype))
    return params - torch.where(n > 0, lr / (p * n), 0.0) @ grads


def numpy_inside(params, grads, full_grads, lr, floor=0.05):
    g, full = grads.numpy(), full_grads.numpy()
    n = np.linalg.norm(g, axis=1)
    n[n == 0] = np.inf
    unit = g / n[:, None]
    p = (unit * full).sum(1) / np.linalg.norm(full, axis=1)
    return torch.from_numpy(params.numpy() - lr * (unit / np.maximum(p, floor)[:, None]).sum(0))


def missing_class_left_out(params, grads, full_grads, lr, floor=0.05):
    there = grads.norm(dim=1) > 0
    g, full = grads[there], full_grads[there]
    p = cosines(g, full).clamp(min=floor)
    return params - (F.normalize(g, dim=1) * (lr / p)[:, None]).sum(0)


def masked(params, grads, full_grads, lr, floor=0.05):
    p = cosines(grads, full_grads)
    p[p < floor] = floor
    unit = torch.nan_to_num(grads / grads.norm(dim=1, keepdim=True))
    return params - lr * torch.einsum("cp,c->p", unit, p.reciprocal())


def optimizer_with_grad(params, grads, full_grads, lr, floor=0.05):
    w = params.clone().requires_grad_()
    p = cosines(grads, full_grads).clamp(min=floor)
    w.grad = (F.normalize(grads, dim=1) / p[:, None]).sum(0)
    torch.optim.SGD([w], lr=lr).step()
    return w


MISTAKES = {
    "not_rescaled": (not_rescaled,),
    "multiplied": (multiplied,),
    "not_normalised": (not_normalised,),
    "full_batch_step": (full_batch_step, full_batch_rescaled),
    "product_form": (product_form,),
    "squared_projection": (squared_projection,),
    "one_projection": (one_projection,),
    "no_floor": (no_floor,),
    "floor_added": (floor_added,),
    "absolute": (absolute,),
    "sign_kept": (sign_kept,),
    "left_out_below_the_floor": (left_out_below_the_floor, rescaled_above_the_floor_only),
    "ceiling": (ceiling,),
    "fixed_floor": (fixed_floor,),
    "uphill": (uphill,),
    "update_only": (update_only,),
    "no_step_size": (no_step_size,),
    "averaged": (averaged,),
    "not_summed": (not_summed,),
    "unguarded": (unguarded,),
    "in_place": (in_place,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        root_of_p,
        relative_to_the_best,
        last_class_only,
        nothing_happens,
        lr_twice,
        a_tuple,
        overwrites_grads,
        no_return,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        one_line,
        loop,
        weights_times_gradients,
        numpy_inside,
        missing_class_left_out,
        masked,
        optimizer_with_grad,
    )
}
