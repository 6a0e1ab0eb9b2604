"""Arithmetic: what functions, products and relations do with numbers and vectors."""

import torch
from torch import Tensor

from imbal_lab.authoring.formulas.tree import FormulaError

ELEMENTWISE = {
    "log": torch.log,
    "exp": torch.exp,
    "cos": torch.cos,
    "sin": torch.sin,
    "tanh": torch.tanh,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
}
PICKS = {"max": torch.amax, "min": torch.amin, "argmax": torch.argmax, "argmin": torch.argmin}


def times(a: Tensor, dot: str, b: Tensor, *, turned: bool) -> Tensor:
    if a.dim() == 0 or b.dim() == 0 or dot == "\\odot":
        return a * b
    if a.dim() == 1 and b.dim() == 1 and not (dot or turned):
        raise FormulaError("two vectors side by side: write \\cdot, \\odot or ^\\top")
    return a @ b


def apply(name: str, arguments: list[Tensor]) -> Tensor:
    if name in ELEMENTWISE:
        return ELEMENTWISE[name](*arguments)
    if name in PICKS:
        return PICKS[name](torch.stack(arguments), dim=0).double()
    if name == "inner":
        return torch.dot(*arguments)
    order = float(arguments[1]) if len(arguments) > 1 else 2.0
    return torch.linalg.vector_norm(arguments[0], order)


def compare(a: Tensor, sign: str, b: Tensor, within: float) -> bool:
    if sign == "\\in":
        return bool((a == b).any())
    if a.shape != b.shape:
        raise FormulaError(f"{sign}: shapes {tuple(a.shape)} and {tuple(b.shape)}")
    close = torch.allclose(a, b, rtol=within, atol=1e-12)
    match sign:
        case "=" | "\\approx":
            return close
        case "\\ne":
            return not close
        case "<":
            return bool((a < b).all())
        case ">":
            return bool((a > b).all())
        case "\\le":
            return bool((a <= b).all())
        case "\\ge":
            return bool((a >= b).all())
    raise FormulaError(f"unknown relation {sign}")
