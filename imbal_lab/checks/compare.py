"""Comparing a result with the expected one, and saying where they first part."""

from typing import Any

import torch
from torch import Tensor

# Relative to the largest entry of the row: room for rounding, none for a wrong formula.
TOLERANCE, TOLERANCE_FLOAT32 = 1e-5, 1e-4
ZERO = 1e-12  # what may stand where a row of zeros is expected


def difference(expected: Tensor, got: Any, axes: tuple[str, ...]) -> str | None:
    """None if ``got`` equals ``expected`` up to rounding, else where they first differ.

    ``axes`` names what each axis counts, as in ("class", "parameter").
    """
    if not isinstance(got, Tensor) or got.shape != expected.shape:
        return f"expected {described(expected)}, got {described(got)}"
    if got.is_complex():
        return "expected real numbers, got complex ones"
    wrong = ~close(expected, got)
    if not wrong.any():
        return None
    first = tuple(int(i) for i in wrong.nonzero()[0])
    place = ", ".join(f"{axis} {i}" for axis, i in zip(axes, first, strict=True))
    place = place or "the result"  # a single number has no axes
    return f"{place}: expected {expected[first]:.4g}, got {got[first]:.4g}"


def described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}" if value.dim() else "a number"
    return "None" if value is None else f"the type {type(value).__name__}"


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors, of any shape, are equal up to rounding."""
    return a.shape == b.shape and a.is_complex() == b.is_complex() and bool(close(a, b).all())


def close(expected: Tensor, got: Tensor) -> Tensor:
    """Entry by entry: equal up to the tolerance of the coarser dtype. NaN equals NaN.

    Half precision earns no wider tolerance: it would let wrong formulas pass.
    """
    double = expected.dtype == got.dtype == torch.float64
    tolerance = TOLERANCE if double else TOLERANCE_FLOAT32
    expected, got = expected.double(), got.double()
    scale = expected.nan_to_num(0, 0, 0).abs()  # an infinite entry says nothing of its row
    scale = scale.amax(dim=-1, keepdim=True) if scale.dim() and scale.numel() else scale
    near = (got - expected).abs() <= tolerance * scale + ZERO
    return near | (got == expected) | (got.isnan() & expected.isnan())
