"""Figures: pure functions, a recording or a snapshot in, matplotlib artists on given axes out."""

from imbal_lab.figures.angles import classifier_angles
from imbal_lab.figures.arrows import gradient_arrows
from imbal_lab.figures.curves import (
    Seeds,
    cosine,
    feature_gradient,
    grad_norm,
    loss,
    predicted_loss,
    projection,
    recall,
)
from imbal_lab.figures.feature_clouds import features
from imbal_lab.figures.heat_map import loss_map, recall_map
from imbal_lab.figures.panels import (
    PANELS,
    VIEWS,
    Panel,
    Pictured,
    alt,
    figure,
    frame,
    side_by_side,
)
from imbal_lab.figures.regions import decision_regions
from imbal_lab.figures.style import Look, looks
from imbal_lab.figures.weights import weights_against_loss
from imbal_lab.figures.words import departure, summary

__all__ = [
    "PANELS",
    "VIEWS",
    "Look",
    "Panel",
    "Pictured",
    "Seeds",
    "alt",
    "classifier_angles",
    "cosine",
    "decision_regions",
    "departure",
    "feature_gradient",
    "features",
    "figure",
    "frame",
    "grad_norm",
    "gradient_arrows",
    "looks",
    "loss",
    "loss_map",
    "predicted_loss",
    "projection",
    "recall",
    "recall_map",
    "side_by_side",
    "summary",
    "weights_against_loss",
]
