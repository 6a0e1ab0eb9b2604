"""Interactive pieces of a lesson: the explorer, predictions, quizzes, acceptance."""

from imbal_lab.explore.acceptance import acceptance
from imbal_lab.explore.explorer import Explorer, explore
from imbal_lab.explore.predict import predict, prediction
from imbal_lab.explore.quiz import quiz
from imbal_lab.explore.scenes import scenes
from imbal_lab.explore.settings import SETUPS, Setting

__all__ = [
    "SETUPS",
    "Explorer",
    "Setting",
    "acceptance",
    "explore",
    "predict",
    "prediction",
    "quiz",
    "scenes",
]
