"""Interactive pieces of a lesson: the explorer, drawings, predictions, quizzes, acceptance."""

from imbal_lab.explore.acceptance import acceptance
from imbal_lab.explore.explorer import Explorer, explore
from imbal_lab.explore.idea import idea
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
    "idea",
    "predict",
    "prediction",
    "quiz",
    "scenes",
]
