"""macro_f1(predictions [n], y [n], num_classes) -> a number, as learners write it."""

import statistics

import numpy as np
import torch


def three_counts(predictions, y, k):
    """Found, missed and false alarms of class k."""
    found = int(((predictions == k) & (y == k)).sum())
    missed = int(((predictions != k) & (y == k)).sum())
    alarms = int(((predictions == k) & (y != k)).sum())
    return found, missed, alarms


def precision_of(predictions, y, k):
    found, _, alarms = three_counts(predictions, y, k)
    return found / (found + alarms) if found + alarms else 0.0


def recall_of(predictions, y, k):
    found, missed, _ = three_counts(predictions, y, k)
    return found / (found + missed) if found + missed else 0.0


def f1_of(predictions, y, k):
    p, r = precision_of(predictions, y, k), recall_of(predictions, y, k)
    return 2 * p * r / (p + r) if p + r else 0.0


def over_classes(score, predictions, y, num_classes):
    return [score(predictions, y, k) for k in range(num_classes)]


# --- known mistakes -----------------------------------------------------------------------


def accuracy(predictions, y, num_classes):
    return (predictions == y).sum().item() / len(y)


def micro(predictions, y, num_classes):
    counts = [three_counts(predictions, y, k) for k in range(num_classes)]
    found, missed, alarms = map(sum, zip(*counts, strict=True))
    return 2 * found / (2 * found + missed + alarms)


def weighted_by_size(predictions, y, num_classes):
    return sum(f1_of(predictions, y, k) * (y == k).sum() / len(y) for k in range(num_classes))


def f1_of_the_means(predictions, y, num_classes):
    p = statistics.mean(over_classes(precision_of, predictions, y, num_classes))
    r = statistics.mean(over_classes(recall_of, predictions, y, num_classes))
    return 2 * p * r / (p + r)


def balanced_accuracy(predictions, y, num_classes):
    return statistics.mean(over_classes(recall_of, predictions, y, num_classes))


def mean_precision(predictions, y, num_classes):
    return sum(over_classes(precision_of, predictions, y, num_classes)) / num_classes


def half_way(predictions, y, num_classes):
    p = np.array(over_classes(precision_of, predictions, y, num_classes))
    r = np.array(over_classes(recall_of, predictions, y, num_classes))
    return float(((p + r) / 2).mean())


def geometric(predictions, y, num_classes):
    p = np.array(over_classes(precision_of, predictions, y, num_classes))
    r = np.array(over_classes(recall_of, predictions, y, num_classes))
    return float(np.sqrt(p * r).mean())


def two_forgotten(predictions, y, num_classes):
    total = 0.0
    for k in range(num_classes):
        p, r = precision_of(predictions, y, k), recall_of(predictions, y, k)
        total += p * r / (p + r) if p + r else 0.0
    return total / num_classes


def intersection_over_union(predictions, y, num_classes):
    total = 0.0
    for k in range(num_classes):
        found, missed, alarms = three_counts(predictions, y, k)
        total += found / max(found + missed + alarms, 1)
    return total / num_classes


def sum_of_all(predictions, y, num_classes):
    return sum(over_classes(f1_of, predictions, y, num_classes))


def rarest_alone(predictions, y, num_classes):
    return f1_of(predictions, y, num_classes - 1)


def never_guessed_skipped(predictions, y, num_classes):
    scores = [f1_of(predictions, y, k) for k in set(predictions.tolist())]
    return statistics.mean(scores)


def zero_f1_skipped(predictions, y, num_classes):
    scores = torch.tensor(over_classes(f1_of, predictions, y, num_classes))
    return scores[scores > 0].mean()


def unguarded(predictions, y, num_classes):
    scores = []
    for k in range(num_classes):
        found, missed, alarms = three_counts(predictions, y, k)
        scores.append(torch.tensor(2.0 * found) / (2 * found + missed + alarms))
    return torch.stack(scores).mean()


def unguarded_precision(predictions, y, num_classes):
    scores = []
    for k in range(num_classes):
        p = (y[predictions == k] == k).float().mean()
        r = (predictions[y == k] == k).float().mean()
        scores.append(2 * p * r / (p + r))
    return torch.stack(scores).mean()


def absent_skipped(predictions, y, num_classes):
    scores = [f1_of(predictions, y, k) for k in sorted(set(y.tolist()))]
    return sum(scores) / len(scores)


def up_to_largest_label(predictions, y, num_classes):
    return right_loop(predictions, y, 1 + max(y.tolist()))


