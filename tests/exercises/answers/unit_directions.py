"""unit_directions(grads [C, P]) -> [C, P], as learners write it."""

import math

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

# --- known mistakes -----------------------------------------------------------------------


def whole_norm(grads):
    return torch.from_numpy(grads.numpy() / np.linalg.norm(grads.numpy()))


def whole_norm_functional(grads):
    return F.normalize(grads.flatten(), dim=0).view_as(grads)


def longest_norm(grads):
    return grads / max(g.norm() for g in grads)


def mean_length(grads):
    return grads.float() / grads.float().norm(dim=1).mean()


def all_lengths(grads):
    return torch.from_numpy(grads.numpy() / np.linalg.norm(grads.numpy(), axis=1).sum())


def norm_of_the_sum(grads):
    total = sum(grads)
    return torch.stack([g / math.sqrt(total @ total) for g in grads])


def columns(grads):
    return F.normalize(grads, dim=0)


def squared(grads):
    lengths = torch.einsum("cp,cp->c", grads, grads)
    return torch.stack([g / s if s else g for g, s in zip(grads, lengths, strict=True)])


def absolute_sum(grads):
    return F.normalize(grads.float(), p=1, dim=1)


def largest_entry(grads):
    rows = []
    for g in grads.tolist():
        top = max(abs(v) for v in g)
        rows.append([v / top if top > 0 else 0.0 for v in g])
    return torch.tensor(rows, dtype=grads.dtype)


def mean_square(grads):
    rms = grads.pow(2).mean(-1, keepdim=True).sqrt()
    return torch.nan_to_num(grads / rms)


def plain_total(grads):
    out = grads.clone()
    for c in range(out.shape[0]):
        if out[c].sum() != 0:
            out[c] = out[c] / out[c].sum()
    return out


def clipped(grads):
    out = []
    for g in grads:
        n = float(g.norm())
        out.append(g / n if n > 1 else g)
    return torch.stack(out)


def clipped_by_torch(grads):
    rows = [g.clone().requires_grad_() for g in grads]
    for r, g in zip(rows, grads, strict=True):
        r.grad = g.clone()
        torch.nn.utils.clip_grad_norm_([r], max_norm=1.0)
    return torch.stack([r.grad for r in rows])


def signs(grads):
    return torch.tensor(np.sign(grads.numpy()))


def signs_entrywise_division(grads):
    return torch.where(grads == 0, 0.0, grads / grads.abs()).float()


def shared_out(grads):
    u = F.normalize(grads, dim=1, eps=1e-30)
    return u / len(u)


def shared_out_mean(grads):
    c = grads.size(0)
    rows = [(g / torch.norm(g) if torch.norm(g) != 0 else 0 * g) * (1 / c) for g in grads]
    return torch.stack(rows)


def unguarded(grads):
    return torch.vstack([g / torch.sqrt(torch.dot(g, g)) for g in grads])


def unguarded_numpy(grads):
    a = np.asarray(grads, dtype="float32")
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(a / np.sqrt((a**2).sum(1))[:, None])


def zero_dropped(grads):
    return torch.stack([g / g.norm() for g in grads if g.norm() > 0])


def guard_too_large(grads):
    return grads / (grads.norm(dim=1, keepdim=True) + 1e-3)


def guard_tenth(grads):
    return grads / (grads.norm(dim=1)[:, None] + 0.1)


def guard_hundredth(grads):
    return (grads.T / (torch.sqrt((grads**2).sum(1)) + 1e-2)).T


def guard_1e4(grads):
    return torch.stack([g.float() / (g.float().norm() + 1e-4) for g in grads])


def guard_1e5(grads):
    return grads / (grads.norm(dim=1, keepdim=True) + 1e-5)


def guard_1e6(grads):
    return grads / (torch.linalg.norm(grads, axis=1, keepdims=True) + 1e-6)


def guard_clamp_hundredth(grads):
    return grads / grads.norm(dim=1, keepdim=True).clamp(min=1e-2)


def guard_normalize_hundredth(grads):
    return F.normalize(grads, dim=1, eps=0.01)


def guard_if(grads):
    return torch.stack([g / g.norm() if g.norm() > 1e-2 else torch.zeros_like(g) for g in grads])


def guard_under_the_root(grads):
    return grads / torch.sqrt((grads**2).sum(dim=1, keepdim=True) + 1e-6)


def guard_under_the_root_1e8(grads):
    return grads / torch.sqrt((grads**2).sum(dim=1, keepdim=True) + 1e-8)


def guard_1e8(grads):
    return torch.stack([g / (g.norm() + 1e-8) for g in grads])


def guard_clamp_1e4(grads):
    return grads / torch.clamp(torch.linalg.vector_norm(grads, dim=1, keepdim=True), 1e-4)


def guard_normalize_1e6(grads):
    return F.normalize(grads, eps=1e-6)


def guard_add_one(grads):
    return grads / (1 + grads.norm(dim=1, keepdim=True))


def in_place(grads):
    for g in grads:
        n = g.norm()
        if n > 0:
            g /= n
    return grads


def in_place_div(grads):
    return grads.div_(grads.norm(dim=1, keepdim=True).clamp(min=1e-300))


def downhill(grads):
    return -F.normalize(grads, dim=1, eps=1e-30)


def no_keepdim(grads):
    lengths = (grads**2).sum(1) ** 0.5
    return grads / lengths


# --- wrong, and on no list ----------------------------------------------------------------


