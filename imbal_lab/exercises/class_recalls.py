"""Exercise 01.1: the recall of each class."""

import torch
from torch import Tensor

from imbal_lab.checks.exercise import Exercise, Group, Inputs, Mistake, Property
from imbal_lab.exercises.guesses import count, guesses, hits, long_tail
from imbal_lab.methods import class_recalls


def between_zero_and_one(inputs: Inputs, result: Tensor) -> bool:
    return bool(((result >= 0) & (result <= 1)).all())


def perfect_means_one(inputs: Inputs, result: Tensor) -> bool:
    there = count(inputs["y"], inputs["num_classes"])
    never_missed = (there > 0) & (hits(**inputs) == there)
    return torch.allclose(result[never_missed].double(), torch.tensor(1.0).double())


def safe(part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole``, zero where ``whole`` is: wrong counts, right boundary."""
    return part / whole.clamp_min(1)


def precision(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return safe(hits(predictions, y, num_classes), count(predictions, num_classes))


def share_of_all(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return hits(predictions, y, num_classes) / len(y)


def share_of_hits(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return hits(predictions, y, num_classes) / (predictions == y).sum()


def against_majority(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return hits(predictions, y, num_classes) / count(y, num_classes).max()


def accuracy_repeated(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return (predictions == y).double().mean().repeat(num_classes)


def class_or_not(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    each = [((predictions == k) == (y == k)).double().mean() for k in range(num_classes)]
    return torch.stack(each)


def guessed_over_true(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return safe(count(predictions, num_classes), count(y, num_classes))


def missed(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    there = count(y, num_classes)
    return safe(there - hits(predictions, y, num_classes), there)


def intersection_over_union(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    right = hits(predictions, y, num_classes)
    return safe(right, count(y, num_classes) + count(predictions, num_classes) - right)


def f1_of_each(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    both = count(y, num_classes) + count(predictions, num_classes)
    return safe(2 * hits(predictions, y, num_classes), both)


def only_counted(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return hits(predictions, y, num_classes)


def whole_numbers(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_recalls(predictions, y, num_classes).floor()


def their_mean(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_recalls(predictions, y, num_classes).mean()


def unguarded(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return hits(predictions, y, num_classes) / count(y, num_classes)


def absent_dropped(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_recalls(predictions, y, num_classes)[y.unique()]


def up_to_largest_label(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    return class_recalls(predictions, y, num_classes)[: int(y.max()) + 1]


def absent_perfect(predictions: Tensor, y: Tensor, num_classes: int) -> Tensor:
    there = count(y, num_classes)
    return torch.where(there > 0, safe(hits(predictions, y, num_classes), there), 1.0)


EXERCISE = Exercise(
    id="class_recalls",
    reference=class_recalls,
    axes=("class",),
    groups=(
        Group(
            "few classes, the last one rare",
            "hits of a class over the examples of that class",
            2,
            (guesses([[50, 8, 4], [5, 9, 2], [3, 2, 1]]), guesses([[30, 9], [2, 4]])),
            "write down ten labels and ten guesses, count by hand for one class, and compare.",
        ),
        Group(
            "a class without examples",
            "an absent class has recall 0, and every class keeps its place",
            1,
            (
                guesses([[20, 3, 2, 1], [0, 0, 0, 0], [4, 1, 7, 1], [1, 0, 2, 3]]),
                guesses([[15, 2, 0], [4, 6, 0], [0, 0, 0]]),
            ),
            "try y = [0, 0, 2] with num_classes = 4: the result needs four entries.",
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
    properties=(
        Property("a recall is a share, from 0 to 1.", between_zero_and_one),
        Property("a class that is never missed must have recall 1.", perfect_means_one),
    ),
    mistakes=(
        Mistake(
            "precision",
            "the hits are divided by how often the class was guessed; that is precision.",
            "divide by how often the class occurs in y.",
            (precision,),
        ),
        Mistake(
            "share_of_all",
            "the hits of a class are divided by the number of all examples, so that a rare class "
            "never gets beyond its share.",
            "divide the hits of a class by the examples of that class only.",
            (share_of_all, share_of_hits),
        ),
        Mistake(
            "against_majority",
            "every class is measured against the size of the largest one.",
            "each class has its own count: divide entry by entry.",
            (against_majority,),
        ),
        Mistake(
            "accuracy_repeated",
            "every class gets the accuracy over all examples.",
            "look at the examples of one class at a time: y == k.",
            (accuracy_repeated,),
        ),
        Mistake(
            "class_or_not",
            "examples of other classes that are rightly not called k count as hits, and they are "
            "many; this is accuracy of 'k or not k'.",
            "look only at the examples whose label is k.",
            (class_or_not,),
        ),
        Mistake(
            "guessed_over_true",
            "this counts how often a class was guessed, right or wrong.",
            "count only the examples where prediction and label agree.",
            (guessed_over_true,),
        ),
        Mistake(
            "missed",
            "this is the share that was missed, 1 minus the recall.",
            "count the examples that were found.",
            (missed,),
        ),
        Mistake(
            "intersection_over_union",
            "false alarms stand below the fraction bar too; that is intersection over union.",
            "divide by the examples of the class, found and missed; leave false alarms out.",
            (intersection_over_union,),
        ),
        Mistake(
            "f1_of_each",
            "this is the F1 of each class, in which false alarms count.",
            "divide the hits by the examples of the class; F1 comes in the next exercise.",
            (f1_of_each,),
        ),
        Mistake(
            "only_counted",
            "the hits are counted but not divided.",
            "divide by the number of examples of each class.",
            (only_counted,),
        ),
        Mistake(
            "whole_numbers",
            "every recall is rounded down to a whole number, by // or by a tensor of integers that "
            "is filled.",
            "divide with /, and let torch.zeros(num_classes) hold the results: it holds floats.",
            (whole_numbers,),
        ),
        Mistake(
            "their_mean",
            "this is the mean of the recalls, the balanced accuracy.",
            "return one number a class; the mean hides which class is missed.",
            (their_mean,),
        ),
        Mistake(
            "unguarded",
            "a class that is absent has no examples, and 0/0 is NaN.",
            "divide by at least 1 (clamp_min(1)), or put 0 where there is no example.",
            (unguarded,),
        ),
        Mistake(
            "absent_dropped",
            "the class that is absent is left out, so the classes after it change place.",
            "go through all of range(num_classes), not only the labels that occur.",
            (absent_dropped,),
        ),
        Mistake(
            "up_to_largest_label",
            "the result ends at the largest label that occurs, so an absent last class is lost.",
            "use num_classes, for example as minlength of torch.bincount.",
            (up_to_largest_label,),
        ),
        Mistake(
            "absent_perfect",
            "a class without examples gets recall 1.",
            "nothing was found there: in this course an absent class counts as 0.",
            (absent_perfect,),
        ),
    ),
)
