"""projections(grads [C, P], full_grads [C, P]) -> [C], as learners write it."""

import math

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

# --- known mistakes -----------------------------------------------------------------------


def dot_products(grads, full_grads):
    return torch.einsum("cp,cp->c", grads, full_grads)


def dot_products_loop(grads, full_grads):
    return torch.stack([a @ b for a, b in zip(grads.float(), full_grads.float(), strict=True)])


def only_the_batch_has_length_one(grads, full_grads):
    return torch.stack([F.normalize(a, dim=0) @ b for a, b in zip(grads, full_grads, strict=True)])


def scalar_projection(grads, full_grads):
    out = []
    for a, b in zip(grads, full_grads, strict=True):
        n = torch.linalg.norm(b)
        out.append(torch.dot(a, b) / n if n > 0 else torch.tensor(0.0, dtype=a.dtype))
    return torch.stack(out)


def projection_factor(grads, full_grads):
    top, bottom = (grads * full_grads).sum(1), (full_grads * full_grads).sum(1)
    return torch.nan_to_num(top / bottom)


def with_the_total(grads, full_grads):
    return F.cosine_similarity(grads, full_grads.sum(0)[None], dim=1)


def batch_total_against_each(grads, full_grads):
    whole = F.normalize(grads.sum(0), dim=0)
    return F.normalize(full_grads, dim=1) @ whole


def one_number(grads, full_grads):
    return F.cosine_similarity(grads.flatten(), full_grads.flatten(), dim=0)


def cosine_of_the_sums(grads, full_grads):
    a, b = grads.sum(0), full_grads.sum(0)
    return a @ b / (a.norm() * b.norm())


def mean_of_the_classes(grads, full_grads):
    return sum(F.cosine_similarity(grads, full_grads, dim=1)) / len(grads)


def every_pair(grads, full_grads):
    return torch.mm(F.normalize(grads, dim=1), F.normalize(full_grads, dim=1).t())


def every_pair_by_broadcasting(grads, full_grads):
    return F.cosine_similarity(full_grads[:, None], grads[None], dim=2)


def angle(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1).clamp(-1, 1).arccos()


def angle_in_degrees(grads, full_grads):
    p = F.cosine_similarity(grads, full_grads, dim=1).clamp(-1, 1)
    return torch.tensor([math.degrees(math.acos(v)) for v in p.tolist()], dtype=grads.dtype)


def distance(grads, full_grads):
    return 1.0 - F.cosine_similarity(grads, full_grads, dim=-1)


def squared(grads, full_grads):
    p = F.cosine_similarity(grads, full_grads, dim=1)
    return p.pow(2)


def absolute(grads, full_grads):
    return torch.abs(F.cosine_similarity(grads, full_grads, dim=1))


def cut_at_zero(grads, full_grads):
    return F.relu(F.cosine_similarity(grads, full_grads, dim=1))


def mean_of_products(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1) / grads.shape[1]


def wrong_axis(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=0)


def wrong_axis_of_units(grads, full_grads):
    return torch.einsum("cp,cp->p", F.normalize(grads, dim=1), F.normalize(full_grads, dim=1))


def not_summed(grads, full_grads):
    return F.normalize(grads, dim=1) * F.normalize(full_grads, dim=1)


def vectors(grads, full_grads):
    b = F.normalize(full_grads, dim=1)
    return torch.stack([(g @ u) * u for g, u in zip(grads, b, strict=True)])


def unit_vectors(grads, full_grads):
    b = F.normalize(full_grads, dim=1)
    return (F.normalize(grads, dim=1) * b).sum(1, keepdim=True) * b


def common_length(grads, full_grads):
    return (grads / torch.linalg.matrix_norm(grads) * full_grads / full_grads.norm()).sum(1)


def columns(grads, full_grads):
    return (F.normalize(grads, dim=0) * F.normalize(full_grads, dim=0)).sum(1)


def unguarded(grads, full_grads):
    return torch.stack(
        [a @ b / (a.norm() * b.norm()) for a, b in zip(grads, full_grads, strict=True)]
    )


def unguarded_einsum(grads, full_grads):
    a = grads / torch.sqrt((grads**2).sum(1, keepdim=True))
    b = full_grads / torch.sqrt((full_grads**2).sum(1, keepdim=True))
    return torch.einsum("cp,cp->c", a, b)


def one_where_zero(grads, full_grads):
    p = (grads * full_grads).sum(1) / (grads.norm(dim=1) * full_grads.norm(dim=1))
    return torch.nan_to_num(p, nan=1.0)


def left_out(grads, full_grads):
    p = (grads * full_grads).sum(1) / (grads.norm(dim=1) * full_grads.norm(dim=1))
    return p[~torch.isnan(p)]


def guard_1e3(grads, full_grads):
    lengths = torch.linalg.norm(grads, dim=1) * torch.linalg.norm(full_grads, dim=1)
    return (grads * full_grads).sum(1) / (lengths + 1e-3)


def guard_on_each_1e4(grads, full_grads):
    a = grads / (grads.norm(dim=1)[:, None] + 1e-4)
    b = full_grads / (full_grads.norm(dim=1)[:, None] + 1e-4)
    return (a * b).sum(-1)


def small_guard_beside_the_product(grads, full_grads):
    lengths = grads.norm(dim=1) * full_grads.norm(dim=1)
    return (grads * full_grads).sum(1) / (lengths + 1e-8)


