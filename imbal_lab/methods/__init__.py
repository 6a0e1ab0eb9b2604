"""The techniques, one file each, with paper and equation on top."""

from imbal_lab.methods.absgd import (
    ABSGD,
    absgd_loss,
    absgd_weights,
    log_mean_exp,
    robust_loss,
    running_normaliser,
)
from imbal_lab.methods.arb import ARBLoss, arb_loss, arb_losses, batch_counts
from imbal_lab.methods.attraction import attraction_and_repulsion
from imbal_lab.methods.cdt import CDTLoss, cdt_loss, cdt_temperatures
from imbal_lab.methods.class_gradients import class_gradients, refuse_batchnorm
from imbal_lab.methods.class_weights import (
    ClassWeightedLoss,
    class_weighted_loss,
    effective_number_weights,
    inverse_frequency_weights,
)
from imbal_lab.methods.feature_deviation import feature_deviation
from imbal_lab.methods.feature_gradients import feature_gradients
from imbal_lab.methods.focal import FocalLoss, focal_loss
from imbal_lab.methods.gd import gd_step
from imbal_lab.methods.ldam import LDAMLoss, deferred_weights, ldam_loss, ldam_margins
from imbal_lab.methods.logit_adjustment import (
    LogitAdjustedLoss,
    log_prior,
    logit_adjusted_loss,
    posthoc_logits,
)
from imbal_lab.methods.mean_iou import mean_iou
from imbal_lab.methods.metrics import class_recalls, macro_f1
from imbal_lab.methods.mfw import MajorFeatureWeakening, mfw_strengths, weaken
from imbal_lab.methods.mixed_labels import MixedLabelLoss, mixed_label_loss
from imbal_lab.methods.oversampling import sampling_weights
from imbal_lab.methods.pcngd import normalized, pcngd_step, unit_directions
from imbal_lab.methods.pcnsgd import product_step, rescaled_step
from imbal_lab.methods.per_class import PerClass
from imbal_lab.methods.prior_shift import shifted_probabilities
from imbal_lab.methods.projection import projections
from imbal_lab.methods.registry import METHODS, Method, get
from imbal_lab.methods.two_stage import TrainOnly, reinitialize
from imbal_lab.methods.weakening import class_strengths, weaken_features

__all__ = [
    "ABSGD",
    "METHODS",
    "ARBLoss",
    "CDTLoss",
    "ClassWeightedLoss",
    "FocalLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "MajorFeatureWeakening",
    "Method",
    "MixedLabelLoss",
    "PerClass",
    "TrainOnly",
    "absgd_loss",
    "absgd_weights",
    "arb_loss",
    "arb_losses",
    "attraction_and_repulsion",
    "batch_counts",
    "cdt_loss",
    "cdt_temperatures",
    "class_gradients",
    "class_recalls",
    "class_strengths",
    "class_weighted_loss",
    "deferred_weights",
    "effective_number_weights",
    "feature_deviation",
    "feature_gradients",
    "focal_loss",
    "gd_step",
    "get",
    "inverse_frequency_weights",
    "ldam_loss",
    "ldam_margins",
    "log_mean_exp",
    "log_prior",
    "logit_adjusted_loss",
    "macro_f1",
    "mean_iou",
    "mfw_strengths",
    "mixed_label_loss",
    "normalized",
    "pcngd_step",
    "posthoc_logits",
    "product_step",
    "projections",
    "refuse_batchnorm",
    "reinitialize",
    "rescaled_step",
    "robust_loss",
    "running_normaliser",
    "sampling_weights",
    "shifted_probabilities",
    "unit_directions",
    "weaken",
    "weaken_features",
]
