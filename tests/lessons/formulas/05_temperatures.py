"""Lesson 05: the values of its formulas' symbols, drawn at random and computed by the library."""

import torch
from torch import Generator

from imbal_lab import methods
from imbal_lab.authoring.formulas import Facts


def deviation(generator: Generator) -> Facts:
    train = 1 + torch.randn(9, 3, generator=generator, dtype=torch.float64)
    test = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    draws = torch.rand(4, 9, generator=generator).argsort(dim=1)[:, :2]
    return Facts(
        over={"r": 4, "k": 2, "j": 7},
        values={
            "D": methods.feature_deviation(train, test, draws),
            "R": 4,
            "K": 2,
            "M": 7,
            "z_{rk}": train[draws],
            "t_j": test,
        },
    )


def temperatures(generator: Generator) -> Facts:
    counts = torch.randint(2, 500, (4,), generator=generator).double()
    return Facts(
        over={"c": 4},
        values={
            "a_c": methods.cdt_temperatures(counts, 0.3),
            "n_c": counts,
            r"n_{\max}": counts.max(),
            r"\gamma": 0.3,
        },
    )


def cdt(generator: Generator) -> Facts:
    logits = 2 * torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 2, 0, 1, 0])[torch.randperm(5, generator=generator)]
    counts = torch.tensor([600, 30, 2])
    return Facts(
        over={"i": 5, "c": 3},
        values={
            "L": methods.cdt_loss(logits, y, counts, 0.3),
            "B": 5,
            "s_{ic}": logits,
            "y_i": y,
            "a_c": methods.cdt_temperatures(counts, 0.3),
        },
    )


CASES = {"deviation": deviation, "temperatures": temperatures, "cdt": cdt}
