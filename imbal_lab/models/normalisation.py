"""The normalisation layers a network may be built with.

BatchNorm mixes the examples of a batch: the gradient of one class then depends on the others,
and per-class methods refuse it in train mode. GroupNorm (Wu, He, ECCV 2018) looks at one example
at a time, and has as many parameters.
"""

from torch import nn

GROUPS = 4  # of channels, in every GroupNorm here


def normalisation(norm: str | None, channels: int, axes: int = 2) -> nn.Module:
    """The layer after a convolution over ``axes`` 1 or 2: "group", "batch", or None for none.

    Raises ValueError for another name, and for channels that do not come in groups.
    """
    if norm is None:
        return nn.Identity()
    if norm == "group":
        if channels % GROUPS:
            raise ValueError(
                f"channels={channels}: norm='group' needs a multiple of {GROUPS}; use that, or "
                "norm=None"
            )
        return nn.GroupNorm(GROUPS, channels)
    if norm == "batch":
        return nn.BatchNorm1d(channels) if axes == 1 else nn.BatchNorm2d(channels)
    raise ValueError(f"norm={norm!r}: choose one of 'group', 'batch', None")
