"""attraction_and_repulsion(pushes [n, C], y [n]) -> [C, 2], as learners write it."""

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

# --- known mistakes -----------------------------------------------------------------------


def not_turned(pushes, y):
    rows = []
    for k in range(pushes.shape[1]):
        rows.append([pushes[y == k, k].sum(), pushes[y != k, k].sum()])
    return torch.tensor(rows)


def swapped(pushes, y):
    rows = []
    for k in range(pushes.shape[1]):
        rows.append([pushes[y != k, k].sum().item(), -pushes[y == k, k].sum().item()])
    return torch.tensor(rows, dtype=pushes.dtype)


def total_as_repulsion(pushes, y):
    out = torch.zeros(pushes.shape[1], 2, dtype=pushes.dtype)
    for k in range(pushes.shape[1]):
        out[k, 0] = -pushes[:, k][y == k].sum()
        out[k, 1] = pushes[:, k].sum()
    return out


def given_not_received(pushes, y):
    out = []
    for k in range(pushes.size(1)):
        mine = pushes[y == k]
        rest = [j for j in range(pushes.size(1)) if j != k]
        out.append(torch.stack([-mine[:, k].sum(), mine[:, rest].sum()]))
    return torch.stack(out)


def means(pushes, y):
    out = torch.zeros(pushes.shape[1], 2, dtype=torch.float64)
    for k in range(pushes.shape[1]):
        a, r = pushes[y == k, k], pushes[y != k, k]
        out[k, 0] = -a.mean() if len(a) else 0
        out[k, 1] = r.mean() if len(r) else 0
    return out


def means_by_own_size(pushes, y):
    out = []
    for k in range(pushes.shape[1]):
        n = max(1, int((y == k).sum()))
        out.append([float(-pushes[y == k, k].sum()) / n, float(pushes[y != k, k].sum()) / n])
    return torch.tensor(out).double()


def divided_again(pushes, y):
    return torch.stack(
        [
            torch.stack([-pushes[y == k, k].sum(), pushes[y != k, k].sum()]) / len(pushes)
            for k in range(pushes.shape[1])
        ]
    )


def times_n(pushes, y):
    p = pushes.numpy() * len(y)
    own = y.numpy()[:, None] == np.arange(p.shape[1])
    return torch.from_numpy(np.stack([-(p * own).sum(0), (p * ~own).sum(0)], axis=1))


def transposed(pushes, y):
    a = [-pushes[y == k, k].sum() for k in range(pushes.shape[1])]
    r = [pushes[y != k, k].sum() for k in range(pushes.shape[1])]
    return torch.stack([torch.stack(a), torch.stack(r)])


def ratio_only(pushes, y):
    return torch.stack(
        [-pushes[y != k, k].sum() / pushes[y == k, k].sum() for k in range(pushes.shape[1])]
    )


def net_only(pushes, y):
    return torch.einsum("nc->c", pushes)


def net_of_the_two(pushes, y):
    a, r = right_loop(pushes, y).T
    return a - r


def counts_only(pushes, y):
    c = pushes.shape[1]
    return torch.tensor([[float((y == k).sum()), float((y != k).sum())] for k in range(c)])


def by_sign(pushes, y):
    rows = []
    for column in pushes.T:
        rows.append([-column[column < 0].sum(), column[column > 0].sum()])
    return torch.tensor(rows, dtype=pushes.dtype)


def absent_dropped(pushes, y):
    rows = []
    for k in y.unique():
        rows.append(torch.stack([-pushes[y == k, k].sum(), pushes[y != k, k].sum()]))
    return torch.stack(rows)


def as_many_as_labels(pushes, y):
    rows = []
    for k in range(y.max() + 1):
        rows.append(torch.stack([-pushes[y == k, k].sum(), pushes[y != k, k].sum()]))
    return torch.stack(rows)


def absent_left_zero(pushes, y):
    out = torch.zeros(pushes.shape[1], 2, dtype=pushes.dtype)
    for k in range(pushes.shape[1]):
        if (y == k).any():
            out[k] = torch.stack([-pushes[y == k, k].sum(), pushes[y != k, k].sum()])
    return out