def l1_clipped(grads):
    return grads / grads.abs().sum(1, keepdim=True).clamp(min=1)


def signed_and_shared(grads):
    return grads.sign() / len(grads)


def standardised(grads):
    return (grads - grads.mean(1, keepdim=True)) / grads.std(1, keepdim=True)


def softmaxed(grads):
    return grads.softmax(1)


def lengths_only(grads):
    return grads.norm(dim=1)


def the_sum_of_them(grads):
    return F.normalize(grads, dim=1).sum(0)


def ones_for_the_absent(grads):
    n = grads.norm(dim=1, keepdim=True)
    return torch.where(n > 0, grads / n, 1.0)


def a_list(grads):
    return [g / g.norm() for g in grads]


def a_numpy_array(grads):
    return grads.numpy() / np.linalg.norm(grads.numpy(), axis=1, keepdims=True)


def no_return(grads):
    F.normalize(grads, dim=1)


def a_complex_tensor(grads):
    return F.normalize(grads, dim=1, eps=1e-30) * (1 + 1j)


def a_number(grads):
    return 1.0


def leaves(grads):
    raise SystemExit


def falls_for_ever(grads):
    return falls_for_ever(grads)


def key_error(grads):
    return {}["grads"]


def own_runtime_error(grads):
    raise RuntimeError("no idea\nwhat to do here")


def stops_at_a_zero_row(grads):
    assert (grads.norm(dim=1) > 0).all()
    return F.normalize(grads, dim=1)


# --- right --------------------------------------------------------------------------------


def functional_normalize(grads):
    return F.normalize(grads, dim=1)


def loop_with_if(grads):
    rows = []
    for g in grads:
        n = torch.norm(g)
        rows.append(g / n if n > 0 else torch.zeros_like(g))
    return torch.stack(rows)


def tiny_eps(grads):
    return grads / (grads.norm(dim=1, keepdim=True) + 1e-12)


def tiny_eps_1e12(grads):
    return grads / (grads.norm(dim=1, keepdim=True) + 1e-12)


def clamped(grads):
    return grads / grads.norm(dim=1, keepdim=True).clamp_min(torch.finfo(grads.dtype).tiny)


def einsum_rsqrt(grads):
    square = torch.einsum("cp,cp->c", grads, grads)
    return torch.diag(torch.where(square > 0, square.rsqrt(), 0.0)) @ grads


def numpy_inside(grads):
    a = grads.numpy()
    n = np.linalg.norm(a, axis=1, keepdims=True)
    return torch.from_numpy(np.divide(a, n, out=np.zeros_like(a), where=n > 0))


def nan_to_num(grads):
    return torch.nan_to_num(grads / grads.norm(dim=1, keepdim=True))


def in_float32(grads):
    return F.normalize(grads.float(), dim=1)


def pure_python(grads):
    out = []
    for row in grads.tolist():
        n = math.hypot(*row)
        out.append([v / n if n else 0.0 for v in row])
    return torch.tensor(out)


def writes_into_a_fresh_tensor(grads):
    out = torch.zeros_like(grads)
    present = grads.norm(dim=1) > 0
    out[present] = grads[present] / grads[present].norm(dim=1, keepdim=True)
    return out


def vmapped(grads):
    return torch.vmap(lambda g: g / torch.where(g.norm() > 0, g.norm(), 1.0))(grads)


def in_place_on_a_clone(grads):
    mine = grads.clone()
    mine /= mine.norm(dim=1, keepdim=True)
    mine[mine.isnan()] = 0
    return mine


MISTAKES = {
    "whole_norm": (whole_norm, whole_norm_functional, longest_norm, mean_length, all_lengths),
    "norm_of_the_sum": (norm_of_the_sum,),
    "columns": (columns,),
    "squared": (squared,),
    "absolute_sum": (absolute_sum,),
    "largest_entry": (largest_entry,),
    "mean_square": (mean_square,),
    "plain_total": (plain_total,),
    "clipped": (clipped, clipped_by_torch),
    "signs": (signs, signs_entrywise_division),
    "shared_out": (shared_out, shared_out_mean),
    "unguarded": (unguarded, unguarded_numpy),
    "zero_dropped": (zero_dropped,),
    "guard_too_large": (
        guard_too_large,
        guard_tenth,
        guard_hundredth,
        guard_1e4,
        guard_1e5,
        guard_1e6,
        guard_clamp_hundredth,
        guard_normalize_hundredth,
        guard_if,
        guard_under_the_root,
        guard_under_the_root_1e8,
        guard_1e8,
        guard_clamp_1e4,
        guard_normalize_1e6,
        guard_add_one,
    ),
    "in_place": (in_place, in_place_div),
    "downhill": (downhill,),
    "no_keepdim": (no_keepdim,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        l1_clipped,
        signed_and_shared,
        standardised,
        softmaxed,
        lengths_only,
        the_sum_of_them,
        ones_for_the_absent,
        a_list,
        a_numpy_array,
        no_return,
        a_complex_tensor,
        a_number,
        leaves,
        falls_for_ever,
        key_error,
        own_runtime_error,
        stops_at_a_zero_row,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        functional_normalize,
        loop_with_if,
        tiny_eps,
        tiny_eps_1e12,
        clamped,
        einsum_rsqrt,
        numpy_inside,
        nan_to_num,
        in_float32,
        pure_python,
        writes_into_a_fresh_tensor,
        vmapped,
        in_place_on_a_clone,
    )
}
