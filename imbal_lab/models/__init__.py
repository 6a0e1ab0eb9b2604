"""The few networks the lessons use."""

from imbal_lab.models.mlp import mlp

__all__ = ["mlp"]
