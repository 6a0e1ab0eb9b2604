"""class_recalls(predictions [n], y [n], num_classes) -> [C], as learners write it."""

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812


def table(predictions, y, num_classes):
    """Confusion matrix, one example after the other: rows are labels, columns guesses."""
    confusion = torch.zeros(num_classes, num_classes)
    for guess, label in zip(predictions.tolist(), y.tolist(), strict=True):
        confusion[label, guess] += 1
    return confusion


# --- known mistakes -----------------------------------------------------------------------


def precision(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes)
    return confusion.diag() / confusion.sum(dim=0).clamp(min=1)


def precision_loop(predictions, y, num_classes):
    out = []
    for k in range(num_classes):
        called = predictions == k
        out.append((y[called] == k).float().mean().item() if called.any() else 0.0)
    return torch.tensor(out)


def share_of_all(predictions, y, num_classes):
    out = [((predictions == k) & (y == k)).float().mean() for k in range(num_classes)]
    return torch.stack(out)


def share_of_hits(predictions, y, num_classes):
    right = y[predictions == y]
    return torch.tensor([(right == k).sum() / len(right) for k in range(num_classes)])


def against_majority(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes)
    return confusion.diag() / confusion.sum(dim=1).max()


def accuracy_repeated(predictions, y, num_classes):
    return torch.tensor([float((predictions == y).float().mean()) for _ in range(num_classes)])


def accuracy_full(predictions, y, num_classes):
    return torch.full((num_classes,), (predictions == y).sum().item() / len(y))


def class_or_not(predictions, y, num_classes):
    guess, label = F.one_hot(predictions, num_classes), F.one_hot(y, num_classes)
    return (guess == label).float().mean(dim=0)


def guessed_over_true(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes)
    return confusion.sum(dim=0) / confusion.sum(dim=1).clamp(min=1)


def missed(predictions, y, num_classes):
    out = torch.zeros(num_classes)
    for k in y.unique():
        out[k] = (predictions[y == k] != k).float().mean()
    return out


def intersection_over_union(predictions, y, num_classes):
    out = []
    for k in range(num_classes):
        both = ((y == k) & (predictions == k)).sum()
        either = ((y == k) | (predictions == k)).sum()
        out.append(both / max(int(either), 1))
    return torch.stack(out)


def f1_of_each(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes)
    below = confusion.sum(dim=0) + confusion.sum(dim=1)
    return torch.where(below > 0, 2 * confusion.diag() / below, 0.0)


def only_counted(predictions, y, num_classes):
    return torch.tensor([((predictions == y) & (y == k)).sum() for k in range(num_classes)])


def whole_division(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes).long()
    return confusion.diag() // confusion.sum(dim=1).clamp(min=1)


def whole_tensor(predictions, y, num_classes):
    out = torch.zeros_like(torch.arange(num_classes))
    for k in y.unique():
        out[k] = (predictions[y == k] == k).float().mean()
    return out


def their_mean(predictions, y, num_classes):
    return right_loop(predictions, y, num_classes).mean().item()


def unguarded(predictions, y, num_classes):
    return torch.stack([(predictions[y == k] == k).float().mean() for k in range(num_classes)])


def absent_dropped(predictions, y, num_classes):
    return torch.tensor(
        [(predictions[y == k] == k).float().mean() for k in sorted(set(y.tolist()))]
    )


def up_to_largest_label(predictions, y, num_classes):
    there = torch.bincount(y)
    found = torch.bincount(y[y == predictions], minlength=len(there))
    return torch.where(there > 0, found / there, 0.0)


def absent_perfect(predictions, y, num_classes):
    out = torch.ones(num_classes)
    for k in set(y.tolist()):
        out[k] = (predictions[y == k] == k).float().mean()
    return out


# --- wrong, and on no list ----------------------------------------------------------------


def a_list(predictions, y, num_classes):
    return right_loop(predictions, y, num_classes).tolist()


def in_per_cent(predictions, y, num_classes):
    return 100 * right_loop(predictions, y, num_classes)


def one_class_late(predictions, y, num_classes):
    return right_loop(predictions, y, num_classes).roll(1)


def no_return(predictions, y, num_classes):
    right_loop(predictions, y, num_classes)


def the_matrix(predictions, y, num_classes):
    return table(predictions, y, num_classes)


def specificity(predictions, y, num_classes):
    return torch.tensor([(predictions[y != k] != k).float().mean() for k in range(num_classes)])


# --- right --------------------------------------------------------------------------------


def right_loop(predictions, y, num_classes):
    out = torch.zeros(num_classes)
    for k in range(num_classes):
        mine = y == k
        if mine.any():
            out[k] = (predictions[mine] == k).float().mean()
    return out


def right_matrix(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes)
    return confusion.diag() / confusion.sum(dim=1).clamp(min=1)


def right_one_hot(predictions, y, num_classes):
    labels = F.one_hot(y, num_classes).double()
    hit = (predictions == y).double()
    return (labels.T @ hit) / labels.sum(dim=0).clamp(min=1)


def right_numpy(predictions, y, num_classes):
    guesses, labels = predictions.numpy(), y.numpy()
    out = np.zeros(num_classes, dtype=np.float32)
    for k in np.unique(labels):
        out[k] = np.mean(guesses[labels == k] == k)
    return torch.from_numpy(out)


def right_bincount_weights(predictions, y, num_classes):
    found = torch.bincount(y, weights=(predictions == y).double(), minlength=num_classes)
    there = torch.bincount(y, minlength=num_classes)
    return torch.where(there > 0, found / there, 0.0)


def right_scatter(predictions, y, num_classes):
    zeros = torch.zeros(num_classes)
    found = zeros.scatter_add(0, y, (predictions == y).float())
    there = zeros.scatter_add(0, y, torch.ones(len(y)))
    return (found / there).nan_to_num(0.0)


def right_tiny_guard(predictions, y, num_classes):
    confusion = table(predictions, y, num_classes)
    return confusion.diag() / (confusion.sum(dim=1) + 1e-12)


MISTAKES = {
    "precision": (precision, precision_loop),
    "share_of_all": (share_of_all, share_of_hits),
    "against_majority": (against_majority,),
    "accuracy_repeated": (accuracy_repeated, accuracy_full),
    "class_or_not": (class_or_not,),
    "guessed_over_true": (guessed_over_true,),
    "missed": (missed,),
    "intersection_over_union": (intersection_over_union,),
    "f1_of_each": (f1_of_each,),
    "only_counted": (only_counted,),
    "whole_numbers": (whole_division, whole_tensor),
    "their_mean": (their_mean,),
    "unguarded": (unguarded,),
    "absent_dropped": (absent_dropped,),
    "up_to_largest_label": (up_to_largest_label,),
    "absent_perfect": (absent_perfect,),
}

UNLISTED = {
    f.__name__: f
    for f in (
        a_list,
        in_per_cent,
        one_class_late,
        no_return,
        the_matrix,
        specificity,
    )
}

RIGHT = {
    f.__name__: f
    for f in (
        right_loop,
        right_matrix,
        right_one_hot,
        right_numpy,
        right_bincount_weights,
        right_scatter,
        right_tiny_guard,
    )
}
