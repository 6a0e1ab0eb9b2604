"""feature_deviation(train, test, draws) -> number, as learners write it."""

import math

import numpy as np
import torch

# --- known mistakes -----------------------------------------------------------------------


def draws_ignored(train, test, draws):
    diff = torch.mean(train, 0) - torch.mean(test, 0)
    return torch.sqrt((diff**2).sum())


def rounds_averaged_first(train, test, draws):
    total = torch.zeros_like(test[0])
    for rows in draws:
        total += train[rows].mean(0)
    return torch.dist(total / len(draws), test.mean(0))


def rounds_averaged_first_vectors(train, test, draws):
    vectors = [train[rows].mean(0) - test.mean(0) for rows in draws]
    return torch.linalg.norm(sum(vectors) / len(vectors))


def example_by_example(train, test, draws):
    centre, lengths = test.mean(0), []
    for rows in draws.tolist():
        for i in rows:
            lengths.append(float(torch.linalg.norm(train[i] - centre)))
    return sum(lengths) / len(lengths)


def to_each_test_example(train, test, draws):
    found = []
    for rows in draws:
        centre = train[rows].mean(0)
        found.append((test - centre).norm(dim=1).mean())
    return torch.stack(found).mean()


def all_pairs(train, test, draws):
    some = train[draws.reshape(-1)]
    return (some[:, None, :] - test[None, :, :]).pow(2).sum(-1).sqrt().mean()


def wrong_axis(train, test, draws):
    picked = train[draws]
    middle = picked.sum(0) / picked.shape[0]
    return torch.linalg.norm(middle - test.mean(0), dim=-1).mean()


def squared(train, test, draws):
    out = 0.0
    for rows in draws:
        gap = train[rows].mean(0) - test.mean(0)
        out = out + gap @ gap
    return out / len(draws)


def root_of_mean_square(train, test, draws):
    a = train.numpy()[draws.numpy()].mean(1) - test.numpy().mean(0)
    return float(np.sqrt((a**2).sum(1).mean()))


def absolute_sum(train, test, draws):
    return torch.stack([(train[r].mean(0) - test.mean(0)).norm(p=1) for r in draws]).mean()


def mean_over_coordinates(train, test, draws):
    gap = train[draws].mean(1) - test.mean(0)
    return torch.sqrt(torch.mean(gap * gap, dim=1)).mean()


def mean_of_coordinates(train, test, draws):
    return sum((train[r].mean(0) - test.mean(0)).abs().mean() for r in draws) / len(draws)


def one_norm_of_all(train, test, draws):
    gap = train[draws].mean(1) - test.mean(0)
    return torch.sqrt((gap**2).sum())


def rounds_summed(train, test, draws):
    return sum(torch.dist(train[r].mean(0), test.mean(0)) for r in draws)


def not_averaged(train, test, draws):
    return torch.tensor(
        [torch.dist(train[r].mean(0), test.mean(0)) for r in draws], dtype=train.dtype
    )


def first_round_only(train, test, draws):
    for rows in draws:
        return torch.dist(train[rows].mean(0), test.mean(0))


def summed_features(train, test, draws):
    return torch.stack([(train[r].sum(0) - test.mean(0)).norm() for r in draws]).mean()


def test_drawn_too(train, test, draws):
    pairs = [(train[r].mean(0), test[r].mean(0)) for r in draws]
    return sum(torch.linalg.norm(a - b) for a, b in pairs) / len(pairs)


# --- wrong, and on no list ----------------------------------------------------------------


def cosine_distance(train, test, draws):
    a, b = train[draws].mean(1), test.mean(0)
    return 1 - torch.cosine_similarity(a, b[None]).mean()


def median_of_rounds(train, test, draws):
    return 2 * (train[draws].mean(1) - test.mean(0)).norm(dim=1).median()


def largest_gap(train, test, draws):
    return (train[draws].mean(1) - test.mean(0)).abs().amax(dim=1).mean()


def from_the_origin(train, test, draws):
    return train[draws].mean(1).norm(dim=1).mean()


def draws_as_a_mask(train, test, draws):
    return (train[draws.bool()] - test.mean(0)).norm()


def standardised(train, test, draws):
    gap = (train[draws].mean(1) - test.mean(0)) / test.std(0)
    return gap.norm(dim=1).mean()


def no_return(train, test, draws):
    (train[draws].mean(1) - test.mean(0)).norm(dim=1).mean()


# --- right --------------------------------------------------------------------------------


def loop(train, test, draws):
    centre = test.mean(dim=0)
    lengths = [torch.dist(train[rows].mean(dim=0), centre) for rows in draws]
    return sum(lengths) / len(lengths)


def cdist(train, test, draws):
    return torch.cdist(train[draws].mean(1), test.mean(0, keepdim=True)).mean()


def numpy_inside(train, test, draws):
    a = train.double().numpy()[draws.numpy()].mean(axis=1)
    return np.linalg.norm(a - test.double().numpy().mean(axis=0), axis=1).mean().item()


def shares_times_features(train, test, draws):
    shares = torch.zeros(len(draws), len(train), dtype=train.dtype)
    shares.scatter_(1, draws, 1 / draws.shape[1])
    gap = shares @ train - test.sum(0) / len(test)
    return gap.square().sum(1).sqrt().mean()


def pure_python(train, test, draws):
    rows, others = train.tolist(), test.tolist()
    centre = [sum(column) / len(others) for column in zip(*others, strict=True)]
    total = 0.0
    for draw in draws.tolist():
        mean = [sum(rows[i][j] for i in draw) / len(draw) for j in range(len(centre))]
        total += math.dist(mean, centre)
    return total / len(draws)


def einsum(train, test, draws):
    means = torch.einsum("rkd->rd", train[draws]) / draws.shape[1]
    gap = means - test.mean(0)
    return torch.einsum("rd,rd->r", gap, gap).sqrt().mean()


def vmapped(train, test, draws):
    return torch.vmap(lambda rows: (train[rows].mean(0) - test.mean(0)).norm())(draws).mean()


MISTAKES = {
    "draws_ignored": (draws_ignored,),
    "rounds_averaged_first": (rounds_averaged_first, rounds_averaged_first_vectors),
    "example_by_example": (example_by_example,),
    "to_each_test_example": (to_each_test_example,),
    "all_pairs": (all_pairs,),
    "wrong_axis": (wrong_axis,),
    "squared": (squared,),
    "root_of_mean_square": (root_of_mean_square,),
    "absolute_sum": (absolute_sum,),
    "mean_over_coordinates": (mean_over_coordinates, mean_of_coordinates),
    "one_norm_of_all": (one_norm_of_all,),
    "rounds_summed": (rounds_summed,),
    "not_averaged": (not_averaged,),
    "first_round_only": (first_round_only,),
    "summed_features": (summed_features,),
    "test_drawn_too": (test_drawn_too,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        cosine_distance,
        median_of_rounds,
        largest_gap,
        from_the_origin,
        draws_as_a_mask,
        standardised,
        no_return,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        loop,
        cdist,
        numpy_inside,
        shares_times_features,
        pure_python,
        einsum,
        vmapped,
    )
}
