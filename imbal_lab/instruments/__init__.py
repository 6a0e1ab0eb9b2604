"""What is measured while a model trains, class by class."""

from imbal_lab.instruments.recorder import Recorder, class_means, cosines
from imbal_lab.instruments.recording import Record, Recording

__all__ = ["Record", "Recorder", "Recording", "class_means", "cosines"]