def small_floor_of_the_product(grads, full_grads):
    top = torch.einsum("cp,cp->c", grads, full_grads)
    bottom = torch.linalg.vector_norm(grads, dim=1) * torch.linalg.vector_norm(full_grads, dim=1)
    return top / torch.clamp(bottom, min=1e-6)


# --- wrong, and on no list ----------------------------------------------------------------


def negative(grads, full_grads):
    return -F.cosine_similarity(grads, full_grads, dim=1)


def sine(grads, full_grads):
    return (1 - F.cosine_similarity(grads, full_grads, dim=1) ** 2).sqrt()


def ratio_of_lengths(grads, full_grads):
    return torch.nan_to_num(grads.norm(dim=1) / full_grads.norm(dim=1))


def centred(grads, full_grads):
    a = grads - grads.mean(1, keepdim=True)
    b = full_grads - full_grads.mean(1, keepdim=True)
    return F.cosine_similarity(a, b, dim=1)


def signs_agree(grads, full_grads):
    return (grads.sign() == full_grads.sign()).double().mean(1)


def a_column(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1)[:, None]


def a_list(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1).tolist()


def rounded(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1).round(decimals=2)


def backwards(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1).flip(0)


def overwrites(grads, full_grads):
    grads /= grads.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return (grads * F.normalize(full_grads, dim=1)).sum(1)


# --- right --------------------------------------------------------------------------------


def torchs_own(grads, full_grads):
    return F.cosine_similarity(grads, full_grads, dim=1)


def normalised(grads, full_grads):
    return (F.normalize(grads, dim=1) * F.normalize(full_grads, dim=1)).sum(dim=1)


def where(grads, full_grads):
    lengths = grads.norm(dim=1) * full_grads.norm(dim=1)
    return torch.where(lengths > 0, (grads * full_grads).sum(1) / lengths, 0.0)


def loop(grads, full_grads):
    p = torch.zeros(len(grads), dtype=grads.dtype)
    for c, (a, b) in enumerate(zip(grads, full_grads, strict=True)):
        if a.norm() > 0 and b.norm() > 0:
            p[c] = torch.dot(a, b) / a.norm() / b.norm()
    return p


def diagonal(grads, full_grads):
    return (F.normalize(grads, dim=1) @ F.normalize(full_grads, dim=1).T).diagonal()


def numpy_inside(grads, full_grads):
    a, b = grads.numpy().astype(np.float64), full_grads.numpy().astype(np.float64)
    n = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return torch.from_numpy(np.divide((a * b).sum(1), n, out=np.zeros(len(a)), where=n > 0))


def pure_python(grads, full_grads):
    p = []
    for a, b in zip(grads.tolist(), full_grads.tolist(), strict=True):
        n = math.hypot(*a) * math.hypot(*b)
        p.append(sum(x * y for x, y in zip(a, b, strict=True)) / n if n else 0.0)
    return torch.tensor(p, dtype=grads.dtype)


def small_guard(grads, full_grads):
    lengths = grads.norm(dim=1) * full_grads.norm(dim=1)
    return (grads * full_grads).sum(1) / (lengths + 1e-10)


def guard_on_each(grads, full_grads):
    """The largest guard that the text allows."""
    a = grads / (grads.norm(dim=1, keepdim=True) + 1e-8)
    return (a * full_grads).sum(1) / (full_grads.norm(dim=1) + 1e-8)


def einsum_of_units(grads, full_grads):
    mini, full = F.normalize(grads, dim=1, eps=1e-8), F.normalize(full_grads, dim=1, eps=1e-8)
    return torch.einsum("cp,cp->c", mini, full)


def nan_to_num(grads, full_grads):
    a = grads / grads.norm(dim=1, keepdim=True)
    b = full_grads / full_grads.norm(dim=1, keepdim=True)
    return (a * b).sum(1).nan_to_num(0.0)


MISTAKES = {
    "dot_products": (dot_products, dot_products_loop),
    "one_length_missing": (only_the_batch_has_length_one, scalar_projection),
    "squared_length": (projection_factor,),
    "with_the_total": (with_the_total, batch_total_against_each),
    "one_number": (one_number, cosine_of_the_sums, mean_of_the_classes),
    "every_pair": (every_pair, every_pair_by_broadcasting),
    "angle": (angle, angle_in_degrees),
    "distance": (distance,),
    "squared": (squared,),
    "absolute": (absolute,),
    "cut_at_zero": (cut_at_zero,),
    "mean_of_products": (mean_of_products,),
    "wrong_axis": (wrong_axis, wrong_axis_of_units),
    "not_summed": (not_summed,),
    "vectors": (vectors, unit_vectors),
    "common_length": (common_length,),
    "columns": (columns,),
    "unguarded": (unguarded, unguarded_einsum),
    "one_where_zero": (one_where_zero,),
    "left_out": (left_out,),
    "guard_too_large": (guard_1e3, guard_on_each_1e4),
    "guard_on_the_product": (small_guard_beside_the_product, small_floor_of_the_product),
}

UNLISTED = {
    f.__name__: f
    for f in (
        negative,
        sine,
        ratio_of_lengths,
        centred,
        signs_agree,
        a_column,
        a_list,
        rounded,
        backwards,
        overwrites,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        torchs_own,
        normalised,
        where,
        loop,
        diagonal,
        numpy_inside,
        pure_python,
        small_guard,
        guard_on_each,
        einsum_of_units,
        nan_to_num,
    )
}
