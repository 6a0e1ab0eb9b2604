"""What is measured while a model trains, class by class."""

from imbal_lab.instruments.attraction import (
    Attraction,
    attraction_repulsion,
    from_logit_gradients,
)
from imbal_lab.instruments.feature_deviation import (
    naive_deviation,
    null_deviation,
    subsampled_deviation,
)
from imbal_lab.instruments.feature_gradients import log_gradient_ratio, mean_feature_gradients
from imbal_lab.instruments.learning_gap import accuracy_gap, gap_auc
from imbal_lab.instruments.loop_recorder import LoopRecorder
from imbal_lab.instruments.loop_recording import LoopRecording
from imbal_lab.instruments.recorder import Recorder, class_means, cosines
from imbal_lab.instruments.recording import Record, Recording
from imbal_lab.instruments.snapshot import Snapshot, snapshot_steps, take_snapshot

__all__ = [
    "Attraction",
    "LoopRecorder",
    "LoopRecording",
    "Record",
    "Recorder",
    "Recording",
    "Snapshot",
    "accuracy_gap",
    "attraction_repulsion",
    "class_means",
    "cosines",
    "from_logit_gradients",
    "gap_auc",
    "log_gradient_ratio",
    "mean_feature_gradients",
    "naive_deviation",
    "null_deviation",
    "snapshot_steps",
    "subsampled_deviation",
    "take_snapshot",
]
