"""mean_iou(predictions, y, num_classes) -> a number, as learners write it."""

import numpy as np
import torch

# --- known mistakes -----------------------------------------------------------------------


def table(predictions, y, num_classes):
    """Pixels of class j called k, at (j, k)."""
    t = np.zeros((num_classes, num_classes))
    np.add.at(t, (y.numpy().ravel(), predictions.numpy().ravel()), 1)
    return t


def recall(predictions, y, num_classes):
    found = []
    for k in range(num_classes):
        there = y == k
        if there.any():
            found.append((predictions[there] == k).float().mean())
    return sum(found) / len(found)


def precision(predictions, y, num_classes):
    t = table(predictions, y, num_classes)
    called = t.sum(0)
    return float((t.diagonal()[called > 0] / called[called > 0]).mean())


def accuracy(predictions, y, num_classes):
    return (predictions == y).sum() / y.numel()


def dice(predictions, y, num_classes):
    found = []
    for k in range(num_classes):
        p, t = predictions == k, y == k
        size = int(p.sum() + t.sum())
        if size:
            found.append(2 * int((p & t).sum()) / size)
    return sum(found) / len(found)


def counted_twice(predictions, y, num_classes):
    found = []
    for k in range(num_classes):
        p, t = predictions == k, y == k
        union = p.sum() + t.sum()
        if union:
            found.append((p * t).sum() / union)
    return torch.tensor(found).mean()


def lumped(predictions, y, num_classes):
    inter = union = 0
    for k in range(num_classes):
        p, t = predictions == k, y == k
        inter += (p & t).sum().item()
        union += (p | t).sum().item()
    return inter / union


def weighted(predictions, y, num_classes):
    total = 0.0
    for k in range(num_classes):
        p, t = predictions == k, y == k
        if (p | t).any():
            total += t.float().mean() * (p & t).sum() / (p | t).sum()
    return total


def by_image(predictions, y, num_classes):
    each = [right_loop(p, t, num_classes) for p, t in zip(predictions, y, strict=True)]
    return sum(each) / len(each)


def without_background(predictions, y, num_classes):
    found = []
    for k in range(1, num_classes):
        p, t = predictions == k, y == k
        if (p | t).any():
            found.append((p & t).sum() / (p | t).sum())
    return sum(found) / len(found)


def per_class(predictions, y, num_classes):
    t = torch.from_numpy(table(predictions, y, num_classes))
    return t.diag() / (t.sum(0) + t.sum(1) - t.diag())


def percent(predictions, y, num_classes):
    return right_loop(predictions, y, num_classes) * 100


def nowhere_as_zero(predictions, y, num_classes):
    total = 0
    for k in range(num_classes):
        p, t = predictions == k, y == k
        union = (p | t).sum()
        total += (p & t).sum() / union if union > 0 else 0
    return total / num_classes


def nowhere_as_zero_by_eps(predictions, y, num_classes):
    t = table(predictions, y, num_classes)
    d = t.diagonal()
    return (d / (t.sum(0) + t.sum(1) - d + 1e-10)).mean().item()


def nowhere_as_one(predictions, y, num_classes):
    found = []
    for k in range(num_classes):
        p, t = predictions == k, y == k
        found.append(((p & t).sum() / (p | t).sum()).item() if (p | t).any() else 1.0)
    return np.mean(found)


def nowhere_as_nan(predictions, y, num_classes):
    found = []
    for k in range(num_classes):
        p, t = predictions == k, y == k
        found.append(torch.logical_and(p, t).sum() / torch.logical_or(p, t).sum())
    return torch.stack(found).mean()


def false_alarms_forgiven(predictions, y, num_classes):
    found = []
    for k in y.unique():
        p, t = predictions == k, y == k
        found.append((p & t).sum() / (p | t).sum())
    return torch.stack(found).mean()


def only_where_called(predictions, y, num_classes):
    found = []
    for k in set(predictions.flatten().tolist()):
        p, t = predictions == k, y == k
        found.append((p & t).sum().item() / (p | t).sum().item())
    return sum(found) / len(found)


# --- wrong, and on no list ----------------------------------------------------------------


def worst_class(predictions, y, num_classes):
    t = table(predictions, y, num_classes)
    d, union = t.diagonal(), t.sum(0) + t.sum(1) - t.diagonal()
    return (d[union > 0] / union[union > 0]).min() - 0.01


def rounded(predictions, y, num_classes):
    return round(right_loop(predictions, y, num_classes), 1)


def one_minus(predictions, y, num_classes):
    return 1 - right_loop(predictions, y, num_classes)


def a_string(predictions, y, num_classes):
    return f"{right_loop(predictions, y, num_classes):.0%}"


def no_return(predictions, y, num_classes):
    right_loop(predictions, y, num_classes)


# --- right --------------------------------------------------------------------------------


def right_loop(predictions, y, num_classes):
    found = []
    for k in range(num_classes):
        p, t = predictions == k, y == k
        union = (p | t).sum().item()
        if union:
            found.append((p & t).sum().item() / union)
    return sum(found) / len(found)


def confusion(predictions, y, num_classes):
    t = table(predictions, y, num_classes)
    d, union = t.diagonal(), t.sum(0) + t.sum(1) - t.diagonal()
    return float((d[union > 0] / union[union > 0]).mean())


def nan_mean(predictions, y, num_classes):
    pairs = (y * num_classes + predictions).flatten()
    t = torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)
    both = t.diag()
    return (both / (t.sum(0) + t.sum(1) - both)).nanmean()


def sets(predictions, y, num_classes):
    found = []
    called, there = predictions.flatten().tolist(), y.flatten().tolist()
    for k in range(num_classes):
        a = {i for i, v in enumerate(called) if v == k}
        b = {i for i, v in enumerate(there) if v == k}
        if a | b:
            found.append(len(a & b) / len(a | b))
    return np.mean(found)


def one_hot(predictions, y, num_classes):
    p = torch.nn.functional.one_hot(predictions.flatten(), num_classes).bool()
    t = torch.nn.functional.one_hot(y.flatten(), num_classes).bool()
    inter, union = (p & t).sum(0), (p | t).sum(0)
    return (inter[union > 0] / union[union > 0]).mean().item()


def counts_of_three_kinds(predictions, y, num_classes):
    total, classes = 0.0, 0
    for k in range(num_classes):
        hit = int(((predictions == k) & (y == k)).sum())
        missed = int(((predictions != k) & (y == k)).sum())
        false = int(((predictions == k) & (y != k)).sum())
        if hit + missed + false > 0:
            total += hit / (hit + missed + false)
            classes += 1
    return torch.tensor(total / classes)


MISTAKES = {
    "recall": (recall,),
    "precision": (precision,),
    "accuracy": (accuracy,),
    "dice": (dice,),
    "counted_twice": (counted_twice,),
    "lumped": (lumped,),
    "weighted": (weighted,),
    "by_image": (by_image,),
    "without_background": (without_background,),
    "per_class": (per_class,),
    "percent": (percent,),
    "nowhere_as_zero": (nowhere_as_zero, nowhere_as_zero_by_eps),
    "nowhere_as_one": (nowhere_as_one,),
    "nowhere_as_nan": (nowhere_as_nan,),
    "false_alarms_forgiven": (false_alarms_forgiven,),
    "only_where_called": (only_where_called,),
}

UNLISTED = {f.__name__: f for f in (worst_class, rounded, one_minus, a_string, no_return)}

RIGHT = {
    f.__name__: f for f in (right_loop, confusion, nan_mean, sets, one_hot, counts_of_three_kinds)
}
