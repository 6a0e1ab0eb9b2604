"""Comparing a result with the expected one, and saying where they first part."""

from torch import Tensor, float64

from imbal_lab.checks.call import Other
from imbal_lab.checks.printable import printable

# Relative to the largest entry of the row: room for rounding, none for a wrong formula.
TOLERANCE, TOLERANCE_FLOAT32 = 1e-5, 1e-4
ZERO = 1e-12  # what may stand where a row of zeros is expected


def difference(expected: Tensor, got: Tensor | Other | None, axes: tuple[str, ...]) -> str | None:
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


def described(value: Tensor | Other | None) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {shape(value)}" if value.dim() else "a number"
    return "None" if value is None else f"the type {printable(value.kind)}"


def shape(tensor: Tensor) -> str:
    """Its sizes in brackets; of a tensor with very many axes the first ones."""
    more = ", ..." * (tensor.dim() > 8)
    return f"[{', '.join(map(str, tensor.shape[:8]))}{more}]"


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two real tensors, of any shape, are equal up to rounding."""
    if a.shape != b.shape or a.is_complex() or b.is_complex():
        return False
    return bool(close(a, b).all())


def close(expected: Tensor, got: Tensor) -> Tensor:
    """Entry by entry: equal up to the tolerance of the coarser dtype. NaN equals NaN.

    Half precision earns no wider tolerance: it would let wrong formulas pass.
    """
    double = expected.dtype == got.dtype == float64
    tolerance = TOLERANCE if double else TOLERANCE_FLOAT32
    expected, got = expected.double(), got.double()
    scale = expected.nan_to_num(0, 0, 0).abs()  # an infinite entry says nothing of its row
    scale = scale.amax(dim=-1, keepdim=True) if scale.dim() and scale.numel() else scale
    near = (got - expected).abs() <= tolerance * scale + ZERO
    return near | (got == expected) | (got.isnan() & expected.isnan())
