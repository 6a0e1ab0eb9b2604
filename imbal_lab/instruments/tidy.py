"""Curves as a tidy pandas frame: one number a row, so that seaborn draws them in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    import pandas as pd

Curve = tuple[Tensor, Tensor, Tensor | None]  # steps, values, and where there is a value


def joined(curves: dict[str, Curve]) -> pd.DataFrame:
    """Every curve by its name, one under the other, with columns as in :func:`tidy`."""
    import pandas as pd  # late: a run needs no pandas, only its table does

    return pd.concat([tidy(name, *curve) for name, curve in curves.items()], ignore_index=True)


def tidy(quantity: str, step: Tensor, values: Tensor, present: Tensor | None) -> pd.DataFrame:
    """``values`` [T, C] or [T, C, C] as columns step, class, other, quantity, value.

    ``step`` [T]; ``other`` is the second class of a pair, and missing for single classes.
    Where ``present``, of the shape of ``values``, is False there is no row.
    """
    import pandas as pd

    array = values.detach().cpu().numpy()
    keep = np.full(array.shape, True) if present is None else present.cpu().numpy()
    at, own, *other = np.nonzero(keep)
    return pd.DataFrame(
        {
            "step": step.cpu().numpy()[at],
            "class": own,
            "other": pd.array(other[0] if other else [pd.NA] * len(at), dtype="Int64"),
            "quantity": quantity,
            "value": array[keep],
        }
    )
