"""What every loss here asks of its inputs, so that a mistake is named and not trained on.

Shapes are always checked. Values (a label out of range, NaN) are looked at on the CPU only:
on an accelerator the look would make every step wait, and inside ``torch.vmap`` or
``torch.compile`` there is nothing to look at. torch's own assertions remain there: a label
out of range stops a CUDA program with a device-side assert, while NaN passes.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Counts = Sequence[float] | Tensor


def readable(x: Tensor) -> bool:
    """Whether the values of ``x`` can be looked at without cost."""
    return x.is_cpu and has_values(x)


def has_values(x: Tensor) -> bool:
    """Whether ``x`` holds values, and is no stand-in of ``torch.vmap`` or ``torch.compile``."""
    if torch.compiler.is_compiling():
        return False
    try:
        x.data_ptr()  # a tensor inside torch.vmap or torch.func has no memory of its own
    except RuntimeError:
        return False
    return True


def as_counts(counts: Counts, least: float = 1) -> Tensor:
    """Training examples per class as float64 [C]; ValueError unless all are >= ``least``."""
    try:
        n = torch.as_tensor(counts, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"counts={counts!r}: give one number a class: (500, 50, 5)") from None
    if n.ndim != 1 or len(n) == 0:
        raise ValueError(f"counts: shape {tuple(n.shape)}; give one number a class: (500, 50, 5)")
    bad = ~(n.isfinite() & (n >= least))
    if bad.any():
        c = int(bad.nonzero()[0])
        raise ValueError(
            f"counts: class {c} has {n[c].item():g} examples, but each class needs a finite number "
            f">= {least:g}; leave classes that never occur out of the model"
        )
    return n


def check_batch(
    logits: Tensor, y: Tensor, num_classes: int | None = None, ignore_index: int | None = None
) -> None:
    """ValueError unless ``logits`` is [n, C, ...] and ``y`` [n, ...] holds labels 0..C-1.

    ``num_classes`` is C as the counts have it; ``ignore_index`` is a further label allowed.
    """
    if logits.ndim < 2 or y.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            f"logits, y: shapes {tuple(logits.shape)} and {tuple(y.shape)}; give [n, C] and [n], "
            "or [n, C, H, W] and [n, H, W]"
        )
    if not logits.is_floating_point():
        raise ValueError(
            f"logits: dtype {logits.dtype}; give the model's raw outputs, floating-point numbers"
        )
    classes = logits.shape[1]
    if num_classes not in (None, classes):
        raise ValueError(
            f"counts: {num_classes} classes, but the logits have {classes}; give as many counts "
            "as the model has outputs"
        )
    check_labels(y, classes, ignore_index)


def check_labels(y: Tensor, num_classes: int, ignore_index: int | None = None) -> None:
    """ValueError unless ``y``, of any shape, holds labels 0..C-1 (or ``ignore_index``)."""
    if y.dtype != torch.int64:
        raise ValueError(f"y: dtype {y.dtype}; class labels are torch.int64, try y.long()")
    if y.numel() == 0:
        raise ValueError(f"y: shape {tuple(y.shape)} holds no label; leave out the empty batch")
    if not readable(y):
        return
    least, greatest = y.aminmax()
    if int(least) >= 0 and int(greatest) < num_classes:
        return
    outside = (y < 0) | (y >= num_classes)
    if ignore_index is not None:
        outside &= y != ignore_index
    if outside.any():
        raise ValueError(
            f"y: label {int(y[outside][0])} is out of range; with {num_classes} classes the "
            f"labels are 0 to {num_classes - 1}"
        )


def at_least_float32(x: Tensor, like: Tensor | None = None) -> Tensor:
    """``x`` in single precision or better, and in the precision and place of ``like``."""
    other = x if like is None else like
    return x.to(other.device, torch.promote_types(other.dtype, torch.float32))


def along_classes(values: Tensor, logits: Tensor) -> Tensor:
    """``values`` [C] as [1, C, 1, ...]: ready to meet ``logits`` [n, C, ...], as precise."""
    return at_least_float32(values, like=logits).view(1, -1, *[1] * (logits.ndim - 2))


def check_not_negative(name: str, value: float, example: str) -> float:
    """``value``, or ValueError unless it is finite and >= 0."""
    if not 0 <= value < math.inf:
        raise ValueError(f"{name}={value!r}: use a finite {name} >= 0, such as {example}")
    return value


def check_reduction(reduction: str) -> str:
    """``reduction``, or ValueError that lists what it may be."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"reduction={reduction!r}: choose one of 'none', 'mean', 'sum'")
    return reduction


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """All ``losses``, their mean or their sum; ValueError if one is NaN."""
    check_reduction(reduction)
    if readable(losses) and losses.isnan().any():
        raise ValueError(
            "logits: the loss is NaN; look for a step size that is too large, or NaN in the data"
        )
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()
