"""Training runs as generators of records."""

from imbal_lab.training.loop import train

__all__ = ["train"]
