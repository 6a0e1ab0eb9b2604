"""Exercise 07.3: mean intersection over union."""

import torch
from torch import Generator, Tensor

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import mean_iou


def images(
    labels: list[int], called: list[int], num_classes: int, shape: tuple[int, ...], right: float
) -> Case:
    """Labels drawn of ``labels``; where a pixel is not right, it is called one of ``called``.

    The first ones of a list are drawn more often, and each occurs.
    """

    def pick(choices: list[int], generator: Generator) -> Tensor:
        weights = 0.5 ** torch.arange(len(choices), dtype=torch.float64)
        size = torch.Size(shape).numel()
        drawn = torch.multinomial(weights, size, replacement=True, generator=generator)
        drawn[: len(choices)] = torch.arange(len(choices))
        return torch.tensor(choices)[drawn].view(shape)

    def draw(generator: Generator) -> Inputs:
        y, other = pick(labels, generator), pick(called, generator)
        keep = torch.rand(shape, generator=generator) < right
        keep.view(-1)[: len(called)] = False
        return {"predictions": torch.where(keep, y, other), "y": y, "num_classes": num_classes}

    name = f"labels {labels}, called {called}, {num_classes} classes, {shape}, {right:g} right"
    return Case(name, draw)


def made(predictions: list[list[int]], y: list[list[int]], num_classes: int) -> Case:
    """Given images."""

    def draw(generator: Generator) -> Inputs:
        called, there = torch.tensor(predictions), torch.tensor(y)
        return {"predictions": called, "y": there, "num_classes": num_classes}

    return Case(f"{predictions} for {y}, {num_classes} classes", draw)


def between_0_and_1(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= 0).all() and (result <= 1 + 1e-6).all())


def one_where_all_is_right(inputs: Inputs, result: Tensor) -> bool:
    perfect = torch.equal(inputs["predictions"], inputs["y"])
    return perfect == bool((result > 1 - 1e-6).all())


