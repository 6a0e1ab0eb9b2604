"""What is measured while a model trains, class by class."""

from imbal_lab.instruments.attraction import (
    Attraction,
    attraction_repulsion,
    from_logit_gradients,
)
from imbal_lab.instruments.recorder import Recorder, class_means, cosines
from imbal_lab.instruments.recording import Record, Recording

__all__ = [
    "Attraction",
    "Record",
    "Recorder",
    "Recording",
    "attraction_repulsion",
    "class_means",
    "cosines",
    "from_logit_gradients",
]
