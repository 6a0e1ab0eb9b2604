"""Lesson 01: the values of its formulas' symbols, drawn at random and computed by the library."""

import torch
from torch import Generator

from imbal_lab import methods
from imbal_lab.authoring.formulas import Facts

CLASSES = 3


def guesses(generator: Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels of three classes, the last one rare, and guesses that are often right."""
    y = torch.tensor([0] * 12 + [1] * 6 + [2] * 3)
    wrong = torch.randint(CLASSES, y.shape, generator=generator)
    right = torch.rand(y.shape, generator=generator) < 0.6
    return torch.where(right, y, wrong), y


def accuracy(generator: Generator) -> Facts:
    predictions, y = guesses(generator)
    return Facts(
        over={"k": CLASSES},
        values={
            "A": (predictions == y).double().mean(),
            r"\pi_k": torch.bincount(y).double() / len(y),
            "R_k": methods.class_recalls(predictions, y, CLASSES),
        },
    )


def measures(generator: Generator) -> Facts:
    predictions, y = guesses(generator)
    each = torch.arange(CLASSES)[:, None]
    return Facts(
        over={"k": CLASSES},
        values={
            "R_k": methods.class_recalls(predictions, y, CLASSES),
            "F": methods.macro_f1(predictions, y, CLASSES),
            "F_k": f1_of_each(predictions, y),
            "H_k": ((predictions == each) & (y == each)).sum(dim=1),
            "N_k": (y == each).sum(dim=1),
            "G_k": (predictions == each).sum(dim=1),
            "C": CLASSES,
        },
    )


def f1_of_each(predictions: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """F1 of each class out of macro-F1: where only its hits, misses and false alarms are left, the
    other class of "k or not" has no hit, and the mean of both is half of F_k."""
    each = []
    for k in range(CLASSES):
        called, there = predictions == k, y == k
        left = called | there
        each.append(2 * methods.macro_f1(called[left].long(), there[left].long(), 2))
    return torch.stack(each)


def shift(generator: Generator) -> Facts:
    probs = torch.randn(4, CLASSES, generator=generator, dtype=torch.float64).softmax(dim=1)
    old, new = torch.rand(2, CLASSES, generator=generator, dtype=torch.float64) + 0.1
    old, new = old / old.sum(), new / new.sum()
    return Facts(
        over={"i": 4, "k": CLASSES, "l": CLASSES},
        values={
            "p_{ik}": probs,
            r"\pi_k": old,
            r"\nu_k": new,
            "q_{ik}": methods.shifted_probabilities(probs, old, new),
        },
    )


CASES = {"accuracy": accuracy, "measures": measures, "shift": shift}