def up_to_largest_of_bincount(predictions, y, num_classes):
    there = torch.bincount(y)
    called = torch.bincount(predictions, minlength=len(there))[: len(there)]
    found = torch.bincount(y[y == predictions], minlength=len(there))
    return (2 * found / (there + called).clamp(min=1)).mean()


def absent_perfect(predictions, y, num_classes):
    met = set(y.tolist()) | set(predictions.tolist())
    scores = [f1_of(predictions, y, k) if k in met else 1.0 for k in range(num_classes)]
    return statistics.mean(scores)


# --- wrong, and on no list ----------------------------------------------------------------


def each_class(predictions, y, num_classes):
    return torch.tensor(over_classes(f1_of, predictions, y, num_classes))


def median(predictions, y, num_classes):
    return statistics.median(over_classes(f1_of, predictions, y, num_classes))


def best_class(predictions, y, num_classes):
    return max(over_classes(f1_of, predictions, y, num_classes))


def in_per_cent(predictions, y, num_classes):
    return 100 * right_loop(predictions, y, num_classes)


def whole_division(predictions, y, num_classes):
    return sum(
        2 * f // max(2 * f + m + a, 1)
        for f, m, a in (three_counts(predictions, y, k) for k in range(num_classes))
    )


def a_string(predictions, y, num_classes):
    return str(right_loop(predictions, y, num_classes))


# --- right --------------------------------------------------------------------------------


def right_loop(predictions, y, num_classes):
    return sum(over_classes(f1_of, predictions, y, num_classes)) / num_classes


def right_counts(predictions, y, num_classes):
    total = 0.0
    for k in range(num_classes):
        found, missed, alarms = three_counts(predictions, y, k)
        total += 2 * found / max(2 * found + missed + alarms, 1)
    return total / num_classes


def right_matrix(predictions, y, num_classes):
    pairs = torch.bincount(y * num_classes + predictions, minlength=num_classes**2)
    confusion = pairs.view(num_classes, num_classes).double()
    below = confusion.sum(dim=0) + confusion.sum(dim=1)
    return torch.where(below > 0, 2 * confusion.diag() / below, 0.0).mean()


def right_nan_to_num(predictions, y, num_classes):
    confusion = torch.zeros(num_classes, num_classes)
    confusion.index_put_((y, predictions), torch.ones(len(y)), accumulate=True)
    p = (confusion.diag() / confusion.sum(dim=0)).nan_to_num(0)
    r = (confusion.diag() / confusion.sum(dim=1)).nan_to_num(0)
    return (2 * p * r / (p + r)).nan_to_num(0).mean()


def right_numpy(predictions, y, num_classes):
    guesses, labels = predictions.numpy(), y.numpy()
    scores = np.zeros(num_classes)
    for k in range(num_classes):
        below = (guesses == k).sum() + (labels == k).sum()
        if below:
            scores[k] = 2 * ((guesses == k) & (labels == k)).sum() / below
    return scores.mean()


def right_harmonic(predictions, y, num_classes):
    scores = []
    for k in range(num_classes):
        pair = [precision_of(predictions, y, k), recall_of(predictions, y, k)]
        scores.append(statistics.harmonic_mean(pair))
    return statistics.mean(scores)


MISTAKES = {
    "accuracy": (accuracy, micro),
    "weighted_by_size": (weighted_by_size,),
    "f1_of_the_means": (f1_of_the_means,),
    "balanced_accuracy": (balanced_accuracy,),
    "mean_precision": (mean_precision,),
    "half_way": (half_way,),
    "geometric": (geometric,),
    "two_forgotten": (two_forgotten,),
    "intersection_over_union": (intersection_over_union,),
    "sum_of_all": (sum_of_all,),
    "rarest_alone": (rarest_alone,),
    "never_guessed_skipped": (never_guessed_skipped, zero_f1_skipped),
    "unguarded": (unguarded, unguarded_precision),
    "absent_skipped": (absent_skipped,),
    "up_to_largest_label": (up_to_largest_label, up_to_largest_of_bincount),
    "absent_perfect": (absent_perfect,),
}

UNLISTED = {
    f.__name__: f for f in (each_class, median, best_class, in_per_cent, whole_division, a_string)
}

RIGHT = {
    f.__name__: f
    for f in (
        right_loop,
        right_counts,
        right_matrix,
        right_nan_to_num,
        right_numpy,
        right_harmonic,
    )
}
