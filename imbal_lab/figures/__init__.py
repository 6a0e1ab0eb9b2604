"""Figures: pure functions, a recording in, matplotlib artists on given axes out."""

from imbal_lab.figures.curves import cosine, grad_norm, loss, recall
from imbal_lab.figures.panels import PANELS, Panel, figure, frame
from imbal_lab.figures.style import Look, looks
from imbal_lab.figures.summary import departure, summary

__all__ = [
    "PANELS",
    "Look",
    "Panel",
    "cosine",
    "departure",
    "figure",
    "frame",
    "grad_norm",
    "looks",
    "loss",
    "recall",
    "summary",
]
