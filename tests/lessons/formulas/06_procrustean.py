"""Lesson 06: the values of its formulas' symbols, drawn at random and computed by the library."""

import torch
from torch import Generator
from torch.nn import functional as F  # noqa: N812

from imbal_lab import methods
from imbal_lab.authoring.formulas import Facts


def pulls(generator: Generator) -> Facts:
    z = torch.randn(7, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 0, 0, 0, 1, 1, 2])[torch.randperm(7, generator=generator)]
    logits = z @ weight.T
    (by_autograd,) = torch.autograd.grad(F.cross_entropy(logits, y, reduction="sum"), z)
    logits = logits.detach()
    return Facts(
        over={"i": 7, "c": 3},
        values={
            "g_i": by_autograd,
            "W": weight,
            "p_i": logits.softmax(dim=1),
            "e_c": torch.eye(3, dtype=torch.float64),
            "y_i": y,
            "n_c": torch.bincount(y, minlength=3).double(),
            "G_c": methods.feature_gradients(logits, y, weight),
        },
    )


def strengths(generator: Generator) -> Facts:
    counts = torch.randint(2, 500, (5,), generator=generator).double()
    return Facts(
        over={"c": 5},
        values={
            r"\lambda_c": methods.class_strengths(counts, lam_min=0.6),
            r"\lambda_{\min}": 0.6,
            "n_c": counts,
            r"n_{\min}": counts.min(),
            r"n_{\max}": counts.max(),
        },
    )


def mix(generator: Generator) -> Facts:
    h = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 0, 0, 1, 1, 2])[torch.randperm(6, generator=generator)]
    partner = torch.randperm(6, generator=generator).roll(1)
    share = torch.tensor([0.6, 0.8, 1.0], dtype=torch.float64)
    return Facts(
        over={"i": 6, "c": 3},
        values={
            "h_i": h,
            r"\tilde h_i": methods.weaken_features(h, y, partner, share),
            r"\lambda_c": share,
            "y_i": y,
            "m_i": partner,
        },
    )


CASES = {"pulls": pulls, "strengths": strengths, "mix": mix}
