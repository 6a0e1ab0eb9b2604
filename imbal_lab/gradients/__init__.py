"""Class gradients from one backward pass: their lengths, products and weighted sum."""

from imbal_lab.gradients.book_keeping import BookKeeping
from imbal_lab.gradients.class_by_class import OneBackwardAClass
from imbal_lab.gradients.engine import ClassGradients, class_gradients_of
from imbal_lab.gradients.graph import NoRuleError
from imbal_lab.gradients.perceptron import is_perceptron, perceptron_gradients

__all__ = [
    "BookKeeping",
    "ClassGradients",
    "NoRuleError",
    "OneBackwardAClass",
    "class_gradients_of",
    "is_perceptron",
    "perceptron_gradients",
]