def in_place(pushes, y):
    rows = torch.arange(len(y))
    a = torch.zeros(pushes.shape[1], dtype=pushes.dtype).index_add(0, y, -pushes[rows, y])
    pushes[rows, y] = 0
    return torch.stack([a, pushes.sum(0)], dim=1)


# --- wrong, and on no list ----------------------------------------------------------------


def squares(pushes, y):
    return right_loop(pushes**2, y)


def root(pushes, y):
    return right_loop(pushes, y).sqrt()


def normalised(pushes, y):
    return F.normalize(right_loop(pushes, y), dim=1)


def repulsion_twice(pushes, y):
    return right_loop(pushes, y)[:, [1, 1]]


def a_pair(pushes, y):
    a, r = right_loop(pushes, y).T
    return a, r


def prints_only(pushes, y):
    right_loop(pushes, y)


# --- right --------------------------------------------------------------------------------


def right_loop(pushes, y):
    rows = []
    for k in range(pushes.shape[1]):
        rows.append(torch.stack([-pushes[y == k, k].sum(), pushes[y != k, k].sum()]))
    return torch.stack(rows)


def one_hot(pushes, y):
    own = F.one_hot(y, pushes.shape[1]).bool()
    zero = torch.zeros_like(pushes)
    return torch.stack(
        (torch.where(own, -pushes, zero).sum(0), torch.where(own, zero, pushes).sum(0)), -1
    )


def total_plus_attraction(pushes, y):
    own = pushes.gather(1, y[:, None])[:, 0]
    a = torch.zeros(pushes.shape[1], dtype=pushes.dtype).index_add(0, y, -own)
    return torch.column_stack([a, pushes.sum(dim=0) + a])


def pure_python(pushes, y):
    out = [[0.0, 0.0] for _ in range(pushes.shape[1])]
    for row, label in zip(pushes.tolist(), y.tolist(), strict=True):
        for k, g in enumerate(row):
            if k == label:
                out[k][0] -= g
            else:
                out[k][1] += g
    return torch.tensor(out, dtype=torch.float64)


def numpy_inside(pushes, y):
    g, label = pushes.numpy(), y.numpy()
    own = label[:, None] == np.arange(g.shape[1])
    return torch.from_numpy(np.stack([np.where(own, -g, 0).sum(0), np.where(own, 0, g).sum(0)], 1))


def by_class_matrix(pushes, y):
    who = F.one_hot(y, pushes.shape[1]).to(pushes)
    table = who.T @ pushes  # from class j on row k
    a = -table.diag()
    return torch.stack([a, table.sum(0) + a], dim=1)


def fills_a_table(pushes, y):
    result = pushes.new_zeros((pushes.shape[1], 2))
    for i in range(len(y)):
        for k in range(pushes.shape[1]):
            if y[i] == k:
                result[k, 0] += -pushes[i, k]
            else:
                result[k, 1] += pushes[i, k]
    return result


MISTAKES = {
    "not_turned": (not_turned,),
    "swapped": (swapped,),
    "total_as_repulsion": (total_as_repulsion,),
    "given_not_received": (given_not_received,),
    "means": (means, means_by_own_size),
    "divided_again": (divided_again,),
    "times_n": (times_n,),
    "transposed": (transposed,),
    "ratio_only": (ratio_only,),
    "net_only": (net_only, net_of_the_two),
    "counts_only": (counts_only,),
    "by_sign": (by_sign,),
    "absent_dropped": (absent_dropped, as_many_as_labels),
    "absent_left_zero": (absent_left_zero,),
    "in_place": (in_place,),
}

UNLISTED = {
    f.__name__: f for f in (squares, root, normalised, repulsion_twice, a_pair, prints_only)
}

RIGHT = {
    f.__name__: f
    for f in (
        right_loop,
        one_hot,
        total_plus_attraction,
        pure_python,
        numpy_inside,
        by_class_matrix,
        fills_a_table,
    )
}
