"""Exercise 06.1: how hard each class pulls at the features that feed the classifier."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.checks.exercise import Case, Exercise, Group, Inputs, Mistake, Property
from imbal_lab.methods import feature_gradients


def batch(labels: list[int], num_classes: int, size: int) -> Case:
    """Features of ``size`` numbers, a classifier, and the logits that it makes of them.

    In single precision: whoever makes a tensor of zeros or ones has that, and may go on.
    """

    def draw(generator: Generator) -> Inputs:
        weight = torch.randn(num_classes, size, generator=generator)
        features = torch.randn(len(labels), size, generator=generator)
        y = torch.tensor(labels)[torch.randperm(len(labels), generator=generator)]
        return {"logits": features @ weight.T, "y": y, "weight": weight}

    return Case(f"labels {labels} of {num_classes}, {size} features", draw)


def opposite(num_classes: int) -> Case:
    """Two examples of class 0 whose feature gradients are opposite, and one of class 1."""

    def draw(generator: Generator) -> Inputs:
        weight = torch.zeros(num_classes, 3)
        weight[1] = torch.randn(3, generator=generator)
        weight[2] = -weight[1]
        logits = torch.full((3, num_classes), -40.0)
        logits[0, 1] = logits[1, 2] = logits[2, 0] = 0.0
        return {"logits": logits, "y": torch.tensor([0, 0, 1]), "weight": weight}

    return Case(f"opposite pulls, {num_classes} classes", draw)


def absent_is_zero(inputs: Inputs, result: Tensor) -> bool:
    present = torch.bincount(inputs["y"], minlength=len(result)) > 0
    return bool((result[~present] == 0).all())


def within_the_bound(inputs: Inputs, result: Tensor) -> bool:
    longest = 2**0.5 * torch.linalg.matrix_norm(inputs["weight"].double(), ord=2)
    return bool((result >= 0).all() and (result <= longest * (1 + 1e-4)).all())


def labels_of(logits: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, logits.shape[1]).to(logits)


def pulls(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """The feature gradient of each example: [n, d]."""
    return (logits.softmax(dim=1) - labels_of(logits, y)) @ weight


def means(lengths: Tensor, y: Tensor, num_classes: int) -> Tensor:
    own = F.one_hot(y, num_classes).to(lengths)
    return lengths @ own / own.sum(dim=0).clamp_min(1)


def length_of_the_mean(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    own, grads = labels_of(logits, y), pulls(logits, y, weight)
    return (own.T @ grads / own.sum(dim=0).clamp_min(1)[:, None]).norm(dim=1)


def length_of_the_sum(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return (labels_of(logits, y).T @ pulls(logits, y, weight)).norm(dim=1)


def length_of_the_contribution(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return length_of_the_sum(logits, y, weight) / len(y)


def batch_mean(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return feature_gradients(logits, y, weight) / len(y)


def over_all(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return pulls(logits, y, weight).norm(dim=1) @ labels_of(logits, y) / len(y)


def over_classes(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return pulls(logits, y, weight).norm(dim=1) @ labels_of(logits, y) / logits.shape[1]


def plain_sum(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return pulls(logits, y, weight).norm(dim=1) @ labels_of(logits, y)


def one_norm_a_class(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return (pulls(logits, y, weight).square().sum(dim=1) @ labels_of(logits, y)).sqrt()


def one_norm_over_n(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    sizes = labels_of(logits, y).sum(dim=0).clamp_min(1)
    return one_norm_a_class(logits, y, weight) / sizes


def root_mean_square(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return means(pulls(logits, y, weight).square().sum(dim=1), y, logits.shape[1]).sqrt()


def squared(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return means(pulls(logits, y, weight).square().sum(dim=1), y, logits.shape[1])


def absolute_sum(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return means(pulls(logits, y, weight).abs().sum(dim=1), y, logits.shape[1])


def no_label(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return means((logits.softmax(dim=1) @ weight).norm(dim=1), y, logits.shape[1])


def no_softmax(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    grads = (logits - labels_of(logits, y)) @ weight
    return means(grads.norm(dim=1), y, logits.shape[1])


def logarithms(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    grads = (logits.log_softmax(dim=1) - labels_of(logits, y)) @ weight
    return means(grads.norm(dim=1), y, logits.shape[1])


def softmax_down(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    grads = (logits.softmax(dim=0) - labels_of(logits, y)) @ weight
    return means(grads.norm(dim=1), y, logits.shape[1])


def softmax_twice(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return feature_gradients(logits.softmax(dim=1), y, weight)


def on_the_logits(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    errors = logits.softmax(dim=1) - labels_of(logits, y)
    return means(errors.norm(dim=1), y, logits.shape[1])


def own_row(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    own = labels_of(logits, y)
    errors = (logits.softmax(dim=1) - own) * own
    return means((errors @ weight).norm(dim=1), y, logits.shape[1])


def transposed(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    grads = (logits.softmax(dim=1) - labels_of(logits, y)) @ weight.T
    return means(grads.norm(dim=1), y, logits.shape[1])


def by_guess(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    lengths = pulls(logits, y, weight).norm(dim=1)
    return means(lengths, logits.argmax(dim=1), logits.shape[1])


def guess_for_label(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    lengths = pulls(logits, logits.argmax(dim=1), weight).norm(dim=1)
    return means(lengths, y, logits.shape[1])


def unguarded(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    own = labels_of(logits, y)
    return pulls(logits, y, weight).norm(dim=1) @ own / own.sum(dim=0)


def present_only(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return feature_gradients(logits, y, weight)[y.unique()]


def narrow(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return means(((logits.softmax(dim=1) - F.one_hot(y)) @ weight).norm(dim=1), y, len(weight))


def narrow_first(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return means(((F.one_hot(y) - logits.softmax(dim=1)) @ weight).norm(dim=1), y, len(weight))


def each_example(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return pulls(logits, y, weight).norm(dim=1)


def everybody(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return pulls(logits, y, weight).norm(dim=1).mean()


EXERCISE = Exercise(
    id="feature_gradients",
    reference=feature_gradients,
    axes=("class",),
    groups=(
        Group(
            "three classes",
            "each class gets the mean length of its examples' feature gradients",
            2,
            (batch([0] * 5 + [1] * 3 + [2] * 2, 3, 4), batch([0] * 4 + [1] * 3, 2, 5)),
            "check the gradient of one example with autograd, then its length, then the mean.",
        ),
        Group(
            "two examples that pull in opposite directions",
            "pulls of one class do not cancel",
            1,
            (opposite(3),),
            "take the length of each example's gradient first, the mean over the class last.",
        ),
        Group(
            "a class without examples",
            "an absent class has 0",
            1,
            (batch([0, 0, 0, 2], 3, 4), batch([1, 1], 4, 2)),
            "0/0 is NaN: decide what the mean over no examples is before you divide.",
        ),
        Group(
            "ten classes and ten features",
            "other numbers work as well",
            1,
            (batch([0] * 9 + [1] * 5 + list(range(2, 10)), 10, 10),),
            "avoid numbers that fix the shapes.",
            hidden=True,
        ),
    ),
    properties=(
        Property("a class without examples must have exactly 0.", absent_is_zero),
        Property(
            "no mean length can be negative, or above root 2 times the largest singular value of "
            "weight.",
            within_the_bound,
        ),
    ),
    mistakes=(
        Mistake(
            "cancelled",
            "the gradients of a class are added up before their length is taken, so those that "
            "pull apart cancel.",
            "take the length of each example's gradient, then the mean of the lengths.",
            (length_of_the_mean, length_of_the_sum, length_of_the_contribution),
        ),
        Mistake(
            "batch_mean",
            "the loss was averaged over the batch, so every gradient is n times too short.",
            "take the gradient of each example's own loss: reduction='sum', or the formula.",
            (batch_mean,),
        ),
        Mistake(
            "over_all",
            "the lengths of a class are divided by the size of the whole batch, so a rare class "
            "seems to pull weakly.",
            "divide by the number of examples in the class.",
            (over_all,),
        ),
        Mistake(
            "over_classes",
            "the lengths of a class are divided by the number of classes.",
            "divide by the number of examples in the class.",
            (over_classes,),
        ),
        Mistake(
            "plain_sum",
            "the lengths of a class are added up, not averaged, so a large class seems to pull "
            "hard.",
            "divide by the number of examples in the class.",
            (plain_sum,),
        ),
        Mistake(
            "one_norm_a_class",
            "one norm is taken over all entries of a class, so the class's size decides.",
            "take one norm an example: dim=1.",
            (one_norm_a_class, one_norm_over_n),
        ),
        Mistake(
            "root_mean_square",
            "the squared lengths are averaged before the root is taken.",
            "take the root of each example's sum of squares, then the mean.",
            (root_mean_square,),
        ),
        Mistake(
            "squared",
            "the lengths are squared; the root is missing.",
            "take the root of the sum of squares, or .norm(dim=1).",
            (squared,),
        ),
        Mistake(
            "absolute_sum",
            "the length is taken as the sum of absolute values, the L1 norm.",
            "use the L2 norm: the root of the sum of squares.",
            (absolute_sum,),
        ),
        Mistake(
            "no_label",
            "the label is not subtracted, so even a fitted example seems to pull.",
            "subtract 1 from the probability of the true class.",
            (no_label,),
        ),
        Mistake(
            "no_softmax",
            "the logits are used as if they were probabilities.",
            "take the softmax of each row first.",
            (no_softmax,),
        ),
        Mistake(
            "logarithms",
            "log-probabilities stand where probabilities should.",
            "use softmax, not log_softmax.",
            (logarithms,),
        ),
        Mistake(
            "softmax_down",
            "the softmax runs over the examples, not over the classes.",
            "softmax over dim=1: the probabilities of one example add up to 1.",
            (softmax_down,),
        ),
        Mistake(
            "softmax_twice",
            "the softmax is taken twice: cross-entropy does it already.",
            "give F.cross_entropy the logits as they are.",
            (softmax_twice,),
        ),
        Mistake(
            "on_the_logits",
            "this is the length of the gradient on the logits, one layer too late.",
            "carry it back to the features: multiply by weight.",
            (on_the_logits,),
        ),
        Mistake(
            "own_row",
            "only the true class's row of weight pulls; the others push the features away, and "
            "are missing.",
            "use the whole row p - e of every example, not its entry at the label.",
            (own_row,),
        ),
        Mistake(
            "transposed",
            "weight is used the wrong way round.",
            "[n, C] times [C, d] is [n, d]: multiply by weight, not by its transpose.",
            (transposed,),
        ),
        Mistake(
            "by_guess",
            "the examples are grouped by the model's guess.",
            "group them by their label y.",
            (by_guess,),
        ),
        Mistake(
            "guess_for_label",
            "the model's guess stands where the label should, so it agrees with itself.",
            "subtract the one-hot row of y.",
            (guess_for_label,),
        ),
        Mistake(
            "unguarded",
            "a class without examples is divided by 0, and 0/0 is NaN.",
            "divide by at least 1: clamp_min(1).",
            (unguarded,),
        ),
        Mistake(
            "present_only",
            "a class without examples is left out, so the classes after it change place.",
            "return one number for each column of logits.",
            (present_only,),
        ),
        Mistake(
            "narrow",
            "F.one_hot(y) has columns up to the largest label in y; rarer classes may be absent.",
            "tell it how many classes there are: F.one_hot(y, logits.shape[1]).",
            (narrow, narrow_first),
        ),
        Mistake(
            "each_example",
            "this is one number an example.",
            "take the mean over the examples of each class.",
            (each_example,),
        ),
        Mistake(
            "everybody",
            "this is the mean over all examples, in which the frequent classes decide.",
            "take one mean for each class.",
            (everybody,),
        ),
    ),
)
