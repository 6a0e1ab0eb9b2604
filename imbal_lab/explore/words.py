"""The picture in words: a line for the curves, and one for every other view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imbal_lab.explore.painter import Layer
from imbal_lab.explore.runs import Job
from imbal_lab.figures import VIEWS, departure, summary

CURVES = ("loss", "recall")  # said together


def of_job(job: Job, views: Sequence[str], classes: Any, labels: Mapping[str, str]) -> list[str]:
    """Each side of a job, with its method's name where there are two; and who leaves whom."""
    lines = []
    for side in job.sides:
        said = of_layer(Layer(side), views, classes)
        name = labels[side[0].setting.method]
        lines += said if len(job.sides) == 1 else [f"{name}: {line}" for line in said]
    ours = job.sides[0][0].recording
    theirs = None if job.behind is None else job.behind.recording
    if job.behind is not None and ours is not None and theirs is not None:
        lines.append(departure(ours, theirs, labels[job.behind.setting.method]))
    return lines


def of_layer(layer: Layer, views: Sequence[str], classes: Any) -> list[str]:
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
