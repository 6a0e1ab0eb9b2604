"""The picture in words: a line for the curves, and one for every other view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imbal_lab.explore.painter import Layer
from imbal_lab.figures import VIEWS, summary

CURVES = ("loss", "recall")  # said together


def in_words(views: Sequence[str], layer: Layer, classes: Any) -> list[str]:
    """What ``views`` show of the runs of a layer; empty before the first record."""
    curves = layer.of(VIEWS["loss"])
    if curves is None:
        return []
    lines = [summary(curves)] if set(CURVES) & set(views) else []
    for view in views:
        shown = layer.of(VIEWS[view])
        if view not in CURVES and shown is not None:
            lines.append(VIEWS[view].words(shown, classes))
    return lines
