"""Exercise 01.2: macro-F1."""

import torch
from torch import Tensor

from imbal_lab.checks.exercise import Exercise, Group, Inputs, Mistake, Property
from imbal_lab.exercises.guesses import count, guesses, hits, long_tail
from imbal_lab.methods import class_recalls, macro_f1


def between_zero_and_one(inputs: Inputs, result: Tensor) -> bool:
    return bool((result >= 0) & (result <= 1))


def f1_of_each(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both = count(y, num_classes) + count(predictions, num_classes)
    return 2 * hits(predictions, y, num_classes) / both.clamp_min(1)


def precisions(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return hits(predictions, y, num_classes) / count(predictions, num_classes).clamp_min(1)


def together(precision: Tensor, recall: Tensor) -> Tensor:
    """Their harmonic mean, zero where both are."""
    both = precision + recall
    return torch.where(both > 0, 2 * precision * recall / both, 0.0)


def accuracy(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return (predictions == y).double().mean()


def weighted_by_size(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return count(y, num_classes) / len(y) @ f1_of_each(predictions, y, num_classes)


def f1_of_the_means(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    recalls = class_recalls(predictions, y, num_classes)
    return together(precisions(predictions, y, num_classes).mean(), recalls.mean())


def balanced_accuracy(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_recalls(predictions, y, num_classes).mean()


def mean_precision(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return precisions(predictions, y, num_classes).mean()


def half_way(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    recalls = class_recalls(predictions, y, num_classes)
    return (precisions(predictions, y, num_classes) + recalls).mean() / 2


def geometric(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    recalls = class_recalls(predictions, y, num_classes)
    return (precisions(predictions, y, num_classes) * recalls).sqrt().mean()


def two_forgotten(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return f1_of_each(predictions, y, num_classes).mean() / 2


def intersection_over_union(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    right = hits(predictions, y, num_classes)
    union = count(y, num_classes) + count(predictions, num_classes) - right
    return (right / union.clamp_min(1)).mean()


def sum_of_all(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return f1_of_each(predictions, y, num_classes).sum()


def rarest_alone(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return f1_of_each(predictions, y, num_classes)[-1]


def unguarded(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both = count(y, num_classes) + count(predictions, num_classes)
    return (2 * hits(predictions, y, num_classes) / both).mean()


def unguarded_precision(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    precision = hits(predictions, y, num_classes) / count(predictions, num_classes)
    recall = class_recalls(predictions, y, num_classes)
    return (2 * precision * recall / (precision + recall)).mean()


def never_guessed_skipped(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    guessed = count(predictions, num_classes) > 0
    return f1_of_each(predictions, y, num_classes)[guessed].mean()


def never_right_skipped(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    found = hits(predictions, y, num_classes) > 0
    return f1_of_each(predictions, y, num_classes)[found].mean()


def absent_skipped(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return f1_of_each(predictions, y, num_classes)[y.unique()].mean()


def up_to_largest_label(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return f1_of_each(predictions, y, num_classes)[: int(y.max()) + 1].mean()


def absent_perfect(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both = count(y, num_classes) + count(predictions, num_classes)
    return torch.where(both > 0, f1_of_each(predictions, y, num_classes), 1.0).mean()


def unseen_skipped(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return f1_of_each(predictions, y, num_classes)[torch.cat([y, predictions]).unique()].mean()


EXERCISE = Exercise(
    id="macro_f1",
    reference=macro_f1,
    axes=(),
    groups=(
        Group(
            "few classes, the last one rare",
            "the F1 of each class first, then their plain mean",
            2,
            (guesses([[40, 12, 8], [5, 9, 2], [3, 2, 1]]), guesses([[30, 9], [2, 4]])),
            "print the F1 of each class before you take the mean.",
        ),
        Group(
            "a class that is never guessed",
            "a class that is never found has F1 0, and it counts",
            1,
            (guesses([[25, 3, 0], [4, 8, 0], [3, 1, 0]]),),
            "its precision is 0/0; its F1 is 0, since nothing was found.",
        ),
        Group(
            "a class that neither occurs nor is guessed",
            "the mean runs over all num_classes",
            1,
            (
                guesses([[20, 0, 2, 3], [0, 0, 0, 0], [4, 0, 7, 1], [1, 0, 2, 3]]),
                guesses([[15, 2, 0], [4, 6, 0], [0, 0, 0]]),
            ),
            "decide what 2*0/(0+0) becomes before you divide.",
        ),
        Group(
            "ten classes in a long tail",
            "ten classes, down to a single example, work as well",
            1,
            (guesses(long_tail(10)),),
            "avoid anything that fixes the number of classes.",
            hidden=True,
        ),
    ),
    properties=(Property("F1 is at least 0 and at most 1.", between_zero_and_one),),
    mistakes=(
        Mistake(
            "accuracy",
            "this is accuracy; counting hits and false alarms of all classes together ('micro') "
            "gives the same.",
            "compute one F1 a class, then their mean.",
            (accuracy,),
        ),
        Mistake(
            "weighted_by_size",
            "the classes are weighed by how often they occur, so the majority decides again.",
            "macro means: each class counts the same, whatever its size.",
            (weighted_by_size,),
        ),
        Mistake(
            "f1_of_the_means",
            "the means of precision and recall were taken first, and one F1 made of them.",
            "first the F1 of each class, then the mean.",
            (f1_of_the_means,),
        ),
        Mistake(
            "balanced_accuracy",
            "this is the mean of the recalls, the balanced accuracy; false alarms do not count.",
            "add how often the class was guessed below the fraction bar.",
            (balanced_accuracy,),
        ),
        Mistake(
            "mean_precision",
            "this is the mean of the precisions; missed examples do not count.",
            "add how often the class occurs below the fraction bar.",
            (mean_precision,),
        ),
        Mistake(
            "half_way",
            "this takes the ordinary mean of precision and recall.",
            "F1 is their harmonic mean: 2PR/(P+R), which is small when either is.",
            (half_way,),
        ),
        Mistake(
            "geometric",
            "this takes the geometric mean of precision and recall.",
            "F1 is their harmonic mean: 2PR/(P+R).",
            (geometric,),
        ),
        Mistake(
            "two_forgotten",
            "every F1 is half as large as it should be.",
            "the 2 stands above the fraction bar: two equal shares must give that share.",
            (two_forgotten,),
        ),
        Mistake(
            "intersection_over_union",
            "the hits were taken off below the fraction bar; that is intersection over union.",
            "add the two counts, and put twice the hits above them.",
            (intersection_over_union,),
        ),
        Mistake(
            "sum_of_all",
            "the F1 of the classes are summed.",
            "divide by num_classes: a mean.",
            (sum_of_all,),
        ),
        Mistake(
            "rarest_alone",
            "this is the F1 of the last class alone, as for two classes.",
            "compute it for every class and take the mean.",
            (rarest_alone,),
        ),
        Mistake(
            "never_guessed_skipped",
            "a class that is never found is left out of the mean, so missing it costs nothing.",
            "its F1 is 0; let it count.",
            (never_guessed_skipped, never_right_skipped),
        ),
        Mistake(
            "unguarded",
            "0/0 is NaN, for a class that is never guessed or does not occur.",
            "let 0 stand where nothing was found; clamp_min(1) below the fraction bar does it.",
            (unguarded, unguarded_precision),
        ),
        Mistake(
            "absent_skipped",
            "the mean runs over the classes that occur, so two test sets cannot be compared.",
            "divide by num_classes; an absent class counts as 0.",
            (absent_skipped, unseen_skipped),
        ),
        Mistake(
            "up_to_largest_label",
            "the classes end at the largest label that occurs, so an absent last class is lost.",
            "count to num_classes, for example with minlength of torch.bincount.",
            (up_to_largest_label,),
        ),
        Mistake(
            "absent_perfect",
            "a class that neither occurs nor is guessed gets F1 1.",
            "nothing was found there: in this course an absent class counts as 0.",
            (absent_perfect,),
        ),
    ),
)