def pixels(predictions: Tensor, y: Tensor, num_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of each class: right pixels, pixels called so, pixels that are so; [C] each, float64."""
    both = torch.bincount(y[predictions == y], minlength=num_classes)
    called = torch.bincount(predictions.flatten(), minlength=num_classes)
    there = torch.bincount(y.flatten(), minlength=num_classes)
    return both.double(), called.double(), there.double()


def recall(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both, _, there = pixels(predictions, y, num_classes)
    return (both / there)[there > 0].mean()


def precision(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both, called, _ = pixels(predictions, y, num_classes)
    return (both / called)[called > 0].mean()


def accuracy(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return (predictions == y).double().mean()


def dice(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both, called, there = pixels(predictions, y, num_classes)
    return (2 * both / (called + there))[called + there > 0].mean()


def counted_twice(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both, called, there = pixels(predictions, y, num_classes)
    return (both / (called + there))[called + there > 0].mean()


def shares(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """IoU of each class [C]; NaN for one that is nowhere."""
    both, called, there = pixels(predictions, y, num_classes)
    return both / (called + there - both)


def lumped(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both, called, there = pixels(predictions, y, num_classes)
    return both.sum() / (called + there - both).sum()


def weighted(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    there = pixels(predictions, y, num_classes)[2]
    return (shares(predictions, y, num_classes).nan_to_num() * there).sum() / there.sum()


def by_image(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    pairs = zip(predictions, y, strict=True)
    return torch.stack([mean_iou(p, t, num_classes) for p, t in pairs]).mean()


def without_background(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes)[1:].nanmean()


def per_class(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes)


def per_class_zero(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes).nan_to_num()


def percent(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return 100 * mean_iou(predictions, y, num_classes)


def nowhere_as_zero(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes).nan_to_num().mean()


def nowhere_as_one(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes).nan_to_num(1.0).mean()


def nowhere_as_nan(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes).mean()


def false_alarms_forgiven(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes)[y.unique()].mean()


def only_where_called(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return shares(predictions, y, num_classes)[predictions.unique()].mean()


EXERCISE = Exercise(
    id="mean_iou",
    reference=mean_iou,
    axes=(),
    groups=(
        Group(
            "two small images, three classes",
            "intersection over union, each class with the same say",
            2,
            (
                images([0, 1, 2], [0, 1, 2], 3, (2, 6, 6), 0.6),
                images([2, 0, 1], [1, 2, 0], 3, (2, 4, 5), 0.7),
            ),
            "draw six pixels on paper, and count intersection and union of each class.",
        ),
        Group(
            "recall 1 and a poor IoU",
            "false alarms count: a class can have recall 1 and a small IoU",
            1,
            (made([[0, 0, 1, 1], [0, 1, 1, 1]], [[0, 0, 0, 0], [0, 0, 0, 1]], 2),),
            "the union holds the pixels that are called k as well.",
        ),
        Group(
            "classes that are nowhere, and classes that are only imagined",
            "a class that is nowhere is left out, one that is only imagined counts as 0",
            1,
            (
                images([0, 2], [0, 2], 5, (2, 4, 4), 0.5),
                images([0, 1], [0, 3], 4, (2, 4, 4), 0.6),
                made([[0, 0, 1, 1], [0, 0, 0, 1]], [[0, 0, 1, 3], [3, 0, 0, 1]], 4),
            ),
            "leave out a class only where its union is empty.",
        ),
        Group(
            "other shapes, and all right",
            "single images, lists of pixels, and all right",
            1,
            (
                images([0, 1], [1, 0], 2, (30,), 0.8),
                images([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], 5, (3, 8, 8), 0.9),
                made([[0, 1, 1]], [[0, 1, 1]], 2),
            ),
            "nothing in the formula needs to know how the pixels lie.",
            hidden=True,
        ),
    ),
    properties=(
        Property("it lies between 0 and 1.", between_0_and_1),
        Property("it is 1 where every pixel is right, and nowhere else.", one_where_all_is_right),
    ),
    mistakes=(
        Mistake(
            "recall",
            "this divides by the pixels that are k, which is recall: false alarms are not seen.",
            "divide by the union: pixels that are k, or are called k.",
            (recall,),
        ),
        Mistake(
            "precision",
            "this divides by the pixels called k, which is precision: missed pixels are not seen.",
            "divide by the union: pixels that are k, or are called k.",
            (precision,),
        ),
        Mistake(
            "accuracy",
            "this is the share of all pixels that are right; the background decides it.",
            "work out a share for each class, then take the mean over the classes.",
            (accuracy,),
        ),
        Mistake(
            "dice",
            "this is the Dice coefficient, or F1: twice the intersection over the two sizes.",
            "divide the intersection, once, by the union.",
            (dice,),
        ),
        Mistake(
            "counted_twice",
            "the union counts the pixels of the intersection twice.",
            "use | of the two masks, or take the intersection off the sum of the sizes.",
            (counted_twice,),
        ),
        Mistake(
            "lumped",
            "intersections and unions are summed over the classes first, so large classes decide.",
            "divide class by class, then take the mean.",
            (lumped,),
        ),
        Mistake(
            "weighted",
            "the classes are weighed by their pixels, so that the background decides.",
            "take the plain mean over the classes.",
            (weighted,),
        ),
        Mistake(
            "by_image",
            "this is a mean over the images; a class with three pixels in one of them shakes it.",
            "count over all pixels of all images together.",
            (by_image,),
        ),
        Mistake(
            "without_background",
            "class 0 is left out.",
            "here the background is a class like any other.",
            (without_background,),
        ),
        Mistake(
            "per_class",
            "these are the IoUs of the classes, not their mean.",
            "return one number.",
            (per_class, per_class_zero),
        ),
        Mistake(
            "percent",
            "this is in per cent.",
            "return a number from 0 to 1.",
            (percent,),
        ),
        Mistake(
            "nowhere_as_zero",
            "a class that is nowhere, neither there nor called, counts as 0.",
            "leave it out of the mean: nothing was missed and nothing was made up.",
            (nowhere_as_zero,),
        ),
        Mistake(
            "nowhere_as_one",
            "a class that is nowhere counts as a perfect one.",
            "leave it out of the mean: there was nothing to get right.",
            (nowhere_as_one,),
        ),
        Mistake(
            "nowhere_as_nan",
            "a class that is nowhere has 0/0, and NaN spoils the mean.",
            "leave out classes whose union is empty.",
            (nowhere_as_nan,),
        ),
        Mistake(
            "false_alarms_forgiven",
            "a class that is called but not there is left out, so its false alarms cost nothing.",
            "leave out a class only where its union is empty; this one has IoU 0.",
            (false_alarms_forgiven,),
        ),
        Mistake(
            "only_where_called",
            "a class that is there but never called is left out, so that missing it costs nothing.",
            "leave out a class only where its union is empty; this one has IoU 0.",
            (only_where_called,),
        ),
    ),
)
