"""shifted_probabilities(probs [n, C], train_prior [C], test_prior [C]), as learners write it."""

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812


def by_rows(probs, factor):
    """Each row times the factor, over its sum; one row after the other."""
    return torch.stack([row * factor / (row * factor).sum() for row in probs])


def factor_of(train_prior, test_prior):
    return torch.tensor(
        [
            float(new) / float(old) if old else 0.0
            for old, new in zip(train_prior, test_prior, strict=True)
        ],
        dtype=train_prior.dtype,
    )


# --- known mistakes -----------------------------------------------------------------------


def not_normalised(probs, train_prior, test_prior):
    return probs * factor_of(train_prior, test_prior)[None, :]


def upside_down(probs, train_prior, test_prior):
    return by_rows(probs, train_prior / test_prior)


def upside_down_in_logs(probs, train_prior, test_prior):
    return (probs.log() + train_prior.log() - test_prior.log()).softmax(dim=1)


def old_mix_only(probs, train_prior, test_prior):
    return F.normalize(probs / train_prior, p=1, dim=1)


def new_mix_only(probs, train_prior, test_prior):
    return by_rows(probs, test_prior)


def both_multiplied(probs, train_prior, test_prior):
    return (probs.log() + (train_prior * test_prior).log()).softmax(dim=-1)


def difference_added(probs, train_prior, test_prior):
    return probs - train_prior + test_prior


def difference_cut(probs, train_prior, test_prior):
    moved = torch.relu(probs - (train_prior - test_prior))
    return moved / moved.sum(1)[:, None]


def down_the_columns(probs, train_prior, test_prior):
    shifted = torch.einsum("nk,k->nk", probs, factor_of(train_prior, test_prior))
    return shifted / shifted.sum(0)


def over_everything(probs, train_prior, test_prior):
    shifted = probs * factor_of(train_prior, test_prior)
    return shifted / torch.sum(shifted)


def axis_dropped(probs, train_prior, test_prior):
    shifted = torch.einsum("nk,k->nk", probs, factor_of(train_prior, test_prior))
    return torch.div(shifted, torch.einsum("nk->n", shifted))


def softmax_again(probs, train_prior, test_prior):
    return F.softmax(probs * factor_of(train_prior, test_prior), dim=-1)


def taken_for_logits(probs, train_prior, test_prior):
    return torch.softmax(probs + test_prior.log() - train_prior.log(), dim=1)


def labels(probs, train_prior, test_prior):
    return by_rows(probs, factor_of(train_prior, test_prior)).max(dim=1).indices


def unguarded(probs, train_prior, test_prior):
    return by_rows(probs, test_prior / train_prior)


def guarded_by_a_tiny_number(probs, train_prior, test_prior):
    return by_rows(probs, test_prior / (train_prior + 1e-9))


def absent_left_as_it_is(probs, train_prior, test_prior):
    factor = test_prior / train_prior
    factor[torch.isinf(factor)] = 1
    return by_rows(probs, factor)


def in_place(probs, train_prior, test_prior):
    for row in probs:
        row *= factor_of(train_prior, test_prior)
        row /= row.sum()
    return probs


def cut(probs, train_prior, test_prior):
    with torch.no_grad():
        return by_rows(probs, factor_of(train_prior, test_prior))


def cut_by_numbers(probs, train_prior, test_prior):
    factor = factor_of(train_prior, test_prior).tolist()
    rows = []
    for row in probs.tolist():
        shifted = [p * f for p, f in zip(row, factor, strict=True)]
        rows.append([p / sum(shifted) for p in shifted])
    return torch.tensor(rows, dtype=probs.dtype)


def cut_by_numpy(probs, train_prior, test_prior):
    p, old, new = (t.detach().numpy() for t in (probs, train_prior, test_prior))
    factor = np.divide(new, old, out=np.zeros_like(new), where=old > 0)
    shifted = p * factor
    return torch.from_numpy(shifted / shifted.sum(axis=1, keepdims=True))


# --- wrong, and on no list ----------------------------------------------------------------


def blended(probs, train_prior, test_prior):
    return (probs + test_prior) / 2


def over_the_largest(probs, train_prior, test_prior):
    shifted = probs * factor_of(train_prior, test_prior)
    return shifted / shifted.amax(dim=1, keepdim=True)


def squared(probs, train_prior, test_prior):
    return by_rows(probs, factor_of(train_prior, test_prior) ** 2)


def untouched(probs, train_prior, test_prior):
    return probs.clone()


def first_row_only(probs, train_prior, test_prior):
    return by_rows(probs, factor_of(train_prior, test_prior))[0]


def logs(probs, train_prior, test_prior):
    return by_rows(probs, factor_of(train_prior, test_prior)).log()


def numpy_alone(probs, train_prior, test_prior):
    p, old, new = (t.numpy() for t in (probs, train_prior, test_prior))
    factor = np.divide(new, old, out=np.zeros_like(new), where=old > 0)
    shifted = p * factor
    return torch.from_numpy(shifted / shifted.sum(axis=1, keepdims=True))


# --- right --------------------------------------------------------------------------------


def right_rows(probs, train_prior, test_prior):
    return by_rows(probs, factor_of(train_prior, test_prior))


def right_logs(probs, train_prior, test_prior):
    log_factor = torch.where(train_prior > 0, test_prior.log() - train_prior.log(), -torch.inf)
    return (probs.log() + log_factor).softmax(dim=1)


def right_normalize(probs, train_prior, test_prior):
    ratio = (test_prior / train_prior).nan_to_num(0, posinf=0)
    return F.normalize(probs * ratio, p=1, dim=1)


def right_einsum(probs, train_prior, test_prior):
    factor = torch.zeros_like(train_prior)
    seen = train_prior > 0
    factor[seen] = test_prior[seen] / train_prior[seen]
    return torch.einsum("nk,k,n->nk", probs, factor, 1 / (probs @ factor))


def right_masked(probs, train_prior, test_prior):
    seen = train_prior > 0
    out = torch.zeros_like(probs)
    out[:, seen] = probs[:, seen] * (test_prior[seen] / train_prior[seen])
    return out / out.sum(1, keepdim=True)


MISTAKES = {
    "not_normalised": (not_normalised,),
    "upside_down": (upside_down, upside_down_in_logs),
    "old_mix_only": (old_mix_only,),
    "new_mix_only": (new_mix_only,),
    "both_multiplied": (both_multiplied,),
    "difference_added": (difference_added, difference_cut),
    "down_the_columns": (down_the_columns,),
    "over_everything": (over_everything,),
    "axis_dropped": (axis_dropped,),
    "softmax_again": (softmax_again,),
    "taken_for_logits": (taken_for_logits,),
    "labels": (labels,),
    "unguarded": (unguarded,),
    "guarded_by_a_tiny_number": (guarded_by_a_tiny_number,),
    "absent_left_as_it_is": (absent_left_as_it_is,),
    "in_place": (in_place,),
    "cut": (cut, cut_by_numbers, cut_by_numpy),
}

UNLISTED = {
    f.__name__: f
    for f in (
        blended,
        over_the_largest,
        squared,
        untouched,
        first_row_only,
        logs,
        numpy_alone,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        right_rows,
        right_logs,
        right_normalize,
        right_einsum,
        right_masked,
    )
}
