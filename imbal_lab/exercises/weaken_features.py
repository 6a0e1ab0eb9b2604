"""Exercise 06.3: features mixed with those of a partner, in the share of the example's class."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import weaken_features


def batch(
    labels: list[int],
    strengths: list[float],
    size: int,
    rings: bool = True,
    learning: bool = False,
) -> Case:
    """Random features [len(labels), size]; partners in a ring, or anybody, oneself included.

    ``learning``: the features want a gradient, as those of a layer in training do.
    """

    def draw(generator: Generator) -> Inputs:
        n = len(labels)
        y = torch.tensor(labels)[torch.randperm(n, generator=generator)]
        features = torch.randn(n, size, generator=generator).requires_grad_(learning)
        ring = torch.randperm(n, generator=generator)
        partner = torch.empty_like(ring).scatter_(0, ring, ring.roll(1))
        if not rings:
            partner = torch.randint(n, (n,), generator=generator)
            partner[0] = 0
        strength = torch.tensor(strengths)
        return {"features": features, "y": y, "partner": partner, "strengths": strength}

    name = f"labels {labels}, strengths {strengths}, {size} features"
    return Case(f"{name}, {'rings' if rings else 'anybody'}{', learning' * learning}", draw)


def strong_stay(inputs: Inputs, result: Tensor) -> bool:
    whole = inputs["strengths"][inputs["y"]] == 1
    return torch.allclose(result.double()[whole], inputs["features"].double()[whole], atol=1e-5)


def between_the_two(inputs: Inputs, result: Tensor) -> bool:
    own = inputs["features"].double()
    theirs, found = own[inputs["partner"]], result.double()
    inside = (found >= torch.minimum(own, theirs) - 1e-5) & (
        found <= torch.maximum(own, theirs) + 1e-5
    )
    return bool(inside.all())


def column(strengths: Tensor, rows: Tensor) -> Tensor:
    return strengths[rows].unsqueeze(1)


def swapped(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, partner, 1 - strengths)


def no_partner(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return column(strengths, y) * features


def added(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return features + (1 - column(strengths, y)) * features[partner]


def partner_whole(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return column(strengths, y) * features + features[partner]


def partners_strength(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    lam = column(strengths, y[partner])
    return lam * features + (1 - lam) * features[partner]


def each_its_own(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    lam = column(strengths, y)
    return lam * features + (1 - lam[partner]) * features[partner]


def one_for_all(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return torch.lerp(features[partner], features, strengths.min())


def mean_for_all(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return torch.lerp(features[partner], features, strengths.mean())


def batch_mean_for_all(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return torch.lerp(features[partner], features, strengths[y].mean())


def no_column(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    lam = strengths[y]
    return lam * features + (1 - lam) * features[partner]


def label_as_row(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, y, strengths)


def label_of_partner(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, y[partner], strengths)


def other_way(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, partner.argsort(), strengths)


def own_ring(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, torch.arange(len(y)).roll(1), strengths)


def own_ring_back(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, torch.arange(len(y)).roll(-1), strengths)


def mirrored(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, torch.arange(len(y)).flip(0), strengths)


def batch_mean(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return torch.lerp(features.mean(dim=0).expand_as(features), features, column(strengths, y))


def other_classes_only(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    mixed = weaken_features(features, y, partner, strengths)
    return torch.where((y == y[partner])[:, None], features, mixed)


def already_mixed(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    mixed = features.clone()
    for i, (c, p) in enumerate(zip(y, partner, strict=True)):
        mixed[i] = strengths[c] * mixed[i] + (1 - strengths[c]) * mixed[p]
    return mixed


def already_mixed_in_place(
    features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor
) -> Tensor:
    return features.copy_(already_mixed(features, y, partner, strengths))


def cut(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    return weaken_features(features, y, partner, strengths).detach()


def in_place(features: Tensor, y: Tensor, partner: Tensor, strengths: Tensor) -> Tensor:
    features.copy_(weaken_features(features, y, partner, strengths))
    return features


EXERCISE = Exercise(
    id="weaken_features",
    reference=weaken_features,
    axes=("example", "feature"),
    groups=(
        Group(
            "three classes, the rarest keeps all",
            "each example keeps its class's share and takes the rest from its partner",
            2,
            (
                batch([0] * 4 + [1] * 3 + [2] * 2, [0.7, 0.85, 1.0], 5),
                batch([0, 0, 0, 1, 1, 1], [0.6, 1.0], 4),
            ),
            "work out the first row by hand: its class, its share, its partner.",
        ),
        Group(
            "as many examples as features and as classes",
            "the shares go down the rows",
            1,
            (batch([0, 0, 2, 3], [0.6, 0.7, 0.9, 1.0], 4),),
            "print the shape of what multiplies features: it should be [n, 1].",
        ),
        Group(
            "partners that are drawn freely",
            "one may be its own partner, and one may serve several",
            1,
            (batch([0] * 5 + [1] * 3, [0.5, 1.0], 3, rings=False),),
            "read the partner's row from the features as they came in.",
        ),
        Group(
            "features of a layer that is learning",
            "gradients go back through the mixture to the layers before",
            1,
            (batch([0, 0, 1, 2], [0.6, 0.8, 1.0], 3, learning=True),),
            "stay with torch's operations on features, without detach(), no_grad() or numpy.",
        ),
        Group(
            "a batch of one class",
            "it works without a minor example, and with one alone",
            1,
            (batch([0] * 5, [0.75, 0.9, 1.0], 6), batch([1], [0.75, 1.0], 6)),
            "avoid code that expects every class in a batch.",
            hidden=True,
        ),
    ),
    properties=(
        Property("an example whose class keeps 1 must stay as it is.", strong_stay),
        Property("each number must lie between its own and its partner's.", between_the_two),
    ),
    mistakes=(
        Mistake(
            "swapped",
            "the two shares are exchanged: the partner gets lam and the example 1 - lam.",
            "multiply features by the share, and the partner's by 1 minus the share.",
            (swapped,),
        ),
        Mistake(
            "no_partner",
            "the example is made smaller, and nothing of its partner is added.",
            "add (1 - share) times features[partner].",
            (no_partner,),
        ),
        Mistake(
            "not_taken_away",
            "the two shares add up to more than 1.",
            "what the partner brings in, the example gives up: the factors add up to 1.",
            (added, partner_whole),
        ),
        Mistake(
            "partners_strength",
            "the partner's class decides the share.",
            "look the share up by the example's own label: strengths[y].",
            (partners_strength, each_its_own),
        ),
        Mistake(
            "one_for_all",
            "all examples get the same share, minor ones too; that is mixup, which weakens "
            "everybody alike.",
            "look up a share for each example: strengths[y].",
            (one_for_all, mean_for_all, batch_mean_for_all),
        ),
        Mistake(
            "no_column",
            "the n shares stand in a row and do not line up with the rows of features.",
            "make them a column [n, 1], for example with unsqueeze(1).",
            (no_column,),
        ),
        Mistake(
            "label_as_row",
            "a label is used as the partner's row number.",
            "the partner's features are features[partner].",
            (label_as_row, label_of_partner),
        ),
        Mistake(
            "other_way",
            "each example is sent to its partner, in place of being mixed with it.",
            "row i takes from row partner[i]: features[partner].",
            (other_way,),
        ),
        Mistake(
            "own_partner",
            "the partners are not those in the argument.",
            "use the row numbers in partner.",
            (own_ring, own_ring_back, mirrored),
        ),
        Mistake(
            "batch_mean",
            "the mean of the batch stands where the partner's features should.",
            "use one row, features[partner].",
            (batch_mean,),
        ),
        Mistake(
            "other_classes_only",
            "an example whose partner is of its own class is not mixed.",
            "mix whoever the partner is; its label plays no part.",
            (other_classes_only,),
        ),
        Mistake(
            "already_mixed",
            "later rows are mixed with rows that were already overwritten.",
            "read every partner from the features as they came in.",
            (already_mixed, already_mixed_in_place),
        ),
        Mistake(
            "in_place",
            "the result is right, but the caller's features were overwritten.",
            "build a new tensor in place of writing into features.",
            (in_place,),
        ),
        Mistake(
            "cut",
            "the result is cut off from the features, so the layers before would never learn.",
            "leave out detach(), .data, no_grad(), item() and torch.tensor(...) around features.",
            (cut,),
        ),
    ),
)
