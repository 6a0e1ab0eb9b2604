"""The techniques, one file each, with paper and equation on top."""

from imbal_lab.methods.absgd import ABSGD, absgd_loss, log_mean_exp
from imbal_lab.methods.class_gradients import class_gradients, refuse_batchnorm
from imbal_lab.methods.gd import gd_step
from imbal_lab.methods.pcngd import normalized, pcngd_step, unit_directions
from imbal_lab.methods.per_class import PerClass
from imbal_lab.methods.registry import METHODS, Method, get

__all__ = [
    "ABSGD",
    "METHODS",
    "Method",
    "PerClass",
    "absgd_loss",
    "class_gradients",
    "gd_step",
    "get",
    "log_mean_exp",
    "normalized",
    "pcngd_step",
    "refuse_batchnorm",
    "unit_directions",
]
