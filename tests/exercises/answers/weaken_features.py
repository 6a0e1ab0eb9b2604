"""weaken_features(features [n, d], y [n], partner [n], strengths [C]) -> [n, d], by learners."""

import numpy as np
import torch

# --- known mistakes -----------------------------------------------------------------------


def swapped(features, y, partner, strengths):
    keep = strengths[y].view(-1, 1)
    return keep * features[partner] + (1 - keep) * features


def no_partner(features, y, partner, strengths):
    return torch.diag(strengths[y]) @ features


def not_taken_away(features, y, partner, strengths):
    rows = [
        features[i] + (1 - strengths[y[i]]) * features[partner[i]] for i in range(len(features))
    ]
    return torch.stack(rows)


def not_taken_away_either(features, y, partner, strengths):
    return features[partner] + features * strengths[y][:, None]


def partners_strength(features, y, partner, strengths):
    rows = []
    for i, p in enumerate(partner.tolist()):
        lam = strengths[y[p]]
        rows.append(lam * features[i] + (1 - lam) * features[p])
    return torch.stack(rows)


def each_its_own(features, y, partner, strengths):
    kept = strengths[y][:, None] * features
    given = features - kept
    return kept + given[partner]


def one_for_all(features, y, partner, strengths):
    lam = float(min(strengths))
    return lam * features + (1 - lam) * features.index_select(0, partner)


def mean_for_all(features, y, partner, strengths):
    lam = sum(strengths) / len(strengths)
    return features[partner] + lam * (features - features[partner])


def no_column(features, y, partner, strengths):
    return features[partner] + strengths[y] * (features - features[partner])


def label_as_row(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return lam * features + (1 - lam) * features[y]


def other_way(features, y, partner, strengths):
    theirs = torch.zeros_like(features)
    for i, p in enumerate(partner):
        theirs[p] = features[i]
    return torch.lerp(theirs, features, strengths[y][:, None])


def own_partner(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return lam * features + (1 - lam) * torch.roll(features, 1, dims=0)


def own_partner_flipped(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return lam * features + (1 - lam) * features.flip(0)


def batch_mean(features, y, partner, strengths):
    lam = strengths[y].reshape(-1, 1)
    return lam * features + (1 - lam) * features.mean(0)


def other_classes_only(features, y, partner, strengths):
    lam = strengths[y].clone()
    lam[y == y[partner]] = 1
    return lam[:, None] * features + (1 - lam)[:, None] * features[partner]


def already_mixed(features, y, partner, strengths):
    out = features.clone()
    for i in range(len(out)):
        lam = strengths[y[i]]
        out[i] = lam * out[i] + (1 - lam) * out[partner[i]]
    return out


def already_mixed_in_place(features, y, partner, strengths):
    for i, p in enumerate(partner.tolist()):
        features[i] = torch.lerp(features[p], features[i], strengths[y[i]])
    return features


def label_of_partner(features, y, partner, strengths):
    lam = strengths[y].unsqueeze(1)
    return lam * features + (1 - lam) * features[y][partner]


def cut(features, y, partner, strengths):
    with torch.no_grad():
        lam = strengths[y][:, None]
        return lam * features + (1 - lam) * features[partner]


def cut_by_data(features, y, partner, strengths):
    return torch.lerp(features.data[partner], features.data, strengths[y][:, None])


def cut_by_numpy(features, y, partner, strengths):
    h, lam = features.detach().numpy(), strengths.numpy()[y.numpy()][:, None]
    return torch.from_numpy(np.where(lam == 1, h, lam * h + (1 - lam) * h[partner.numpy()]))


def in_place(features, y, partner, strengths):
    lam = strengths[y][:, None]
    theirs = features[partner]
    features *= lam
    features += (1 - lam) * theirs
    return features


# --- wrong, and on no list ----------------------------------------------------------------


def whole_partner(features, y, partner, strengths):
    return features[partner]


def nothing_done(features, y, partner, strengths):
    return features.clone()


def geometric(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return features.abs() ** lam * features[partner].abs() ** (1 - lam)


def twice(features, y, partner, strengths):
    lam = strengths[y][:, None]
    once = lam * features + (1 - lam) * features[partner]
    return lam * once + (1 - lam) * once[partner]


def root_shares(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return lam.sqrt() * features + (1 - lam).sqrt() * features[partner]


def a_numpy_array(features, y, partner, strengths):
    return features.numpy()


def numpy_inside(features, y, partner, strengths):
    h, lam = features.numpy(), strengths.numpy()[y.numpy()][:, None]
    return torch.from_numpy(lam * h + (1 - lam) * h[partner.numpy()])


def partners_of_its_own(features, y, partner, strengths):
    lam = strengths[y][:, None]
    drawn = torch.randperm(len(y), generator=torch.Generator().manual_seed(len(y)))
    return lam * features + (1 - lam) * features[drawn]


def no_return(features, y, partner, strengths):
    strengths[y] * 1


# --- right --------------------------------------------------------------------------------


def with_lerp(features, y, partner, strengths):
    return torch.lerp(features[partner], features, strengths[y][:, None])


def loop(features, y, partner, strengths):
    out = torch.empty_like(features)
    for i in range(len(y)):
        lam = strengths[y[i]]
        out[i] = lam * features[i] + (1 - lam) * features[partner[i]]
    return out


def transposed(features, y, partner, strengths):
    lam = strengths[y]
    return (lam * features.T + (1 - lam) * features[partner].T).T


def one_matrix(features, y, partner, strengths):
    lam = strengths[y]
    mixing = torch.diag(lam)
    for i, p in enumerate(partner):
        mixing[i, p] += 1 - lam[i]
    return mixing @ features


def mixing_matrix(features, y, partner, strengths):
    lam = torch.diag(strengths[y])
    hot = torch.nn.functional.one_hot(partner, len(y)).float()
    return lam @ features + (torch.eye(len(y)) - lam) @ hot @ features


def partner_held_still(features, y, partner, strengths):
    """A variant: the partner gets no gradient, the example does."""
    lam = strengths[y][:, None]
    return lam * features + (1 - lam) * features[partner].detach()


def major_rows_only(features, y, partner, strengths):
    out = features.clone()
    major = strengths[y] < 1
    lam = strengths[y][major][:, None]
    out[major] = lam * features[major] + (1 - lam) * features[partner[major]]
    return out


def difference(features, y, partner, strengths):
    given_up = (1 - strengths)[y].unsqueeze(-1)
    return features - given_up * (features - features[partner])


MISTAKES = {
    "swapped": (swapped,),
    "no_partner": (no_partner,),
    "not_taken_away": (not_taken_away, not_taken_away_either),
    "partners_strength": (partners_strength, each_its_own),
    "one_for_all": (one_for_all, mean_for_all),
    "no_column": (no_column,),
    "label_as_row": (label_as_row, label_of_partner),
    "other_way": (other_way,),
    "own_partner": (own_partner, own_partner_flipped),
    "batch_mean": (batch_mean,),
    "other_classes_only": (other_classes_only,),
    "already_mixed": (already_mixed, already_mixed_in_place),
    "in_place": (in_place,),
    "cut": (cut, cut_by_data, cut_by_numpy),
}

UNLISTED = {
    f.__name__: f
    for f in (
        whole_partner,
        nothing_done,
        geometric,
        twice,
        root_shares,
        a_numpy_array,
        numpy_inside,
        partners_of_its_own,
        no_return,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        with_lerp,
        loop,
        transposed,
        one_matrix,
        mixing_matrix,
        partner_held_still,
        major_rows_only,
        difference,
    )
}
