"""Lesson 03: the values of its formulas' symbols, drawn at random and computed by the library."""

import torch
from torch import Generator

from imbal_lab import methods
from imbal_lab.authoring.formulas import Facts


def two_sets(generator: Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Class gradients [3, 6] of a mini-batch and of the training set, roughly alike."""
    full = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    return full + torch.randn(3, 6, generator=generator, dtype=torch.float64), full


def projection(generator: Generator) -> Facts:
    grads, full = two_sets(generator)
    return Facts(
        over={"l": 3},
        values={
            "p_l": methods.projections(grads, full),
            r"\tilde g_l": grads,
            "g_l": full,
        },
    )


def rescaled(generator: Generator) -> Facts:
    """The middle class points the wrong way, so that the floor decides."""
    grads, full = two_sets(generator)
    grads[1] = -grads[1].abs() * full[1].sign()
    params = torch.randn(6, generator=generator, dtype=torch.float64)
    return Facts(
        over={"l": 3},
        values={
            r"\theta_t": params,
            r"\theta_{t+1}": methods.rescaled_step(params, grads, full, lr=0.3, floor=0.2),
            r"\eta": 0.3,
            r"\varepsilon": 0.2,
            "p_l": methods.projections(grads, full),
            r"\tilde g_l": grads,
        },
    )


def weights(generator: Generator) -> Facts:
    y = torch.tensor([0] * 5 + [1] * 3 + [2])[torch.randperm(9, generator=generator)]
    return Facts(
        over={"i": 9, "l": 3},
        values={
            "w_i": methods.sampling_weights(y),
            "C": 3,
            "n_l": torch.tensor([5, 3, 1]),
            "y_i": y,
        },
    )


CASES = {"projection": projection, "rescaled": rescaled, "weights": weights}
